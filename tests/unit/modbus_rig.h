// SPDX-License-Identifier: Apache-2.0
// A Modbus server on a real loopback socket, turned by the test, and clients of it. Time is the
// test's; only what the kernel does behind a socket is waited for, in bounded steps.
#pragma once
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bridge/modbus/modbus_server.h"
#include "tests/unit/modbus_sample.h"

namespace cw::modbus_test {

using Bytes = std::vector<std::uint8_t>;

/// A request to read registers.
Bytes read_request(unsigned transaction, unsigned unit, unsigned address, unsigned quantity,
                   unsigned function = 3);
/// A header with the right length before `pdu`.
Bytes frame(unsigned transaction, unsigned unit, const Bytes& pdu);
/// A request to write one register (function 6), or several (16).
Bytes write_request(unsigned transaction, unsigned unit, unsigned address, unsigned value);
Bytes write_request(unsigned transaction, unsigned unit, unsigned address,
                    const std::vector<std::uint16_t>& values);
/// The reply that refuses.
Bytes refusal(unsigned transaction, unsigned unit, unsigned function, unsigned exception);

struct Rig;

class Client {
 public:
  /// `buffers`: of its socket, in bytes; 0: what the system gives. `last`: of its address
  /// 127.0.0.x.
  explicit Client(Rig& rig, int buffers = 0, ModbusPort port = ModbusPort::native,
                  std::uint8_t last = 1);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Sends as much as the kernel takes now; how many bytes that were.
  std::size_t send(const Bytes& bytes);
  void send_all(const Bytes& bytes);
  /// What has come by now.
  Bytes read_now();
  /// Turns the server until `count` bytes have come, or for 30 s.
  Bytes receive(std::size_t count);
  /// The next reply whole.
  Bytes reply();
  /// The registers of a reply that is no exception.
  std::vector<std::uint16_t> registers(unsigned unit, unsigned address, unsigned quantity);
  /// Turns the server until it has nothing to do. True if it has closed this connection.
  bool is_closed();
  void end_sending();
  void reset();

 private:
  Rig& rig_;
  int fd_;
  Bytes unread_;
  std::uint16_t transaction_ = 0;
};

/// Makes sure that what was sent over the loopback interface before has arrived: the kernel may
/// hand packets over later on a busy machine, but in their order. Keeps this thread on one
/// processor, because each has an order of its own.
class Fence {
 public:
  Fence();
  ~Fence();
  Fence(const Fence&) = delete;
  Fence& operator=(const Fence&) = delete;
  void pass() const;

 private:
  int socket_;  // sends to itself
};

struct Rig {
  Fence fence;
  sample::Sample sample;
  Instant now = sample.now;
  std::unique_ptr<ModbusServer> server;
  std::size_t turns = 0;

  explicit Rig(ModbusOptions options = {}, bool published = true, ModbusHooks hooks = {});

  void publish();
  void publish(const Picture& picture);
  /// True if the server has something to do within `wait_ms`; then it had one turn.
  bool turn(int wait_ms = 0);
  /// Turns until there is nothing to do about all that was sent.
  void settle();
  bool detail_has(const std::string& text) const;
};

}  // namespace cw::modbus_test

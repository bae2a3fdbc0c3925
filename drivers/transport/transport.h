// SPDX-License-Identifier: Apache-2.0
// A byte pipe towards batteries. It never blocks and knows no protocol: the owner watches its
// descriptor and calls on_ready(). It does not retry by itself; the owner opens it again.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace cw {

class Transport {
 public:
  enum class State : std::uint8_t { closed, opening, open };

  virtual ~Transport() = default;

  /// Begins to open. `opening`: the outcome comes through on_ready(). `closed`: see error().
  virtual State open() = 0;

  virtual State state() const = 0;

  /// To watch while opening or open; -1 otherwise. May change whenever state() does.
  virtual int descriptor() const = 0;

  /// EPOLLIN and, while something waits to be sent or a connection to be made, EPOLLOUT.
  virtual std::uint32_t interest() const = 0;

  /// Handles what epoll reported; returns the bytes received (a part of `room`). Afterwards state()
  /// may be `closed`, with error() saying why.
  virtual std::span<const std::uint8_t> on_ready(std::uint32_t events,
                                                 std::span<std::uint8_t> room) = 0;

  /// Takes all of `bytes` or none. False: not open, too long, or something older still waits to go
  /// out.
  virtual bool send(std::span<const std::uint8_t> bytes) = 0;

  virtual void close() noexcept = 0;

  /// Why it is closed, for people: "/dev/ttyUSB0: No such file or directory". Empty if it was never
  /// opened or was closed by the owner.
  virtual const std::string& error() const = 0;

  /// What is connected, for people: "/dev/ttyUSB0 at 115200 baud".
  virtual const std::string& name() const = 0;
};

/// A serial port as the configuration names it: a device path (any name, also by-id links) or
/// "tcp://host:port" of a serial server.
struct SerialOptions {
  std::string port;
  std::uint32_t baud = 115200;
  bool rs485 = false;  // ask the kernel to drive the transmitter's direction (RTS), where it can
};

std::unique_ptr<Transport> make_serial_transport(const SerialOptions& options);

}  // namespace cw

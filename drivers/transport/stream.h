// SPDX-License-Identifier: Apache-2.0
// What every byte pipe on a file descriptor has in common: reading, room for the one message the
// kernel does not take at once, and noticing that the other end is gone. It opens nothing.
#pragma once
#include <array>
#include <string>

#include "drivers/transport/descriptor.h"
#include "drivers/transport/transport.h"

namespace cw {

class Stream : public Transport {
 public:
  /// The longest message; one at a time may wait to be sent.
  static constexpr std::size_t kQueue = 1024;

  State state() const override { return state_; }
  int descriptor() const override { return pipe_.get(); }
  std::uint32_t interest() const override;
  std::span<const std::uint8_t> on_ready(std::uint32_t events,
                                         std::span<std::uint8_t> room) override;
  bool send(std::span<const std::uint8_t> bytes) override;
  void close() noexcept override;
  const std::string& error() const override { return error_; }
  const std::string& name() const override { return name_; }

 protected:
  explicit Stream(std::string name) : name_(std::move(name)) {}

  State opened(Descriptor pipe);
  /// Closed, and `why` is the error: "NAME: why".
  State failed(std::string_view name, std::string_view why);

  /// Continues to open; only called in state `opening`.
  virtual void on_opening(std::uint32_t /*events*/) {}
  /// What went wrong, for people. `number` is an errno; 0: the other end said goodbye.
  virtual std::string explain(int number) const = 0;
  /// As write(2).
  virtual ssize_t write_some(std::span<const std::uint8_t> bytes);
  /// Called before the descriptor is closed, whoever closes it.
  virtual void on_closing() noexcept {}

  State state_ = State::closed;
  Descriptor pipe_;
  std::string name_;
  std::string error_;

 private:
  std::span<const std::uint8_t> receive(std::uint32_t events, std::span<std::uint8_t> room);
  void flush();
  ssize_t write_queue();
  void shut() noexcept;

  std::array<std::uint8_t, kQueue> queue_{};
  std::size_t queued_ = 0;
};

/// The kinds of transport; make_transport() picks one by the bus and the port's name.
std::unique_ptr<Transport> make_serial_tty(const PortOptions& options);
std::unique_ptr<Transport> make_tcp_client(const PortOptions& options);
std::unique_ptr<Transport> make_ble(const PortOptions& options);

}  // namespace cw

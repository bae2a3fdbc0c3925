// SPDX-License-Identifier: Apache-2.0
// The byte pipe to one BMS over Bluetooth: the main loop's end of a session of BleGatt.
#include <fmt/format.h>
#include <sys/socket.h>

#include <array>

#include "drivers/transport/ble_gatt.h"
#include "drivers/transport/stream.h"

namespace cw {
namespace {

class BleTransport final : public Stream {
 public:
  explicit BleTransport(const PortOptions& options)
      : Stream(fmt::format("{} on {}", options.name, options.adapter)), options_(options) {}
  ~BleTransport() override { BleTransport::close(); }

  State open() override;
  std::span<const std::uint8_t> on_ready(std::uint32_t events,
                                         std::span<std::uint8_t> room) override;
  /// Scanning, waiting for others to connect, connecting: each has a limit of its own.
  Millis opening_most() const override { return Millis{180'000}; }

 protected:
  std::string explain(int) const override { return "its thread ended"; }
  ssize_t write_some(std::span<const std::uint8_t> bytes) override {
    return ::send(pipe_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }

 private:
  PortOptions options_;
  std::shared_ptr<BleGatt> gatt_;
};

Transport::State BleTransport::open() {
  close();
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
    return failed(name_, "no socket can be had");
  if (!gatt_) gatt_ = BleGatt::shared();
  opened(Descriptor{ends[0]});
  gatt_->begin({options_.adapter, options_.name, options_.pin, Descriptor{ends[1]}});
  return state_ = State::opening;
}

std::span<const std::uint8_t> BleTransport::on_ready(std::uint32_t events,
                                                     std::span<std::uint8_t> room) {
  const State before = state_;
  if (before == State::opening) state_ = State::open;  // it reads all the same
  const auto message = Stream::on_ready(events, room);
  if (state_ == State::closed) return {};
  state_ = before;
  if (message.empty()) return {};
  const auto rest = message.subspan(1);
  switch (static_cast<BleMessage>(message.front())) {
    case BleMessage::up: state_ = State::open; return {};
    case BleMessage::data: return rest;
    case BleMessage::down:
      failed(name_, {reinterpret_cast<const char*>(rest.data()), rest.size()});
      return {};
  }
  return {};
}

}  // namespace

std::unique_ptr<Transport> make_ble(const PortOptions& options) {
  return std::make_unique<BleTransport>(options);
}

}  // namespace cw

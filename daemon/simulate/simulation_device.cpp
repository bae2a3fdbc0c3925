// SPDX-License-Identifier: Apache-2.0
// A port of this machine as endpoint: a gateway's own transport, with the board at this end of it.
#include <sys/epoll.h>

#include <array>

#include "daemon/simulate/simulation_endpoint.h"
#include "drivers/transport/transport.h"

namespace cw {
namespace {

class Device final : public SimulationEndpoint {
 public:
  Device(Loop& loop, std::string address, std::unique_ptr<Transport> port, Receive receive)
      : loop_(loop),
        address_(std::move(address)),
        port_(std::move(port)),
        receive_(std::move(receive)) {}
  ~Device() override { shut(); }

  bool open() override;
  void close() override;
  bool is_open() const override { return wanted_; }
  void send(std::span<const std::uint8_t> bytes) override;
  void tend() override;
  std::string address() const override { return address_; }

 private:
  void watch();
  void on_ready(std::uint32_t events);
  void shut();

  Loop& loop_;
  std::string address_;
  std::unique_ptr<Transport> port_;
  Receive receive_;
  std::array<std::uint8_t, 512> room_{};
  int watched_ = -1;     // the descriptor the loop knows
  bool wanted_ = false;  // a port that went away is opened again when it is back
};

bool Device::open() {
  wanted_ = port_->open() != Transport::State::closed;
  if (!wanted_) error_ = port_->error();
  watch();
  return wanted_;
}

void Device::close() {
  wanted_ = false;
  shut();
}

void Device::shut() {
  if (watched_ >= 0) loop_.forget(watched_);
  watched_ = -1;
  port_->close();
}

void Device::watch() {
  watched_ = port_->descriptor();
  if (watched_ >= 0)
    loop_.watch(watched_, port_->interest(), [this](std::uint32_t events) { on_ready(events); });
}

void Device::on_ready(std::uint32_t events) {
  const auto got = port_->on_ready(events, room_);
  if (!got.empty()) receive_(got);
  if (watched_ < 0) return;  // closed by an order in between
  if (port_->state() == Transport::State::closed) return shut();
  loop_.rewatch(watched_, port_->interest());
}

void Device::send(std::span<const std::uint8_t> bytes) {
  if (watched_ < 0 || !port_->send(bytes)) return;
  loop_.rewatch(watched_, port_->interest());
}

void Device::tend() {
  if (!wanted_ || watched_ >= 0) return;
  if (port_->open() != Transport::State::closed) watch();
}

}  // namespace

std::unique_ptr<SimulationEndpoint> make_device(Loop& loop, std::string address,
                                                std::unique_ptr<Transport> port,
                                                SimulationEndpoint::Receive receive) {
  return std::make_unique<Device>(loop, std::move(address), std::move(port), std::move(receive));
}

}  // namespace cw

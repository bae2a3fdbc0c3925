// SPDX-License-Identifier: Apache-2.0
#include "daemon/simulate/simulation_radio.h"

#include "daemon/simulate/simulation_ble.h"

namespace cw {
namespace {

class Radio final : public SimulationEndpoint {
 public:
  Radio(Loop& loop, const std::string& adapter, const simulator::JkBleBoardOptions& options,
        simulator::VirtualPack& pack)
      : loop_(loop), pack_(pack), board_(options) {
    ble_ =
        make_ble(loop, {adapter, pack.spec().name, [this](bool connected) { on_link(connected); }},
                 [this](std::span<const std::uint8_t> bytes) {
                   if (pack_.hears())
                     board_.on_write(bytes, loop_.now(), pack_.board(), pack_.obeys());
                 });
  }

  bool open() override {
    const bool opened = ble_->open();
    if (!opened) error_ = ble_->error();
    return opened;
  }
  void close() override { ble_->close(); }
  bool is_open() const override { return ble_->is_open(); }
  void send(std::span<const std::uint8_t>) override {}
  void tend() override;
  std::string address() const override { return ble_->address(); }

 private:
  void on_link(bool connected) { connected ? board_.connect(loop_.now()) : board_.disconnect(); }

  Loop& loop_;
  simulator::VirtualPack& pack_;
  simulator::JkBleBoard board_;
  std::unique_ptr<SimulationEndpoint> ble_;
};

void Radio::tend() {
  ble_->tend();
  if (!ble_->is_open()) return;
  for (auto& message : board_.due(loop_.now(), pack_.told())) {
    if (!pack_.pass_on(message)) continue;
    for (const auto piece : board_.cut(message)) ble_->send(piece);
  }
}

}  // namespace

std::unique_ptr<SimulationEndpoint> make_radio(Loop& loop, const std::string& adapter,
                                               const simulator::JkBleBoardOptions& options,
                                               simulator::VirtualPack& pack) {
  return std::make_unique<Radio>(loop, adapter, options, pack);
}

}  // namespace cw

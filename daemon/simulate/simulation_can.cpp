// SPDX-License-Identifier: Apache-2.0
#include "daemon/simulate/simulation_can.h"

namespace cw {
namespace {

class CanNode final : public SimulationEndpoint {
 public:
  CanNode(Loop& loop, const std::string& interface, std::unique_ptr<Transport> bus,
          simulator::VirtualPack& pack)
      : loop_(loop),
        pack_(pack),
        device_(make_device(loop, interface, std::move(bus),
                            [this](std::span<const std::uint8_t> records) { hear(records); })),
        timer_(loop.add_timer([this](Instant now) { speak(now); })) {}
  ~CanNode() override { loop_.stop_timer(timer_); }

  bool open() override;
  void close() override;
  bool is_open() const override { return device_->is_open(); }
  void send(std::span<const std::uint8_t>) override {}
  void tend() override { device_->tend(); }
  std::string address() const override { return device_->address(); }

 private:
  void hear(std::span<const std::uint8_t> records);
  void speak(Instant now);

  Loop& loop_;
  simulator::VirtualPack& pack_;
  std::unique_ptr<SimulationEndpoint> device_;
  int timer_;
  std::optional<Instant> began_;  // the time of the bus counts from here
  std::vector<CanFrame> frames_;
};

bool CanNode::open() {
  if (!device_->open()) {
    error_ = device_->error();
    return false;
  }
  const Instant now = loop_.now();
  if (!began_) began_ = now;
  speak(now);
  return true;
}

void CanNode::close() {
  device_->close();
  loop_.stop_timer(timer_);
}

void CanNode::hear(std::span<const std::uint8_t> records) {
  for (; records.size() >= kCanRecordSize; records = records.subspan(kCanRecordSize))
    if (const auto frame = from_record(records)) pack_.on_frame(*frame);
}

// Also while the interface is away: a board does not know.
void CanNode::speak(Instant now) {
  frames_.clear();
  pack_.broadcast({now.ms - began_->ms}, frames_);
  for (const CanFrame& frame : frames_) device_->send(to_record(frame));
  loop_.set_timer(timer_, {began_->ms + pack_.next_broadcast().ms});
}

}  // namespace

std::unique_ptr<SimulationEndpoint> make_can_node(Loop& loop, const std::string& interface,
                                                  std::unique_ptr<Transport> bus,
                                                  simulator::VirtualPack& pack) {
  return std::make_unique<CanNode>(loop, interface, std::move(bus), pack);
}

std::unique_ptr<SimulationEndpoint> make_can_node(Loop& loop, const std::string& interface,
                                                  simulator::VirtualPack& pack) {
  PortOptions options{.name = interface};
  options.can_filters = {
      {.id = *jk_can::id_of(jk_can::Message::control, 0), .mask = kCanIdMost, .extended = true}};
  return make_can_node(loop, interface, make_transport(Bus::can, options), pack);
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/rtu_battery.h"

#include <algorithm>
#include <deque>

#include "bridge/modbus/modbus_rtu.h"

namespace cw {
namespace {

constexpr Millis kTurnaround{4};        // 3.5 characters at 9600
constexpr Millis kAnswerWithin{1'000};  // what waited longer was given up by who asked
constexpr Millis kPresentFor{15'000};
constexpr std::uint8_t kBroadcast = 0;

class RtuBattery final : public InverterProtocol {
 public:
  explicit RtuBattery(std::vector<RtuUnit> units) : units_(std::move(units)) {}

  void tell(const Picture& picture, Instant now) override {
    for_each_map([&](RtuRegisters& registers) { registers.tell(picture, now); });
  }

  void receive(std::span<const std::uint8_t> bytes, Instant now) override {
    finder_.feed(bytes, now);
    hear(now);
  }

  std::span<const std::uint8_t> next(Instant now) override {
    hear(now);
    while (!waiting_.empty() && waiting_.front().due <= now) {
      const Waiting asked = std::move(waiting_.front());
      waiting_.pop_front();
      RtuRegisters& registers = *asked.unit->registers;
      if (registers.silent(now) || now > asked.due + kAnswerWithin) continue;
      sent_ = answer_rtu(asked.request, registers, now);
      modbus::seal(sent_);
      finder_.sent(sent_, now);
      ++status_.sent;
      return sent_;
    }
    return {};
  }

  std::optional<Instant> next_due(Instant /*now*/) const override {
    if (!waiting_.empty()) return waiting_.front().due;
    return finder_.next_due();
  }

  void stop(Instant /*now*/) override {
    for_each_map([](RtuRegisters& registers) { registers.stop(); });
  }

  InverterStatus status(Instant now) const override {
    InverterStatus status = status_;
    status.refused += finder_.refused();
    status.present = status.heard && now <= *status.heard + kPresentFor;
    for (const RtuUnit& unit : units_)
      if (status.complaint.empty()) status.complaint = unit.registers->complaint(now);
    return status;
  }

 private:
  struct Waiting {
    const RtuUnit* unit;
    std::vector<std::uint8_t> request;
    Instant due;
  };

  void hear(Instant now) {
    while (const auto request = finder_.next(now)) {
      const std::uint8_t number = request->front();
      if (number == kBroadcast) {
        heard(now);
        for_each_map([&](RtuRegisters& registers) {
          if (!registers.silent(now)) (void)answer_rtu(*request, registers, now);
        });
        continue;
      }
      const auto unit = std::ranges::find(units_, number, &RtuUnit::number);
      if (unit == units_.end()) {
        ++status_.refused;  // for another on this line
        continue;
      }
      heard(now);
      waiting_.push_back({&*unit, *request, now + kTurnaround});
    }
  }

  void heard(Instant now) {
    ++status_.received;
    status_.heard = now;
  }

  // A map that is several units is met once.
  template <class Do>
  void for_each_map(const Do& act) {
    for (std::size_t i = 0; i < units_.size(); ++i) {
      const auto same = [&](const RtuUnit& unit) { return unit.registers == units_[i].registers; };
      if (std::none_of(units_.begin(), units_.begin() + static_cast<long>(i), same))
        act(*units_[i].registers);
    }
  }

  std::vector<RtuUnit> units_;
  modbus::RtuFinder finder_;
  std::deque<Waiting> waiting_;
  std::vector<std::uint8_t> sent_;
  InverterStatus status_;
};

}  // namespace

std::unique_ptr<InverterProtocol> make_rtu_battery(std::vector<RtuUnit> units) {
  return std::make_unique<RtuBattery>(std::move(units));
}

std::vector<RtuUnit> units_of(const InverterOptions& options, std::uint8_t usual,
                              const std::shared_ptr<RtuRegisters>& registers) {
  std::vector<RtuUnit> units;
  for (const std::uint8_t address : options.addresses) units.push_back({address, registers});
  if (units.empty()) units.push_back({usual, registers});
  return units;
}

}  // namespace cw

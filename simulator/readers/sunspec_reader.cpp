// SPDX-License-Identifier: Apache-2.0
// Model 802 of a SunSpec chain, found by walking along it (inverter-modbus.md, sections 2.1 and
// 2.8).
#include "simulator/readers/readers.h"
#include "simulator/readers/register_reader.h"

namespace cw::simulator {
namespace {

constexpr std::uint16_t kChain = 40'000;
constexpr std::uint16_t kMarker[] = {0x5375, 0x6E53};
constexpr std::uint16_t kModel = 802;
constexpr std::uint16_t kModelSize = 64;
constexpr std::uint16_t kNotThere = 0xFFFF;  // the end of the chain; a value that is not known

// Registers of the model, from its id.
constexpr std::size_t kVendorEvents = 31;  // the low word: bit 0 asks to be charged
constexpr std::size_t kVoltageMost = 35, kVoltageLeast = 36, kVoltageScale = 59;
constexpr std::size_t kChargeMost = 45, kDischargeMost = 46, kCurrentScale = 62;

using Registers = std::vector<std::uint16_t>;

// In thousandths. Nothing: not told.
std::optional<std::int32_t> scaled(const Registers& model, std::size_t point, std::size_t scale) {
  if (model[point] == kNotThere) return std::nullopt;
  const int exponent = static_cast<std::int16_t>(model[scale]) + 3;
  if (exponent < -7 || exponent > 5) return std::nullopt;
  std::int64_t value = model[point];
  for (int i = 0; i < exponent; ++i) value *= 10;
  for (int i = 0; i > exponent; --i) value /= 10;
  return static_cast<std::int32_t>(value);
}

// A battery that does not tell its currents is not believed.
std::optional<InverterLimits> limits_in(const Registers& model) {
  const auto charge = scaled(model, kChargeMost, kCurrentScale);
  const auto discharge = scaled(model, kDischargeMost, kCurrentScale);
  const auto highest = scaled(model, kVoltageMost, kVoltageScale);
  const auto lowest = scaled(model, kVoltageLeast, kVoltageScale);
  if (!charge || !discharge || !highest || !lowest) return std::nullopt;
  return InverterLimits{.charge_voltage = Millivolts{*highest},
                        .discharge_voltage = Millivolts{*lowest},
                        .charge_current = Milliamps{*charge},
                        .discharge_current = Milliamps{*discharge},
                        .charge_enabled = *charge > 0,
                        .discharge_enabled = *discharge > 0,
                        .force_charge = (model[kVendorEvents] & 1) != 0};
}

class SunspecReader final : public InverterReader {
 public:
  explicit SunspecReader(ModbusMaster master) : master_(std::move(master)) {}

  std::span<const std::uint8_t> ask() override {
    if (at_ == kChain) return master_.read(kChain, 2);
    return master_.read(at_, found_ ? kModelSize : 2);
  }

  std::optional<InverterLimits> hear(std::span<const std::uint8_t> bytes) override {
    const auto answer = master_.hear(bytes);
    if (!answer) return std::nullopt;
    if (answer->exception != 0) return begin_again();
    const Registers& values = answer->values;
    if (found_) return values[0] == kModel ? limits_in(values) : begin_again();
    if (at_ == kChain) {
      if (values[0] == kMarker[0] && values[1] == kMarker[1]) at_ = kChain + 2;
      return std::nullopt;
    }
    if (values[0] == kNotThere) return begin_again();
    found_ = values[0] == kModel;
    if (!found_) at_ = static_cast<std::uint16_t>(at_ + 2 + values[1]);
    return std::nullopt;
  }

 private:
  std::nullopt_t begin_again() {
    at_ = kChain;
    found_ = false;
    return std::nullopt;
  }

  ModbusMaster master_;
  std::uint16_t at_ = kChain;
  bool found_ = false;
};

}  // namespace

std::unique_ptr<InverterReader> make_sunspec_reader(std::string_view name, std::uint8_t unit) {
  return std::make_unique<SunspecReader>(ModbusMaster{framing_of(name), unit});
}

}  // namespace cw::simulator

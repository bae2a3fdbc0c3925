// SPDX-License-Identifier: Apache-2.0
// The battery a Victron GX shows on Modbus (inverter-modbus.md, section 3): what is not known is 0.
#include "simulator/readers/readers.h"
#include "simulator/readers/register_reader.h"

namespace cw::simulator {
namespace {

constexpr std::uint16_t kLimits = 305;  // CVL, lowest voltage, CCL, DCL; 0.1 V and 0.1 A
constexpr std::uint16_t kAllow = 1297;  // to charge, to discharge
constexpr std::int32_t kTenth = 100;

class VictronReader final : public RegisterReader {
 public:
  VictronReader(ModbusMaster::Framing framing, std::uint8_t unit)
      : RegisterReader({framing, unit}, {{kLimits, 4}, {kAllow, 2}}) {}

 private:
  std::optional<InverterLimits> limits() const override {
    const auto tenths = [this](std::uint16_t address) { return at(address).value_or(0) * kTenth; };
    if (tenths(kLimits) == 0) return std::nullopt;
    return InverterLimits{.charge_voltage = Millivolts{tenths(kLimits)},
                          .discharge_voltage = Millivolts{tenths(kLimits + 1)},
                          .charge_current = Milliamps{tenths(kLimits + 2)},
                          .discharge_current = Milliamps{tenths(kLimits + 3)},
                          .charge_enabled = at(kAllow) == 1,
                          .discharge_enabled = at(kAllow + 1) == 1};
  }
};

}  // namespace

std::unique_ptr<InverterReader> make_victron_reader(std::string_view name, std::uint8_t unit) {
  return std::make_unique<VictronReader>(framing_of(name), unit);
}

}  // namespace cw::simulator

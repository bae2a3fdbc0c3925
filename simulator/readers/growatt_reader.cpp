// SPDX-License-Identifier: Apache-2.0
// Growatt's battery registers (inverter-rs485.md, section 6). They know no limit of discharge but
// one bit, and the charge voltage only where somebody dares to tell it.
#include "simulator/readers/readers.h"
#include "simulator/readers/register_reader.h"

namespace cw::simulator {
namespace {

constexpr std::uint16_t kStatus = 0x13;
constexpr std::uint16_t kChargeCurrent = 0x19;  // 10 mA
constexpr std::uint16_t kChargeVoltage = 0x21;  // 10 mV
constexpr std::int32_t kDischargeEnabled = 1 << 5;
constexpr std::int32_t kChargeEnabled = 1 << 6;

class GrowattReader final : public RegisterReader {
 public:
  explicit GrowattReader(std::uint8_t unit)
      : RegisterReader({ModbusMaster::Framing::rtu, unit}, {{kStatus, 12}, {kChargeVoltage, 1}}) {}

 private:
  std::optional<InverterLimits> limits() const override {
    const auto status = at(kStatus), current = at(kChargeCurrent), voltage = at(kChargeVoltage);
    if (!status || !current) return std::nullopt;
    InverterLimits told{.charge_current = Milliamps{*current * 10},
                        .charge_enabled = (*status & kChargeEnabled) != 0,
                        .discharge_enabled = (*status & kDischargeEnabled) != 0};
    if (voltage) told.charge_voltage = Millivolts{*voltage * 10};
    return told;
  }
};

}  // namespace

std::unique_ptr<InverterReader> make_growatt_reader(std::string_view /*name*/, std::uint8_t unit) {
  return std::make_unique<GrowattReader>(unit);
}

}  // namespace cw::simulator

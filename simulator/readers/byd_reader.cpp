// SPDX-License-Identifier: Apache-2.0
// A BYD Battery-Box as a GEN24 reads it: it is started and kept alive by writing, and tells powers
// (inverter-modbus.md, section 4).
#include <array>

#include "simulator/readers/readers.h"
#include "simulator/readers/register_reader.h"

namespace cw::simulator {
namespace {

constexpr std::uint16_t kNameplate = 200;
constexpr std::uint16_t kHighest = 205;  // 0.1 V
constexpr std::uint16_t kLowest = 206;
constexpr std::uint16_t kState = 300;
constexpr std::uint16_t kDischargePower = 306;  // W
constexpr std::uint16_t kChargePower = 307;
constexpr std::uint16_t kVoltage = 310;  // 0.1 V
constexpr std::uint16_t kOrder = 400;
constexpr std::uint16_t kHeartbeat = 401;
constexpr std::int32_t kActive = 3;
constexpr std::uint16_t kStop = 1, kStart = 2;
constexpr unsigned kBeatEvery = 57;  // questions

class BydReader final : public RegisterReader {
 public:
  explicit BydReader(std::uint8_t unit)
      : RegisterReader({ModbusMaster::Framing::rtu, unit}, {{kNameplate, 13}, {kState, 24}}) {}

  std::span<const std::uint8_t> ask() override {
    const unsigned question = asked_++;
    if (question == 0) return order(kOrder, kStop);
    if (question == 1) return order(kOrder, kStart);
    if (question % kBeatEvery != 0) return RegisterReader::ask();
    beat_ = beat_ == 0x00FF ? 0xFF00 : 0x00FF;
    return order(kHeartbeat, beat_);
  }

 private:
  std::span<const std::uint8_t> order(std::uint16_t address, std::uint16_t value) {
    const std::array<std::uint16_t, 1> values = {value};
    return master().write(address, values);
  }

  // A power at the voltage there is.
  Milliamps current(std::uint16_t power) const {
    const std::int64_t milliwatts = std::int64_t{at(power).value_or(0)} * 1'000;
    const std::int32_t tenths = at(kVoltage).value_or(0);
    return {tenths == 0 ? 0 : static_cast<std::int32_t>(milliwatts * 10 / tenths)};
  }

  std::optional<InverterLimits> limits() const override {
    const auto state = at(kState), highest = at(kHighest), lowest = at(kLowest);
    if (!state || !highest || !lowest) return std::nullopt;
    const Milliamps in = current(kChargePower), out = current(kDischargePower);
    return InverterLimits{.charge_voltage = Millivolts{*highest * 100},
                          .discharge_voltage = Millivolts{*lowest * 100},
                          .charge_current = in,
                          .discharge_current = out,
                          .charge_enabled = *state == kActive && in.count > 0,
                          .discharge_enabled = *state == kActive && out.count > 0};
  }

  unsigned asked_ = 0;
  std::uint16_t beat_ = 0xFF00;
};

}  // namespace

std::unique_ptr<InverterReader> make_byd_reader(std::string_view /*name*/, std::uint8_t unit) {
  return std::make_unique<BydReader>(unit);
}

}  // namespace cw::simulator

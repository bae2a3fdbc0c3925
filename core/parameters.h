// SPDX-License-Identifier: Apache-2.0
// The settings of a battery-management system: one table, whatever the make and the protocol.
// A parameter that is not known is absent; nothing here ever invents a value.
#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "core/units.h"

namespace cw {

/// The order is the order of the table; append only (it is stored and mapped by number).
enum class Parameter : std::uint8_t {
  cell_count,
  capacity,
  cell_overvoltage,
  cell_overvoltage_recovery,
  cell_overvoltage_delay,
  cell_undervoltage,
  cell_undervoltage_recovery,
  cell_undervoltage_delay,
  power_off_voltage,
  pack_overvoltage,
  pack_undervoltage,
  cell_voltage_difference,
  charge_overcurrent,
  charge_overcurrent_delay,
  charge_overcurrent_release,
  discharge_overcurrent,
  discharge_overcurrent_delay,
  discharge_overcurrent_release,
  short_circuit_delay,
  short_circuit_release,
  balance_start,
  balance_trigger,
  balance_current_max,
  charge_overtemperature,
  charge_overtemperature_recovery,
  charge_undertemperature,
  charge_undertemperature_recovery,
  discharge_overtemperature,
  discharge_overtemperature_recovery,
  discharge_undertemperature,
  discharge_undertemperature_recovery,
  mosfet_overtemperature,
  mosfet_overtemperature_recovery,
  temperature_delay,
  box_overtemperature,
  box_overtemperature_recovery,
  temperature_difference,
  low_capacity_alarm,
  sleep_delay,
  current_calibration,
  board_address,
  chemistry_code,
  dedicated_charger,
  protocol_version,
  soc_0_voltage,
  soc_100_voltage,
  request_charge_voltage,
  request_float_voltage,
  wire_resistance_max,
  short_circuit_current,
  full_charge_current,
  heater_time_max,
  heater_discharge_soc_min,
};

struct ParameterFacts {
  std::string_view key;  // JSON, MQTT, TOML (there without the unit's suffix: the value carries it)
  std::string_view title;  // for people
  Unit unit;
  std::int32_t lowest;  // widest range any supported board may report or accept, in `unit`
  std::int32_t highest;
  bool limit;  // true: a protection or balance limit (policy may set it)
};

inline constexpr std::array<ParameterFacts, 53> kParameters = {{
    {"cell_count", "Number of cells", Unit::count, 2, 32, true},
    {"capacity_Ah", "Nominal capacity", Unit::milliamp_hour, 1'000, 2'000'000'000, true},
    {"cell_overvoltage_V", "Cell over-voltage", Unit::millivolt, 1'000, 4'500, true},
    {"cell_overvoltage_recovery_V", "Cell over-voltage recovery", Unit::millivolt, 1'000, 4'500,
     true},
    {"cell_overvoltage_delay_s", "Cell over-voltage delay", Unit::millisecond, 0, 600'000, true},
    {"cell_undervoltage_V", "Cell under-voltage", Unit::millivolt, 1'000, 4'500, true},
    {"cell_undervoltage_recovery_V", "Cell under-voltage recovery", Unit::millivolt, 1'000, 4'500,
     true},
    {"cell_undervoltage_delay_s", "Cell under-voltage delay", Unit::millisecond, 0, 600'000, true},
    {"power_off_voltage_V", "Power-off cell voltage", Unit::millivolt, 1'000, 4'500, true},
    {"pack_overvoltage_V", "Pack over-voltage", Unit::millivolt, 1'000, 150'000, true},
    {"pack_undervoltage_V", "Pack under-voltage", Unit::millivolt, 1'000, 150'000, true},
    {"cell_voltage_difference_V", "Cell voltage difference", Unit::millivolt, 0, 1'000, true},
    {"charge_overcurrent_A", "Charge over-current", Unit::milliamp, 1'000, 1'000'000, true},
    {"charge_overcurrent_delay_s", "Charge over-current delay", Unit::millisecond, 0, 600'000,
     true},
    {"charge_overcurrent_release_s", "Charge over-current release", Unit::millisecond, 0, 600'000,
     true},
    {"discharge_overcurrent_A", "Discharge over-current", Unit::milliamp, 1'000, 1'000'000, true},
    {"discharge_overcurrent_delay_s", "Discharge over-current delay", Unit::millisecond, 0, 600'000,
     true},
    {"discharge_overcurrent_release_s", "Discharge over-current release", Unit::millisecond, 0,
     600'000, true},
    {"short_circuit_delay_s", "Short-circuit delay", Unit::microsecond, 0, 1'000'000, true},
    {"short_circuit_release_s", "Short-circuit release", Unit::millisecond, 0, 600'000, true},
    {"balance_start_V", "Balance start voltage", Unit::millivolt, 1'000, 4'500, true},
    {"balance_trigger_V", "Balance trigger difference", Unit::millivolt, 1, 1'000, true},
    {"balance_current_max_A", "Largest balance current", Unit::milliamp, 0, 10'000, true},
    {"charge_overtemperature_C", "Charge over-temperature", Unit::decicelsius, 0, 1'000, true},
    {"charge_overtemperature_recovery_C", "Charge over-temperature recovery", Unit::decicelsius, 0,
     1'000, true},
    {"charge_undertemperature_C", "Charge low temperature", Unit::decicelsius, -450, 250, true},
    {"charge_undertemperature_recovery_C", "Charge low-temperature recovery", Unit::decicelsius,
     -450, 250, true},
    {"discharge_overtemperature_C", "Discharge over-temperature", Unit::decicelsius, 0, 1'000,
     true},
    {"discharge_overtemperature_recovery_C", "Discharge over-temperature recovery",
     Unit::decicelsius, 0, 1'000, true},
    {"discharge_undertemperature_C", "Discharge low temperature", Unit::decicelsius, -450, 250,
     true},
    {"discharge_undertemperature_recovery_C", "Discharge low-temperature recovery",
     Unit::decicelsius, -450, 250, true},
    {"mosfet_overtemperature_C", "MOSFET over-temperature", Unit::decicelsius, 0, 1'500, true},
    {"mosfet_overtemperature_recovery_C", "MOSFET over-temperature recovery", Unit::decicelsius, 0,
     1'500, true},
    {"temperature_delay_s", "Temperature protection delay", Unit::millisecond, 0, 600'000, true},
    {"box_overtemperature_C", "Battery-box over-temperature", Unit::decicelsius, 0, 1'500, false},
    {"box_overtemperature_recovery_C", "Battery-box over-temperature recovery", Unit::decicelsius,
     0, 1'500, false},
    {"temperature_difference_C", "Temperature difference", Unit::decicelsius, 0, 1'000, false},
    {"low_capacity_alarm_pct", "Low state-of-charge alarm", Unit::centipercent, 0, 10'000, false},
    {"sleep_delay_s", "Sleep delay", Unit::second, 0, 1'000'000, false},
    {"current_calibration_A", "Current calibration", Unit::milliamp, 0, 100'000, false},
    {"board_address", "Board address", Unit::count, 0, 255, false},
    {"chemistry_code", "Chemistry code of the board", Unit::count, 0, 255, false},
    {"dedicated_charger", "Dedicated charger", Unit::flag, 0, 1, false},
    {"protocol_version", "Protocol version", Unit::count, 0, 255, false},
    {"soc_0_voltage_V", "Cell voltage at 0 %", Unit::millivolt, 1'000, 4'500, true},
    {"soc_100_voltage_V", "Cell voltage at 100 %", Unit::millivolt, 1'000, 4'500, true},
    {"request_charge_voltage_V", "Requested charge voltage a cell", Unit::millivolt, 1'000, 4'500,
     true},
    {"request_float_voltage_V", "Requested float voltage a cell", Unit::millivolt, 1'000, 4'500,
     true},
    {"wire_resistance_max_ohm", "Largest resistance of a balance wire", Unit::micro_ohm, 1'000,
     20'000'000, true},
    {"short_circuit_current_A", "Discharge current taken for a short circuit", Unit::milliamp,
     1'000, 10'000'000, true},
    {"full_charge_current_A", "Charge current below which a full pack is full", Unit::milliamp, 100,
     1'000'000, true},
    {"heater_time_max_s", "Longest time the heater may stay on", Unit::millisecond, 60'000,
     86'400'000, true},
    {"heater_discharge_soc_min_pct", "State of charge above which the pack may heat itself",
     Unit::centipercent, 0, 10'000, true},
}};
inline constexpr std::size_t kParameterCount = kParameters.size();
static_assert(kParameterCount == static_cast<std::size_t>(Parameter::heater_discharge_soc_min) + 1,
              "one row a parameter");

constexpr const ParameterFacts& facts(Parameter parameter) {
  return kParameters[static_cast<std::size_t>(parameter)];
}

/// Values of some or all parameters, each in the unit of its row. No value outside its row's range.
class ParameterSet {
 public:
  constexpr std::optional<std::int32_t> get(Parameter parameter) const {
    const std::int32_t value = values_[static_cast<std::size_t>(parameter)];
    if (value == kAbsent) return std::nullopt;
    return value;
  }
  /// False, and the old value stays, if `value` is outside the range of the parameter's row.
  constexpr bool set(Parameter parameter, std::int32_t value) {
    const auto i = static_cast<std::size_t>(parameter);
    if (value < kRanges[i].lowest || value > kRanges[i].highest) return false;
    values_[i] = value;
    return true;
  }
  constexpr void forget(Parameter parameter) {
    values_[static_cast<std::size_t>(parameter)] = kAbsent;
  }
  friend constexpr bool operator==(const ParameterSet&, const ParameterSet&) = default;

 private:
  static constexpr std::int32_t kAbsent = INT32_MIN;
  struct Range {
    std::int32_t lowest, highest;
  };
  // The column that runs: firmware that uses it carries no text of the table.
  static constexpr std::array<Range, kParameterCount> kRanges = [] {
    std::array<Range, kParameterCount> ranges{};
    for (std::size_t i = 0; i < kParameterCount; ++i)
      ranges[i] = {kParameters[i].lowest, kParameters[i].highest};
    return ranges;
  }();
  static constexpr std::array<std::int32_t, kParameterCount> all_absent() {
    std::array<std::int32_t, kParameterCount> values{};
    for (auto& value : values) value = kAbsent;
    return values;
  }
  std::array<std::int32_t, kParameterCount> values_ = all_absent();
};

}  // namespace cw

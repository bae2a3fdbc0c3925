// SPDX-License-Identifier: Apache-2.0
// A JK board that tells a little of everything, for tests of the records and of what carries them.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "drivers/protocol/jk_record.h"

namespace cw {

using RecordBytes = std::array<std::uint8_t, jk_record::kSize>;

inline RecordBytes record_of(jk_record::Type type, jk_record::Layout layout, const Pack& told,
                             std::uint8_t counter = 5) {
  RecordBytes record{};
  jk_record::encode(record, type, layout, counter, told);
  return record;
}

/// 16 cells, discharging, every field and setting of the newest boards known.
inline Pack told_by_a_board(Instant now = {1000}) {
  Pack told;
  PackScalars& s = told.scalars;
  for (std::int32_t i = 0; i < 16; ++i) {
    told.cell_voltage[static_cast<std::size_t>(i)].set({3300 + i}, now);
    told.wire_resistance[static_cast<std::size_t>(i)].set({60'000 + 1000 * i}, now);
  }
  s.cell_count.set({16}, now);
  s.voltage.set({52'920}, now);
  s.current.set({-8'568}, now);
  s.balance_current.set({-727}, now);
  s.balance_action.set({1}, now);
  s.soc.set({5'700}, now);
  s.soh.set({9'900}, now);
  s.capacity_remaining.set({157'320}, now);
  s.capacity_full.set({276'000}, now);
  s.cycle_count.set({42}, now);
  s.cycle_capacity.set({11'760'000}, now);
  s.precharge.set({0}, now);
  s.runtime.set({262'104}, now);
  s.charge_mosfet.set({1}, now);
  s.discharge_mosfet.set({1}, now);
  s.heater.set({1}, now);
  s.heater_current.set({4'300}, now);
  s.emergency_remaining.set({0}, now);
  s.charger_plugged.set({0}, now);
  s.mosfet_temperature.set({189}, now);
  told.temperature[0].set({-51}, now);
  told.temperature[1].set({173}, now);
  told.temperature[3].set({174}, now);
  told.temperature[4].set({168}, now);
  AlarmSet alarms;
  alarms.add(Alarm::cell_undervoltage);
  alarms.add(Alarm::gps_lock);
  told.alarms.set(alarms, now);
  s.charge_switch.set({1}, now);
  s.discharge_switch.set({0}, now);
  s.balance_switch.set({1}, now);
  s.capacity_nominal.set({280'000}, now);
  using enum Parameter;
  constexpr std::pair<Parameter, std::int32_t> kSettings[] = {
      {cell_undervoltage, 2600},
      {cell_undervoltage_recovery, 2700},
      {cell_overvoltage, 3650},
      {cell_overvoltage_recovery, 3500},
      {balance_trigger, 10},
      {soc_100_voltage, 3550},
      {soc_0_voltage, 2620},
      {request_charge_voltage, 3600},
      {request_float_voltage, 3400},
      {power_off_voltage, 2500},
      {charge_overcurrent, 100'000},
      {charge_overcurrent_delay, 30'000},
      {charge_overcurrent_release, 60'000},
      {discharge_overcurrent, 150'000},
      {discharge_overcurrent_delay, 300'000},
      {discharge_overcurrent_release, 60'000},
      {short_circuit_release, 5'000},
      {balance_current_max, 2'000},
      {charge_overtemperature, 700},
      {charge_overtemperature_recovery, 600},
      {discharge_overtemperature, 700},
      {discharge_overtemperature_recovery, 600},
      {charge_undertemperature, -200},
      {charge_undertemperature_recovery, -100},
      {mosfet_overtemperature, 1000},
      {mosfet_overtemperature_recovery, 800},
      {cell_count, 16},
      {capacity, 280'000},
      {short_circuit_delay, 1500},
      {balance_start, 3000},
      {board_address, 3},
      {sleep_delay, 86'400}};
  for (const auto& [parameter, value] : kSettings) told.parameters.set(parameter, value);
  told.parameters_heard = now;
  Identity& id = told.identity;
  id.make.assign("JK");
  id.model.assign("JK_PB2A16S20P");
  id.hardware_version.assign("15A");
  id.software_version.assign("15.30");
  id.name.assign("Shed");
  id.serial.assign("40618460410");
  id.user_data.assign("left shelf");
  return told;
}

/// What a pack says at `now`, comparable: the count of a reading heard now; absent when it was not.
template <class Q>
std::optional<std::int32_t> heard_now(const Reading<Q>& reading, Instant now) {
  const auto value = reading.fresh(now, {0});
  return value ? std::optional{value->count} : std::nullopt;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/can_alarms.h"

#include "core/obedience.h"

namespace cw {
namespace {

using A = Alarm;

constexpr AlarmSet set_of(std::initializer_list<Alarm> alarms) {
  AlarmSet set;
  for (const Alarm alarm : alarms) set.add(alarm);
  return set;
}

constexpr AlarmSet general() {
  AlarmSet set = set_of({A::low_capacity, A::heater_fault});
  set.unknown = ~std::uint32_t{0};
  return set;
}

constexpr bool overlap(const AlarmSet& a, const AlarmSet& b) {
  return (a.named & b.named) != 0 || (a.unknown & b.unknown) != 0;
}

constexpr CanAlarmBits kInternal = bits_of({CanAlarm::internal});

/// By Disobeyed: what an inverter that takes more than it was told is warned of.
constexpr CanAlarm kDisobeyed[kDisobeyedCount] = {
    CanAlarm::high_charge_current, CanAlarm::high_current, CanAlarm::pack_high_voltage};

}  // namespace

// clang-format off
const std::array<CanAlarmRow, kCanAlarmCount> kCanAlarms = {{
    {"cell high voltage", set_of({A::cell_overvoltage}), true},
    {"pack high voltage", set_of({A::pack_overvoltage}), true},
    {"cell low voltage", set_of({A::cell_undervoltage})},
    {"pack low voltage", set_of({A::pack_undervoltage})},
    {"high temperature", set_of({A::discharge_overtemperature, A::mosfet_overtemperature,
                                 A::battery_overtemperature, A::box_overtemperature})},
    {"high temperature while charging", set_of({A::charge_overtemperature}), true},
    {"low temperature", set_of({A::discharge_undertemperature, A::battery_undertemperature})},
    {"low temperature while charging", set_of({A::charge_undertemperature}), true},
    {"high discharge current", set_of({A::discharge_overcurrent, A::discharge_overcurrent_2,
                                       A::discharge_overcurrent_3})},
    {"high charge current", set_of({A::charge_overcurrent}), true},
    {"short circuit", set_of({A::charge_short_circuit, A::discharge_short_circuit})},
    {"contactor", set_of({A::charge_mosfet_fault, A::discharge_mosfet_fault,
                          A::discharge_switch_on_failed, A::short_circuit_release_failed})},
    {"BMS internal", set_of({A::wire_resistance, A::cell_count_mismatch, A::current_sensor,
                             A::internal_communication, A::front_end_fault_a,
                             A::front_end_fault_b, A::temperature_sensor_fault,
                             A::parallel_module_fault})},
    {"cell imbalance", set_of({A::cell_voltage_difference})},
    {"general", general(), false, true},
}};
// clang-format on

CanRaised raised(const BankRequest& request) {
  CanRaised out;
  const bool blind = request.voice == Voice::blind;  // zero currents are all that can be said
  const bool discharge_is_fine = request.discharge_enabled || blind;
  for (std::size_t i = 0; i < kCanAlarmCount; ++i) {
    const CanAlarmRow& row = kCanAlarms[i];
    const CanAlarmBits bit = CanAlarmBits{1} << i;
    if (overlap(request.warnings, row.of)) out.warnings |= bit;
    if (!overlap(request.alarms, row.of)) continue;
    const bool mild = row.warning || (row.charging && discharge_is_fine);
    (mild ? out.warnings : out.alarms) |= bit;
  }
  for (std::size_t i = 0; i < kDisobeyedCount; ++i)
    if ((request.not_obeyed >> i & 1) != 0) out.warnings |= bits_of({kDisobeyed[i]});
  // A fault inside a pack stops the bank only if no pack works any more.
  const bool works = request.packs_online > 0 || blind;
  if (request.packs_offline > 0 || blind) out.warnings |= kInternal;
  if (works && (out.alarms & kInternal) != 0) {
    out.alarms &= ~kInternal;
    out.warnings |= kInternal;
  }
  return out;
}

}  // namespace cw

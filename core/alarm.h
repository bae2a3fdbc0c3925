// SPDX-License-Identifier: Apache-2.0
// One name per meaning, whatever the make. A bit nobody can name is kept as unknown, never dropped.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/text.h"

namespace cw {

/// The numbers are the bit positions in the Modbus map and in the history: append only.
enum class Alarm : std::uint8_t {
  cell_overvoltage,
  cell_undervoltage,
  pack_overvoltage,
  pack_undervoltage,
  charge_overcurrent,
  discharge_overcurrent,
  charge_short_circuit,
  discharge_short_circuit,
  charge_overtemperature,
  charge_undertemperature,
  discharge_overtemperature,
  discharge_undertemperature,
  mosfet_overtemperature,
  cell_voltage_difference,
  wire_resistance,
  cell_count_mismatch,
  current_sensor,
  internal_communication,
  low_capacity,
  battery_overtemperature,
  battery_undertemperature,
  box_overtemperature,
  front_end_fault_a,
  front_end_fault_b,
  heater_fault,
  charge_mosfet_fault,
  discharge_mosfet_fault,
  discharge_switch_on_failed,
  short_circuit_release_failed,
  temperature_sensor_fault,
  parallel_module_fault,
  discharge_overcurrent_2,
  discharge_overcurrent_3,
  gps_disconnected,
  gps_lock,
};

inline constexpr std::array<std::string_view, 35> kAlarmNames = {
    "cell_overvoltage",
    "cell_undervoltage",
    "pack_overvoltage",
    "pack_undervoltage",
    "charge_overcurrent",
    "discharge_overcurrent",
    "charge_short_circuit",
    "discharge_short_circuit",
    "charge_overtemperature",
    "charge_undertemperature",
    "discharge_overtemperature",
    "discharge_undertemperature",
    "mosfet_overtemperature",
    "cell_voltage_difference",
    "wire_resistance",
    "cell_count_mismatch",
    "current_sensor",
    "internal_communication",
    "low_capacity",
    "battery_overtemperature",
    "battery_undertemperature",
    "box_overtemperature",
    "front_end_fault_a",
    "front_end_fault_b",
    "heater_fault",
    "charge_mosfet_fault",
    "discharge_mosfet_fault",
    "discharge_switch_on_failed",
    "short_circuit_release_failed",
    "temperature_sensor_fault",
    "parallel_module_fault",
    "discharge_overcurrent_2",
    "discharge_overcurrent_3",
    "gps_disconnected",
    "gps_lock",
};
inline constexpr std::size_t kAlarmCount = kAlarmNames.size();
static_assert(kAlarmCount == static_cast<std::size_t>(Alarm::gps_lock) + 1);

constexpr std::string_view name(Alarm alarm) {
  return kAlarmNames[static_cast<std::size_t>(alarm)];
}

/// What one device reports at one time.
struct AlarmSet {
  std::uint64_t named = 0;    // bit n: Alarm n
  std::uint32_t unknown = 0;  // bit n: bit n of the protocol's own word, which nobody can name

  constexpr void add(Alarm alarm) { named |= std::uint64_t{1} << static_cast<unsigned>(alarm); }
  constexpr void remove(Alarm alarm) {
    named &= ~(std::uint64_t{1} << static_cast<unsigned>(alarm));
  }
  constexpr bool has(Alarm alarm) const { return (named >> static_cast<unsigned>(alarm) & 1) != 0; }
  constexpr bool any() const { return named != 0 || unknown != 0; }
  friend constexpr bool operator==(const AlarmSet&, const AlarmSet&) = default;
};

/// "unknown_jk_uart_bit_14": the name of a bit of a protocol's alarm word that nobody can name.
constexpr Text<64> unknown_alarm_name(std::string_view protocol, unsigned bit) {
  char letters[64] = {};
  std::size_t size = 0;
  const auto add = [&](std::string_view part) {
    for (const char c : part)
      if (size < sizeof letters) letters[size++] = c == '-' ? '_' : c;
  };
  const char digits[] = {static_cast<char>('0' + bit / 10), static_cast<char>('0' + bit % 10)};
  add("unknown_");
  add(protocol);
  add("_bit_");
  add(bit < 10 ? std::string_view{digits + 1, 1} : std::string_view{digits, 2});
  Text<64> name;
  name.assign({letters, size});
  return name;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Every row of JK's 300-byte records. The layout of boards from software 11 on is written down; the
// older one follows from it by what was inserted. Sources: JK, "BMS RS485 Modbus common protocol"
// V1.0 and V1.1 (the same blocks as registers), and captures over Bluetooth and RS485.
#pragma once
#include <algorithm>
#include <array>

#include "drivers/protocol/jk_record_slot.h"

namespace cw::jk_record::tables {

using P = PackScalars;
using enum Form;

template <auto Member>
constexpr Slot value(std::uint16_t at, std::uint8_t width, std::string_view meaning, Form form,
                     std::int32_t scale) {
  return {.at = at,
          .width = width,
          .count = 1,
          .meaning = meaning,
          .form = form,
          .scale = scale,
          .field = index_of<Member>(),
          .store = &store_number<Member>};
}
constexpr Slot series(std::uint16_t at, std::uint8_t width, std::uint8_t count,
                      std::string_view meaning, Form form, std::int32_t scale) {
  return {
      .at = at, .width = width, .count = count, .meaning = meaning, .form = form, .scale = scale};
}
constexpr Slot sensor(std::uint16_t at, std::string_view meaning, std::uint8_t number) {
  return {
      .at = at, .width = 2, .count = 1, .meaning = meaning, .form = temperature, .sensor = number};
}
constexpr Slot other(std::uint16_t at, std::uint8_t width, std::string_view meaning, Form form) {
  return {.at = at, .width = width, .count = 1, .meaning = meaning, .form = form};
}
constexpr Slot words(std::uint16_t at, std::uint8_t characters, std::string_view meaning,
                     Form form) {
  return {.at = at, .width = 1, .count = characters, .meaning = meaning, .form = form};
}
constexpr Slot setting(std::uint16_t at, std::uint8_t width, std::string_view meaning, Form form,
                       std::int32_t scale, Parameter parameter) {
  return {.at = at,
          .width = width,
          .count = 1,
          .meaning = meaning,
          .form = form,
          .scale = scale,
          .parameter = parameter};
}
/// A setting that people also know as a value.
template <auto Member>
constexpr Slot setting(std::uint16_t at, std::uint8_t width, std::string_view meaning, Form form,
                       std::int32_t scale, Parameter parameter) {
  Slot slot = value<Member>(at, width, meaning, form, scale);
  slot.parameter = parameter;
  return slot;
}
constexpr Slot fixed(Slot slot) {
  slot.fixed = true;
  return slot;
}

// --- software 11 and later: jk02-32s -------------------------------------------------------------

// clang-format off
inline constexpr auto kSettings32 = [] {
  using enum Parameter;
  return std::to_array<Slot>({
  other  (  6, 4, "smart-sleep cell voltage, mV", unused),
  setting( 10, 4, "cell under-voltage, mV", number, 1, cell_undervoltage),
  setting( 14, 4, "cell under-voltage recovery, mV", number, 1, cell_undervoltage_recovery),
  setting( 18, 4, "cell over-voltage, mV", number, 1, cell_overvoltage),
  setting( 22, 4, "cell over-voltage recovery, mV", number, 1, cell_overvoltage_recovery),
  setting( 26, 4, "balance trigger difference, mV", number, 1, balance_trigger),
  setting( 30, 4, "cell voltage at 100 %, mV", told_number, 1, soc_100_voltage),
  setting( 34, 4, "cell voltage at 0 %, mV", told_number, 1, soc_0_voltage),
  setting( 38, 4, "requested charge voltage a cell, mV", told_number, 1, request_charge_voltage),
  setting( 42, 4, "requested float voltage a cell, mV", told_number, 1, request_float_voltage),
  setting( 46, 4, "power-off cell voltage, mV", number, 1, power_off_voltage),
  setting( 50, 4, "charge over-current, mA", number, 1, charge_overcurrent),
  setting( 54, 4, "charge over-current delay, s", number, 1000, charge_overcurrent_delay),
  setting( 58, 4, "charge over-current release, s", number, 1000, charge_overcurrent_release),
  setting( 62, 4, "discharge over-current, mA", number, 1, discharge_overcurrent),
  setting( 66, 4, "discharge over-current delay, s", number, 1000, discharge_overcurrent_delay),
  setting( 70, 4, "discharge over-current release, s", number, 1000, discharge_overcurrent_release),
  setting( 74, 4, "short-circuit release, s", number, 1000, short_circuit_release),
  setting( 78, 4, "largest balance current, mA", number, 1, balance_current_max),
  setting( 82, 4, "charge over-temperature, 0.1 °C", signed_number, 1, charge_overtemperature),
  setting( 86, 4, "charge over-temperature recovery, 0.1 °C", signed_number, 1, charge_overtemperature_recovery),
  setting( 90, 4, "discharge over-temperature, 0.1 °C", signed_number, 1, discharge_overtemperature),
  setting( 94, 4, "discharge over-temperature recovery, 0.1 °C", signed_number, 1, discharge_overtemperature_recovery),
  setting( 98, 4, "charge low temperature, 0.1 °C", signed_number, 1, charge_undertemperature),
  setting(102, 4, "charge low-temperature recovery, 0.1 °C", signed_number, 1, charge_undertemperature_recovery),
  // The boards' own limits of their transistors: the design keeps them read-only.
  fixed(setting(106, 4, "MOSFET over-temperature, 0.1 °C", signed_number, 1, mosfet_overtemperature)),
  fixed(setting(110, 4, "MOSFET over-temperature recovery, 0.1 °C", signed_number, 1, mosfet_overtemperature_recovery)),
  setting(114, 4, "cell count setting", number, 1, cell_count),
  value<&P::charge_switch>   (118, 4, "charge switch", number, 1),
  value<&P::discharge_switch>(122, 4, "discharge switch", number, 1),
  value<&P::balance_switch>  (126, 4, "balancer switch", number, 1),
  setting<&P::capacity_nominal>(130, 4, "capacity setting, mAh", number, 1, capacity),
  setting(134, 4, "short-circuit delay, µs", number, 1, short_circuit_delay),
  setting(138, 4, "balance start voltage, mV", number, 1, balance_start),
  series (142, 4, 32, "resistances of the wires as set, µΩ", unused, 1),
  // Comes from the DIP switches.
  fixed(setting(270, 4, "board address", number, 1, board_address)),
  other  (274, 4, "discharge precharge time, s", unused),
  other  (282, 2, "control bits: heating, display, smart sleep ...", unused),
  other  (284, 1, "battery alarm temperature or, from 15.41 on, heating start, °C", unused),
  other  (285, 1, "recovery of the above or heating stop, °C", unused),
  setting(286, 1, "smart-sleep delay, h", told_number, 3600, sleep_delay),
  other  (287, 1, "which later fields are enabled", unused),
  other  (296, 1, "discharge low temperature, °C (newest firmware)", unused),
  other  (297, 1, "discharge low-temperature recovery, °C (newest firmware)", unused),
  });
}();

inline constexpr auto kStatus32 = std::to_array<Slot>({
  series (  6, 2, 32, "cell voltages, mV", cells, 1),
  other  ( 70, 4, "connected cells", cell_mask),
  other  ( 74, 2, "mean cell voltage, mV: ours is of the same list", unused),
  other  ( 76, 2, "largest difference, mV: lags behind the list", unused),
  other  ( 78, 1, "highest cell, from 0", unused),
  other  ( 79, 1, "lowest cell, from 0", unused),
  series ( 80, 2, 32, "resistances of the balance wires, mΩ", wires, 1000),
  sensor (144,    "MOSFET temperature", 0),
  other  (146, 4, "wires with too much resistance", unused),
  value<&P::voltage>(150, 4, "pack voltage, mV", number, 1),
  other  (154, 4, "power without its sign, mW: ours is of voltage and current", unused),
  value<&P::current>(158, 4, "pack current, mA, positive charges", signed_number, 1),
  sensor (162,    "battery sensor 1", 1),
  sensor (164,    "battery sensor 2", 2),
  other  (166, 4, "alarm bits", alarms),
  value<&P::balance_current>(170, 2, "balance current, mA, negative takes from a cell", signed_number, 1),
  other  (172, 1, "balance action", balance),
  value<&P::soc>(173, 1, "state of charge, %", number, 100),
  value<&P::capacity_remaining>(174, 4, "remaining capacity, mAh", signed_number, 1),
  value<&P::capacity_full>(178, 4, "full capacity as learnt, mAh", told_number, 1),
  value<&P::cycle_count>(182, 4, "cycles", number, 1),
  value<&P::cycle_capacity>(186, 4, "accumulated cycle capacity, mAh", number, 1),
  value<&P::soh>(190, 1, "state of health, %", told_number, 100),
  value<&P::precharge>(191, 1, "precharging", number, 1),
  other  (192, 2, "user alarm", unused),
  value<&P::runtime>(194, 4, "run time, s", number, 1),
  value<&P::charge_mosfet>(198, 1, "charge MOSFET on", number, 1),
  value<&P::discharge_mosfet>(199, 1, "discharge MOSFET on", number, 1),
  other  (200, 2, "user alarm 2", unused),
  series (202, 2, 6, "seconds until release: over-current, short circuit, cells", unused, 1),
  other  (214, 1, "sensors that are there", sensor_mask),
  value<&P::heater>(215, 1, "heater on", number, 1),
  value<&P::emergency_remaining>(218, 2, "emergency time left, s", number, 1),
  other  (220, 2, "current correction factor", unused),
  other  (222, 2, "current sensor, charging, mV", unused),
  other  (224, 2, "current sensor, discharging, mV", unused),
  other  (226, 4, "voltage correction factor", unused),
  other  (234, 2, "pack voltage, 10 mV", unused),
  other  (236, 2, "heater current, mA, either sign", heater_current),
  value<&P::charger_plugged>(245, 1, "charger plugged in", number, 1),
  other  (246, 4, "ticks since start, 0.1 s", unused),
  other  (254, 2, "the MOSFETs' temperature once more", unused),
  sensor (256,    "battery sensor 4", 4),
  sensor (258,    "battery sensor 5", 5),
  other  (262, 4, "clock, s since 2020", unused),
  other  (266, 4, "entries of the event log", unused),
  other  (270, 4, "time until sleep, s", unused),
  other  (274, 1, "parallel current limiter on", unused),
  other  (275, 1, "chemistry (newest firmware)", unused),
  other  (278, 2, "time in this stage of charging, s", unused),
  other  (280, 1, "stage of charging", unused),
  other  (281, 1, "dry contacts", unused),
});

// The serial number ends where a passcode begins.
inline constexpr auto kDevice = std::to_array<Slot>({
  words (  6, 16, "model", text),
  words ( 22,  8, "hardware version", text),
  words ( 30,  8, "software version", text),
  other ( 38,  4, "total run time, s", unused),
  other ( 42,  4, "times switched on", unused),
  words ( 46, 16, "device name", text),
  words ( 62, 16, "passcode of the device, in clear", secret),
  words ( 78,  8, "manufacturing date, YYMMDD", unused),
  words ( 86, 11, "serial number", text),
  words ( 97,  5, "another passcode, in clear", secret),
  words (102, 16, "user data", text),
  words (118, 16, "passcode of the settings, in clear", secret),
  words (134, 16, "user data 2", unused),
  other (184,  1, "protocol of UART 1", unused),
  other (185,  1, "protocol of CAN", unused),
  other (218,  1, "protocol of UART 2", unused),
});
// clang-format on

inline constexpr std::uint16_t kModelAt = 6;
inline constexpr std::uint16_t kHardwareVersionAt = 22;
inline constexpr std::uint16_t kSoftwareVersionAt = 30;
inline constexpr std::uint16_t kNameAt = 46;
inline constexpr std::uint16_t kSerialAt = 86;
inline constexpr std::uint16_t kUserDataAt = 102;

/// Bytes that are all zero where the firmware does not have the status' second half: sensors 3 to 5
/// and the clock. 0.0 °C at all of them and a clock that was never set is taken for that, too.
inline constexpr std::uint16_t kTailAt = 254;
inline constexpr std::size_t kTailSize = 12;

// --- software 4 to 10: jk02-24s ------------------------------------------------------------------
// 24 cells: 16 bytes less before the mask and 32 less behind the resistances. The MOSFETs' sensor
// and the alarms, half as wide, stand elsewhere, and nothing is told behind the ticks.

inline constexpr std::size_t kOldCells = 24;

constexpr Slot older_status(Slot slot) {
  const auto earlier = [&slot](unsigned bytes) {
    slot.at = static_cast<std::uint16_t>(slot.at - bytes);
  };
  if (slot.form == cells || slot.form == wires) slot.count = kOldCells;
  if (slot.at == 144)
    slot.at = 134;
  else if (slot.form == alarms)
    slot.at = 136, slot.width = 2;
  else if (slot.at > 80)
    earlier(32);
  else if (slot.at >= 70)
    earlier(16);
  return slot;
}
constexpr bool is_in_older_status(const Slot& slot) {
  return slot.at < 234 || slot.at == 245 || slot.at == 246;
}
inline constexpr auto kStatus24 = [] {
  constexpr auto kCount = static_cast<std::size_t>(
      std::count_if(kStatus32.begin(), kStatus32.end(), is_in_older_status));
  std::array<Slot, kCount> slots{};
  std::size_t next = 0;
  for (const Slot& slot : kStatus32)
    if (is_in_older_status(slot)) slots[next++] = older_status(slot);
  return slots;
}();

inline constexpr std::uint16_t kOlderSettingsEnd = 142;
constexpr bool is_in_older_settings(const Slot& slot) { return slot.at < kOlderSettingsEnd; }
inline constexpr auto kSettings24 = [] {
  constexpr auto kCount = static_cast<std::size_t>(
      std::count_if(kSettings32.begin(), kSettings32.end(), is_in_older_settings));
  std::array<Slot, kCount> slots{};
  std::copy_if(kSettings32.begin(), kSettings32.end(), slots.begin(), is_in_older_settings);
  return slots;
}();

// --- balancers: jk04 -----------------------------------------------------------------------------
// They measure no current and no temperature and have no MOSFETs.

// clang-format off
inline constexpr auto kSettings04 = [] {
  using enum Parameter;
  return std::to_array<Slot>({
  setting( 34, 1, "cell count setting", number, 1, cell_count),
  setting( 38, 4, "power-off cell voltage, V", real, 1000, power_off_voltage),
  other  ( 74, 4, "reference of the voltage, V", unused),
  setting( 98, 4, "balance start voltage, V", real, 1000, balance_start),
  setting(106, 4, "balance trigger difference, V", real, 1000, balance_trigger),
  setting(110, 4, "largest balance current, A", real, 1000, balance_current_max),
  value<&P::balance_switch>(114, 1, "balancer switch", number, 1),
  });
}();

inline constexpr auto kStatus04 = std::to_array<Slot>({
  series (  6, 4, kOldCells, "cell voltages, V", real_cells, 1000),
  series (102, 4, kOldCells, "resistances of the balance wires, Ω", real_wires, 1'000'000),
  other  (202, 4, "mean cell voltage, V", unused),
  other  (206, 4, "largest difference, V", unused),
  other  (214, 4, "connected cells", cell_mask),
  other  (218, 1, "highest cell, from 0", unused),
  other  (219, 1, "lowest cell, from 0", unused),
  other  (220, 1, "balance action", balance),
  value<&P::balance_current>(222, 4, "balance current, A", real, 1000),
  value<&P::runtime>(286, 4, "run time, s", number, 1),
});
// clang-format on

// --- proofs --------------------------------------------------------------------------------------

consteval bool is_in_order_and_inside(const auto& table) {
  std::size_t end = 6;
  for (const Slot& slot : table) {
    if (slot.at < end) return false;
    end = slot.at + slot.size();
  }
  return end <= 299;
}
/// But for the two rows of jk02-24s that moved; nothing may lie in two rows, nevertheless.
consteval bool is_apart(const auto& table) {
  for (std::size_t i = 0; i < table.size(); ++i)
    for (std::size_t j = i + 1; j < table.size(); ++j)
      if (table[i].at < table[j].at + table[j].size() &&
          table[j].at < table[i].at + table[i].size())
        return false;
  return true;
}
static_assert(is_in_order_and_inside(kSettings32) && is_in_order_and_inside(kStatus32) &&
              is_in_order_and_inside(kDevice) && is_in_order_and_inside(kSettings24) &&
              is_in_order_and_inside(kSettings04) && is_in_order_and_inside(kStatus04));
static_assert(is_apart(kStatus24));

}  // namespace cw::jk_record::tables

// SPDX-License-Identifier: Apache-2.0
// The error codes that boards and their app show, with the alarms they stand for.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/alarm.h"

namespace cw {

/// Source of number and sentence: the manual, FAQ. Which alarms share a code is our reading.
struct ErrorCode {
  static constexpr std::size_t kMostAlarms = 6;

  std::uint8_t code;
  std::string_view sentence;  // as the manual words it
  std::string_view meaning;   // what it says
  std::array<Alarm, kMostAlarms> list;
  std::size_t count;

  constexpr std::span<const Alarm> alarms() const { return {list.data(), count}; }
};

// The manual has no code for low temperature; the board's sensors and delays are those of code 5,
// so the core's rules show it there, under its own name. Low capacity, the cells' difference and
// the sensor of current have none.
// clang-format off
inline constexpr auto kErrorCodes = std::to_array<ErrorCode>({
    {1, "Monomer over discharge alarm", "a cell is below its limit",
     {Alarm::cell_undervoltage, Alarm::pack_undervoltage}, 2},
    {2, "Monomer overcharge alarm", "a cell is above its limit",
     {Alarm::cell_overvoltage, Alarm::pack_overvoltage}, 2},
    {3, "Overcurrent alarm", "too much current for too long",
     {Alarm::charge_overcurrent, Alarm::discharge_overcurrent}, 2},
    {4, "MOS over temperature alarm", "the board's transistors are too hot",
     {Alarm::mosfet_overtemperature}, 1},
    {5, "CELL over temperature alarm", "the cells are too hot; or too cold, which has no code of its own",
     {Alarm::charge_overtemperature, Alarm::discharge_overtemperature, Alarm::battery_overtemperature,
      Alarm::charge_undertemperature, Alarm::discharge_undertemperature, Alarm::battery_undertemperature}, 6},
    {6, "Short circuit alarm", "far too much current; the front ends' own protection (unconfirmed)",
     {Alarm::charge_short_circuit, Alarm::discharge_short_circuit, Alarm::front_end_fault_a,
      Alarm::front_end_fault_b}, 4},
    {7, "Internal communication abnormal alarm", "the board does not hear its own measuring chip (the app: CPUAUX Anomaly)",
     {Alarm::internal_communication}, 1},
    {8, "Alarm of excessive equalizing resistance", "a sense wire has too much resistance to balance",
     {Alarm::wire_resistance}, 1},
    {9, "Drop string", "not as many cells as are set (the app: CELL Count is not equal setting)",
     {Alarm::cell_count_mismatch}, 1},
});
// clang-format on

/// The code a board shows for `alarm`; nothing where the manual has none.
constexpr std::optional<std::uint8_t> error_code_of(Alarm alarm) {
  for (const ErrorCode& row : kErrorCodes)
    for (const Alarm member : row.alarms())
      if (member == alarm) return row.code;
  return std::nullopt;
}

}  // namespace cw

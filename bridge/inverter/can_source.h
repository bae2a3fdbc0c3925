// SPDX-License-Identifier: Apache-2.0
// Where the numbers, flags and texts of frames towards inverters come from. A row a source.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "bridge/inverter/can_alarms.h"
#include "core/text.h"

namespace cw {

/// What one set of frames is made of.
struct CanValues {
  BankRequest request;  // as this inverter is told it (told_request.h)
  CanRaised raised;
  Text<16> manufacturer;
  Text<16> battery_name;
  Text<24> serial;           // of the first pack
  std::int64_t wall_ms = 0;  // Unix time
};

enum class CanNumber : std::uint8_t {
  charge_voltage,
  charge_current,
  discharge_current,
  discharge_voltage,
  soc,
  soh,
  voltage,
  current,
  temperature,
  temperature_max,
  temperature_max_apart,
  temperature_min,
  temperature_max_number,
  temperature_min_number,
  cell_max,
  cell_min,
  cell_difference,
  cell_max_number,
  cell_min_number,
  packs,
  packs_online,
  packs_blocking_charge,
  packs_blocking_discharge,
  packs_offline,
  cells,
  capacity,
  remaining,
  energy,
  cycles,
  operation,
  packed_time,
};
inline constexpr std::size_t kCanNumberCount = 31;

struct CanNumberRow {
  std::string_view name;  // for people
  Unit unit;              // of the number; an energy counts watt hours
  std::optional<std::int64_t> (*get)(const CanValues& values);  // nothing: not known
};
const CanNumberRow& facts(CanNumber number);

enum class CanFlag : std::uint8_t {
  charge_enabled,
  discharge_enabled,
  force_charge,
  full_charge_wanted,
  balanced,   // the cells are at most 30 mV apart
  protected_  // some alarm is raised
};
inline constexpr std::size_t kCanFlagCount = 6;
std::string_view name(CanFlag flag);
bool is_set(CanFlag flag, const CanValues& values);

enum class CanText : std::uint8_t {
  manufacturer,
  battery_name,
  serial,
  cell_min_place,  // "P2C7": pack 2, cell 7
  cell_max_place,
  temperature_min_place,  // "P2T1"
  temperature_max_place,
};
inline constexpr std::size_t kCanTextCount = 7;
std::string_view name(CanText text);
/// Empty: not known.
Text<24> text_of(CanText text, const CanValues& values);

}  // namespace cw

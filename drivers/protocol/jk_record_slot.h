// SPDX-License-Identifier: Apache-2.0
// One row of the tables of JK's 300-byte records: where a value is, and what it fills.
#pragma once
#include <optional>
#include <string_view>

#include "core/parameters.h"
#include "drivers/protocol/slot_target.h"

namespace cw::jk_record {

/// How the bytes of a row become a value. Numbers are little-endian in a record; value = raw *
/// scale in the unit of the target.
enum class Form : std::uint8_t {
  number,          // unsigned
  told_number,     // unsigned; 0: this firmware does not tell
  signed_number,   // two's complement
  real,            // IEEE 754, 32 bits
  cells,           // a series of numbers, those whose bit in cell_mask is set
  real_cells,      // the same as reals
  wires,           // a series of numbers, cell by cell
  real_wires,      // the same as reals
  cell_mask,       // bit n: cell n + 1 is connected
  temperature,     // signed, 0.1 °C; kNoSensor: absent. `sensor` 0: the MOSFETs
  sensor_mask,     // bit 0: the MOSFETs' sensor is there, bit n: sensor n
  balance,         // 0 idle, 1 giving to the lowest cell, 2 taking from the highest
  heater_current,  // signed; nonsense unless the heater is on
  alarms,          // kAlarmBits
  text,            // characters, padded with zeros
  secret,          // passcodes: never kept, logged or printed
  unused,          // no value of ours
};

inline constexpr std::int32_t kNoSensor = -2000;

struct Slot {
  std::uint16_t at;    // first byte, from the beginning of the record
  std::uint8_t width;  // bytes of one element; of a text: 1
  std::uint8_t count;  // elements, one behind the other
  std::string_view meaning;
  Form form;
  std::int32_t scale = 1;                // units of the target a raw count
  std::uint8_t field = kNoField;         // row of kFields it fills
  StoreNumber store = nullptr;           // how it fills it
  std::uint8_t sensor = 0;               // element of Pack::temperature, from 1; 0: none
  std::optional<Parameter> parameter{};  // the setting it fills
  bool fixed = false;                    // a setting that nobody writes: see the row

  constexpr std::size_t size() const { return std::size_t{width} * count; }
  constexpr bool is_setting() const { return parameter.has_value(); }
};

}  // namespace cw::jk_record

// SPDX-License-Identifier: Apache-2.0
// What the protections look at: a few values derived from a pack, each either fresh or absent.
#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "core/pack.h"

namespace cw {

enum class Input : std::uint8_t {
  highest_cell,             // mV
  lowest_cell,              // mV
  charge_current,           // mA, positive while charging
  discharge_current,        // mA, positive while discharging
  hottest_temperature,      // 0.1 °C, battery sensors
  coldest_temperature,      // 0.1 °C, battery sensors
  mosfet_temperature,       // 0.1 °C
  pack_voltage,             // mV
  cell_difference,          // mV, highest cell less lowest
  short_circuit,            // mA, discharging; kFlagged where the board's own flag says so
  charge_short_circuit,     // the board's flag
  highest_wire_resistance,  // µΩ
  cells_in_range,           // how many cells are between 1 V and 5 V
  internal_fault,           // the board's flag
};
inline constexpr std::size_t kInputCount = 14;

/// For people.
constexpr std::string_view name(Input input) {
  constexpr std::string_view names[] = {"highest cell",
                                        "lowest cell",
                                        "charge current",
                                        "discharge current",
                                        "hottest temperature",
                                        "coldest temperature",
                                        "MOSFET temperature",
                                        "pack voltage",
                                        "difference of cells",
                                        "discharge current or the board's flag",
                                        "the board's flag",
                                        "highest wire resistance",
                                        "number of cells in 1-5 V",
                                        "the board's flag"};
  return names[static_cast<std::size_t>(input)];
}

/// In place of a current, where a board only says that there is a short circuit.
inline constexpr std::int32_t kFlagged = INT32_MAX;

struct Measurement {
  std::int32_t value = 0;
  std::uint8_t where = 0;  // cell or sensor number from 1; 0: the pack
  Instant heard{};
  friend constexpr bool operator==(const Measurement&, const Measurement&) = default;
};

struct Measurements {
  std::array<std::optional<Measurement>, kInputCount> values;
  std::uint32_t unfitted = 0;  // bit n: no board is known here that ever measured input n
  bool wake = false;           // a charger is there, or the button is pressed

  constexpr const std::optional<Measurement>& operator[](Input input) const {
    return values[static_cast<std::size_t>(input)];
  }
  constexpr void set(Input input, Measurement measurement) {
    values[static_cast<std::size_t>(input)] = measurement;
  }
  /// Whether the board has what it takes to measure `input`: what it has must also be fresh.
  constexpr bool is_fitted(Input input) const {
    return (unfitted >> static_cast<unsigned>(input) & 1) == 0;
  }
};

/// Derives the inputs from a pack. A sensor that was never heard is not fitted and does not count;
/// one that was heard and is not fresh now makes its inputs absent, and so does having none at all.
/// One cell without a fresh value makes both cell inputs absent: it could be the worst one. The
/// extremes a device reports count only if it never sends its cells one by one. Flags and wire
/// resistances, which many boards do not have, are unfitted until they are heard for the first
/// time.
Measurements measure(const Pack& pack, Instant now, Millis max_age);

/// What the pack holds when full: as learnt, else nominal. Devices that have learnt nothing yet
/// send 0, which is no capacity.
std::optional<MilliampHours> usable_capacity(const PackScalars& scalars, Instant now,
                                             Millis max_age);

/// Fills the fields that follow from others, from readings of the frame of `now` alone: power and
/// remaining capacity where the device did not send them, and the cell extremes always, because
/// devices count cells from 0 or 1 and round as they like. What does not fit 32 bits is rejected.
/// Call once after a frame was applied and judged; judge once more what it derived.
void derive(Pack& pack, Instant now);

/// Rejects every reading outside the plausible range of its row.
void judge(Pack& pack);

}  // namespace cw

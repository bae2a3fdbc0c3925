// SPDX-License-Identifier: Apache-2.0
// What the protections look at: a few values derived from a pack, each either fresh or absent.
#pragma once
#include <array>
#include <cstddef>
#include <optional>

#include "core/pack.h"

namespace cw {

enum class Input : std::uint8_t {
  highest_cell,         // mV
  lowest_cell,          // mV
  charge_current,       // mA, positive while charging
  discharge_current,    // mA, positive while discharging
  hottest_temperature,  // 0.1 °C, battery sensors
  coldest_temperature,  // 0.1 °C, battery sensors
  mosfet_temperature,   // 0.1 °C
};
inline constexpr std::size_t kInputCount = 7;

struct Measurement {
  std::int32_t value = 0;
  std::uint8_t where = 0;  // cell or sensor number from 1; 0: the pack
};

struct Measurements {
  std::array<std::optional<Measurement>, kInputCount> values;
  constexpr const std::optional<Measurement>& operator[](Input input) const {
    return values[static_cast<std::size_t>(input)];
  }
};

/// Derives the inputs from a pack. A sensor that was never heard is not fitted and does not count;
/// one that was heard and is not fresh now makes its inputs absent, and so does having none at all.
Measurements measure(const Pack& pack, Instant now, Millis max_age);

/// Fills the fields that follow from others (power, cell extremes, remaining capacity) where the
/// device did not send them in the frame of `now`. Call once after a frame was applied.
void derive(Pack& pack, Instant now);

/// Rejects every reading outside the plausible range of its row.
void judge(Pack& pack);

}  // namespace cw

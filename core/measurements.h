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
/// One cell without a fresh value makes both cell inputs absent: it could be the worst one. The
/// extremes a device reports count only if it never sends its cells one by one.
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

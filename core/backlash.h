// SPDX-License-Identifier: Apache-2.0
// A value that follows what is measured with play: a worse one counts at once, a better one only
// as far as it is beyond the play. So a cell that hovers around the knee of a curve moves nothing.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>

namespace cw {

class Backlash {
 public:
  /// For values that are worse the higher they are. The first is taken as it is.
  constexpr std::int32_t worse_above(std::int32_t value, std::int32_t play) {
    held_ = std::clamp(held_.value_or(value), value, value + play);
    return *held_;
  }
  /// For values that are worse the lower they are.
  constexpr std::int32_t worse_below(std::int32_t value, std::int32_t play) {
    held_ = std::clamp(held_.value_or(value), value - play, value);
    return *held_;
  }
  /// What counts since the last value; nothing before the first.
  constexpr std::optional<std::int32_t> held() const { return held_; }
  constexpr void forget() { held_.reset(); }

 private:
  std::optional<std::int32_t> held_;
};

}  // namespace cw

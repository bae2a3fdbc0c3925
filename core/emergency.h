// SPDX-License-Identifier: Apache-2.0
// Half an hour of power whatever the protections say. Source: the 12P guide, "emergency switch".
#pragma once
#include <optional>

#include "core/rules.h"

namespace cw {

class Emergency {
 public:
  static constexpr Millis kLasts{30 * 60'000};

  /// Starts it, or starts it anew.
  constexpr void request(Instant now) { until_ = now + kLasts; }
  constexpr void cancel() { until_.reset(); }

  constexpr bool active(Instant now) const { return until_ && now < *until_; }
  /// Whole seconds, counted up: 0 only when it is over.
  constexpr Seconds remaining(Instant now) const {
    if (!active(now)) return {0};
    return {static_cast<std::int32_t>((until_->ms - now.ms + 999) / 1000)};
  }

 private:
  std::optional<Instant> until_;
};

/// What rules that no emergency overrides hold open, in a guard.
constexpr Switches held_in_emergency(std::uint32_t tripped) {
  Switches held = Switches::none;
  for (std::size_t i = 0; i < kRuleCount; ++i)
    if ((tripped >> i & 1) != 0 && kRules[i].is(kAbsolute)) held = held | kRules[i].opens;
  return held;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// A board that is not used goes to sleep. Source: the 12P guide, "intelligent sleep".
#pragma once
#include "core/measurements.h"

namespace cw {

class Sleep {
 public:
  static constexpr Milliamps kIdleBelow{1'000};        // either direction, strictly
  static constexpr Millis kAfter{26 * 3'600 * 1'000};  // without a break

  /// `current`: nothing if it is not known, which is no reason to sleep. `stirred`: a charger, the
  /// button, the display or a request woke the board. True: it sleeps.
  constexpr bool step(std::optional<Milliamps> current, bool stirred, Instant now) {
    const bool idle =
        current && current->count < kIdleBelow.count && current->count > -kIdleBelow.count;
    if (!idle || stirred || !idle_since_) idle_since_ = now;
    return asleep(now);
  }

  constexpr bool asleep(Instant now) const { return idle_since_ && now >= *idle_since_ + kAfter; }

 private:
  std::optional<Instant> idle_since_;
};

}  // namespace cw

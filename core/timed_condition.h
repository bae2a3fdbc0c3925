// SPDX-License-Identifier: Apache-2.0
// A condition that counts once it has held without a break for a time.
#pragma once
#include <optional>

#include "core/units.h"

namespace cw {

class TimedCondition {
 public:
  constexpr bool step(bool holds, Millis least, Instant now) {
    if (!holds) {
      since_.reset();
      return false;
    }
    if (!since_) since_ = now;
    return now >= *since_ + least;
  }
  constexpr void forget() { since_.reset(); }

 private:
  std::optional<Instant> since_;
};

}  // namespace cw

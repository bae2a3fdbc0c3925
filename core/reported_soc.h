// SPDX-License-Identifier: Apache-2.0
// The state of charge as inverters are told: 100 % only when full, never 0 % while discharging is
// allowed, and no jumps (charge-control.md, section 11).
#pragma once
#include <optional>

#include "core/units.h"

namespace cw {

class ReportedSoc {
 public:
  /// `computed`: by capacity, of the packs that are in. Absent: nothing is known, and nothing told.
  std::optional<CentiPercent> step(std::optional<CentiPercent> computed, bool full,
                                   bool discharging_allowed, Instant now);

 private:
  std::int32_t target(std::int32_t computed, bool full);

  bool full_before_ = false;
  bool told_full_ = false;       // 100 % until it is plainly less
  std::int32_t left_below_ = 0;  // computed state of charge at which it is less
  std::optional<std::int32_t> out_;
  std::optional<Instant> ramp_until_;
  Instant last_{};
};

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Down at once, up slowly (charge-control.md, section 10).
#pragma once
#include <algorithm>
#include <cstdint>

#include "core/units.h"

namespace cw {

struct SlewSettings {
  Millis hold{};                // so long a target must have been above the output
  std::int32_t per_second = 0;  // the rate from then on
  std::int32_t from_zero = 0;   // at zero a smaller target does not count as one above
};

class Slew {
 public:
  /// The first value is taken as it is. `now` never goes back.
  constexpr std::int32_t step(std::int32_t target, const SlewSettings& settings, Instant now) {
    if (!started_ || target <= out_) {
      started_ = true;
      out_ = target;
      above_ = false;
      return out_;
    }
    if (out_ == 0 && target < settings.from_zero) {
      above_ = false;
      return out_;
    }
    if (!above_) {
      above_ = true;
      since_ = now;
      from_ = out_;
    }
    out_ = std::min(target, reached(settings, now));
    if (out_ == target) above_ = false;
    return out_;
  }
  constexpr std::int32_t output() const { return out_; }
  constexpr bool is_rising() const { return above_; }
  constexpr bool has_started() const { return started_; }

 private:
  // From where it was when the hold began, so that no step's rounding adds up.
  constexpr std::int32_t reached(const SlewSettings& settings, Instant now) const {
    const std::int64_t rising_ms = now.ms - since_.ms - settings.hold.count;
    if (rising_ms <= 0) return from_;
    const std::int64_t most = INT32_MAX;
    const std::int64_t seconds_most = settings.per_second > 0 ? most / settings.per_second : most;
    if (rising_ms / 1000 >= seconds_most) return settings.per_second > 0 ? INT32_MAX : from_;
    const std::int64_t risen = from_ + rising_ms * settings.per_second / 1000;
    return static_cast<std::int32_t>(std::min(risen, most));
  }

  bool started_ = false;
  std::int32_t out_ = 0;
  std::int32_t from_ = 0;
  bool above_ = false;  // the target is, since `since_`
  Instant since_{};
};

}  // namespace cw

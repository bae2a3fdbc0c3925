// SPDX-License-Identifier: Apache-2.0
// How often something may happen within an hour. It only counts; what follows from "no room" is
// decided elsewhere. No clock, no heap after construction.
#pragma once
#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "core/units.h"

namespace cw {

class HourlyBudget {
 public:
  static constexpr Millis kHour{3'600'000};

  /// Nothing: no limit, and nothing is remembered. 0: never.
  explicit HourlyBudget(std::optional<std::uint8_t> most) : most_(most) {
    times_.reserve(most.value_or(0));
  }

  bool has_room(Instant now) const {
    if (!most_) return true;
    const auto recent = std::count_if(times_.begin(), times_.end(),
                                      [now](Instant time) { return now < time + kHour; });
    return recent < *most_;
  }

  /// It happens now. Where there is no room the oldest makes way, so that no heap is needed.
  void note(Instant now) {
    if (!most_ || *most_ == 0) return;
    std::erase_if(times_, [now](Instant time) { return now >= time + kHour; });
    if (times_.size() == *most_) times_.erase(times_.begin());
    times_.push_back(now);
  }

  void clear() { times_.clear(); }

  /// When it happened, oldest first; an hour old at most when it was last noted.
  std::span<const Instant> times() const { return times_; }

 private:
  std::optional<std::uint8_t> most_;
  std::vector<Instant> times_;
};

}  // namespace cw

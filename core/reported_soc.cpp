// SPDX-License-Identifier: Apache-2.0
#include "core/reported_soc.h"

#include <algorithm>
#include <cstdint>

namespace cw {
namespace {

constexpr std::int32_t kFull = 10'000;
constexpr std::int32_t kNotFullMost = 9'900;
constexpr std::int32_t kNotEmptyLeast = 100;
constexpr std::int32_t kMargin = 100;
constexpr std::int32_t kJump = 500;
constexpr Millis kRamp{60'000};

}  // namespace

// A counter that says less than 99 % when the battery becomes full is wrong: from there it counts
// on. After a restart nobody knows what it said then, and it is believed.
std::int32_t ReportedSoc::target(std::int32_t computed, bool full) {
  if (full && !full_before_) {
    told_full_ = true;
    left_below_ = !out_ || computed >= kNotFullMost ? kNotFullMost : computed - kMargin;
  }
  full_before_ = full;
  if (computed < left_below_) told_full_ = false;
  return told_full_ ? kFull : std::min(computed, kNotFullMost);
}

std::optional<CentiPercent> ReportedSoc::step(std::optional<CentiPercent> computed, bool full,
                                              bool discharging_allowed, Instant now) {
  if (!computed) return std::nullopt;
  std::int32_t wanted = target(computed->count, full);
  if (discharging_allowed) wanted = std::max(wanted, kNotEmptyLeast);
  const std::int32_t out = out_.value_or(wanted);
  const bool jump = wanted - out > kJump || out - wanted > kJump;
  if (!ramp_until_ && jump) ramp_until_ = last_ + kRamp;
  if (ramp_until_ && (now >= *ramp_until_ || wanted == out)) ramp_until_.reset();
  if (ramp_until_ && now > last_) {
    const std::int64_t left = ramp_until_->ms - last_.ms;
    const std::int64_t step = (wanted - out) * (now.ms - last_.ms) / left;
    out_ = static_cast<std::int32_t>(out + step);
  } else if (!ramp_until_) {
    out_ = wanted;
  }
  last_ = now;
  return CentiPercent{*out_};
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "core/charge_count.h"

#include <algorithm>

namespace cw {
namespace {

constexpr std::int64_t kHour_ms = 3'600'000;
constexpr std::int64_t kNanojoulesPerMilliwattHour = 3'600'000'000;

std::int64_t to_mAms(MilliampHours capacity) { return capacity.count * kHour_ms; }

MilliampHours to_mAh(std::int64_t mAms) {
  return {static_cast<std::int32_t>(std::min<std::int64_t>(mAms / kHour_ms, INT32_MAX))};
}

// What a pack that was once new can hold, in percent of what it held then.
constexpr std::int64_t kLeastLesson_pct = 20;
constexpr std::int64_t kMostLesson_pct = 130;

}  // namespace

void ChargeCount::Energy::add(std::int64_t nJ) {
  rest_nJ += nJ;
  mWh += rest_nJ / kNanojoulesPerMilliwattHour;
  rest_nJ %= kNanojoulesPerMilliwattHour;
}

ChargeCount::ChargeCount(const Start& start)
    : gap_(start.gap),
      nominal_mAms_(to_mAms(start.nominal)),
      full_mAms_(nominal_mAms_),
      remaining_mAms_(nominal_mAms_ / 10'000 * start.soc.count),
      full_charges_(start.full_charges.count),
      given_since_full_mAms_(nominal_mAms_) {}

void ChargeCount::step(const Sample& sample, const ParameterSet& limits, Instant now) {
  if (stepped_) count(now.ms - stepped_->ms);
  stepped_ = now;
  current_ = sample.current;
  voltage_ = sample.voltage;
  if (sample.undervoltage)
    reach(End::empty);
  else if (is_full(sample, limits))
    reach(End::full);
}

void ChargeCount::count(std::int64_t span_ms) {
  const bool gap = !current_ || span_ms > gap_.count;
  if (gap) end_ = End::unknown;  // what was learnt on the way is worth nothing now
  if (!current_) return;
  // Nobody knows what flowed in a gap; for its first seconds what flowed before is likely.
  const std::int64_t counted_ms = std::min<std::int64_t>(span_ms, gap_.count);
  const std::int64_t moved_mAms = current_->count * counted_ms;
  if (gap) estimated_mAms_ += moved_mAms < 0 ? -moved_mAms : moved_mAms;
  remaining_mAms_ = std::clamp<std::int64_t>(remaining_mAms_ + moved_mAms, 0, full_mAms_);
  since_end_mAms_ += moved_mAms;
  (moved_mAms < 0 ? discharged_mAms_ : charged_mAms_) += moved_mAms < 0 ? -moved_mAms : moved_mAms;
  if (moved_mAms < 0) given_since_full_mAms_ -= moved_mAms;
  if (!voltage_) return;
  const std::int64_t moved_nJ = std::int64_t{voltage_->count} * moved_mAms;
  (moved_nJ < 0 ? energy_out_ : energy_in_).add(moved_nJ < 0 ? -moved_nJ : moved_nJ);
}

bool ChargeCount::is_full(const Sample& sample, const ParameterSet& limits) const {
  if (sample.overvoltage) return true;
  const auto voltage = limits.get(Parameter::soc_100_voltage);
  if (!sample.current || !sample.highest_cell || !voltage) return false;
  const std::int32_t tail =
      limits.get(Parameter::full_charge_current).value_or(to_mAh(nominal_mAms_).count / kTailPart);
  return sample.highest_cell->count >= *voltage && sample.current->count >= 0 &&
         sample.current->count < tail;
}

void ChargeCount::reach(End end) {
  learn(end);
  end_ = end;
  since_end_mAms_ = 0;
  remaining_mAms_ = end == End::full ? full_mAms_ : 0;
  if (end != End::full) return;
  if (given_since_full_mAms_ >= full_mAms_ / kCyclePart) ++full_charges_;
  given_since_full_mAms_ = 0;
}

// Only the whole way from one end to the other, without a gap, teaches anything.
void ChargeCount::learn(End end) {
  if (end_ == End::unknown || end_ == end) return;
  const std::int64_t lesson = since_end_mAms_ < 0 ? -since_end_mAms_ : since_end_mAms_;
  const std::int64_t percent = nominal_mAms_ / 100;
  if (lesson < percent * kLeastLesson_pct || lesson > percent * kMostLesson_pct) {
    ++refused_lessons_;
    return;
  }
  full_mAms_ = lesson;
  learnt_ = true;
}

CentiPercent ChargeCount::soc() const {
  if (full_mAms_ < 10'000) return {0};
  const std::int64_t soc = remaining_mAms_ / (full_mAms_ / 10'000);
  return {static_cast<std::int32_t>(std::min<std::int64_t>(soc, 10'000))};
}

MilliampHours ChargeCount::full() const { return to_mAh(full_mAms_); }
MilliampHours ChargeCount::remaining() const { return to_mAh(remaining_mAms_); }
MilliampHours ChargeCount::discharged() const { return to_mAh(discharged_mAms_); }
MilliampHours ChargeCount::charged() const { return to_mAh(charged_mAms_); }
MilliampHours ChargeCount::estimated() const { return to_mAh(estimated_mAms_); }

std::int32_t ChargeCount::equivalent_cycles_centi() const {
  if (full_mAms_ < 100) return 0;
  return static_cast<std::int32_t>(
      std::min<std::int64_t>(discharged_mAms_ / (full_mAms_ / 100), INT32_MAX));
}

}  // namespace cw

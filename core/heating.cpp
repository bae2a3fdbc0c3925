// SPDX-License-Identifier: Apache-2.0
#include "core/heating.h"

namespace cw {
namespace {

bool is_too_cold(const Protection& protection) {
  const RuleState& rule = protection.state(Rule::charge_undertemperature);
  return protection.decision().is_tripped(Rule::charge_undertemperature) &&
         rule.cause == Cause::limit && !rule.blind;
}

bool has_power(const Protection& protection, const ParameterSet& limits,
               const Heater::Power& power) {
  if (power.charger) return true;
  const auto floor = limits.get(Parameter::heater_discharge_soc_min);
  return floor && power.soc && power.soc->count > *floor &&
         protection.decision().allows(Switches::discharge);
}

}  // namespace

Heating Heater::step(const Protection& protection, const Measurements& measurements,
                     const ParameterSet& limits, bool fitted, const Power& power, Instant now) {
  const bool was_on = is_on();
  if (was_on) heated_ms_ += now.ms - stepped_.ms;
  stepped_ = now;
  const auto& coldest = measurements[Input::coldest_temperature];
  if (!fitted || !coldest || !is_too_cold(protection)) {
    // A sensor that is not heard for a moment ends no fault, and no count of the time.
    if (coldest && !is_too_cold(protection)) heated_ms_ = 0;
    if (!coldest && is_at_fault()) return heating_;
    return heating_ = Heating::idle;
  }
  if (is_at_fault()) return heating_;
  if (!has_power(protection, limits, power)) return heating_ = Heating::no_power;
  if (!was_on) {
    coldest_at_start_ = coldest->value;
    watched_since_ = now;
  }
  return heating_ = judge_progress(coldest->value, limits, now);
}

Heating Heater::judge_progress(std::int32_t coldest, const ParameterSet& limits, Instant now) {
  if (heated_ms_ >= limits.get(Parameter::heater_time_max).value_or(kLongest.count))
    return Heating::spent;
  if (now < watched_since_ + kRiseWithin) return Heating::heating;
  if (coldest < coldest_at_start_ + kRise.count) return Heating::no_rise;
  coldest_at_start_ = coldest;  // it works; and so it must go on
  watched_since_ = now;
  return Heating::heating;
}

}  // namespace cw

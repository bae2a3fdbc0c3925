// SPDX-License-Identifier: Apache-2.0
// One rule alone on the engine, for tests that say once what every row of kRules promises.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/presets.h"
#include "core/protection.h"

namespace cw {

inline constexpr Instant kStart{5'000'000'000};  // beyond 32 bits: 57 days after boot

inline Rule rule_of(std::size_t i) { return static_cast<Rule>(i); }
inline std::int64_t after_start(Instant t) { return t.ms - kStart.ms; }

/// The gateway's LFP preset, and what no preset has, for a pack of 16 cells: every rule is on.
inline ParameterSet every_limit() {
  ParameterSet set = preset_of(Chemistry::lfp, Generation::gateway).values;
  set.set(Parameter::cell_count, 16);
  set.set(Parameter::pack_overvoltage, 57'000);
  set.set(Parameter::pack_undervoltage, 42'000);
  set.set(Parameter::wire_resistance_max, 200'000);
  set.set(Parameter::short_circuit_current, 500'000);
  return set;
}

/// The rule with its own limits out of every_limit(); all others are off. Times are milliseconds
/// after the first step. Every look is a new sample, heard when it is seen, unless a test says so.
class OneRule {
 public:
  static constexpr std::int64_t kSamplePeriod = 1'000;  // ms

  explicit OneRule(Rule rule, Start start = Start::tripped) : OneRule(rule, Protection(start)) {}
  /// The same rule after a restart.
  OneRule(Rule rule, const ProtectionMemory& memory) : OneRule(rule, Protection(memory)) {}

  Rule rule() const { return rule_; }
  const RuleRow& row() const { return row_; }
  ParameterSet& limits() { return limits_; }
  bool timed() const { return row_.release == Release::by_time; }
  bool flagged() const { return row_.limit.source == Source::zero; }
  /// Whether a value can be neither beyond the limit nor recovered.
  bool has_band() const { return !timed() && !flagged() && row_.direction != Direction::unequal; }

  std::int32_t limit() const { return limits_of(row_, limits_).value().limit; }
  std::int32_t leave() const { return limits_of(row_, limits_).value().leave; }
  /// From the first violation to the trip, in ms.
  std::int64_t delay() const {
    if (row_.wait == Wait::samples) return (kSamples - 1) * kSamplePeriod;
    return limits_of(row_, limits_).value().delay.count;
  }

  /// The mildest value that violates, and `worse` counts beyond it.
  std::int32_t beyond(std::int32_t worse = 0) const {
    const std::int32_t first = row_.direction == Direction::at_or_below ? 0 : 1;
    return limit() + sign() * (first + worse);
  }
  /// The worst value that does not violate.
  std::int32_t allowed() const { return beyond(-1); }
  /// The mildest value that is recovered.
  std::int32_t recovered() const { return has_band() ? leave() - sign() : allowed(); }
  /// The safest value that is not: in the band, if the rule has one.
  std::int32_t not_recovered() const { return has_band() ? leave() : beyond(); }
  /// The safest value that does not show it to be safe before it ever tripped.
  std::int32_t not_safe() const { return row_.is(kWoken) ? beyond() : not_recovered(); }

  const RuleState& see(std::int32_t value, std::int64_t ms, std::uint8_t where = 1) {
    return look({value, where, {kStart.ms + ms}}, ms);
  }
  const RuleState& look(const Measurement& measurement, std::int64_t ms) {
    Measurements seen;
    seen.set(row_.reads, measurement);
    return step(seen, ms);
  }
  const RuleState& see_nothing(std::int64_t ms) { return step({}, ms); }
  const RuleState& see_unfitted(std::int64_t ms) {
    Measurements seen;
    seen.unfitted = own_input();
    return step(seen, ms);
  }
  const RuleState& wake(std::optional<std::int32_t> value, std::int64_t ms) {
    Measurements seen;
    if (value) seen.set(row_.reads, {*value, 1, {kStart.ms + ms}});
    seen.wake = true;
    return step(seen, ms);
  }
  /// Sees it, again and again, up to and including `to`.
  const RuleState& hold(std::int32_t value, std::int64_t from, std::int64_t to) {
    for (std::int64_t ms = from; ms < to; ms += kSamplePeriod) see(value, ms);
    return see(value, to);
  }
  const RuleState& close_at(std::int64_t ms) { return see(recovered(), ms); }
  /// A violation from `ms` on, until it trips. When that is.
  std::int64_t trip_from(std::int64_t ms) {
    hold(beyond(), ms, ms + delay());
    EXPECT_EQ(state().cause, Cause::limit) << row_.name;
    return ms + delay();
  }

  const RuleState& state() const { return engine_.state(rule_); }
  const Decision& decision() const { return engine_.decision(); }
  const Protection& engine() const { return engine_; }
  bool is_open() const {
    EXPECT_EQ(decision().open, decision().is_tripped(rule_) ? row_.opens : Switches::none);
    return decision().is_tripped(rule_);
  }
  bool is_off() const { return (decision().off >> static_cast<unsigned>(rule_) & 1) != 0; }

 private:
  OneRule(Rule rule, Protection engine) : rule_(rule), row_(row_of(rule)), engine_(engine) {
    const ParameterSet all = every_limit();
    for (std::size_t i = 0; i < kParameterCount; ++i) {
      const auto parameter = static_cast<Parameter>(i);
      if (reads(row_, parameter)) limits_.set(parameter, all.get(parameter).value());
    }
  }
  std::int32_t sign() const { return row_.direction == Direction::above ? 1 : -1; }
  std::uint32_t own_input() const { return std::uint32_t{1} << static_cast<unsigned>(row_.reads); }
  // What the others read was never measured, so that they are off even without limits.
  const RuleState& step(Measurements seen, std::int64_t ms) {
    seen.unfitted |= ~own_input();
    engine_.step(seen, limits_, {kStart.ms + ms});
    return state();
  }

  Rule rule_;
  const RuleRow& row_;
  ParameterSet limits_;
  Protection engine_;
};

template <class Predicate>
std::vector<std::size_t> rules_that(Predicate predicate) {
  std::vector<std::size_t> rules;
  for (std::size_t i = 0; i < kRuleCount; ++i)
    if (predicate(kRules[i])) rules.push_back(i);
  return rules;
}
inline std::vector<std::size_t> all_rules() {
  return rules_that([](const RuleRow&) { return true; });
}
inline std::string name_of_rule(const testing::TestParamInfo<std::size_t>& rule) {
  return std::string{kRules[rule.param].name};
}

class RuleTest : public testing::TestWithParam<std::size_t> {
 protected:
  OneRule one(Start start = Start::tripped) const { return OneRule(rule(), start); }
  Rule rule() const { return rule_of(GetParam()); }
};

}  // namespace cw

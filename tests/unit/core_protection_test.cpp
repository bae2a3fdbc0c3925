// SPDX-License-Identifier: Apache-2.0
// What every protection promises, said once and held by every row of kRules: when it trips, when it
// does not, how it is left, what silence does, and what it remembers.
#include "core/protection.h"

#include <gtest/gtest.h>

#include "core/presets.h"

namespace cw {
namespace {

constexpr Instant kStart{5'000'000'000};  // beyond 32 bits: 57 days after boot

Rule rule_of(std::size_t i) { return static_cast<Rule>(i); }

// One rule alone on the engine, with the limits of the LFP preset; all others are off. Times are
// milliseconds after the first step.
class OneRule {
 public:
  explicit OneRule(Rule rule, Start start = Start::tripped)
      : rule_(rule), row_(kRules[static_cast<std::size_t>(rule)]), engine_(start) {
    const ParameterSet& preset = preset_of(Chemistry::lfp, Generation::gateway).values;
    for (const Parameter needed : {row_.limit, row_.delay, row_.leave})
      limits_.set(needed, *preset.get(needed));
  }

  const RuleRow& row() const { return row_; }
  bool timed() const { return row_.release == Release::by_time; }
  std::int32_t limit() const { return *limits_.get(row_.limit); }
  std::int32_t delay() const { return *limits_.get(row_.delay); }
  std::int32_t leave() const { return *limits_.get(row_.leave); }
  ParameterSet& limits() { return limits_; }

  // `by` counts beyond the limit; negative: inside it.
  std::int32_t beyond(std::int32_t by) const { return limit() + sign() * by; }
  std::int32_t at_limit() const { return limit(); }
  // The mildest value that still counts as recovered.
  std::int32_t just_recovered() const { return timed() ? limit() : leave() - sign(); }
  // The safest value that does not count as recovered.
  std::int32_t not_quite_recovered() const { return timed() ? beyond(1) : leave(); }

  const RuleState& see(std::int32_t value, std::int64_t ms, std::uint8_t where = 1) {
    Measurements seen;
    seen.values[static_cast<std::size_t>(row_.reads)] = Measurement{value, where};
    return step(seen, ms);
  }
  const RuleState& see_nothing(std::int64_t ms) { return step({}, ms); }
  const RuleState& close_at(std::int64_t ms) { return see(just_recovered(), ms); }

  const RuleState& state() const { return engine_.state(rule_); }
  Switches open() const { return engine_.decision().open; }
  bool is_open() const {
    EXPECT_EQ(engine_.decision().is_tripped(rule_), engine_.decision().open == row_.opens);
    return engine_.decision().is_tripped(rule_);
  }
  const Decision& decision() const { return engine_.decision(); }

 private:
  std::int32_t sign() const { return row_.direction == Direction::above ? 1 : -1; }
  const RuleState& step(const Measurements& seen, std::int64_t ms) {
    engine_.step(seen, limits_, {kStart.ms + ms});
    return engine_.state(rule_);
  }

  Rule rule_;
  const RuleRow& row_;
  ParameterSet limits_;
  Protection engine_;
};

std::int64_t after_start(Instant t) { return t.ms - kStart.ms; }

class EveryRule : public testing::TestWithParam<std::size_t> {
 protected:
  Rule rule() const { return rule_of(GetParam()); }
};

TEST_P(EveryRule, HoldsItsSwitchesBeforeTheFirstStep) {
  const Protection engine;
  EXPECT_TRUE(engine.decision().is_tripped(rule()));
  EXPECT_EQ(engine.decision().open, Switches::both);
  EXPECT_EQ(engine.state(rule()).cause, Cause::start);
}

TEST_P(EveryRule, StartsTrippedAndClosesOnlyWhenShownToBeSafe) {
  OneRule rule{this->rule()};
  EXPECT_EQ(rule.see_nothing(0).cause, Cause::start);
  EXPECT_TRUE(rule.is_open());
  rule.see(rule.not_quite_recovered(), 1);
  EXPECT_TRUE(rule.is_open());
  rule.see(rule.just_recovered(), 2);
  EXPECT_FALSE(rule.is_open());
  EXPECT_EQ(rule.state().phase, Phase::clear);
  EXPECT_EQ(rule.state().trips, 0u);
}

TEST_P(EveryRule, KnowsSinceWhenItStarted) {
  OneRule rule{this->rule()};
  EXPECT_EQ(after_start(rule.see_nothing(7).since), 7);
  EXPECT_EQ(after_start(rule.see_nothing(9).since), 7);
}

TEST_P(EveryRule, OfABoardStartsClosed) {
  OneRule rule{this->rule(), Start::clear};
  EXPECT_FALSE(rule.is_open());
  rule.see(rule.at_limit(), 0);
  EXPECT_FALSE(rule.is_open());
}

TEST_P(EveryRule, OpensItsOwnSwitchesAndNoOther) {
  OneRule rule{this->rule()};
  rule.see_nothing(0);
  EXPECT_EQ(rule.open(), rule.row().opens);
  EXPECT_NE(rule.row().opens, Switches::none);
}

TEST_P(EveryRule, NeverTripsOnAValueEqualToItsLimit) {
  OneRule rule{this->rule()};
  rule.close_at(0);
  for (std::int64_t ms = 1; ms < 2 * rule.delay(); ms += 100) rule.see(rule.at_limit(), ms);
  EXPECT_FALSE(rule.is_open());
  EXPECT_EQ(rule.state().phase, Phase::clear);
}

TEST_P(EveryRule, TripsExactlyWhenItsDelayIsOver) {
  OneRule rule{this->rule()};
  rule.close_at(0);
  rule.see(rule.beyond(1), 100);
  EXPECT_EQ(rule.state().phase, Phase::pending);
  rule.see(rule.beyond(1), 100 + rule.delay() - 1);
  EXPECT_FALSE(rule.is_open());
  rule.see(rule.beyond(1), 100 + rule.delay());
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().phase, rule.timed() ? Phase::releasing : Phase::tripped);
}

TEST_P(EveryRule, TripsAtOnceWithoutADelay) {
  OneRule rule{this->rule()};
  rule.limits().set(rule.row().delay, 0);
  rule.close_at(0);
  rule.see(rule.beyond(1), 1);
  EXPECT_TRUE(rule.is_open());
}

TEST_P(EveryRule, StartsItsDelayAgainAfterADip) {
  OneRule rule{this->rule()};
  rule.close_at(0);
  rule.see(rule.beyond(5), 1);
  rule.see(rule.beyond(5), rule.delay());
  rule.see(rule.at_limit(), rule.delay() + 1);  // one step without a violation
  EXPECT_EQ(rule.state().phase, Phase::clear);
  rule.see(rule.beyond(5), rule.delay() + 2);
  rule.see(rule.beyond(5), 2 * rule.delay() + 1);
  EXPECT_FALSE(rule.is_open());
  rule.see(rule.beyond(5), 2 * rule.delay() + 2);
  EXPECT_TRUE(rule.is_open());
}

TEST_P(EveryRule, OpensAtOnceWhenItGoesBlindAndSaysSo) {
  OneRule rule{this->rule()};
  rule.close_at(0);
  rule.see_nothing(1);
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().cause, Cause::blind);
  EXPECT_EQ(name(rule.state().cause), "no fresh value");
  EXPECT_EQ(after_start(rule.state().since), 1);
  EXPECT_EQ(rule.state().trips, 0u) << "blindness is no trip by limit";
}

TEST_P(EveryRule, OpensAtOnceWhenItGoesBlindInTheMiddleOfADelay) {
  OneRule rule{this->rule()};
  rule.close_at(0);
  rule.see(rule.beyond(1), 1);
  rule.see_nothing(2);
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().cause, Cause::blind);
}

TEST_P(EveryRule, LeavesBlindnessOnlyByAFreshValueInsideTheReleaseLimit) {
  OneRule rule{this->rule()};
  rule.close_at(0);
  rule.see_nothing(1);
  rule.see(rule.not_quite_recovered(), 2);
  EXPECT_TRUE(rule.is_open());
  rule.see(rule.just_recovered(), 3);
  EXPECT_FALSE(rule.is_open());
  EXPECT_EQ(rule.state().cause, Cause::none);
}

TEST_P(EveryRule, TakesTheEvidenceWhenItWasOpenBeforeTheViolationLasted) {
  for (const bool blind_first : {false, true}) {
    OneRule rule{this->rule()};
    if (blind_first) rule.close_at(0);
    rule.see_nothing(1);
    rule.see(rule.beyond(3), 10);
    rule.see(rule.beyond(3), 10 + rule.delay() - 1);
    EXPECT_NE(rule.state().cause, Cause::limit);
    rule.see(rule.beyond(4), 10 + rule.delay());
    EXPECT_EQ(rule.state().cause, Cause::limit);
    EXPECT_EQ(rule.state().trips, 1u);
    EXPECT_EQ(rule.state().evidence.value, rule.beyond(4));
    EXPECT_EQ(after_start(rule.state().began), 10);
    EXPECT_TRUE(rule.is_open());
  }
}

TEST_P(EveryRule, DoesNotCountASilenceAsPartOfTheViolation) {
  OneRule rule{this->rule()};
  rule.see(rule.beyond(1), 0);
  rule.see_nothing(1);
  rule.see(rule.beyond(1), 2);
  rule.see(rule.beyond(1), rule.delay() + 1);
  EXPECT_NE(rule.state().cause, Cause::limit);
  EXPECT_TRUE(rule.is_open());
}

TEST_P(EveryRule, RemembersWhatTrippedIt) {
  OneRule rule{this->rule()};
  rule.close_at(0);
  rule.see(rule.beyond(1), 40, 3);
  rule.see(rule.beyond(2), 40 + rule.delay(), 9);
  const RuleState& state = rule.state();
  EXPECT_EQ(state.cause, Cause::limit);
  EXPECT_EQ(state.evidence.value, rule.beyond(2));
  EXPECT_EQ(state.evidence.where, 9);
  EXPECT_EQ(state.limit, rule.limit());
  EXPECT_EQ(after_start(state.began), 40);
  EXPECT_EQ(after_start(state.since), 40 + rule.delay());
  EXPECT_EQ(state.trips, 1u);
}

TEST_P(EveryRule, RemembersTheWorstValueOfOneViolation) {
  OneRule rule{this->rule()};
  rule.close_at(0);
  rule.see(rule.beyond(50), 1);  // an earlier violation that did not last
  rule.close_at(2);
  rule.see(rule.beyond(2), 3);
  EXPECT_EQ(rule.state().worst, rule.beyond(2));
  rule.see(rule.beyond(7), 4);
  rule.see(rule.beyond(1), 3 + rule.delay());
  EXPECT_EQ(rule.state().worst, rule.beyond(7));
  rule.see(rule.beyond(9), 4 + rule.delay());  // it gets worse after the switch opened
  rule.see(rule.beyond(1), 5 + rule.delay());
  EXPECT_EQ(rule.state().worst, rule.beyond(9));
}

TEST_P(EveryRule, StaysTrippedByItsLimitThroughSilence) {
  OneRule rule{this->rule()};
  rule.close_at(0);
  rule.see(rule.beyond(1), 1);
  rule.see(rule.beyond(1), 1 + rule.delay());
  rule.see_nothing(2 + rule.delay());
  rule.see_nothing(10'000'000);  // any release time is long over
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().cause, Cause::limit);
  rule.see(rule.just_recovered(), 10'000'001);
  EXPECT_FALSE(rule.is_open());
}

TEST_P(EveryRule, GuardsNothingWithoutItsLimitsAndSaysSo) {
  OneRule complete{this->rule()};
  for (const Parameter missing :
       {complete.row().limit, complete.row().delay, complete.row().leave}) {
    OneRule rule{this->rule()};
    rule.limits().forget(missing);
    rule.see_nothing(0);
    EXPECT_EQ(rule.state().phase, Phase::off);
    EXPECT_EQ(rule.decision().off >> GetParam() & 1, 1u);
    EXPECT_FALSE(rule.is_open());
  }
}

TEST_P(EveryRule, MustBeShownToBeSafeWhenItsLimitsBecomeKnown) {
  OneRule rule{this->rule(), Start::clear};
  const std::int32_t limit = rule.limit();
  const std::int32_t safe = rule.just_recovered();
  const std::int32_t unsafe = rule.not_quite_recovered();
  rule.limits().forget(rule.row().limit);
  rule.see(safe, 0);
  rule.limits().set(rule.row().limit, limit);
  rule.see(unsafe, 1);
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().cause, Cause::start);
  rule.see(safe, 2);
  EXPECT_FALSE(rule.is_open());
  EXPECT_EQ(rule.decision().off >> GetParam() & 1, 0u);
}

TEST_P(EveryRule, ObeysALimitThatMovesBetweenTwoSteps) {
  OneRule rule{this->rule()};
  rule.close_at(0);
  const std::int32_t value = rule.beyond(-1);
  rule.see(value, 1);
  EXPECT_EQ(rule.state().phase, Phase::clear);
  rule.limits().set(rule.row().limit, rule.beyond(-2));
  rule.see(value, 2);
  EXPECT_EQ(rule.state().phase, Phase::pending);
}

TEST_P(EveryRule, KnowsItsOwnName) {
  EXPECT_EQ(kRules[GetParam()].name, name(kRules[GetParam()].alarm));
}

std::string name_of_rule(const testing::TestParamInfo<std::size_t>& rule) {
  return std::string{kRules[rule.param].name};
}

INSTANTIATE_TEST_SUITE_P(Protection, EveryRule, testing::Range(std::size_t{0}, kRuleCount),
                         name_of_rule);

std::vector<std::size_t> rules_left(Release release) {
  std::vector<std::size_t> rules;
  for (std::size_t i = 0; i < kRuleCount; ++i)
    if (kRules[i].release == release) rules.push_back(i);
  return rules;
}

class EveryRuleLeftByRecovery : public EveryRule {};

TEST_P(EveryRuleLeftByRecovery, IsLeftByTheFirstValueBeyondTheRecoveryLimitAndNotByTheLimitItself) {
  OneRule rule{this->rule()};
  rule.close_at(0);
  rule.see(rule.beyond(1), 1);
  rule.see(rule.beyond(1), 1 + rule.delay());
  rule.see(rule.beyond(-1), 2 + rule.delay());  // inside the limit, not yet recovered
  EXPECT_TRUE(rule.is_open());
  rule.see(rule.leave(), 3 + rule.delay());
  EXPECT_TRUE(rule.is_open());
  rule.see(rule.just_recovered(), 4 + rule.delay());
  EXPECT_FALSE(rule.is_open());
  EXPECT_EQ(rule.state().phase, Phase::clear);
}

TEST_P(EveryRuleLeftByRecovery, IsNotLeftByTimeHoweverLongItTakes) {
  OneRule rule{this->rule()};
  rule.close_at(0);
  rule.see(rule.beyond(1), 1);
  rule.see(rule.beyond(1), 1 + rule.delay());
  rule.see(rule.leave(), std::int64_t{100} * 365 * 86'400'000);
  EXPECT_TRUE(rule.is_open());
}

TEST_P(EveryRuleLeftByRecovery, IsNeverLeftWhileItsLimitIsCrossedEvenIfTheRecoveryLimitIsWrong) {
  OneRule rule{this->rule()};
  rule.close_at(0);
  ASSERT_TRUE(rule.limits().set(rule.row().leave, rule.beyond(20)));  // beyond the limit itself
  rule.see(rule.beyond(10), 1);
  rule.see(rule.beyond(10), 1 + rule.delay());
  rule.see(rule.beyond(10), 2 + rule.delay());
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().trips, 1u);
}

INSTANTIATE_TEST_SUITE_P(Protection, EveryRuleLeftByRecovery,
                         testing::ValuesIn(rules_left(Release::by_recovery)), name_of_rule);

class EveryRuleLeftByTime : public EveryRule {};

TEST_P(EveryRuleLeftByTime, IsLeftExactlyWhenItsReleaseTimeIsOver) {
  OneRule rule{this->rule()};
  rule.close_at(0);
  rule.see(rule.beyond(1), 0);
  rule.see(rule.beyond(1), rule.delay());
  rule.see(0, rule.delay() + 1);  // the current is gone as soon as the switch is open
  EXPECT_TRUE(rule.is_open());
  rule.see(0, rule.delay() + rule.leave() - 1);
  EXPECT_TRUE(rule.is_open());
  rule.see(0, rule.delay() + rule.leave());
  EXPECT_FALSE(rule.is_open());
}

TEST_P(EveryRuleLeftByTime, TripsAgainAfterAnotherDelayIfTheCauseIsStillThereAndCounts) {
  OneRule rule{this->rule()};
  rule.close_at(0);
  rule.see(rule.beyond(1), 0);
  rule.see(rule.beyond(1), rule.delay());
  const std::int64_t released = std::int64_t{rule.delay()} + rule.leave();
  rule.see(rule.beyond(1), released - 1);
  EXPECT_TRUE(rule.is_open());
  rule.see(rule.beyond(1), released);
  EXPECT_FALSE(rule.is_open());
  EXPECT_EQ(rule.state().phase, Phase::pending);
  EXPECT_EQ(after_start(rule.state().began), released);
  rule.see(rule.beyond(1), released + rule.delay() - 1);
  EXPECT_FALSE(rule.is_open());
  rule.see(rule.beyond(1), released + rule.delay());
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().trips, 2u);
}

TEST_P(EveryRuleLeftByTime, DoesNotReadTheOtherDirectionOfTheCurrent) {
  OneRule rule{this->rule()};
  rule.close_at(0);
  rule.see(-rule.beyond(1'000'000), 1);
  rule.see(-rule.beyond(1'000'000), 1 + rule.delay());
  EXPECT_FALSE(rule.is_open());
}

INSTANTIATE_TEST_SUITE_P(Protection, EveryRuleLeftByTime,
                         testing::ValuesIn(rules_left(Release::by_time)), name_of_rule);

// All rules together.

Measurements all_safe() {
  Measurements seen;
  const auto put = [&seen](Input input, std::int32_t value) {
    seen.values[static_cast<std::size_t>(input)] = Measurement{value, 1};
  };
  put(Input::highest_cell, 3'301);
  put(Input::lowest_cell, 3'299);
  put(Input::charge_current, 1'000);
  put(Input::discharge_current, -1'000);
  put(Input::hottest_temperature, 250);
  put(Input::coldest_temperature, 240);
  put(Input::mosfet_temperature, 300);
  return seen;
}

TEST(Protection, AllowsBothSwitchesOnceEveryRuleIsShownToBeSafe) {
  Protection engine;
  const ParameterSet& limits = preset_of(Chemistry::lfp, Generation::gateway).values;
  const Decision decision = engine.step(all_safe(), limits, kStart);
  EXPECT_TRUE(decision.allows(Switches::both));
  EXPECT_EQ(decision.tripped, 0u);
  EXPECT_EQ(decision.off, 0u);
}

TEST(Protection, OneMissingInputOpensOnlyWhatDependsOnIt) {
  const ParameterSet& limits = preset_of(Chemistry::lfp, Generation::gateway).values;
  for (std::size_t input = 0; input < kInputCount; ++input) {
    Protection engine;
    engine.step(all_safe(), limits, kStart);
    Measurements seen = all_safe();
    seen.values[input].reset();
    const Decision decision = engine.step(seen, limits, {kStart.ms + 1});
    Switches expected = Switches::none;
    for (const RuleRow& row : kRules)
      if (row.reads == static_cast<Input>(input)) expected = expected | row.opens;
    EXPECT_EQ(decision.open, expected) << "input " << input;
    EXPECT_NE(expected, Switches::none) << "input " << input << " is read by no rule";
  }
}

TEST(Protection, StaysOpenAsLongAsAnyRuleHoldsIt) {
  Protection engine;
  const ParameterSet& limits = preset_of(Chemistry::lfp, Generation::gateway).values;
  Measurements hot_and_full = all_safe();
  hot_and_full.values[static_cast<std::size_t>(Input::highest_cell)] = Measurement{3'650, 7};
  hot_and_full.values[static_cast<std::size_t>(Input::hottest_temperature)] = Measurement{600, 2};
  engine.step(all_safe(), limits, kStart);
  engine.step(hot_and_full, limits, {kStart.ms + 1});
  Decision decision = engine.step(hot_and_full, limits, {kStart.ms + 3'001});
  EXPECT_EQ(decision.open, Switches::both);
  hot_and_full.values[static_cast<std::size_t>(Input::hottest_temperature)] = Measurement{250, 2};
  decision = engine.step(hot_and_full, limits, {kStart.ms + 3'002});
  EXPECT_EQ(decision.open, Switches::charge) << "the cell alone still holds charging";
  EXPECT_TRUE(decision.is_tripped(Rule::cell_overvoltage));
  EXPECT_FALSE(decision.is_tripped(Rule::charge_overtemperature));
}

TEST(Protection, IsAFunctionOfWhatItIsGiven) {
  const ParameterSet& limits = preset_of(Chemistry::lfp, Generation::gateway).values;
  Protection a;
  Protection b;
  for (int i = 0; i < 100; ++i) {
    Measurements seen = all_safe();
    if (i % 7 == 0) seen.values[static_cast<std::size_t>(i) % kInputCount].reset();
    EXPECT_EQ(a.step(seen, limits, {kStart.ms + i * 100}),
              b.step(seen, limits, {kStart.ms + i * 100}));
  }
}

TEST(Protection, ErrorCodesAreThoseOfTheManual) {
  const auto code = [](Rule rule) { return kRules[static_cast<std::size_t>(rule)].code; };
  EXPECT_EQ(code(Rule::cell_undervoltage), 1);
  EXPECT_EQ(code(Rule::cell_overvoltage), 2);
  EXPECT_EQ(code(Rule::charge_overcurrent), 3);
  EXPECT_EQ(code(Rule::discharge_overcurrent), 3);
  EXPECT_EQ(code(Rule::mosfet_overtemperature), 4);
  EXPECT_EQ(code(Rule::charge_overtemperature), 5);
  EXPECT_EQ(code(Rule::charge_undertemperature), 5);
  EXPECT_EQ(code(Rule::discharge_overtemperature), 5);
  EXPECT_EQ(code(Rule::discharge_undertemperature), 5);
}

}  // namespace
}  // namespace cw

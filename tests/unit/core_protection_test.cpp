// SPDX-License-Identifier: Apache-2.0
// What every protection promises, said once and held by every row of kRules: when it trips, when it
// does not, what silence does, and when it guards nothing. How it is left: core_release_test.cpp.
#include "core/protection.h"

#include "tests/unit/core_rule_rig.h"

namespace cw {
namespace {

class EveryRule : public RuleTest {};
INSTANTIATE_TEST_SUITE_P(Protection, EveryRule, testing::ValuesIn(all_rules()), name_of_rule);

TEST_P(EveryRule, HoldsItsSwitchesBeforeTheFirstStep) {
  const Protection engine;
  EXPECT_TRUE(engine.decision().is_tripped(rule()));
  EXPECT_EQ(engine.decision().open, Switches::all);
  EXPECT_EQ(engine.state(rule()).cause, Cause::start);
}

TEST_P(EveryRule, StartsTrippedAndClosesOnlyWhenShownToBeSafe) {
  OneRule rule = one();
  EXPECT_EQ(rule.see_nothing(0).cause, Cause::start);
  EXPECT_TRUE(rule.is_open());
  rule.see(rule.not_safe(), 1);
  EXPECT_TRUE(rule.is_open());
  OneRule other = one();
  other.see_nothing(0);
  other.see(other.recovered(), 1);
  EXPECT_FALSE(other.is_open());
  EXPECT_EQ(other.state().phase, Phase::clear);
  EXPECT_EQ(other.state().trips, 0u);
}

TEST_P(EveryRule, KnowsSinceWhenItStarted) {
  OneRule rule = one();
  EXPECT_EQ(after_start(rule.see_nothing(7).since), 7);
  EXPECT_EQ(after_start(rule.see_nothing(9).since), 7);
}

TEST_P(EveryRule, OfABoardStartsClosed) {
  OneRule rule = one(Start::clear);
  EXPECT_FALSE(rule.is_open());
  rule.see(rule.allowed(), 0);
  EXPECT_FALSE(rule.is_open());
}

TEST_P(EveryRule, OpensItsOwnSwitchesAndNoOther) {
  OneRule rule = one();
  rule.see_nothing(0);
  EXPECT_EQ(rule.decision().open, rule.row().opens);
  EXPECT_EQ(rule.decision().tripped, std::uint32_t{1} << GetParam());
}

TEST_P(EveryRule, NeverTripsOnTheLastValueThatItsLimitAllows) {
  OneRule rule = one();
  rule.close_at(0);
  rule.hold(rule.allowed(), 1, 2 * rule.delay() + 10'000);
  EXPECT_FALSE(rule.is_open());
  EXPECT_EQ(rule.state().phase, Phase::clear);
}

TEST_P(EveryRule, TripsWhenTheViolationHasLasted) {
  OneRule rule = one();
  rule.close_at(0);
  EXPECT_EQ(rule.trip_from(100), 100 + rule.delay());
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().phase, rule.timed() ? Phase::releasing : Phase::tripped);
}

TEST_P(EveryRule, OpensAtOnceWhenItGoesBlindAndSaysSo) {
  OneRule rule = one();
  rule.close_at(0);
  rule.see_nothing(1);
  EXPECT_TRUE(rule.is_open());
  EXPECT_TRUE(rule.state().blind);
  EXPECT_EQ(rule.state().cause, Cause::blind);
  EXPECT_EQ(name(rule.state().cause), "no fresh value");
  EXPECT_EQ(after_start(rule.state().since), 1);
  EXPECT_EQ(rule.state().trips, 0u) << "blindness is no trip by limit";
}

TEST_P(EveryRule, LeavesBlindnessOnlyByAFreshValueInsideTheReleaseLimit) {
  OneRule rule = one();
  rule.close_at(0);
  rule.see_nothing(1);
  rule.see(rule.not_safe(), 2);
  EXPECT_TRUE(rule.is_open());
  OneRule other = one();
  other.close_at(0);
  other.see_nothing(1);
  other.see(other.recovered(), 2);
  EXPECT_FALSE(other.is_open());
  EXPECT_FALSE(other.state().blind);
  EXPECT_EQ(other.state().cause, Cause::none);
}

TEST_P(EveryRule, TakesTheEvidenceWhenItWasOpenBeforeTheViolationLasted) {
  for (const bool blind_first : {false, true}) {
    OneRule rule = one();
    if (blind_first) rule.close_at(0);
    rule.see_nothing(1);
    const std::int64_t tripped = rule.trip_from(10);
    EXPECT_EQ(rule.state().trips, 1u);
    EXPECT_EQ(rule.state().evidence.value, rule.beyond());
    EXPECT_EQ(after_start(rule.state().began), 10);
    EXPECT_EQ(after_start(rule.state().since), tripped);
    EXPECT_TRUE(rule.is_open());
  }
}

TEST_P(EveryRule, RemembersWhatTrippedIt) {
  OneRule rule = one();
  rule.close_at(0);
  const std::int64_t tripped = rule.trip_from(40);
  const RuleState& state = rule.state();
  EXPECT_EQ(state.evidence, (Measurement{rule.beyond(), 1, {kStart.ms + tripped}}));
  EXPECT_EQ(state.limit, rule.limit());
  EXPECT_EQ(after_start(state.began), 40);
  EXPECT_EQ(after_start(state.since), tripped);
  EXPECT_EQ(state.trips, 1u);
}

TEST_P(EveryRule, RemembersTheWorstValueAfterItActed) {
  OneRule rule = one();
  rule.close_at(0);
  const std::int64_t tripped = rule.trip_from(1);
  EXPECT_EQ(rule.state().worst, rule.beyond());
  rule.see(rule.beyond(9), tripped + 1);
  rule.see(rule.beyond(2), tripped + 2);
  EXPECT_EQ(rule.state().worst, rule.beyond(9));
}

TEST_P(EveryRule, StaysTrippedByItsLimitThroughSilence) {
  OneRule rule = one();
  rule.close_at(0);
  const std::int64_t tripped = rule.trip_from(1);
  rule.see_nothing(tripped + 1);
  rule.see_nothing(10'000'000);  // any release time is long over
  EXPECT_TRUE(rule.is_open());
  EXPECT_TRUE(rule.state().blind);
  EXPECT_EQ(rule.state().cause, Cause::limit);
  rule.see(rule.recovered(), 10'000'001);
  EXPECT_FALSE(rule.is_open());
}

TEST_P(EveryRule, CountsItsTrips) {
  OneRule rule = one();
  std::int64_t ms = 0;
  for (std::uint32_t trips = 1; trips <= 3; ++trips) {
    ms = rule.trip_from(ms) + 1'000'000;
    EXPECT_EQ(rule.state().trips, trips);
    rule.close_at(ms++);
    EXPECT_FALSE(rule.is_open());
  }
}

TEST_P(EveryRule, ObeysALimitThatMovesBetweenTwoSteps) {
  OneRule rule = one();
  if (rule.flagged()) return;  // nothing to move
  rule.close_at(0);
  const std::int32_t value = rule.allowed();
  rule.see(value, 1);
  EXPECT_FALSE(rule.state().violated);
  const bool above = rule.row().direction == Direction::above;
  const std::int32_t given = *rule.limits().get(rule.row().limit.parameter);
  rule.limits().set(rule.row().limit.parameter, above ? given - 1 : given + 1);
  rule.see(value, 2);
  EXPECT_TRUE(rule.state().violated);
}

TEST_P(EveryRule, GuardsNothingWithoutTheParametersItNeedsAndSaysSo) {
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto missing = static_cast<Parameter>(i);
    OneRule rule = one();
    const bool needed =
        reads(rule.row(), missing) && (rule.row().limit.source != Source::parameter_or_none ||
                                       rule.row().limit.parameter != missing);
    rule.limits().forget(missing);
    rule.see_nothing(0);
    EXPECT_EQ(rule.state().phase == Phase::off, needed) << facts(missing).key;
    EXPECT_EQ(rule.is_off(), needed) << facts(missing).key;
    EXPECT_EQ(rule.is_open(), !needed) << facts(missing).key;
  }
}

TEST_P(EveryRule, MustBeShownToBeSafeWhenItsLimitsBecomeKnown) {
  OneRule rule = one(Start::clear);
  if (limits_of(rule.row(), {})) return;  // it needs none
  const ParameterSet known = rule.limits();
  const std::int32_t safe = rule.recovered();
  rule.limits() = {};
  rule.see(safe, 0);
  EXPECT_TRUE(rule.is_off());
  rule.limits() = known;
  rule.see(rule.not_safe(), 1);
  EXPECT_FALSE(rule.is_off());
  EXPECT_TRUE(rule.is_open());
}

TEST_P(EveryRule, GuardsNothingOnABoardThatNeverMeasuredItsInputAndSaysSo) {
  OneRule rule = one();
  rule.see_unfitted(0);
  EXPECT_EQ(rule.state().phase, Phase::off);
  EXPECT_TRUE(rule.is_off());
  EXPECT_FALSE(rule.is_open());
}

TEST_P(EveryRule, MustBeShownToBeSafeOnceItsInputIsFittedAndNeverMissesItAgain) {
  OneRule rule = one();
  rule.see_unfitted(0);
  rule.see_nothing(1);  // it is fitted now, and not fresh
  EXPECT_FALSE(rule.is_off());
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().cause, Cause::start);
  EXPECT_TRUE(rule.state().blind);
  rule.close_at(2);
  EXPECT_FALSE(rule.is_open());
  rule.see_nothing(3);
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().cause, Cause::blind);
}

// Rules that wait: for a time or for samples.

class EveryRuleThatWaits : public RuleTest {};
INSTANTIATE_TEST_SUITE_P(Protection, EveryRuleThatWaits, testing::ValuesIn(rules_that([](auto& r) {
                           return r.wait == Wait::delay || r.wait == Wait::samples;
                         })),
                         name_of_rule);

TEST_P(EveryRuleThatWaits, StartsAgainAfterADip) {
  OneRule rule = one();
  rule.close_at(0);
  rule.see(rule.beyond(5), 1);
  rule.see(rule.beyond(5), rule.delay());
  rule.see(rule.allowed(), rule.delay() + 1);  // one step without a violation
  EXPECT_EQ(rule.state().phase, Phase::clear);
  rule.see(rule.beyond(2), rule.delay() + 2);
  EXPECT_EQ(rule.state().worst, rule.beyond(2)) << "of this violation";
  rule.see(rule.beyond(2), 2 * rule.delay() + 1);
  EXPECT_FALSE(rule.is_open());
  rule.see(rule.beyond(2), 2 * rule.delay() + 2);
  EXPECT_TRUE(rule.is_open());
}

TEST_P(EveryRuleThatWaits, DoesNotCountASilenceAsPartOfTheViolation) {
  OneRule rule = one();
  rule.see(rule.beyond(), 0);
  rule.see_nothing(1);
  rule.see(rule.beyond(), 2);
  rule.see(rule.beyond(), rule.delay() + 1);
  EXPECT_NE(rule.state().cause, Cause::limit);
  EXPECT_TRUE(rule.is_open());
}

TEST_P(EveryRuleThatWaits, OpensAtOnceWhenItGoesBlindInTheMiddleOfADelay) {
  OneRule rule = one();
  rule.close_at(0);
  rule.see(rule.beyond(), 1);
  EXPECT_EQ(rule.state().phase, Phase::pending);
  rule.see_nothing(2);
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().cause, Cause::blind);
}

// Rules with a delay.

class EveryRuleWithADelay : public RuleTest {};
INSTANTIATE_TEST_SUITE_P(Protection, EveryRuleWithADelay, testing::ValuesIn(rules_that([](auto& r) {
                           return r.wait == Wait::delay;
                         })),
                         name_of_rule);

TEST_P(EveryRuleWithADelay, TripsExactlyWhenItIsOver) {
  OneRule rule = one();
  rule.close_at(0);
  rule.see(rule.beyond(), 100);
  EXPECT_EQ(rule.state().phase, Phase::pending);
  rule.see(rule.beyond(), 100 + rule.delay() - 1);
  EXPECT_FALSE(rule.is_open());
  rule.see(rule.beyond(), 100 + rule.delay());
  EXPECT_TRUE(rule.is_open());
}

TEST_P(EveryRuleWithADelay, TripsAtOnceIfItIsZero) {
  OneRule rule = one();
  rule.limits().set(rule.row().delay, 0);
  rule.close_at(0);
  rule.see(rule.beyond(), 1);
  EXPECT_TRUE(rule.is_open());
}

TEST_P(EveryRuleWithADelay, RemembersTheWorstValueOfItAndTheLastOneAsEvidence) {
  OneRule rule = one();
  rule.close_at(0);
  rule.see(rule.beyond(50), 1);  // an earlier violation that did not last
  rule.close_at(2);
  rule.see(rule.beyond(2), 3, 4);
  rule.see(rule.beyond(7), 4, 5);
  rule.see(rule.beyond(1), 3 + rule.delay(), 9);
  EXPECT_EQ(rule.state().worst, rule.beyond(7));
  EXPECT_EQ(rule.state().evidence.value, rule.beyond(1));
  EXPECT_EQ(rule.state().evidence.where, 9);
}

// Rules without one.

class EveryRuleThatActsAtOnce : public RuleTest {};
INSTANTIATE_TEST_SUITE_P(Protection, EveryRuleThatActsAtOnce,
                         testing::ValuesIn(rules_that([](auto& r) {
                           return r.wait == Wait::at_once || r.wait == Wait::in_hardware;
                         })),
                         name_of_rule);

TEST_P(EveryRuleThatActsAtOnce, TripsInTheFirstStepThatSeesAViolation) {
  OneRule rule = one();
  rule.close_at(0);
  rule.see(rule.beyond(), 1);
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().cause, Cause::limit);
  EXPECT_EQ(rule.state().trips, 1u);
  EXPECT_EQ(rule.state().began, rule.state().since);
}

TEST_P(EveryRuleThatActsAtOnce, TripsInTheVeryFirstStepOfABoard) {
  OneRule rule = one(Start::clear);
  rule.see(rule.beyond(), 0);
  EXPECT_TRUE(rule.is_open());
}

class EveryRuleInHardware : public RuleTest {};
INSTANTIATE_TEST_SUITE_P(Protection, EveryRuleInHardware, testing::ValuesIn(rules_that([](auto& r) {
                           return r.wait == Wait::in_hardware;
                         })),
                         name_of_rule);

TEST_P(EveryRuleInHardware, IsOffWhereTheFrontEndWaitsNoTime) {
  OneRule rule = one();
  const std::int32_t beyond = rule.beyond();
  rule.limits().set(Parameter::short_circuit_delay, 0);
  rule.see(beyond, 0);
  EXPECT_TRUE(rule.is_off());
  EXPECT_FALSE(rule.is_open());
}

TEST_P(EveryRuleInHardware, WaitsNoLongerHoweverLongTheFrontEndWaits) {
  OneRule rule = one();
  rule.limits().set(Parameter::short_circuit_delay, 1'000'000);  // µs
  rule.close_at(0);
  rule.see(rule.beyond(), 1);
  EXPECT_TRUE(rule.is_open());
}

// Rules with a way of their own.

TEST(ShortCircuit, WithoutALevelOnlyTheFlagCounts) {
  OneRule rule{Rule::short_circuit};
  rule.limits().forget(Parameter::short_circuit_current);
  rule.see(10'000'000, 0);
  EXPECT_FALSE(rule.is_open()) << "no current is too high";
  rule.see(kFlagged, 1);
  EXPECT_TRUE(rule.is_open());
  EXPECT_FALSE(shown(rule.state().evidence.value, rule.row().unit)) << "a flag is no number";
  EXPECT_FALSE(shown(rule.state().limit, rule.row().unit));
}

TEST(ShortCircuit, WithALevelTheFlagCountsToo) {
  OneRule rule{Rule::short_circuit};
  rule.see(500'000, 0);
  EXPECT_FALSE(rule.is_open());
  rule.see(kFlagged, 1);
  EXPECT_TRUE(rule.is_open());
}

TEST(PowerOff, TripsOnTheVeryVoltage) {
  OneRule rule{Rule::power_off};
  rule.see(3'001, 0);
  rule.hold(2'500, 1, 3'000);
  EXPECT_FALSE(rule.is_open());
  rule.see(2'500, 3'001);
  EXPECT_TRUE(rule.is_open());
}

TEST(CellCountMismatch, TakesThreeDifferentSamplesInARow) {
  OneRule rule{Rule::cell_count_mismatch};
  rule.close_at(0);
  rule.see(15, 10);
  rule.see(15, 20);
  EXPECT_EQ(rule.state().phase, Phase::pending);
  EXPECT_FALSE(rule.is_open());
  rule.see(15, 30);
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(after_start(rule.state().began), 10);
}

TEST(CellCountMismatch, DoesNotCountASampleTwice) {
  OneRule rule{Rule::cell_count_mismatch};
  rule.close_at(0);
  for (std::int64_t ms = 10; ms < 3'000; ms += 10) rule.look({15, 0, {kStart.ms + 10}}, ms);
  EXPECT_FALSE(rule.is_open());
  for (std::int64_t ms = 3'000; ms < 6'000; ms += 10) rule.look({15, 0, {kStart.ms + 3'000}}, ms);
  EXPECT_FALSE(rule.is_open()) << "two samples, many steps";
  rule.look({15, 0, {kStart.ms + 6'000}}, 6'000);
  EXPECT_TRUE(rule.is_open());
}

TEST(CellCountMismatch, CountsAgainAfterOneGoodSample) {
  OneRule rule{Rule::cell_count_mismatch};
  rule.close_at(0);
  rule.see(15, 10);
  rule.see(15, 20);
  rule.see(16, 30);
  rule.see(15, 40);
  rule.see(15, 50);
  EXPECT_FALSE(rule.is_open());
  rule.see(15, 60);
  EXPECT_TRUE(rule.is_open());
}

TEST(CellCountMismatch, TripsOnTooManyCellsToo) {
  OneRule rule{Rule::cell_count_mismatch};
  rule.close_at(0);
  rule.see(17, 10);
  rule.see(18, 20);
  rule.see(17, 30);
  EXPECT_TRUE(rule.is_open());
}

}  // namespace
}  // namespace cw

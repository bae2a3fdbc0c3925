// SPDX-License-Identifier: Apache-2.0
// How a protection is left: by recovery, by time, by the flag that is gone, by a charger or button.
#include "tests/unit/core_rule_rig.h"

namespace cw {
namespace {

constexpr std::int64_t kCentury = std::int64_t{100} * 365 * 86'400'000;

class EveryRuleLeftByRecovery : public RuleTest {};
INSTANTIATE_TEST_SUITE_P(Protection, EveryRuleLeftByRecovery,
                         testing::ValuesIn(rules_that([](auto& r) {
                           return r.release == Release::by_recovery;
                         })),
                         name_of_rule);

TEST_P(EveryRuleLeftByRecovery, IsLeftByTheFirstRecoveredValueAndNotByTheOneBefore) {
  OneRule rule = one();
  rule.close_at(0);
  const std::int64_t tripped = rule.trip_from(1);
  rule.see(rule.not_recovered(), tripped + 1);
  EXPECT_TRUE(rule.is_open());
  rule.see(rule.recovered(), tripped + 2);
  EXPECT_FALSE(rule.is_open());
  EXPECT_EQ(rule.state().phase, Phase::clear);
  EXPECT_EQ(rule.state().cause, Cause::none);
}

TEST_P(EveryRuleLeftByRecovery, IsNotLeftByTimeHoweverLongItTakes) {
  OneRule rule = one();
  rule.close_at(0);
  rule.trip_from(1);
  rule.see(rule.not_recovered(), kCentury);
  EXPECT_TRUE(rule.is_open());
}

TEST_P(EveryRuleLeftByRecovery, WaitsAWholeDelayAgainAfterItWasLeft) {
  OneRule rule = one();
  rule.close_at(0);
  const std::int64_t tripped = rule.trip_from(1);
  rule.close_at(tripped + 1);
  const std::int64_t again = rule.trip_from(tripped + 2);
  EXPECT_EQ(rule.state().trips, 2u);
  EXPECT_EQ(after_start(rule.state().since), again);
}

class EveryRuleWithARecoveryLimit : public RuleTest {};
INSTANTIATE_TEST_SUITE_P(Protection, EveryRuleWithARecoveryLimit,
                         testing::ValuesIn(rules_that([](auto& r) {
                           return r.release == Release::by_recovery &&
                                  r.leave.source != Source::zero &&
                                  r.direction != Direction::unequal;
                         })),
                         name_of_rule);

TEST_P(EveryRuleWithARecoveryLimit, IsNotLeftByAValueThatOnlyKeepsTheLimit) {
  OneRule rule = one();
  rule.close_at(0);
  const std::int64_t tripped = rule.trip_from(1);
  if (rule.allowed() == rule.recovered()) return;
  rule.see(rule.allowed(), tripped + 1);
  EXPECT_TRUE(rule.is_open());
}

TEST_P(EveryRuleWithARecoveryLimit, IsNeverLeftWhileItsLimitIsCrossedEvenIfTheRecoveryIsWrong) {
  OneRule rule = one();
  rule.close_at(0);
  const std::int64_t tripped = rule.trip_from(1);
  const bool times_cells = rule.row().leave.source == Source::parameter_times_cells;
  const std::int32_t wrong = rule.beyond(40) / (times_cells ? 16 : 1);   // beyond the limit itself
  if (rule.row().leave.parameter == rule.row().limit.parameter) return;  // they cannot differ
  ASSERT_TRUE(rule.limits().set(rule.row().leave.parameter, wrong));
  rule.see(rule.beyond(1), tripped + 1);
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().trips, 1u);
}

TEST(PackVoltage, IsRecoveredInsideTheCellsRecoveryTimesTheirNumber) {
  OneRule high{Rule::pack_overvoltage};
  OneRule low{Rule::pack_undervoltage};
  for (OneRule* rule : {&high, &low}) rule->limits().set(Parameter::cell_count, 15);
  EXPECT_EQ(high.leave(), 51'000) << "15 times 3.4 V";
  EXPECT_EQ(low.leave(), 45'000) << "15 times 3.0 V";
  EXPECT_EQ(high.limit(), 57'000) << "the limit is the pack's own";
}

class EveryRuleLeftByTime : public RuleTest {
 protected:
  static constexpr std::int64_t kRelease = 60'000;
};
INSTANTIATE_TEST_SUITE_P(Protection, EveryRuleLeftByTime, testing::ValuesIn(rules_that([](auto& r) {
                           return r.release == Release::by_time;
                         })),
                         name_of_rule);

TEST_P(EveryRuleLeftByTime, IsLeftExactlyWhenItsReleaseTimeIsOver) {
  OneRule rule = one();
  rule.close_at(0);
  const std::int64_t tripped = rule.trip_from(1);
  rule.see(0, tripped + 1);  // the current is gone as soon as the switch is open
  EXPECT_TRUE(rule.is_open());
  rule.see(0, tripped + kRelease - 1);
  EXPECT_TRUE(rule.is_open());
  rule.see(0, tripped + kRelease);
  EXPECT_FALSE(rule.is_open());
}

TEST_P(EveryRuleLeftByTime, IsNotLeftWhileItIsBlind) {
  OneRule rule = one();
  rule.close_at(0);
  const std::int64_t tripped = rule.trip_from(1);
  rule.see_nothing(tripped + kRelease);
  EXPECT_TRUE(rule.is_open());
  rule.see(0, tripped + kRelease + 1);
  EXPECT_FALSE(rule.is_open());
}

TEST_P(EveryRuleLeftByTime, TripsAgainAfterAnotherDelayIfTheCauseIsStillThereAndCounts) {
  OneRule rule = one();
  rule.close_at(0);
  const std::int64_t released = rule.trip_from(1) + kRelease;
  rule.see(rule.beyond(), released - 1);
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().trips, 1u);
  rule.see(rule.beyond(), released);
  if (rule.delay() > 0) {
    EXPECT_FALSE(rule.is_open());
    EXPECT_EQ(rule.state().phase, Phase::pending);
    EXPECT_EQ(after_start(rule.state().began), released);
    rule.see(rule.beyond(), released + rule.delay() - 1);
    EXPECT_FALSE(rule.is_open());
  }
  rule.see(rule.beyond(), released + rule.delay());
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().trips, 2u);
  EXPECT_EQ(after_start(rule.state().since), released + rule.delay());
}

TEST_P(EveryRuleLeftByTime, DoesNotReadTheOtherDirectionOfTheCurrent) {
  OneRule rule = one();
  rule.close_at(0);
  rule.hold(-1'000'000, 1, 100'000);
  EXPECT_FALSE(rule.is_open());
  EXPECT_EQ(rule.state().phase, Phase::clear);
}

TEST_P(EveryRuleLeftByTime, FromTheStartNeedsOnlyAValueInsideItsLimit) {
  OneRule rule = one();
  rule.see(rule.allowed(), 0);
  EXPECT_FALSE(rule.is_open()) << "it did not trip: there is no release time";
}

TEST_P(EveryRuleLeftByTime, IsNotLeftInTheMomentItTrippedEvenWithoutAReleaseTime) {
  OneRule rule = one();
  rule.limits().set(rule.row().leave.parameter, 0);
  rule.close_at(0);
  const std::int64_t tripped = rule.trip_from(1);
  rule.see(0, tripped);
  EXPECT_TRUE(rule.is_open());
  rule.see(0, tripped + 1);
  EXPECT_FALSE(rule.is_open());
}

TEST_P(EveryRuleLeftByTime, ObeysTheReleaseTimeOfTheMoment) {
  OneRule rule = one();
  rule.close_at(0);
  const std::int64_t tripped = rule.trip_from(1);
  rule.limits().set(rule.row().leave.parameter, 5'000);
  rule.see(0, tripped + 4'999);
  EXPECT_TRUE(rule.is_open());
  rule.see(0, tripped + 5'000);
  EXPECT_FALSE(rule.is_open());
}

// A charger or the button.

TEST(PowerOff, IsLeftByAChargerOrTheButtonWhateverTheVoltage) {
  OneRule rule{Rule::power_off};
  rule.close_at(0);
  const std::int64_t tripped = rule.trip_from(1);
  rule.see(2'400, tripped + 1);
  EXPECT_TRUE(rule.is_open());
  rule.wake(2'400, tripped + 2);
  EXPECT_FALSE(rule.is_open());
  EXPECT_EQ(rule.state().phase, Phase::clear);
}

TEST(PowerOff, StaysAwayAsLongAsTheChargerIsThereAndWaitsItsDelayAfterwards) {
  OneRule rule{Rule::power_off};
  rule.close_at(0);
  for (std::int64_t ms = 1; ms <= 100'000; ms += 100) rule.wake(2'400, ms);
  EXPECT_FALSE(rule.is_open());
  EXPECT_EQ(rule.state().trips, 0u);
  rule.see(2'400, 100'001);
  rule.see(2'400, 103'000);
  EXPECT_FALSE(rule.is_open());
  rule.see(2'400, 103'001);
  EXPECT_TRUE(rule.is_open());
}

// A gateway that starts beside a low pack must let it be charged.
TEST(PowerOff, IsLeftByAnyValueAboveItsVoltageUnlessItTripped) {
  OneRule rule{Rule::power_off};
  rule.see(2'501, 0);
  EXPECT_FALSE(rule.is_open());
  rule.see_nothing(1);
  EXPECT_TRUE(rule.is_open());
  rule.see(2'501, 2);
  EXPECT_FALSE(rule.is_open());
  const std::int64_t tripped = rule.trip_from(3);
  rule.see(2'501, tripped + 1);
  EXPECT_TRUE(rule.is_open());
}

TEST(PowerOff, StartsReleasedWhereAChargerIs) {
  OneRule rule{Rule::power_off};
  rule.wake(2'400, 0);
  EXPECT_FALSE(rule.is_open());
}

TEST(PowerOff, IsBlindThoughAChargerIsThere) {
  OneRule rule{Rule::power_off};
  rule.close_at(0);
  rule.wake(std::nullopt, 1);
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().cause, Cause::blind);
}

class EveryRuleThatNothingWakes : public RuleTest {};
INSTANTIATE_TEST_SUITE_P(Protection, EveryRuleThatNothingWakes,
                         testing::ValuesIn(rules_that([](auto& r) { return !r.is(kWoken); })),
                         name_of_rule);

TEST_P(EveryRuleThatNothingWakes, StaysTrippedThoughAChargerIsThere) {
  OneRule rule = one();
  rule.close_at(0);
  const std::int64_t tripped = rule.trip_from(1);
  rule.wake(rule.beyond(), tripped + 1);
  EXPECT_TRUE(rule.is_open());
}

// What the board says no more.

class EveryRuleThatTripped : public RuleTest {};
INSTANTIATE_TEST_SUITE_P(Protection, EveryRuleThatTripped, testing::ValuesIn(all_rules()),
                         name_of_rule);

TEST_P(EveryRuleThatTripped, IsNotLeftBecauseTheBoardSaysNoMoreWhatTrippedIt) {
  OneRule rule = one();
  rule.close_at(0);
  const std::int64_t tripped = rule.trip_from(1);
  rule.see_unfitted(tripped + 1);
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().cause, Cause::limit);
  EXPECT_TRUE(rule.state().blind);
}

}  // namespace
}  // namespace cw

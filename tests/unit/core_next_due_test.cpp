// SPDX-License-Identifier: Apache-2.0
// When time alone may change a decision, so that nobody has to look at every moment.
#include "tests/unit/core_random_walk.h"
#include "tests/unit/core_rule_rig.h"

namespace cw {
namespace {

class EveryRuleIsDue : public RuleTest {
 protected:
  static std::optional<std::int64_t> due(OneRule& rule) {
    const auto next = rule.engine().next_due(rule.limits());
    return next ? std::optional{after_start(*next)} : std::nullopt;
  }
};
INSTANTIATE_TEST_SUITE_P(Protection, EveryRuleIsDue, testing::ValuesIn(all_rules()), name_of_rule);

TEST_P(EveryRuleIsDue, NeverWhileNothingIsWrong) {
  OneRule rule = one();
  rule.close_at(0);
  EXPECT_EQ(due(rule), std::nullopt);
}

TEST_P(EveryRuleIsDue, NeverWhileItIsOff) {
  OneRule rule = one();
  rule.see_unfitted(0);
  EXPECT_EQ(due(rule), std::nullopt);
}

TEST_P(EveryRuleIsDue, NeverWhileItIsBlind) {
  OneRule rule = one();
  rule.see_nothing(0);
  EXPECT_EQ(due(rule), std::nullopt);
  rule.close_at(1);
  rule.see_nothing(2);
  EXPECT_EQ(due(rule), std::nullopt);
}

TEST_P(EveryRuleIsDue, WhenItsDelayEnds) {
  OneRule rule = one();
  rule.close_at(0);
  if (rule.row().wait != Wait::delay) return;
  rule.see(rule.beyond(), 5);
  EXPECT_EQ(due(rule), 5 + rule.delay());
  rule.see(rule.beyond(), 5 + rule.delay() - 1);
  EXPECT_EQ(due(rule), 5 + rule.delay());
}

TEST_P(EveryRuleIsDue, WhenTheViolationHasLastedThoughItIsOpenAlready) {
  OneRule rule = one();
  if (rule.row().wait != Wait::delay) return;
  rule.see(rule.beyond(), 5);
  ASSERT_EQ(rule.state().cause, Cause::start);
  EXPECT_EQ(due(rule), 5 + rule.delay());
}

TEST_P(EveryRuleIsDue, AfterTheTripOnlyIfItIsLeftByTime) {
  OneRule rule = one();
  rule.close_at(0);
  const std::int64_t tripped = rule.trip_from(1);
  if (rule.timed()) {
    EXPECT_EQ(due(rule), tripped + rule.leave());
  } else {
    EXPECT_EQ(due(rule), std::nullopt);
  }
  rule.see_nothing(tripped + 1);
  EXPECT_EQ(due(rule), std::nullopt) << "it is not left blindly";
}

TEST(CellCountMismatchIsDue, NeverForItWaitsForSamples) {
  OneRule rule{Rule::cell_count_mismatch};
  rule.close_at(0);
  rule.see(15, 1);
  EXPECT_FALSE(rule.engine().next_due(rule.limits()));
}

// Short times, so that much happens.
ParameterSet hasty(ParameterSet set, Dice& dice) {
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    if (kParameters[i].unit == Unit::millisecond && set.get(parameter))
      set.set(parameter, dice.between(0, 400));
  }
  return set;
}

bool agree(const RuleState& a, const RuleState& b) {
  return a.phase == b.phase && a.cause == b.cause && a.since == b.since && a.began == b.began &&
         a.trips == b.trips && a.evidence.value == b.evidence.value && a.worst == b.worst;
}

TEST(ProtectionOnRandomTraces, NeedsNoStepBetweenTheMomentsThatAreDueAndNewMeasurements) {
  constexpr int kMoments = 20'000;  // a millisecond each
  const std::uint64_t first_seed = seed();
  std::uint64_t spared = 0;
  std::uint64_t due_alone = 0;
  for (int trace = 0; trace < kRandomSteps / kMoments / 2; ++trace) {
    Dice dice{first_seed + static_cast<std::uint64_t>(trace)};
    const ParameterSet limits = hasty(random_settings(dice), dice);
    Walk walk{limits_of(limits)};
    Protection always;
    Protection when_due;
    Measurements seen;
    std::optional<Instant> due;
    std::int64_t next_measurement = 0;
    for (std::int64_t now = 0; now < kMoments; ++now) {
      const bool heard = now == next_measurement;
      if (heard) {
        seen = measurements_of(walk.next(dice, now), now);
        next_measurement = now + dice.between(1, 300);
      }
      always.step(seen, limits, {now});
      if (heard || (due && due->ms <= now)) {
        when_due.step(seen, limits, {now});
        due = when_due.next_due(limits);
        ASSERT_TRUE(!due || due->ms > now) << "time would stand still";
        if (!heard) ++due_alone;
      } else {
        ++spared;
      }
      ASSERT_EQ(always.decision(), when_due.decision()) << "trace " << trace << " at " << now;
      for (std::size_t i = 0; i < kRuleCount; ++i)
        ASSERT_TRUE(agree(always.state(rule_of(i)), when_due.state(rule_of(i))))
            << kRules[i].name << " trace " << trace << " at " << now;
    }
  }
  EXPECT_GT(spared, std::uint64_t{kRandomSteps} / 4);
  EXPECT_GT(due_alone, std::uint64_t{kRandomSteps} / 2'500);
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// A restart is no amnesty: what of every protection survives it, and what must be shown anew.
#include "tests/unit/core_rule_rig.h"

namespace cw {
namespace {

class EveryRuleRestarted : public RuleTest {
 protected:
  // Tripped by its limit, then the power goes.
  ProtectionMemory tripped_memory() const {
    OneRule rule = one();
    rule.close_at(0);
    const std::int64_t tripped = rule.trip_from(1);
    rule.see(rule.beyond(6), tripped + 1);
    return rule.engine().memory();
  }
  OneRule again(const ProtectionMemory& memory) const { return OneRule(rule(), memory); }
};
INSTANTIATE_TEST_SUITE_P(Protection, EveryRuleRestarted, testing::ValuesIn(all_rules()),
                         name_of_rule);

TEST_P(EveryRuleRestarted, RemembersNothingBeforeItSawAnything) {
  EXPECT_EQ(Protection().memory(), ProtectionMemory{});
  EXPECT_EQ(Protection(Start::clear).memory(), ProtectionMemory{});
}

TEST_P(EveryRuleRestarted, MustBeShownToBeSafeIfItWasClear) {
  OneRule before = one();
  before.close_at(0);
  ASSERT_FALSE(before.is_open());
  OneRule rule = again(before.engine().memory());
  EXPECT_TRUE(rule.decision().is_tripped(this->rule()));
  EXPECT_EQ(rule.state().cause, Cause::start);
  rule.see_nothing(0);
  EXPECT_TRUE(rule.is_open());
  rule.close_at(1);
  EXPECT_FALSE(rule.is_open());
}

TEST_P(EveryRuleRestarted, StartsAnewIfItWasOnlyBlindOrInTheMiddleOfADelay) {
  OneRule blind = one();
  blind.close_at(0);
  blind.see_nothing(1);
  EXPECT_EQ(again(blind.engine().memory()).state().cause, Cause::start);
  OneRule pending = one();
  pending.close_at(0);
  if (pending.delay() == 0) return;
  pending.see(pending.beyond(), 1);
  ASSERT_EQ(pending.state().phase, Phase::pending);
  OneRule rule = again(pending.engine().memory());
  EXPECT_EQ(rule.state().cause, Cause::start);
  const std::int64_t tripped = rule.trip_from(0);
  EXPECT_EQ(tripped, rule.delay()) << "the whole delay";
}

TEST_P(EveryRuleRestarted, StaysTrippedByItsLimitAndKnowsWhy) {
  const ProtectionMemory memory = tripped_memory();
  OneRule rule = again(memory);
  EXPECT_EQ(rule.state().cause, Cause::limit);
  rule.see_nothing(0);
  EXPECT_TRUE(rule.is_open());
  const RuleState& state = rule.state();
  EXPECT_EQ(state.cause, Cause::limit);
  EXPECT_EQ(state.evidence, (Measurement{rule.beyond(), 1, {}})) << "no clock survives";
  EXPECT_EQ(state.limit, rule.limit());
  EXPECT_EQ(state.worst, rule.beyond(6));
  EXPECT_EQ(state.trips, 1u);
  EXPECT_EQ(rule.engine().memory(), memory) << "and so through the next restart";
}

TEST_P(EveryRuleRestarted, IsNoAmnestyWhereTheBoardHasNotYetSaidWhatItMeasures) {
  OneRule rule = again(tripped_memory());
  rule.see_unfitted(0);
  EXPECT_TRUE(rule.is_open());
  EXPECT_EQ(rule.state().cause, Cause::limit);
  EXPECT_FALSE(rule.is_off());
}

TEST_P(EveryRuleRestarted, IsLeftByRecoveryAsBefore) {
  OneRule rule = again(tripped_memory());
  if (rule.timed()) return;
  rule.see(rule.not_recovered(), 1'000'000);
  EXPECT_TRUE(rule.is_open());
  rule.see(rule.recovered(), 1'000'001);
  EXPECT_FALSE(rule.is_open());
}

TEST_P(EveryRuleRestarted, WaitsItsWholeReleaseTimeAnew) {
  OneRule rule = again(tripped_memory());
  if (!rule.timed()) return;
  rule.see(0, 7);
  EXPECT_EQ(after_start(rule.state().since), 7);
  rule.see(0, 7 + rule.leave() - 1);
  EXPECT_TRUE(rule.is_open());
  rule.see(0, 7 + rule.leave());
  EXPECT_FALSE(rule.is_open());
}

TEST_P(EveryRuleRestarted, GoesOnCounting) {
  OneRule rule = again(tripped_memory());
  rule.see_nothing(0);
  rule.close_at(1'000'000);
  ASSERT_FALSE(rule.is_open());
  rule.trip_from(1'000'001);
  EXPECT_EQ(rule.state().trips, 2u);
  OneRule third = again(rule.engine().memory());
  EXPECT_EQ(third.state().trips, 2u);
}

TEST_P(EveryRuleRestarted, CountsThoughItIsClear) {
  OneRule before = again(tripped_memory());
  before.see_nothing(0);
  before.close_at(1'000'000);
  OneRule rule = again(before.engine().memory());
  EXPECT_EQ(rule.state().cause, Cause::start);
  EXPECT_EQ(rule.state().trips, 1u);
}

TEST_P(EveryRuleRestarted, GetsWorseAfterTheRestart) {
  OneRule rule = again(tripped_memory());
  rule.see(rule.beyond(60), 0);
  EXPECT_EQ(rule.state().worst, rule.beyond(60));
  rule.see(rule.beyond(5), 1);
  EXPECT_EQ(rule.state().worst, rule.beyond(60));
}

}  // namespace
}  // namespace cw

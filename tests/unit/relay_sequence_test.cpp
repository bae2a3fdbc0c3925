// SPDX-License-Identifier: Apache-2.0
// How relays close and open, in virtual time: precharge, proving, unloading. What keeps them from
// it is in relay_latch_test.cpp.
#include "daemon/relays/relay_sequence.h"

#include <gtest/gtest.h>

#include "tests/unit/relay_rig.h"

namespace cw {
namespace {

using namespace literals;
using Texts = std::vector<std::string>;

TEST(RelayClosing, TakesAWishAndNothingElse) {
  RelayRig rig = rig_of(RelayRole::charge);
  rig.run(10_s);
  EXPECT_FALSE(rig.on(0));
  rig.want(0, true);
  rig.step();
  EXPECT_TRUE(rig.on(0));
  EXPECT_EQ(rig.reason(0), "allowed");
}

TEST(RelayClosing, PrechargesFirstThenClosesThenLetsThePrechargeGo) {
  RelayRig rig = precharged();
  rig.want(0, true);
  rig.step();
  EXPECT_EQ(rig.stage(0), RelayStage::precharging);
  EXPECT_TRUE(rig.on(1));
  EXPECT_FALSE(rig.on(0));
  rig.run(2'999_ms);
  EXPECT_FALSE(rig.on(0));
  rig.run(1_ms);
  EXPECT_TRUE(rig.on(0));
  EXPECT_TRUE(rig.on(1)) << "until the contact has settled";
  rig.run(499_ms);
  EXPECT_TRUE(rig.on(1));
  rig.run(1_ms);
  EXPECT_FALSE(rig.on(1));
  EXPECT_EQ(rig.stage(0), RelayStage::on);
}

TEST(RelayClosing, ThePrechargeEndsAsSoonAsTheContactIsSeenClosed) {
  RelayRig rig = precharged();
  rig.has_contact[0] = true;
  rig.want(0, true);
  rig.step();
  rig.run(3_s);
  rig.run(100_ms);
  EXPECT_EQ(rig.stage(0), RelayStage::on);
  EXPECT_FALSE(rig.on(1));
}

TEST(RelayClosing, AContactThatDoesNotCloseEndsTheClosingForGood) {
  RelayRig rig = precharged();
  rig.has_contact[0] = true;
  rig.held_contact[0] = false;
  rig.want(0, true);
  rig.step();
  rig.run(10_s);
  EXPECT_FALSE(rig.on(0));
  EXPECT_FALSE(rig.on(1));
  EXPECT_EQ(rig.latch(0), Latch::precharge_failed);
  EXPECT_TRUE(rig.on(2)) << "the lamp";
}

TEST(RelayClosing, AWishThatVanishesMidwayAbortsAtOnce) {
  for (const Millis when : {1_s, 3'200_ms}) {
    RelayRig rig = precharged();
    rig.flow(50'000_mA);
    rig.want(0, true);
    rig.step();
    rig.run(when);
    rig.want(0, false);
    rig.step();
    EXPECT_FALSE(rig.on(0));
    EXPECT_FALSE(rig.on(1));
    EXPECT_EQ(rig.latch(0), Latch::none);
  }
}

TEST(RelayClosing, APrechargeRelayThatCannotBeDrivenFailsTheClosing) {
  RelayRig rig = precharged();
  rig.want(0, true);
  rig.step();
  rig.senses[1].fault = true;
  rig.run(100_ms);
  EXPECT_EQ(rig.latch(0), Latch::precharge_failed);
  EXPECT_FALSE(rig.on(1));
}

TEST(RelayClosing, RelaysOfTheSamePacksCloseOneAfterTheOther) {
  RelayLimits through = at_once();
  through.precharge = 2;
  RelayRig rig({relay_of("load", RelayRole::discharge, through),
                relay_of("charger", RelayRole::charge, through),
                relay_of("resistor", RelayRole::precharge)});
  rig.want(0, true);
  rig.want(1, true);
  rig.step();
  EXPECT_EQ(rig.stage(0), RelayStage::precharging);
  EXPECT_EQ(rig.stage(1), RelayStage::safe);
  EXPECT_EQ(rig.reason(1), "waits until load has closed");
  rig.run(3'600_ms);
  EXPECT_EQ(rig.stage(0), RelayStage::on);
  EXPECT_EQ(rig.stage(1), RelayStage::precharging);
  rig.run(3'600_ms);
  EXPECT_EQ(rig.stage(1), RelayStage::on);
}

// Steps every 100 ms, and when the sequence asks for one.
TEST(RelayClosing, WaitsUntilTheWishHasHeldWithoutABreak) {
  RelayRig rig = rig_of(RelayRole::discharge, {});
  rig.want(0, true);
  rig.step();
  EXPECT_EQ(rig.stage(0), RelayStage::proving);
  EXPECT_EQ(rig.reason(0), "closes when this has held for 3 s: allowed");
  EXPECT_EQ(rig.sequence.next_due(rig.now), rig.now + 3_s);
  EXPECT_EQ(rig.sequence.withheld()[0], Switches::discharge);
  rig.run(2'999_ms);
  EXPECT_FALSE(rig.on(0));
  rig.go_blind(0);
  rig.step();
  EXPECT_EQ(rig.stage(0), RelayStage::safe);
  rig.want(0, true);
  rig.step();
  rig.run(2'999_ms);
  EXPECT_FALSE(rig.on(0)) << "from the start again";
  rig.run(1_ms);
  EXPECT_TRUE(rig.on(0));
}

TEST(RelayClosing, ProvesItselfAfterSilenceAndAfterARestartToo) {
  RelayRig rig = rig_of(RelayRole::charge, {});
  rig.want(0, true);
  rig.step();
  rig.run(3_s);
  EXPECT_TRUE(rig.on(0));
  rig.flow(0_mA);
  rig.go_blind(0);
  rig.step();
  EXPECT_FALSE(rig.on(0)) << "opening waits for nothing";
  rig.want(0, true);
  rig.step();
  rig.run(2_s);
  EXPECT_FALSE(rig.on(0));
  rig.restart();
  rig.run(2'999_ms);
  EXPECT_FALSE(rig.on(0));
  rig.run(1_ms);
  EXPECT_TRUE(rig.on(0));
}

TEST(RelayClosing, RestsWhileItProvesItself) {
  RelayLimits limits;
  limits.minimum_off = 20_s;
  RelayRig rig = rig_of(RelayRole::charge, limits);
  rig.step();
  rig.run(10_s);
  rig.want(0, true);
  rig.step();
  rig.run(9'999_ms);
  EXPECT_FALSE(rig.on(0));
  rig.run(1_ms);
  EXPECT_TRUE(rig.on(0));
}

TEST(RelayOpening, AsksForZeroCurrentFirstAndOpensWhenLittleFlows) {
  RelayRig rig = rig_of(RelayRole::discharge);
  rig.want(0, true);
  rig.flow(-80'000_mA);
  rig.step();
  EXPECT_EQ(rig.sequence.withheld()[0], Switches::none);
  rig.want(0, false);
  rig.run(3_s);
  EXPECT_TRUE(rig.on(0));
  EXPECT_EQ(rig.stage(0), RelayStage::unloading);
  EXPECT_EQ(rig.sequence.withheld()[0], Switches::discharge);
  EXPECT_EQ(rig.reason(0), "asks for zero current first; too cold");
  rig.flow(-1'999_mA);
  rig.step();
  EXPECT_FALSE(rig.on(0));
  EXPECT_EQ(rig.sequence.withheld()[0], Switches::discharge);
  EXPECT_EQ(rig.told(EventKind::relay_sequence),
            (Texts{"main: unloading: too cold", "main: opens unloaded"}));
  EXPECT_EQ(rig.events.back().value, -1'999);
}

TEST(RelayOpening, OpensUnderLoadWhenNobodyObeysInTime) {
  for (const std::optional<Milliamps> current :
       {std::optional(80'000_mA), std::optional<Milliamps>()}) {
    RelayRig rig = rig_of(RelayRole::charge);
    rig.want(0, true);
    rig.flow(current);
    rig.step();
    rig.want(0, false);
    rig.step();
    rig.run(9'999_ms);
    EXPECT_TRUE(rig.on(0));
    rig.run(1_ms);
    EXPECT_FALSE(rig.on(0));
    EXPECT_EQ(rig.told(EventKind::relay_sequence).back(), "main: opens though current may flow");
  }
}

TEST(RelayOpening, ACriticalTripOpensInTheSameStep) {
  RelayLimits limits = at_once();
  limits.minimum_on = 60_s;
  RelayRig rig = rig_of(RelayRole::discharge, limits);
  rig.want(0, true);
  rig.flow(-400'000_mA);
  rig.step();
  rig.run(1_s);
  rig.want(0, false, true);
  rig.step();
  EXPECT_FALSE(rig.on(0)) << "not even the minimum on-time delays it";
}

TEST(RelayOpening, ATripThatBecomesCriticalWhileUnloadingOpensAtOnce) {
  RelayRig rig = rig_of(RelayRole::discharge);
  rig.want(0, true);
  rig.flow(-80'000_mA);
  rig.step();
  rig.want(0, false);
  rig.run(1_s);
  rig.want(0, false, true);
  rig.step();
  EXPECT_FALSE(rig.on(0));
}

TEST(RelayOpening, AWishThatReturnsWhileUnloadingKeepsItClosed) {
  RelayRig rig = rig_of(RelayRole::discharge);
  rig.want(0, true);
  rig.flow(-80'000_mA);
  rig.step();
  rig.want(0, false);
  rig.run(5_s);
  rig.want(0, true);
  rig.run(20_s);
  EXPECT_EQ(rig.stage(0), RelayStage::on);
  EXPECT_EQ(rig.sequence.withheld()[0], Switches::none);
}

TEST(RelayOpening, NeverPrechargesAgainAfterACriticalTrip) {
  RelayRig rig = precharged();
  rig.want(0, true);
  rig.run(5_s);
  rig.want(0, false, true);
  rig.step();
  EXPECT_FALSE(rig.on(0));
  EXPECT_FALSE(rig.on(1)) << "nor while it opens";
  EXPECT_EQ(rig.latch(0), Latch::critical_trip);
  rig.want(0, true);
  for (int i = 0; i < 100; ++i) {
    rig.run(60_s);
    ASSERT_FALSE(rig.on(1));
  }
  EXPECT_EQ(rig.command(0, RelayCommand::reset), "");
  EXPECT_TRUE(rig.on(1));
}

}  // namespace
}  // namespace cw

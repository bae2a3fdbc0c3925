// SPDX-License-Identifier: Apache-2.0
// Relays that bring a pack to the bus: they wait for charge control, one after the other, and say
// so.
#include <gtest/gtest.h>

#include "tests/unit/relay_rig.h"

namespace cw {
namespace {

using namespace literals;

// A contactor for each of three packs.
RelayRig contactors(Mode mode = Mode::control) {
  std::vector<RelayConfiguration> relays;
  for (std::size_t pack = 0; pack < 3; ++pack) {
    relays.push_back(
        relay_of("pack" + std::to_string(pack), RelayRole::discharge, at_once(), {pack}));
    relays.back().both_ways = true;
  }
  RelayRig rig(relays, mode);
  for (std::size_t i = 0; i < 3; ++i) rig.want(i, true);
  return rig;
}

TEST(RelayJoining, ARelayWaitsUntilItsPackMayJoinAndSaysWhy) {
  RelayRig rig = contactors();
  rig.senses[0].joining = Joining::voltages_apart;
  rig.run(10_s);
  EXPECT_FALSE(rig.on(0));
  EXPECT_EQ(rig.reason(0), "waits to join the bus: voltages apart");
  EXPECT_EQ(rig.told(EventKind::relay_sequence).size(), 1u) << "once, not with every step";
  EXPECT_TRUE(rig.on(1)) << "a pack that is in is not asked";
  EXPECT_FALSE(rig.sequence.joining()) << "zero current brings no voltages together";
  rig.senses[0].joining = Joining::may;
  rig.step();
  EXPECT_TRUE(rig.on(0));
  EXPECT_EQ(rig.told(EventKind::relay_sequence).back(), "pack0: joins the bus");
}

TEST(RelayJoining, CurrentIsAskedAwayAndNothingElse) {
  RelayRig rig = contactors();
  rig.senses[1].joining = Joining::current_flows;
  rig.step();
  EXPECT_EQ(rig.sequence.joining(), std::optional<std::size_t>{1});
  rig.want(1, false);
  rig.step();
  EXPECT_FALSE(rig.sequence.joining()) << "nobody waits any more";
}

TEST(RelayJoining, ReasonsThatAlternateFloodNothing) {
  RelayRig rig = contactors();
  for (int second = 0; second < 600; ++second) {
    rig.senses[0].joining = second % 2 == 0 ? Joining::current_flows : Joining::voltages_apart;
    rig.run(1_s);
  }
  EXPECT_LE(rig.told(EventKind::relay_sequence).size(), 11u);
}

// The verdict on the second is older than the joining of the first.
TEST(RelayJoining, OfTwoThatMayAtOnceOneIsFirst) {
  RelayRig rig = contactors();
  for (RelaySense& sense : rig.senses) sense.joining = Joining::may;
  rig.step();
  EXPECT_TRUE(rig.on(0));
  EXPECT_FALSE(rig.on(1));
  EXPECT_FALSE(rig.on(2));
  EXPECT_EQ(rig.reason(1), "waits until pack0 has joined the bus");
  rig.senses[1].joining = Joining::voltages_apart;
  rig.step();
  EXPECT_FALSE(rig.on(1));
  EXPECT_TRUE(rig.on(2));
}

TEST(RelayJoining, NobodyJoinsWhileAnotherIsPrecharged) {
  RelayLimits limits = at_once();
  limits.precharge = 2;
  RelayRig rig({relay_of("first", RelayRole::discharge, limits, {0}),
                relay_of("second", RelayRole::discharge, at_once(), {1}),
                relay_of("resistor", RelayRole::precharge, at_once(), {0})});
  for (RelaySense& sense : rig.senses) sense.joining = Joining::may;
  rig.want(0, true);
  rig.want(1, true);
  rig.run(1_s);
  EXPECT_EQ(rig.stage(0), RelayStage::precharging);
  EXPECT_FALSE(rig.on(1));
  rig.run(5_s);
  EXPECT_TRUE(rig.on(0));
  EXPECT_TRUE(rig.on(1));
}

TEST(RelayJoining, ARelayOfManyPacksAndOneThatNobodyFollowsAreNotAsked) {
  RelayRig shared({relay_of("main", RelayRole::discharge, at_once(), {0, 1})});
  shared.senses[0].joining = Joining::voltages_apart;
  shared.want(0, true);
  shared.step();
  EXPECT_TRUE(shared.on(0));
  RelayRig observed = contactors(Mode::observe);
  observed.senses[0].joining = Joining::voltages_apart;
  observed.step();
  EXPECT_TRUE(observed.on(0));
}

TEST(RelayJoining, AContactorAsksForZeroBothWaysBeforeItOpens) {
  RelayRig rig = contactors();
  rig.flow(Milliamps{50'000});
  rig.step();
  rig.go_blind(0);
  rig.step();
  EXPECT_EQ(rig.sequence.withheld()[0], Switches::both);
  EXPECT_EQ(rig.sequence.withheld()[1], Switches::none);
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// What keeps relays from closing or opening, in virtual time: rests, budgets, latches, welded
// contacts, the second cut-off, the heartbeat, the operator, restarts.
#include "daemon/relays/relay_sequence.h"

#include <gtest/gtest.h>

#include "tests/unit/relay_rig.h"

namespace cw {
namespace {

using namespace literals;
using Texts = std::vector<std::string>;

TEST(RelayRests, StaysOnForItsMinimumAndSaysSo) {
  RelayLimits limits = at_once();
  limits.minimum_on = 30_s;
  RelayRig rig = rig_of(RelayRole::generator, limits);
  rig.want(0, true);
  rig.step();
  rig.run(10_s);
  rig.want(0, false);
  rig.run(19'999_ms);
  EXPECT_TRUE(rig.on(0));
  EXPECT_EQ(rig.reason(0), "stays on for at least 30 s; too cold");
  rig.run(1_ms);
  EXPECT_FALSE(rig.on(0));
}

TEST(RelayRests, StaysOffForItsMinimumFromTheStartOnToo) {
  RelayLimits limits = at_once();
  limits.minimum_off = 20_s;
  RelayRig rig = rig_of(RelayRole::charge, limits);
  rig.want(0, true);
  rig.step();
  EXPECT_EQ(rig.reason(0), "rests for 20 s");
  rig.run(19'999_ms);
  EXPECT_FALSE(rig.on(0));
  rig.run(1_ms);
  EXPECT_TRUE(rig.on(0));
}

TEST(RelayRests, AHeaterThatIsOnForTooLongIsLatched) {
  RelayLimits limits = at_once();
  limits.longest_on = 60_s;
  RelayRig rig = rig_of(RelayRole::heater, limits);
  rig.want(0, true);
  rig.step();
  rig.run(59'999_ms);
  EXPECT_TRUE(rig.on(0));
  rig.run(1_ms);
  EXPECT_FALSE(rig.on(0));
  EXPECT_EQ(rig.latch(0), Latch::longest_on);
}

void trip(RelayRig& rig) {
  rig.want(0, false);
  rig.run(11_s);
  rig.want(0, true);
  rig.run(1_s);
}

TEST(RelayBudgets, MoreThanThreeRetriesInAnHourLatch) {
  RelayRig rig = rig_of(RelayRole::charge);
  rig.want(0, true);
  rig.step();
  for (int retry = 0; retry < 3; ++retry) {
    trip(rig);
    EXPECT_TRUE(rig.on(0)) << retry;
  }
  trip(rig);
  EXPECT_FALSE(rig.on(0));
  EXPECT_EQ(rig.latch(0), Latch::retries);
  EXPECT_EQ(rig.reason(0),
            "latched until `cellwarden relay main reset`: more retries after trips within an hour "
            "than allowed");
  rig.run(HourlyBudget::kHour);
  rig.run(HourlyBudget::kHour);
  EXPECT_FALSE(rig.on(0)) << "time does not undo it";
  rig.command(0, RelayCommand::reset);
  EXPECT_TRUE(rig.on(0));
}

TEST(RelayBudgets, ADropoutIsNoTripAndCountsOnlyAsASwitching) {
  RelayLimits limits = at_once();
  limits.switchings_most = 8;
  RelayRig rig = rig_of(RelayRole::charge, limits);
  rig.want(0, true);
  rig.step();
  for (int dropout = 1; dropout < 8; ++dropout) {
    rig.go_blind(0);
    rig.run(11_s);
    EXPECT_FALSE(rig.on(0));
    rig.want(0, true);
    rig.run(1_s);
    EXPECT_TRUE(rig.on(0)) << dropout;
  }
  rig.go_blind(0);
  rig.run(11_s);
  rig.want(0, true);
  rig.run(1_s);
  EXPECT_EQ(rig.latch(0), Latch::switchings);
}

TEST(RelayBudgets, TripsThatAreFarApartNeverLatch) {
  RelayRig rig = rig_of(RelayRole::charge);
  rig.want(0, true);
  rig.step();
  for (int retry = 0; retry < 30; ++retry) {
    trip(rig);
    ASSERT_TRUE(rig.on(0)) << retry;
    rig.run(1'200_s);
  }
}

TEST(RelayBudgets, MoreSwitchingsInAnHourThanAllowedLatch) {
  RelayLimits limits = at_once();
  limits.switchings_most = 5;
  RelayRig rig = rig_of(RelayRole::heater, limits);
  for (int i = 0; i < 6; ++i) {
    rig.want(0, true);
    rig.run(1_s);
    EXPECT_EQ(rig.on(0), i < 5) << i;
    rig.want(0, false);
    rig.run(1_s);
  }
  EXPECT_EQ(rig.latch(0), Latch::switchings);
}

// 0 charge, 1 discharge, 2 lamp, 3 a relay of another pack, 4 heartbeat.
RelayRig contactors() {
  RelayRig rig({relay_of("charger", RelayRole::charge), relay_of("load", RelayRole::discharge),
                relay_of("lamp", RelayRole::alarm),
                relay_of("other", RelayRole::charge, at_once(), {1}),
                relay_of("beat", RelayRole::heartbeat)});
  for (const std::size_t i : {0, 1, 3, 4}) rig.want(i, true);
  rig.has_contact[0] = true;
  rig.step();
  return rig;
}

TEST(RelayContacts, AWeldedContactOpensTheOthersOfItsPacksAndStays) {
  RelayRig rig = contactors();
  rig.run(1_s);
  rig.held_contact[0] = true;
  rig.flow(0_mA);
  rig.want(0, false);
  rig.step();
  EXPECT_FALSE(rig.on(0));
  rig.run(400_ms);
  EXPECT_TRUE(rig.on(1)) << "contacts have time to settle";
  rig.run(300_ms);
  EXPECT_EQ(rig.latch(0), Latch::welded);
  EXPECT_FALSE(rig.on(1));
  EXPECT_EQ(rig.reason(1), "the contact of charger is welded");
  EXPECT_TRUE(rig.on(2));
  EXPECT_TRUE(rig.on(3)) << "another pack is no concern of it";
  EXPECT_EQ(rig.stage(4), RelayStage::safe) << "the heartbeat stops";
  EXPECT_EQ(rig.told(EventKind::relay_contact),
            Texts{"charger: welded: the contact is closed though driven open"});
  rig.held_contact[0] = false;
  rig.want(0, true);
  rig.run(60_s);
  EXPECT_FALSE(rig.on(0));
  EXPECT_FALSE(rig.on(1));
  rig.command(0, RelayCommand::reset);
  rig.held_contact[0].reset();
  rig.run(1_s);
  EXPECT_TRUE(rig.on(0));
  EXPECT_TRUE(rig.on(1));
  EXPECT_FALSE(rig.on(2));
}

TEST(RelayContacts, AResetDoesNotHelpAContactThatIsStillWelded) {
  RelayRig rig = contactors();
  rig.held_contact[0] = true;
  rig.want(0, false);
  rig.run(20_s);
  ASSERT_EQ(rig.latch(0), Latch::welded);
  rig.command(0, RelayCommand::reset);
  EXPECT_EQ(rig.latch(0), Latch::welded);
}

TEST(RelayContacts, AStuckContactIsAnAlarmAndOverWhenItFollows) {
  RelayRig rig = contactors();
  rig.held_contact[0] = false;
  rig.run(1_s);
  EXPECT_TRUE(rig.on(0));
  EXPECT_TRUE(rig.on(1));
  EXPECT_TRUE(rig.on(2));
  rig.held_contact[0].reset();
  rig.run(1_s);
  EXPECT_FALSE(rig.on(2));
  EXPECT_EQ(rig.told(EventKind::relay_contact),
            (Texts{"charger: stuck: the contact is open though driven closed",
                   "charger: the contact follows again"}));
}

TEST(RelayContacts, AreNotJudgedWhereNobodyDrives) {
  RelayRig rig({relay_of("charger", RelayRole::charge)}, Mode::observe);
  rig.has_contact[0] = true;
  rig.held_contact[0] = true;
  rig.run(60_s);
  EXPECT_EQ(rig.latch(0), Latch::none);
}

// 0 charge, 1 discharge, 2 cut-off.
RelayRig with_cutoff() {
  RelayRig rig({relay_of("charger", RelayRole::charge), relay_of("load", RelayRole::discharge),
                relay_of("breaker", RelayRole::cutoff)});
  rig.want(0, true);
  rig.want(1, true);
  rig.flow(30'000_mA);
  rig.step();
  rig.run(1_s);
  return rig;
}

TEST(RelayCutoff, FiresWhenTheCurrentStillFlowsAfterItsTimeAndStaysSo) {
  RelayRig rig = with_cutoff();
  rig.want(0, false, true);
  rig.step();
  rig.run(1'999_ms);
  EXPECT_FALSE(rig.on(2));
  rig.run(1_ms);
  EXPECT_TRUE(rig.on(2));
  EXPECT_EQ(rig.latch(2), Latch::fired);
  rig.run(100_ms);
  EXPECT_FALSE(rig.on(1)) << "nothing of these packs stays closed";
  rig.flow(0_mA);
  rig.want(0, true);
  rig.run(60_s);
  EXPECT_TRUE(rig.on(2));
  EXPECT_FALSE(rig.on(0));
}

TEST(RelayCutoff, StaysAsItIsWhenStageOneWorked) {
  RelayRig rig = with_cutoff();
  rig.want(0, false, true);
  rig.step();
  rig.run(1_s);
  rig.flow(0_mA);
  rig.run(60_s);
  EXPECT_FALSE(rig.on(2));
  EXPECT_TRUE(rig.on(1));
}

TEST(RelayCutoff, LooksOnlyAtWhatStageOneShouldHaveInterrupted) {
  RelayRig rig = with_cutoff();
  rig.want(0, false, true);
  rig.step();
  rig.flow(-100'000_mA);
  rig.run(60_s);
  EXPECT_FALSE(rig.on(2)) << "the pack may be discharged";
}

TEST(RelayCutoff, DoesNotFireWithoutEvidenceNorAfterATripThatIsNotCritical) {
  RelayRig blind = with_cutoff();
  blind.want(0, false, true);
  blind.flow({});
  blind.run(60_s);
  EXPECT_FALSE(blind.on(2));
  RelayRig mild = with_cutoff();
  mild.want(0, false);
  mild.run(60_s);
  EXPECT_FALSE(mild.on(2));
}

TEST(RelayCutoff, FiresWhenTheContactSaysClosed) {
  RelayRig rig = with_cutoff();
  rig.has_contact[0] = true;
  rig.held_contact[0] = true;
  rig.want(0, false, true);
  rig.flow({});
  rig.step();
  rig.run(2_s);
  EXPECT_EQ(rig.latch(2), Latch::fired);
}

TEST(RelayHeartbeat, BeatsOnlyWhileTheChainIsHealthy) {
  RelayLimits limits = at_once();
  limits.period = 50_ms;
  RelayRig rig(
      {relay_of("beat", RelayRole::heartbeat, limits), relay_of("charger", RelayRole::charge)});
  rig.run(1_s);
  EXPECT_FALSE(rig.on(0));
  rig.want(0, true);
  rig.step();
  int changes = 0;
  for (bool before = rig.on(0); rig.now < Instant{1'003'000};) {
    rig.run(10_ms);
    if (rig.on(0) != before) ++changes;
    before = rig.on(0);
  }
  EXPECT_EQ(changes, 40);
  rig.senses[1].fault = true;
  rig.run(1_s);
  EXPECT_FALSE(rig.on(0));
  EXPECT_EQ(rig.reason(0), "relay charger: is faulty");
  rig.senses[1].fault = false;
  rig.want(0, false);
  rig.run(1_s);
  EXPECT_EQ(rig.stage(0), RelayStage::safe);
}

TEST(RelayOperator, LocksOutUnlocksAndIsOnRecord) {
  RelayRig rig = rig_of(RelayRole::discharge);
  rig.want(0, true);
  rig.flow(-50'000_mA);
  rig.step();
  EXPECT_EQ(rig.command(0, RelayCommand::lock), "");
  EXPECT_EQ(rig.stage(0), RelayStage::unloading) << "not under load either";
  rig.run(10_s);
  EXPECT_FALSE(rig.on(0));
  EXPECT_EQ(rig.reason(0), "locked out by an operator");
  rig.run(600_s);
  EXPECT_FALSE(rig.on(0));
  EXPECT_EQ(rig.command(0, RelayCommand::unlock), "");
  EXPECT_TRUE(rig.on(0));
  EXPECT_EQ(rig.told(EventKind::relay_command),
            (Texts{"main: lock by uid 0", "main: unlock by uid 0"}));
}

TEST(RelayOperator, IsToldWhatHasNoEffect) {
  RelayRig rig = with_cutoff();
  EXPECT_EQ(rig.command(0, RelayCommand::unlock), "it is not locked out");
  EXPECT_EQ(rig.command(0, RelayCommand::reset), "it is not latched; it is on: allowed");
  EXPECT_EQ(rig.command(2, RelayCommand::lock),
            "a cut-off cannot be locked out: it could not fire");
  EXPECT_TRUE(rig.told(EventKind::relay_command).empty());
}

TEST(RelayRestart, IsNoAmnestyForLatchesLockOutsAndBudgets) {
  RelayRig rig = contactors();
  rig.command(3, RelayCommand::lock);
  rig.held_contact[0] = true;
  rig.want(0, false);
  rig.run(20_s);
  ASSERT_EQ(rig.latch(0), Latch::welded);
  rig.held_contact[0].reset();
  rig.want(0, true);
  rig.restart();
  rig.run(600_s);
  for (const std::size_t i : {0, 1, 3}) EXPECT_FALSE(rig.on(i)) << i;
  EXPECT_EQ(rig.reason(3), "locked out by an operator");
}

TEST(RelayRestart, RetriesBeforeItCount) {
  RelayRig rig = rig_of(RelayRole::charge);
  rig.want(0, true);
  rig.step();
  for (int retry = 0; retry < 3; ++retry) trip(rig);
  rig.want(0, false);
  rig.run(11_s);
  rig.restart();
  rig.want(0, true);
  rig.run(1_s);
  EXPECT_EQ(rig.latch(0), Latch::retries);
}

TEST(RelayRestart, AnHourAwayForgetsTheRetriesUnlessTheClockSteppedBack) {
  for (const Millis away : {3'700_s, Millis{-100'000'000}}) {
    RelayRig rig = rig_of(RelayRole::charge);
    rig.want(0, true);
    rig.step();
    for (int retry = 0; retry < 3; ++retry) trip(rig);
    rig.want(0, false);
    rig.run(11_s);
    rig.restart(away);
    rig.want(0, true);
    rig.run(1_s);
    EXPECT_EQ(rig.on(0), away.count > 0);
  }
}

TEST(RelayRestart, InEveryStageBeginsSafe) {
  for (const Millis when : {100_ms, 3'100_ms, 5_s, 8_s}) {
    RelayRig rig = precharged();
    rig.flow(-50'000_mA);
    rig.want(0, true);
    rig.step();
    rig.run(when);
    if (when == 8_s) {
      rig.want(0, false);
      rig.run(1_s);
    }
    rig.want(0, false);
    rig.restart();
    EXPECT_FALSE(rig.on(0)) << when.count;
    EXPECT_FALSE(rig.on(1)) << when.count;
    rig.want(0, true);
    rig.step();
    EXPECT_FALSE(rig.on(0)) << "it precharges again from the start";
    rig.run(4_s);
    EXPECT_TRUE(rig.on(0));
  }
}

TEST(RelayRestart, WithoutAReadableStateEverythingIsSafeAndTheLampIsOn) {
  RelayRig rig = contactors();
  rig.sequence = RelaySequence(rig.relays, Mode::control);
  rig.events.clear();
  rig.sequence.distrust(rig.now, "damaged", rig.events);
  EXPECT_EQ(rig.told(EventKind::state_unreadable),
            Texts{": damaged: every relay stays safe until `cellwarden relay NAME reset`"});
  rig.run(60_s);
  for (const std::size_t i : {0, 1, 3, 4}) EXPECT_FALSE(rig.on(i)) << i;
  EXPECT_TRUE(rig.on(2));
  for (const std::size_t i : {0, 1, 3, 4}) rig.command(i, RelayCommand::reset);
  rig.run(100_ms);
  EXPECT_TRUE(rig.on(0));
  EXPECT_FALSE(rig.on(2));
}

TEST(RelayRestart, ALatchOfARelayThatIsNotConfiguredAnyMoreIsReported) {
  RelayRig rig = rig_of(RelayRole::charge);
  Memory memory;
  memory.relays.push_back({"former", Latch::welded, false, false, 0, {}, {}});
  rig.sequence.restore(memory, rig.now, rig.wall(), rig.events);
  EXPECT_EQ(rig.told(EventKind::state_unreadable),
            Texts{"former: it was latched or locked out, and is not configured any more"});
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Charge control in the daemon: when it decides, what of it becomes an event, what it remembers,
// and what follows when an inverter does not listen.
#include "daemon/bank_control.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/charge_rig.h"

namespace cw {
namespace {

constexpr std::int64_t kWall_ms = 1'790'000'000'000;

class BankControlTest : public testing::Test {
 protected:
  explicit BankControlTest(ChargeSettings settings = {}) : bank_(configuration(settings)) {
    for (PackState& pack : packs_) {
      pack.max_age = {5'000};
      pack.guard = idle_guard();
    }
    packs_[0].name.assign("garage");
    packs_[1].name.assign("shed");
  }

  static BankConfiguration configuration(const ChargeSettings& settings) {
    BankConfiguration configuration;
    configuration.enabled = true;
    configuration.settings = settings;
    configuration.packs.assign(2, {.cells = 16,
                                   .charge_current = Milliamps{150'000},
                                   .discharge_current = Milliamps{200'000}});
    return configuration;
  }

  /// Seconds in which every pack that is not mute reports.
  void run(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      now_ = now_ + Millis{1'000};
      for (std::size_t p = 0; p < packs_.size(); ++p)
        if (!mute_ && mute_pack_ != p) report(packs_[p], reported_[p], now_);
      bank_.step(packs_, false, now_, kWall_ms + now_.ms, events_);
    }
  }

  std::int64_t wall() const { return kWall_ms + now_.ms; }

  std::size_t count(EventKind kind) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(events_, [kind](const Event& e) { return e.kind == kind; }));
  }
  const Event* last(EventKind kind) const {
    const Event* found = nullptr;
    for (const Event& event : events_)
      if (event.kind == kind) found = &event;
    return found;
  }
  const BankRequest& told() const { return *bank_.request(); }

  std::vector<PackState> packs_{2};
  std::vector<ReportedPack> reported_{2};
  bool mute_ = false;
  std::optional<std::size_t> mute_pack_;
  BankControl bank_;
  std::vector<Event> events_;
  Instant now_{1'000'000};
};

TEST_F(BankControlTest, WithoutABankNothingIsToldAndNothingIsDue) {
  BankControl none{BankConfiguration{}};
  EXPECT_EQ(none.request(), nullptr);
  EXPECT_FALSE(none.next_due());
  EXPECT_FALSE(none.step(packs_, true, now_, kWall_ms, events_));
  EXPECT_TRUE(events_.empty());
}

TEST_F(BankControlTest, ItDecidesOnceASecondAndAtOnceWhereItMust) {
  run(1);
  const Instant due = *bank_.next_due();
  EXPECT_EQ(due.ms, now_.ms + 1'000);
  EXPECT_FALSE(bank_.step(packs_, false, now_ + Millis{100}, kWall_ms, events_));
  EXPECT_TRUE(bank_.step(packs_, true, now_ + Millis{100}, kWall_ms, events_));
}

TEST_F(BankControlTest, ItSaysWhenItBeginsToTellAndWhatBindsEveryLimit) {
  run(1);
  ASSERT_EQ(count(EventKind::limits_told), 1u);
  EXPECT_EQ(last(EventKind::limits_told)->subject.view(), "speaking");
  EXPECT_EQ(count(EventKind::limit_bound), kLimitCount);
  run(60);
  EXPECT_EQ(count(EventKind::limit_bound), kLimitCount);  // nothing changed
}

TEST_F(BankControlTest, AnotherReasonIsAnEventWithTheCell) {
  run(60);
  events_.clear();
  reported_[1].cell_max_mV = 3'500;
  run(5);
  const Event* const event = last(EventKind::limit_bound);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->subject.view(), "charge_current_limit");
  EXPECT_NE(event->detail.view().find("cell 7 of shed at 3.500 V"), std::string_view::npos)
      << event->detail.view();
  EXPECT_EQ(event->value, told().charge_current.value.count);
}

TEST_F(BankControlTest, ReasonsThatAlternateFloodNothing) {
  run(60);
  events_.clear();
  for (int second = 0; second < 600; ++second) {
    reported_[0].cell_max_mV = second % 2 == 0 ? 3'500 : 3'400;
    reported_[1].cell_max_mV = second % 2 == 0 ? 3'400 : 3'500;
    run(1);
  }
  EXPECT_LE(count(EventKind::limit_bound), 2u * 600 / 10);
}

TEST_F(BankControlTest, BlindnessAndSilenceAreEventsAndEndInNothing) {
  run(5);
  mute_ = true;
  run(120);
  EXPECT_EQ(told().voice, Voice::silent);
  EXPECT_EQ(count(EventKind::limits_told), 3u);  // speaking, blind, silent
}

TEST_F(BankControlTest, WhatItRemembersIsTakenOver) {
  BankMemory memory;
  memory.charge = {wall() - 1'000, wall() - 1'000'000, ChargeStage::floating};
  memory.shares = {{"garage", {39, 45}}, {"shed", {61, 55}}};
  memory.ignored[0] = {true, std::nullopt, 15'000, 2};
  memory.ignored[1] = {false, wall() - 60'000, 42'000, 1};
  bank_.restore(memory, packs_, now_, wall());
  EXPECT_EQ(bank_.memory(packs_, now_, wall()), memory);
  EXPECT_EQ(bank_.revision(), 0u) << "nothing new to be written";
  run(1);
  EXPECT_EQ(told().stage, ChargeStage::floating);
  EXPECT_EQ(bank_.memory(packs_, now_, wall())->charge.last_full_wall_ms,
            memory.charge.last_full_wall_ms);
  // A pack that carries 61 % of the current may have 150 A of 246 A.
  EXPECT_EQ(told().charge_current.reason.cause, LimitCause::share);
  EXPECT_EQ(told().charge_current.value.count, 245'901);
}

TEST_F(BankControlTest, AWallThatSteppedBackForgivesNothing) {
  BankMemory memory;
  memory.ignored[0] = {false, wall() + 86'400'000, 42'000, 1};
  bank_.restore(memory, packs_, now_, wall());
  EXPECT_EQ(bank_.memory(packs_, now_, wall())->ignored[0].cleared, wall());
}

TEST_F(BankControlTest, WhatTremblesIsNotWrittenAgainAndAgain) {
  reported_[0].current_mA = reported_[1].current_mA = 50'000;
  run(700);
  const std::uint32_t before = bank_.revision();
  for (int second = 0; second < 600; ++second) {
    reported_[0].current_mA = 50'000 + second % 7 * 30;
    run(1);
  }
  EXPECT_LE(bank_.revision() - before, 2u);
}

TEST_F(BankControlTest, AFullChargeIsOrderedOnceDoneOnceAndSaid) {
  EXPECT_EQ(bank_.order_full_charge(false, "uid 0", now_, events_), "none is ordered");
  EXPECT_EQ(bank_.order_full_charge(true, "uid 0", now_, events_), "");
  EXPECT_EQ(bank_.order_full_charge(true, "uid 0", now_, events_), "it is ordered already");
  run(1);
  EXPECT_TRUE(told().full_charge_wanted);
  EXPECT_TRUE(bank_.memory(packs_, now_, wall())->full_charge);
  for (ReportedPack& pack : reported_) {
    pack.voltage_mV = 55'150;
    pack.cell_max_mV = 3'449;
    pack.cell_min_mV = 3'445;
  }
  run(700);
  EXPECT_EQ(told().stage, ChargeStage::floating);
  run(1);
  EXPECT_FALSE(told().full_charge_wanted);
  EXPECT_FALSE(bank_.memory(packs_, now_, wall())->full_charge);
  EXPECT_EQ(count(EventKind::bank_order), 2u);
  EXPECT_EQ(bank_.order_full_charge(true, "uid 0", now_, events_), "") << "a second one";
  run(2);
  EXPECT_EQ(told().stage, ChargeStage::bulk);
}

TEST_F(BankControlTest, ASettingThatABoardTellsLateAndThatContradictsIsAnEvent) {
  run(5);
  packs_[1].pack.parameters.set(Parameter::cell_overvoltage, 3'590);
  run(5);
  ASSERT_EQ(count(EventKind::contradiction_raised), 1u);
  const Event& event = *last(EventKind::contradiction_raised);
  EXPECT_EQ(event.pack.view(), "shed");
  EXPECT_EQ(event.subject.view(), "charge_curve_below_overvoltage");
  EXPECT_EQ(event.detail.view(),
            "this must hold: the charge curve ends 20 mV or more below the cell over-voltage "
            "protection; 3.58 V does not go with 3.57 V");
  EXPECT_EQ(event.value, 3'580);
  EXPECT_EQ(event.limit, 3'570);
  packs_[1].pack.parameters.set(Parameter::cell_overvoltage, 3'650);
  run(5);
  EXPECT_EQ(count(EventKind::contradiction_cleared), 1u);
}

TEST_F(BankControlTest, AnOrderNarrowsAtOnceAndOnlyANewOneIsNews) {
  run(60);
  BankOrders orders;
  orders.disconnect = true;
  EXPECT_TRUE(bank_.order(orders));
  EXPECT_FALSE(bank_.order(orders));
  bank_.step(packs_, false, now_, kWall_ms + now_.ms, events_);
  EXPECT_EQ(told().charge_current.value.count, 0);
  EXPECT_EQ(told().discharge_current.value.count, 0);
}

ChargeSettings with_every_step() {
  ChargeSettings settings;
  settings.charge_current_most = Milliamps{20'000};
  settings.ignored_flags_after = Millis{10'000};
  settings.ignored_soc_after = Millis{20'000};
  settings.ignored_silence_after = Millis{30'000};
  settings.ignored_relay_after = Millis{40'000};
  return settings;
}

class Disobeyed : public BankControlTest {
 protected:
  Disobeyed() : BankControlTest(with_every_step()) {}
};

TEST_F(Disobeyed, LimitsThatAreKeptToAreNoNews) {
  reported_[0].current_mA = reported_[1].current_mA = 9'000;
  run(300);
  EXPECT_EQ(count(EventKind::limits_ignored), 0u);
  EXPECT_EQ(bank_.ignored(), Switches::none);
}

TEST_F(Disobeyed, EveryStepIsTakenInItsTurnAndTheRelayIsTheLast) {
  reported_[0].current_mA = reported_[1].current_mA = 15'000;  // 30 A where 20 A are allowed
  run(22);
  ASSERT_EQ(count(EventKind::limits_ignored), 1u);
  EXPECT_EQ(last(EventKind::limits_ignored)->value, 30'000);
  EXPECT_EQ(last(EventKind::limits_ignored)->limit, 20'000);
  EXPECT_NE(told().not_obeyed, 0);
  EXPECT_TRUE(told().charge_enabled);
  run(10);
  EXPECT_FALSE(told().charge_enabled);
  EXPECT_EQ(told().charge_current.value.count, 0);
  EXPECT_EQ(told().charge_current.reason.cause, LimitCause::disobeyed);
  EXPECT_EQ(told().voice, Voice::speaking);
  EXPECT_EQ(bank_.ignored(), Switches::none);
  run(20);
  EXPECT_EQ(told().voice, Voice::silent);
  run(10);
  EXPECT_EQ(bank_.ignored(), Switches::charge);
  EXPECT_EQ(count(EventKind::limits_enforced), 4u);  // each step is told
  EXPECT_EQ(last(EventKind::limits_enforced)->subject.view(), "relay");
  EXPECT_EQ(last(EventKind::limits_enforced)->detail.view(), "charge, before: silence");
}

TEST_F(Disobeyed, ALoadThatComesBackWhileTheLimitRisesIsNone) {
  BankOrders off;
  off.disconnect = true;
  bank_.order(off);
  run(5);
  bank_.order({});
  reported_[0].current_mA = reported_[1].current_mA = 9'000;  // allowed, but not told yet
  run(25);
  ASSERT_EQ(told().charge_current.reason.cause, LimitCause::rising);
  EXPECT_EQ(told().charge_current.value.count, 0);
  run(30);
  EXPECT_EQ(count(EventKind::limits_ignored), 0u);
}

TEST_F(Disobeyed, ACurrentThatIsNotHeardNowIsHeldAgainstNobody) {
  reported_[0].current_mA = reported_[1].current_mA = 15'000;
  run(15);
  mute_ = true;  // limits of packs that get old fall; their last currents stay
  run(40);
  mute_ = false;
  run(10);
  EXPECT_EQ(count(EventKind::limits_ignored), 0u);
}

TEST_F(Disobeyed, NoStepIsTakenWhileNobodyKnowsTheCurrent) {
  reported_[0].current_mA = reported_[1].current_mA = 15'000;
  run(22 + 5);
  ASSERT_EQ(count(EventKind::limits_ignored), 1u);
  for (int round = 0; round < 3; ++round) {
    mute_pack_ = 1;
    run(28);  // nearly lost
    EXPECT_EQ(bank_.ignored(), Switches::none) << round;
    mute_pack_.reset();
    run(1);
  }
  run(60);
  EXPECT_EQ(bank_.ignored(), Switches::charge) << "it goes on where it was";
}

TEST_F(Disobeyed, AnInverterThatObeysTheFirstStepIsNeverTakenTheNext) {
  run(5);
  for (int round = 0; round < 6; ++round) {
    reported_[0].current_mA = reported_[1].current_mA = 15'000;
    for (int second = 0; second < 60 && told().charge_enabled; ++second) run(1);
    EXPECT_FALSE(told().charge_enabled) << round;  // ten seconds after it was noticed
    EXPECT_EQ(told().voice, Voice::speaking) << round;
    reported_[0].current_mA = reported_[1].current_mA = 0;
    run(200);  // it obeys, and is believed again
    EXPECT_EQ(bank_.ignored(), Switches::none) << round;
  }
}

TEST_F(BankControlTest, NobodyIsAskedToForceAChargeThatIsForbidden) {
  for (ReportedPack& pack : reported_) {
    pack.remaining_mAh = 8'400;  // 3 %
    pack.temperature_min_dC = -10;
  }
  run(180);
  EXPECT_EQ(told().charge_current.value.count, 0);
  EXPECT_FALSE(told().force_charge);
  for (ReportedPack& pack : reported_) pack.temperature_min_dC = 231;
  run(180);
  EXPECT_TRUE(told().force_charge);
}

TEST_F(BankControlTest, NothingRisesWhileAPackIsNotHeard) {
  BankOrders off;
  off.disconnect = true;
  bank_.order(off);
  run(5);
  bank_.order({});
  run(40);  // on the way up
  ASSERT_EQ(told().charge_current.reason.cause, LimitCause::rising);
  mute_ = true;
  run(6);  // its values are old from now on
  BankRequest before = told();
  for (int second = 0; second < 90; ++second) {
    run(1);
    EXPECT_LE(told().charge_current.value, before.charge_current.value) << second;
    EXPECT_LE(told().discharge_current.value, before.discharge_current.value) << second;
    EXPECT_LE(told().charge_voltage.value, before.charge_voltage.value) << second;
    before = told();
  }
  EXPECT_EQ(told().charge_current.value.count, 0);
}

TEST_F(BankControlTest, TheLimitOfTheSupervisorIsNotCalledThatOfTheBms) {
  for (PackState& pack : packs_) pack.policy.set(Parameter::charge_overcurrent, 25'000);
  run(60);
  EXPECT_EQ(told().charge_current.value.count, 2 * 22'500);
  EXPECT_EQ(told().charge_current.reason.cause, LimitCause::supervisor_setting);
}

TEST_F(BankControlTest, APackBehindItsOwnOpenRelayLeavesTheOthersTheirs) {
  run(60);
  packs_[1].apart = Switches::both;
  packs_[1].withheld = Switches::both;
  run(60);
  EXPECT_EQ(told().charge_current.value.count, 150'000);
  packs_[1].apart = Switches::none;  // a relay for both asks for zero before it opens
  run(2);
  EXPECT_EQ(told().charge_current.value.count, 0);
}

TEST_F(Disobeyed, ARestartIsNoAmnesty) {
  reported_[0].current_mA = reported_[1].current_mA = 15'000;
  run(22);
  ASSERT_EQ(count(EventKind::limits_ignored), 1u);
  const auto memory = bank_.memory(packs_, now_, wall());
  BankControl again{configuration(with_every_step())};
  again.restore(*memory, packs_, now_, wall());
  for (int i = 0; i < 42; ++i) {
    now_ = now_ + Millis{1'000};
    for (std::size_t p = 0; p < packs_.size(); ++p) report(packs_[p], reported_[p], now_);
    again.step(packs_, false, now_, wall(), events_);
  }
  EXPECT_EQ(again.ignored(), Switches::charge) << "the last step, when it was due before";
  EXPECT_EQ(count(EventKind::limits_ignored), 1u) << "that is no news";
}

// Nobody measured anything meanwhile.
TEST_F(Disobeyed, AnHourWithoutUsTakesNoStep) {
  reported_[0].current_mA = reported_[1].current_mA = 15'000;
  run(22);
  const auto memory = bank_.memory(packs_, now_, wall());
  now_ = now_ + Millis{3'600'000};
  BankControl again{configuration(with_every_step())};
  again.restore(*memory, packs_, now_, wall());
  const auto run_again = [&](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      now_ = now_ + Millis{1'000};
      for (std::size_t p = 0; p < packs_.size(); ++p) report(packs_[p], reported_[p], now_);
      again.step(packs_, false, now_, wall(), events_);
    }
  };
  run_again(5);
  EXPECT_TRUE(again.request()->charge_enabled) << "not even the first step";
  EXPECT_NE(again.request()->not_obeyed, 0) << "but it is not forgotten";
  reported_[0].current_mA = reported_[1].current_mA = 0;
  run_again(70);
  EXPECT_EQ(again.request()->not_obeyed, 0);
  reported_[0].current_mA = reported_[1].current_mA = 15'000;
  run_again(25);
  EXPECT_NE(again.request()->not_obeyed, 0);
  EXPECT_EQ(again.ignored(), Switches::none) << "twenty seconds too much open no relay";
}

TEST_F(Disobeyed, HowLongItLastsIsNotWrittenEverySecondAndNotForEver) {
  reported_[0].current_mA = reported_[1].current_mA = 15'000;
  run(700);
  const std::uint32_t before = bank_.revision();
  run(100);
  EXPECT_LE(bank_.revision() - before, 11u);
  EXPECT_GE(bank_.revision() - before, 9u) << "a crash forgives ten seconds";
  run(3'600);
  const std::uint32_t longest = bank_.revision();
  run(600);
  EXPECT_EQ(bank_.revision(), longest) << "no step is that late";
}

TEST_F(Disobeyed, WhenItListensAgainThatIsSaidAndEverythingComesBack) {
  reported_[0].current_mA = reported_[1].current_mA = 15'000;
  run(70);
  reported_[0].current_mA = reported_[1].current_mA = 0;
  run(120);
  EXPECT_EQ(count(EventKind::limits_obeyed), 1u);
  EXPECT_EQ(bank_.ignored(), Switches::none);
  EXPECT_EQ(told().voice, Voice::speaking);
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// An inverter that takes more than it is told: when it is said, and what is done about it.
#include <gtest/gtest.h>

#include "core/obedience.h"

namespace cw {
namespace {

struct Watch {
  ObedienceSettings settings;
  Obedience obedience;
  Instant now{1'000'000};
  ObedienceInput input{.told = true,
                       .charge_limit = {50'000},
                       .discharge_limit = {80'000},
                       .voltage_limit = {55'200},
                       .current = Milliamps{0},
                       .voltage = Millivolts{53'000}};

  void run(int seconds, std::int32_t current_mA) {
    input.current = Milliamps{current_mA};
    for (int i = 0; i < seconds; ++i) {
      obedience.step(input, settings, now);
      now = now + Millis{1'000};
    }
  }
  const Disobedience& charge() const { return obedience.of(Disobeyed::charge_current); }
  const Disobedience& discharge() const { return obedience.of(Disobeyed::discharge_current); }
};

TEST(Obedience, ATenthAndTwoAmpsMoreAreObedience) {
  Watch watch;
  watch.run(100, 57'000);
  EXPECT_FALSE(watch.obedience.any());
  watch.run(100, -90'000);
  EXPECT_FALSE(watch.obedience.any());
}

TEST(Obedience, MoreForTwentySecondsIsNot) {
  Watch watch;
  watch.run(20, 57'001);
  EXPECT_FALSE(watch.obedience.any());
  watch.run(1, 61'000);
  ASSERT_TRUE(watch.charge().raised);
  EXPECT_EQ(watch.charge().worst, 61'000);
  EXPECT_EQ(watch.charge().limit, 50'000);
  EXPECT_FALSE(watch.discharge().raised);
}

TEST(Obedience, AShortReturnBelowTheLimitStartsAnew) {
  Watch watch;
  watch.run(19, -120'000);
  watch.run(1, -80'000);
  watch.run(20, -120'000);
  EXPECT_FALSE(watch.discharge().raised);
  watch.run(1, -120'000);
  EXPECT_TRUE(watch.discharge().raised);
}

TEST(Obedience, AtALimitOfZeroTheLeakOfManyInvertersIsTolerated) {
  Watch watch;
  watch.input.charge_limit = {};
  watch.run(100, 2'000);
  EXPECT_FALSE(watch.charge().raised);
  watch.run(21, 2'100);
  EXPECT_TRUE(watch.charge().raised);
}

TEST(Obedience, ItIsTakenBackAfterAMinuteOfObedience) {
  Watch watch;
  watch.run(21, 90'000);
  watch.run(60, 40'000);
  EXPECT_TRUE(watch.charge().raised);
  watch.run(1, 40'000);
  EXPECT_FALSE(watch.charge().raised);
}

TEST(Obedience, WhatIsNotMeasuredNeitherRaisesNorClears) {
  Watch watch;
  watch.run(21, 90'000);
  watch.input.told = false;
  watch.run(1'000, 0);
  EXPECT_TRUE(watch.charge().raised);
  watch.input.told = true;
  watch.input.current.reset();
  watch.obedience.step(watch.input, watch.settings, watch.now);
  EXPECT_TRUE(watch.charge().raised);
}

TEST(Obedience, ARestingBatteryAboveAFallenChargeVoltageIsNoDisobedience) {
  Watch watch;
  watch.input.voltage = Millivolts{55'800};
  watch.run(200, 0);
  EXPECT_FALSE(watch.obedience.any());
  watch.run(60, 10'000);
  EXPECT_FALSE(watch.obedience.any());
  watch.run(1, 10'000);
  EXPECT_TRUE(watch.obedience.of(Disobeyed::charge_voltage).raised);
  EXPECT_EQ(watch.obedience.of(Disobeyed::charge_voltage).worst, 55'800);
}

constexpr EscalationLadder kLadder{.flags = Millis{0},
                                   .soc = Millis{60'000},
                                   .silence = Millis{120'000},
                                   .relay = Millis{300'000}};

BankRequest speaking_request() {
  BankRequest request;
  request.voice = Voice::speaking;
  request.charge_current.value = {50'000};
  request.discharge_current.value = {80'000};
  request.charge_enabled = request.discharge_enabled = true;
  request.measured.soc = CentiPercent{6'000};
  return request;
}

TEST(Escalation, TheStepsComeInOrderEachAfterItsTime) {
  Watch watch;
  const auto after = [&](int seconds) {
    watch.run(seconds, 90'000);
    return escalation(Flow::charge, watch.obedience, kLadder);
  };
  EXPECT_EQ(after(20), Escalation::none);
  EXPECT_EQ(after(1), Escalation::flags);
  EXPECT_EQ(after(59), Escalation::flags);
  EXPECT_EQ(after(1), Escalation::soc);
  EXPECT_EQ(after(60), Escalation::silence);
  EXPECT_EQ(after(179), Escalation::silence);
  EXPECT_EQ(after(1), Escalation::relay);
  EXPECT_EQ(escalation(Flow::discharge, watch.obedience, kLadder), Escalation::none);
}

TEST(Escalation, NoStepComesCloserWhileNothingIsMeasured) {
  Watch watch;
  watch.run(31, 90'000);
  ASSERT_EQ(watch.charge().lasted.count, 10'000);
  for (int second = 0; second < 600; ++second) {
    watch.now = watch.now + Millis{1'000};
    watch.input.current.reset();
    watch.obedience.step(watch.input, watch.settings, watch.now);
  }
  EXPECT_EQ(watch.charge().lasted.count, 10'000);
  watch.now = watch.now + Millis{1'000};
  watch.run(50, 90'000);
  EXPECT_EQ(watch.charge().lasted.count, 60'000);
}

TEST(Escalation, WhoKeepsToItClimbsNoFurtherThoughItIsNotBelievedYet) {
  Watch watch;
  watch.run(21, 90'000);
  ASSERT_EQ(escalation(Flow::charge, watch.obedience, kLadder), Escalation::flags);
  const EscalationLadder steep{.flags = Millis{0}, .soc = Millis{5'000}, .relay = Millis{30'000}};
  watch.run(59, 0);
  EXPECT_TRUE(watch.charge().raised);
  EXPECT_EQ(watch.charge().lasted.count, 0);
  EXPECT_EQ(escalation(Flow::charge, watch.obedience, steep), Escalation::flags);
  watch.run(5, 90'000);
  EXPECT_EQ(escalation(Flow::charge, watch.obedience, steep), Escalation::soc);
}

TEST(Escalation, LongerThanTheLongestLadderIsNotCounted) {
  Watch watch;
  watch.run(10'000, 90'000);
  EXPECT_EQ(watch.charge().lasted.count, kLongestLadder.count);
}

TEST(Escalation, WhatIsNotConfiguredIsNeverDone) {
  Watch watch;
  watch.run(10'000, 90'000);
  EXPECT_EQ(escalation(Flow::charge, watch.obedience, {}), Escalation::none);
  const BankRequest request = speaking_request();
  const BankRequest told = escalated(request, watch.obedience, {});
  EXPECT_EQ(told.charge_current, request.charge_current);
  EXPECT_EQ(told.voice, Voice::speaking);
}

TEST(Escalation, TooMuchChargingIsAnsweredByAFullBatteryTooMuchDischargingByAnEmptyOne) {
  Watch charging, discharging;
  charging.run(100, 90'000);
  discharging.run(100, -120'000);
  const BankRequest full = escalated(speaking_request(), charging.obedience, kLadder);
  EXPECT_EQ(full.measured.soc->count, 10'000);
  EXPECT_EQ(full.charge_current.value.count, 0);
  EXPECT_EQ(full.charge_current.reason.cause, LimitCause::disobeyed);
  EXPECT_FALSE(full.charge_enabled);
  EXPECT_TRUE(full.discharge_enabled);
  const BankRequest empty = escalated(speaking_request(), discharging.obedience, kLadder);
  EXPECT_EQ(empty.measured.soc->count, 0);
  EXPECT_FALSE(empty.discharge_enabled);
  EXPECT_EQ(empty.charge_current.value.count, 50'000);
}

TEST(Escalation, SilenceSilences) {
  Watch watch;
  watch.run(200, 90'000);
  EXPECT_EQ(escalated(speaking_request(), watch.obedience, kLadder).voice, Voice::silent);
}

TEST(Escalation, WhoDisobeysAgainWithinTheHourIsMetWhereTheLadderWasLeft) {
  Watch watch;
  watch.run(100, 90'000);
  ASSERT_EQ(escalation(Flow::charge, watch.obedience, kLadder), Escalation::soc);
  watch.run(100, 0);
  ASSERT_EQ(escalation(Flow::charge, watch.obedience, kLadder), Escalation::none);
  watch.run(21, 90'000);
  EXPECT_EQ(watch.charge().times, 2u);
  EXPECT_GE(escalation(Flow::charge, watch.obedience, kLadder), Escalation::soc);
}

}  // namespace
}  // namespace cw

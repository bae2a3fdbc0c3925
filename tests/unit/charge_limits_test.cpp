// SPDX-License-Identifier: Apache-2.0
// Limits worked out by hand, what is missing, and who is heard.
#include <gtest/gtest.h>

#include "tests/unit/charge_rig.h"

namespace cw {
namespace {

std::int32_t charge(const BankRequest& request) { return request.charge_current.value.count; }
std::int32_t discharge(const BankRequest& request) { return request.discharge_current.value.count; }

TEST(ChargeLimits, TheSmallestFactorCountsAndTheNextIsNamed) {
  ChargeRig rig(1);
  rig.own[0].charge_current = Milliamps{80'000};
  rig.reported[0].cell_max_mV = 3'475;      // 0.25
  rig.reported[0].temperature_min_dC = 75;  // 0.425
  const BankRequest& request = rig.step();
  EXPECT_EQ(charge(request), 20'000);
  EXPECT_EQ(request.charge_current.reason,
            (LimitReason{LimitCause::cell_voltage, 1, 7, 3'475, Unit::millivolt}));
  EXPECT_EQ(request.charge_current.next_value, Milliamps{34'000});
  EXPECT_EQ(request.charge_current.next,
            (LimitReason{LimitCause::temperature, 1, 1, 75, Unit::decicelsius}));
}

TEST(ChargeLimits, TheLowerOfTheOperatorsAndTheBoardsSettingBindsAndTheOtherIsNext) {
  ChargeRig rig(1);
  const BankRequest& request = rig.step();
  EXPECT_EQ(charge(request), 150'000);
  EXPECT_EQ(request.charge_current.reason.cause, LimitCause::setting);
  EXPECT_EQ(request.charge_current.next_value, Milliamps{180'000});
  EXPECT_EQ(request.charge_current.next.cause, LimitCause::board_setting);
  EXPECT_EQ(discharge(request), 180'000);
  EXPECT_EQ(request.discharge_current.reason.cause, LimitCause::board_setting);
}

TEST(ChargeLimits, WhatOurOwnGuardWouldTripAtCountsAsTheBoardsSetting) {
  ChargeRig rig(1);
  rig.packs[0].policy.set(Parameter::charge_overcurrent, 100'000);
  EXPECT_EQ(charge(rig.step()), 90'000);
}

TEST(ChargeLimits, APackThatCarriesTooMuchHoldsTheBankBack) {
  ChargeRig rig(2);
  rig.reported[0].current_mA = 75'000;
  rig.reported[1].current_mA = 25'000;
  const BankRequest& request = rig.step();
  EXPECT_EQ(charge(request), 200'000);  // 150 A x 100 / 75
  EXPECT_EQ(request.charge_current.reason.cause, LimitCause::share);
  EXPECT_EQ(request.charge_current.reason.pack, 1);
  EXPECT_EQ(request.charge_current.next_value, Milliamps{300'000});
}

TEST(ChargeLimits, AShareIsToldInPercent) {
  ChargeRig rig(2);
  rig.reported[0].current_mA = 75'000;
  rig.reported[1].current_mA = 25'000;
  const LimitReason& reason = rig.step().charge_current.reason;
  EXPECT_EQ(reason.value, 7'500);
  EXPECT_EQ(reason.unit, Unit::centipercent);
}

// Packs on one line are read one after the other: for a moment one of them seems to carry it all.
TEST(ChargeLimits, AStepOfTheLoadReadOneByOneIsNoShare) {
  ChargeRig rig(4);
  rig.run(60);
  ASSERT_EQ(discharge(rig.control.request()), 720'000);
  rig.silent.assign(4, true);
  for (std::size_t round = 0; round < 3; ++round)
    for (std::size_t pack = 0; pack < 4; ++pack) {
      rig.silent[pack] = false;
      rig.reported[pack].current_mA = -60'000;
      EXPECT_EQ(discharge(rig.run(1)), 720'000) << "round " << round << ", pack " << pack;
      rig.silent[pack] = true;
    }
}

TEST(ChargeLimits, AnUnevenShareIsFoundThoughPacksAreReadOneByOne) {
  ChargeRig rig(2);
  rig.run(60);
  rig.silent.assign(2, true);
  for (const std::size_t pack : {0, 1, 0, 1}) {
    rig.silent[pack] = false;
    rig.reported[pack].current_mA = pack == 0 ? -90'000 : -30'000;
    rig.run(1);
    rig.silent[pack] = true;
  }
  EXPECT_EQ(discharge(rig.control.request()), 240'000);  // 180 A x 120 / 90
  EXPECT_EQ(rig.control.request().discharge_current.reason.cause, LimitCause::share);
}

TEST(ChargeLimits, TheShareOfOneThatWasHeardAloneEndsWithTheOthers) {
  ChargeRig rig(2);
  rig.silence(1);
  rig.reported[0].current_mA = -50'000;
  rig.run(60);
  rig.silent[1] = false;
  rig.reported[0].current_mA = rig.reported[1].current_mA = -1'000;  // too little to measure shares
  rig.run(120);
  EXPECT_EQ(discharge(rig.control.request()), 360'000);
}

TEST(ChargeLimits, TheBanksOwnLimitAndOrdersOnlyNarrow) {
  ChargeRig rig(2);
  rig.settings.charge_current_most = Milliamps{120'000};
  const BankRequest& request = rig.step();
  EXPECT_EQ(charge(request), 120'000);
  EXPECT_EQ(request.charge_current.reason.cause, LimitCause::bank_setting);
  rig.orders.disconnect = true;
  rig.run(1);
  EXPECT_EQ(charge(request), 0);
  EXPECT_EQ(request.charge_current.reason.cause, LimitCause::request);
  EXPECT_EQ(discharge(request), 0);
}

TEST(ChargeLimits, TheWindowOfTheStateOfChargeForbidsAndOrdersOnlyNarrowIt) {
  ChargeRig rig(1);
  rig.settings.soc_min = {2'000};
  rig.reported[0].remaining_mAh = 56'000;  // 20 %
  const BankRequest& request = rig.step();
  EXPECT_EQ(discharge(request), 0);
  EXPECT_EQ(request.discharge_current.reason.cause, LimitCause::charge_state);
  EXPECT_GT(charge(request), 0);
  rig.orders.soc_min = CentiPercent{1'000};
  EXPECT_EQ(rig.run(1).soc_min.count, 2'000);
  rig.orders.soc_min = CentiPercent{3'000};
  EXPECT_EQ(rig.run(1).soc_min.count, 3'000);
}

TEST(ChargeLimits, APackThatIsLostDoesNotMoveTheBankAwayFromABound) {
  ChargeRig rig(2);
  rig.settings.soc_max = {8'000};
  rig.reported[0].remaining_mAh = 260'000;
  rig.reported[1].remaining_mAh = 200'000;  // together 82 %
  EXPECT_EQ(charge(rig.step()), 0);
  rig.silence(0);
  const BankRequest& request = rig.run(200);
  EXPECT_EQ(charge(request), 0) << "what is heard is at 71 %";
  EXPECT_EQ(request.charge_current.reason.cause, LimitCause::charge_state);
}

TEST(ChargeLimits, AFullCounterAloneForbidsNothing) {
  ChargeRig rig(1);
  rig.reported[0].remaining_mAh = 280'000;
  EXPECT_EQ(charge(rig.step()), 150'000);
}

// Each of these was never heard: nothing of it may look healthy.
TEST(ChargeMissing, WithoutCellsThereIsNoCurrentAndFloat) {
  ChargeRig rig(1);
  rig.step();
  rig.packs[0].pack.scalars.cell_voltage_max.clear();
  ChargeRig blind(1);
  report(blind.packs[0], blind.reported[0], blind.now);
  blind.packs[0].pack.scalars.cell_voltage_min.clear();
  const BankRequest& request =
      blind.control.step(blind.packs, blind.orders, blind.now, blind.wall_ms);
  EXPECT_EQ(charge(request), 0);
  EXPECT_EQ(discharge(request), 0);
  EXPECT_EQ(request.charge_current.reason.cause, LimitCause::unknown);
  EXPECT_EQ(request.charge_voltage.value.count, 53'600);
}

TEST(ChargeMissing, WithoutAnySensorItIsTooColdToChargeAndCoolToDischarge) {
  ChargeRig rig(1);
  rig.reported[0].temperature_min_dC.reset();
  rig.reported[0].temperature_max_dC.reset();
  const BankRequest& request = rig.step();
  EXPECT_EQ(charge(request), 0);
  EXPECT_EQ(request.charge_current.reason.cause, LimitCause::unknown);
  EXPECT_EQ(discharge(request), 126'000);  // 0.7 of 180 A, as at 0 °C
}

TEST(ChargeMissing, ASwitchSensorThatIsNotFittedIsFine) {
  ChargeRig rig(1);
  rig.reported[0].mosfet_dC.reset();
  EXPECT_EQ(charge(rig.step()), 150'000);
}

TEST(ChargeMissing, WithoutAnySettingNothingIsAllowed) {
  ChargeRig rig(1);
  rig.own[0].charge_current.reset();
  rig.reported[0].board_charge_mA.reset();
  const BankRequest& request = rig.step();
  EXPECT_EQ(charge(request), 0);
  EXPECT_EQ(request.charge_current.reason.cause, LimitCause::unknown);
}

TEST(ChargeMissing, WithoutACapacityTheWholeCurrentMayGoThroughAnyPack) {
  ChargeRig rig(2);
  rig.reported[1].capacity_mAh.reset();
  EXPECT_EQ(charge(rig.step()), 150'000);
}

TEST(ChargeMissing, ACellThatCannotBeTrueLetsTheLastValuesAge) {
  ChargeRig rig(1);
  rig.step();
  for (int second = 1; second <= 40; ++second) {
    rig.now = rig.now + Millis{1'000};
    report(rig.packs[0], rig.reported[0], rig.now);
    rig.packs[0].pack.scalars.cell_voltage_max.reject(rig.now);
    const auto& request = rig.control.step(rig.packs, rig.orders, rig.now, rig.wall_ms);
    if (second <= 5) {
      EXPECT_EQ(charge(request), 150'000);
    }
    if (second == 15) {
      EXPECT_EQ(charge(request), 90'000);
    }  // 15 of 25 s are left
    if (second > 30) {
      EXPECT_EQ(request.charge_current.reason.cause, LimitCause::unknown);
    }
    if (second >= 30) {
      EXPECT_EQ(charge(request), 0);
    }
  }
}

TEST(ChargePresence, NothingIsSaidBeforeOnePackIsHeard) {
  ChargeRig rig(2);
  rig.silence(0);
  rig.silence(1);
  EXPECT_EQ(rig.run(100).voice, Voice::silent);
  rig.silent = {false, true};
  const BankRequest& request = rig.run(1);
  EXPECT_EQ(request.voice, Voice::speaking);
  EXPECT_EQ(charge(request), 150'000) << "the first value is taken as it is";
}

TEST(ChargePresence, APackThatIsNotHeardCountsAsLostOnlyAfterTheGrace) {
  ChargeRig rig(2);
  rig.silence(1);
  EXPECT_EQ(rig.step().charge_voltage.next_value, Millivolts{55'200});
  EXPECT_EQ(rig.run(30).charge_voltage.next_value, Millivolts{55'200});
  const BankRequest& request = rig.run(1);
  EXPECT_EQ(request.charge_voltage.value.count, 53'600);
  EXPECT_EQ(request.charge_voltage.reason,
            (LimitReason{.cause = LimitCause::pack_lost, .pack = 2}));
  EXPECT_TRUE(request.warnings.has(Alarm::internal_communication));
  EXPECT_FALSE(request.alarms.any());
}

TEST(ChargePresence, LimitsShrinkAsValuesAgeAndTheReasonSaysSo) {
  ChargeRig rig(2);
  rig.step();
  rig.silence(0);
  const BankRequest& request = rig.run(5);
  EXPECT_EQ(charge(request), 300'000);
  rig.run(15);  // 20 s: 10 of 25 are left
  EXPECT_EQ(charge(request), 120'000);
  EXPECT_EQ(request.charge_current.reason,
            (LimitReason{LimitCause::stale_data, 1, 0, 20'000, Unit::millisecond}));
  EXPECT_EQ(request.charge_current.next_value, Milliamps{300'000});
}

TEST(ChargePresence, ALostPackHoldsTheBankToWhatItAllowedLast) {
  ChargeRig rig(2);
  rig.reported[0].cell_max_mV = 3'475;  // 0.25: 37.5 A
  EXPECT_EQ(charge(rig.step()), 75'000);
  rig.silence(0);
  const BankRequest& request = rig.run(31);
  EXPECT_EQ(request.charge_current.next_value, Milliamps{37'500});  // x 280 / 280
  EXPECT_EQ(request.charge_current.next.cause, LimitCause::pack_lost);
  rig.run(120);
  EXPECT_EQ(charge(request), 37'500);
}

TEST(ChargePresence, APackThatWasSwitchedOffIsMissedByNobody) {
  ChargeRig rig(2);
  rig.reported[1].charge_on = rig.reported[1].discharge_on = false;
  rig.step();
  rig.silence(1);
  const BankRequest& request = rig.run(100);
  EXPECT_EQ(charge(request), 150'000);
  EXPECT_EQ(request.charge_voltage.next_value, Millivolts{55'200});
  EXPECT_FALSE(request.warnings.any());
}

TEST(ChargePresence, WhenAllAreLostZerosAreSaidForAMinuteAndThenNothing) {
  ChargeRig rig(2);
  rig.step();
  rig.silence(0);
  rig.silence(1);
  const BankRequest& request = rig.run(31);
  EXPECT_EQ(request.voice, Voice::blind);
  EXPECT_EQ(charge(request) + discharge(request), 0);
  EXPECT_EQ(request.charge_current.reason.cause, LimitCause::all_lost);
  EXPECT_EQ(request.charge_voltage.value.count, 53'600);
  EXPECT_TRUE(request.alarms.has(Alarm::internal_communication));
  EXPECT_EQ(request.measured.voltage, Millivolts{53'200}) << "the last one known";
  EXPECT_FALSE(request.charge_enabled || request.discharge_enabled || request.force_charge);
  EXPECT_EQ(rig.run(59).voice, Voice::blind);
  EXPECT_EQ(rig.run(1).voice, Voice::silent);
  rig.silent.clear();
  rig.run(1);
  EXPECT_EQ(request.voice, Voice::speaking);
  EXPECT_EQ(charge(request), 0);
  EXPECT_EQ(request.charge_current.reason.cause, LimitCause::rising);
  EXPECT_EQ(charge(rig.run(30 + 4)), 20'000);
}

TEST(ChargePresence, RidingThroughGoesOnWithHalfIfAllWasWell) {
  ChargeRig rig(1);
  rig.settings.ride_through = {300'000};
  rig.step();
  rig.silence(0);
  EXPECT_EQ(charge(rig.run(200)), 75'000);
  EXPECT_EQ(charge(rig.run(200)), 0);
  ChargeRig high(1);
  high.settings.ride_through = {300'000};
  high.reported[0].cell_max_mV = 3'380;
  high.step();
  high.silence(0);
  EXPECT_EQ(charge(high.run(200)), 0);
}

TEST(ChargePresence, WhoIsLostLastWasWellThenOrNobodyRides) {
  const auto ridden = [](std::int32_t cell_max_mV) {
    ChargeRig rig(2);
    rig.settings.ride_through = {300'000};
    rig.run(5);
    rig.silence(0);
    rig.run(3'600);
    rig.reported[1].cell_max_mV = cell_max_mV;
    const std::int32_t before = charge(rig.run(60));
    rig.silence(1);
    EXPECT_LE(charge(rig.run(200)), before / 2) << "half of what was told last";
    return charge(rig.control.request());
  };
  EXPECT_GT(ridden(3'331), 0);
  EXPECT_EQ(ridden(3'500), 0);
}

TEST(ChargeProtection, AForbiddenPackThatStillConductsStopsTheBank) {
  ChargeRig rig(2);
  rig.step();
  rig.packs[0].guard = guard_tripped(3'700);
  const BankRequest& request = rig.run(1);
  EXPECT_EQ(charge(request), 0);
  EXPECT_EQ(request.charge_current.reason,
            (LimitReason{LimitCause::protection, 1, 3, 3'700, Unit::millivolt}));
  EXPECT_EQ(discharge(request), 360'000) << "one direction does not block the other";
  rig.reported[0].charge_on = false;
  rig.run(31 + 30);
  EXPECT_EQ(charge(request), 150'000);
  EXPECT_EQ(request.packs_blocking_charge, 1);
}

TEST(ChargeProtection, ZeroIsAskedForBeforeARelayOpens) {
  ChargeRig rig(2);
  rig.step();
  rig.packs[1].withheld = Switches::both;
  const BankRequest& request = rig.run(1);
  EXPECT_EQ(charge(request) + discharge(request), 0);
  EXPECT_EQ(request.charge_current.reason, (LimitReason{.cause = LimitCause::opening, .pack = 2}));
}

TEST(ChargeProtection, AGuardThatIsBlindBecauseOfAgeAddsNothing) {
  ChargeRig rig(1);
  rig.step();
  rig.silence(0);
  rig.run(6);
  rig.packs[0].guard = Protection{Start::tripped};  // for want of values
  EXPECT_EQ(charge(rig.run(9)), 90'000);
}

TEST(ChargeAlarms, OneOfTwoIsAWarningBothAreAnAlarmUnlessAnyIsEnough) {
  ChargeRig rig(2);
  rig.reported[0].alarms.add(Alarm::cell_overvoltage);
  const BankRequest& request = rig.step();
  EXPECT_TRUE(request.warnings.has(Alarm::cell_overvoltage));
  EXPECT_FALSE(request.alarms.any());
  rig.reported[1].alarms.add(Alarm::cell_overvoltage);
  rig.run(1);
  EXPECT_TRUE(request.alarms.has(Alarm::cell_overvoltage));
  rig.reported[0].alarms = {};
  rig.settings.alarm_if_any = true;
  rig.run(1);
  EXPECT_TRUE(request.alarms.has(Alarm::cell_overvoltage));
}

TEST(ChargeAlarms, WhatOurGuardHoldsIsToldAsWhatABoardReports) {
  ChargeRig rig(2);
  rig.packs[0].guard = guard_tripped(3'700);
  const BankRequest& request = rig.step();
  EXPECT_TRUE(request.warnings.has(Alarm::cell_overvoltage));
  EXPECT_FALSE(request.alarms.has(Alarm::cell_overvoltage));
  rig.reported[1].alarms.add(Alarm::cell_overvoltage);  // the guard of one, the board of the other
  rig.run(1);
  EXPECT_TRUE(request.alarms.has(Alarm::cell_overvoltage));
}

TEST(ChargeAlarms, ALimitThatIsCrossedWarnsBeforeItTrips) {
  ChargeRig rig(1);
  rig.packs[0].guard = guard_tripped(3'700, 2'000);
  const BankRequest& request = rig.step();
  EXPECT_TRUE(request.warnings.has(Alarm::cell_overvoltage));
  EXPECT_FALSE(request.alarms.has(Alarm::cell_overvoltage));
}

TEST(ChargeAlarms, WhatTheBoardShouldHaveTrippedAtIsAWarning) {
  ChargeRig rig(1);
  DivergenceState& missed =
      rig.packs[0].divergences[static_cast<std::size_t>(Divergence::missed_trip)];
  missed.raised = true;
  missed.evidence.rule = Rule::charge_overcurrent;
  EXPECT_TRUE(rig.step().warnings.has(Alarm::charge_overcurrent));
}

TEST(ChargeAlarms, PacksThatDifferUnderLoadAreBadlyConnected) {
  ChargeRig rig(2);
  rig.reported[0].voltage_mV = 53'000;
  rig.reported[1].voltage_mV = 53'301;
  EXPECT_FALSE(rig.step().warnings.any());
  rig.reported[0].current_mA = 30'000;
  EXPECT_TRUE(rig.run(1).warnings.has(Alarm::parallel_module_fault));
}

}  // namespace
}  // namespace cw

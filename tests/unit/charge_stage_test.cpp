// SPDX-License-Identifier: Apache-2.0
// Stages of charge and their exits, restarts, the state of charge inverters are told, and charging
// that must be.
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/charge_rig.h"
#include "tests/unit/core_random.h"

namespace cw {
namespace {

constexpr std::int64_t kDay_ms = 86'400'000;

struct Stages {
  ChargeSettings settings;
  StageMachine machine;
  StageInput input{.cells = 16,
                   .voltage = Millivolts{53'000},
                   .current = Milliamps{60'000},
                   .cell_difference = Millivolts{10},
                   .soc = CentiPercent{6'000},
                   .capacity = MilliampHours{280'000},
                   .charging_possible = true};
  Instant now{5'000'000};
  std::int64_t wall_ms = 1'800'000'000'000;

  ChargeStage run(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      machine.step(input, settings, now, wall_ms);
      now = now + Millis{1'000};
      wall_ms += 1'000;
    }
    return machine.stage();
  }
  std::int32_t voltage() const { return machine.voltage(16, settings, now).count; }
  void reach_absorption() {
    input.voltage = Millivolts{55'100};
    ASSERT_EQ(run(11), ChargeStage::absorption);
  }
  void reach_float() {
    reach_absorption();
    input.current = Milliamps{5'000};
    ASSERT_EQ(run(700), ChargeStage::floating);
  }
};

TEST(ChargeStages, AShortPeakIsNoAbsorption) {
  Stages stages;
  stages.input.voltage = Millivolts{55'150};
  EXPECT_EQ(stages.run(10), ChargeStage::bulk);
  stages.input.voltage = Millivolts{55'099};
  stages.run(1);
  stages.input.voltage = Millivolts{55'100};
  EXPECT_EQ(stages.run(10), ChargeStage::bulk);
  EXPECT_EQ(stages.run(1), ChargeStage::absorption);
}

TEST(ChargeStages, AbsorptionEndsWithASmallCurrentAndEvenCellsOrAfterItsTime) {
  Stages stages;
  stages.reach_absorption();
  stages.input.current = Milliamps{14'000};
  stages.input.cell_difference = Millivolts{31};
  EXPECT_EQ(stages.run(1'000), ChargeStage::absorption);
  stages.input.cell_difference = Millivolts{30};
  EXPECT_EQ(stages.run(1), ChargeStage::floating);
  EXPECT_TRUE(stages.machine.full());
  EXPECT_EQ(stages.machine.memory().last_full_wall_ms, stages.wall_ms - 1'000);

  Stages uneven;
  uneven.reach_absorption();
  uneven.input.cell_difference = Millivolts{90};
  EXPECT_EQ(uneven.run(7'199), ChargeStage::absorption);
  EXPECT_EQ(uneven.run(2), ChargeStage::floating);
}

TEST(ChargeStages, FloatFallsSlowlyAndIsLeftAtOnce) {
  Stages stages;
  stages.input.soc = CentiPercent{9'700};
  stages.reach_float();
  const std::int32_t before = stages.voltage();
  stages.run(100);
  EXPECT_EQ(stages.voltage(), before - 100);
  stages.run(2'000);
  EXPECT_EQ(stages.voltage(), 53'600);
  stages.input.soc = CentiPercent{8'999};
  EXPECT_EQ(stages.run(1), ChargeStage::bulk);
  EXPECT_EQ(stages.voltage(), 55'200);
}

TEST(ChargeStages, ACounterThatIsWrongWhenFullDoesNotSendFloatBackToBulk) {
  Stages stages;
  stages.reach_float();  // at 60 %, it says
  EXPECT_EQ(stages.run(5'000), ChargeStage::floating);
  stages.input.soc = CentiPercent{5'000};
  EXPECT_EQ(stages.run(1), ChargeStage::floating);
  stages.input.soc = CentiPercent{4'999};  // a tenth was used
  EXPECT_EQ(stages.run(1), ChargeStage::bulk);
}

TEST(ChargeStages, FloatIsLeftWithoutAnyStateOfChargeWhenNothingCanBeFull) {
  Stages stages;
  stages.reach_float();
  stages.input.soc.reset();
  stages.input.voltage = Millivolts{51'199};
  EXPECT_EQ(stages.run(60), ChargeStage::floating);
  EXPECT_EQ(stages.run(1), ChargeStage::bulk);
}

TEST(ChargeStages, AFullChargeIsDueAfterTwoWeeksAndWantedAfterAMonth) {
  Stages stages;
  stages.input.soc = CentiPercent{9'900};
  stages.reach_float();
  stages.input.voltage = Millivolts{53'600};
  stages.input.charging_possible = false;
  stages.wall_ms += 14 * kDay_ms;
  EXPECT_EQ(stages.run(5), ChargeStage::floating) << "nothing to charge with";
  stages.input.charging_possible = true;
  EXPECT_EQ(stages.run(1), ChargeStage::bulk);
  EXPECT_FALSE(stages.machine.full_charge_wanted());
  stages.wall_ms += 16 * kDay_ms;
  stages.run(1);
  EXPECT_TRUE(stages.machine.full_charge_wanted());
  stages.reach_float();
  EXPECT_FALSE(stages.machine.full_charge_wanted());
}

TEST(ChargeStages, ABankThatWasNeverFullIsCountedFromTheFirstStart) {
  Stages stages;
  stages.run(1);
  EXPECT_FALSE(stages.machine.full_charge_wanted());
  Stages later;
  later.machine.restore(stages.machine.memory());
  later.wall_ms += 30 * kDay_ms;
  later.run(1);
  EXPECT_TRUE(later.machine.full_charge_wanted());
}

TEST(ChargeStages, AnOrderForAFullChargeIsServedOnce) {
  Stages stages;
  stages.input.soc = CentiPercent{9'900};
  stages.reach_float();
  stages.input.full_charge_ordered = true;
  EXPECT_EQ(stages.run(1), ChargeStage::bulk);
  stages.reach_float();
  EXPECT_EQ(stages.run(100), ChargeStage::floating) << "it still stands, and was served";
}

TEST(ChargeStages, ARestartKeepsTheStageTheLastFullChargeAndWhereFloatWas) {
  Stages before;
  before.input.soc = CentiPercent{9'900};
  before.reach_float();
  before.run(400);
  const std::int32_t voltage = before.voltage();
  Stages after;
  after.input = before.input;
  after.wall_ms = before.wall_ms + 10'000;
  after.now = {1};
  after.machine.restore(before.machine.memory());
  after.machine.step(after.input, after.settings, after.now, after.wall_ms);
  EXPECT_EQ(after.machine.stage(), ChargeStage::floating);
  EXPECT_EQ(after.machine.memory(), before.machine.memory());
  EXPECT_EQ(after.voltage(), voltage - 10);
}

// No stage without an exit: from anywhere a healthy battery gets to float within its times, and out
// of it when it is used.
TEST(ChargeStages, EveryStageHasAWayOutWhateverCameBefore) {
  Dice dice(seed());
  for (int walk = 0; walk < 100; ++walk) {
    Stages stages;
    for (int i = 0; i < 300; ++i) {
      stages.input.voltage = Millivolts{dice.between(50'000, 55'600)};
      stages.input.current = Milliamps{dice.between(-50'000, 50'000)};
      stages.input.cell_difference = Millivolts{dice.between(0, 120)};
      stages.input.soc = CentiPercent{dice.between(0, 10'000)};
      if (dice.once_in(5)) stages.input.voltage.reset();
      stages.run(dice.between(1, 300));
      EXPECT_GE(stages.voltage(), 53'600);
      EXPECT_LE(stages.voltage(), 55'200);
    }
    stages.input.voltage = Millivolts{55'200};
    stages.input.soc = CentiPercent{9'900};
    EXPECT_EQ(stages.run(7'300), ChargeStage::floating);
    stages.input.soc = CentiPercent{4'000};
    stages.input.voltage = Millivolts{52'000};
    EXPECT_EQ(stages.run(1), ChargeStage::bulk);
  }
}

struct Told {
  ReportedSoc soc;
  Instant now{1'000};
  std::int32_t step(std::int32_t computed, bool full = false, bool discharging = true) {
    now = now + Millis{1'000};
    return soc.step(CentiPercent{computed}, full, discharging, now)->count;
  }
};

TEST(ToldSoc, IsNinetyNineUntilFullAndAHundredUntilPlainlyLess) {
  Told told;
  EXPECT_EQ(told.step(10'000), 9'900);
  EXPECT_EQ(told.step(9'950, true), 10'000);
  EXPECT_EQ(told.step(9'900, true), 10'000);
  EXPECT_EQ(told.step(9'899, true), 9'899);
  EXPECT_EQ(told.step(9'950, true), 9'900);
}

TEST(ToldSoc, IsNeverZeroWhileDischargingIsAllowed) {
  Told told;
  EXPECT_EQ(told.step(0), 100);
  EXPECT_EQ(told.step(0, false, false), 0);
}

TEST(ToldSoc, AJumpIsPassedOnWithinAMinute) {
  Told told;
  EXPECT_EQ(told.step(8'000), 8'000);
  std::int32_t before = 8'000;
  for (int second = 1; second <= 60; ++second) {
    const std::int32_t now = told.step(9'800);
    EXPECT_LE(now - before, 60) << second;
    EXPECT_GE(now, before);
    before = now;
  }
  EXPECT_EQ(before, 9'800);
  EXPECT_EQ(told.step(9'400), 9'400) << "a small step is none";
}

TEST(ToldSoc, ACounterThatIsWrongWhenFullCountsOnFromThere) {
  Told told;
  told.step(9'600);
  EXPECT_EQ(told.step(9'600, true), 10'000);
  EXPECT_EQ(told.step(9'510, true), 10'000);
  EXPECT_EQ(told.step(9'499, true), 9'992) << "on its way down, without a jump";
}

TEST(ChargeFlags, AnEmptyBatteryAsksToBeChargedUntilItIsNot) {
  ChargeRig rig(1);
  rig.reported[0].remaining_mAh = 14'000;  // 5 %
  rig.step();
  EXPECT_FALSE(rig.run(59).force_charge);
  EXPECT_TRUE(rig.run(1).force_charge);
  rig.reported[0].remaining_mAh = 30'000;
  EXPECT_TRUE(rig.run(100).force_charge);
  rig.reported[0].remaining_mAh = 33'600;  // 12 %
  EXPECT_FALSE(rig.run(1).force_charge);
}

// From float to absorption: the hold, then a millivolt a second.
constexpr int kRisen = 60 + 1'600 + 2;

TEST(ChargeVoltages, AfterAStartItBeginsAtFloatAndRisesSlowly) {
  ChargeRig rig(1);
  const BankRequest& request = rig.step();
  EXPECT_EQ(request.charge_voltage.value.count, 53'600);
  EXPECT_EQ(request.charge_voltage.reason.cause, LimitCause::rising);
  EXPECT_EQ(request.charge_voltage.next_value, Millivolts{55'200});
  EXPECT_EQ(rig.run(60).charge_voltage.value.count, 53'600);
  EXPECT_EQ(rig.run(100).charge_voltage.value.count, 53'700);
}

TEST(ChargeVoltages, APackThatIsLostAndComesBackMakesNoStepUpwards) {
  ChargeRig rig(2);
  const BankRequest& request = rig.run(kRisen);
  ASSERT_EQ(request.charge_voltage.value.count, 55'200);
  rig.silence(1);
  rig.run(31);
  EXPECT_EQ(request.charge_voltage.value.count, 53'600);
  EXPECT_EQ(request.charge_voltage.reason.cause, LimitCause::pack_lost);
  rig.silent[1] = false;
  EXPECT_EQ(rig.run(1).charge_voltage.value.count, 53'600);
  EXPECT_EQ(rig.run(160).charge_voltage.value.count, 53'700);
}

TEST(ChargeVoltages, NothingRisesWhileNothingIsHeardNorAtOnceAfterwards) {
  ChargeRig rig(1);
  const BankRequest& request = rig.run(kRisen);
  rig.silence(0);
  rig.run(31);
  EXPECT_EQ(request.charge_voltage.value.count, 53'600);
  rig.run(4'000);
  EXPECT_EQ(request.charge_voltage.value.count, 53'600);
  rig.silent[0] = false;
  EXPECT_EQ(rig.run(2).charge_voltage.value.count, 53'600);
  EXPECT_EQ(rig.run(60).charge_voltage.reason.cause, LimitCause::rising);
}

TEST(ChargeVoltages, ARunawayCellPullsTheVoltageDownAndNeverBelowFloat) {
  ChargeRig rig(1);
  const BankRequest& request = rig.run(kRisen);
  ASSERT_EQ(request.charge_voltage.value.count, 55'200);
  rig.reported[0].cells_mV.assign(16, 3'420);
  rig.reported[0].cells_mV[4] = 3'540;
  rig.reported[0].voltage_mV = 15 * 3'420 + 3'540;  // 54.84 V
  rig.run(1);
  EXPECT_EQ(request.charge_voltage.value.count, 54'840 - 40);
  EXPECT_EQ(request.charge_voltage.reason,
            (LimitReason{LimitCause::cell_ceiling, 1, 5, 3'540, Unit::millivolt}));
  EXPECT_EQ(request.charge_voltage.next_value, Millivolts{55'200});
  rig.reported[0].cells_mV.assign(16, 3'340);
  rig.reported[0].cells_mV[4] = 3'640;
  rig.reported[0].voltage_mV = 15 * 3'340 + 3'640;
  EXPECT_EQ(rig.run(1).charge_voltage.value.count, 53'600);
  rig.reported[0].cells_mV.assign(16, 3'400);
  rig.reported[0].voltage_mV = 16 * 3'400;
  EXPECT_EQ(rig.run(61).charge_voltage.value.count, 53'600);
  EXPECT_EQ(request.charge_voltage.reason.cause, LimitCause::rising);
  EXPECT_EQ(rig.run(50).charge_voltage.value.count, 53'650);
}

}  // namespace
}  // namespace cw

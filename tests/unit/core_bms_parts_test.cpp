// SPDX-License-Identifier: Apache-2.0
// The parts of the core beside the protections: balancing, heating, emergency, sleep and counting.
#include <gtest/gtest.h>

#include "core/bms.h"
#include "core/presets.h"

namespace cw {
namespace {

using namespace literals;

constexpr Instant kStart{7'000'000'000};
constexpr std::int64_t kMinute_ms = 60'000;
constexpr std::int64_t kHour_ms = 3'600'000;

Instant at(std::int64_t ms) { return {kStart.ms + ms}; }

ParameterSet lfp() {
  ParameterSet set = preset_of(Chemistry::lfp, Generation::board_15).values;
  set.set(Parameter::cell_count, 4);
  set.set(Parameter::capacity, 100'000);
  return set;
}

// A pack of four cells that is shown to be safe.
Measurements healthy(std::int32_t highest_mV = 3'300, std::int32_t lowest_mV = 3'300,
                     std::int32_t current_mA = 0) {
  Measurements seen;
  seen.set(Input::highest_cell, {highest_mV, 3, {}});
  seen.set(Input::lowest_cell, {lowest_mV, 2, {}});
  seen.set(Input::cell_difference, {highest_mV - lowest_mV, 3, {}});
  seen.set(Input::charge_current, {current_mA, 0, {}});
  seen.set(Input::discharge_current, {-current_mA, 0, {}});
  seen.set(Input::short_circuit, {-current_mA, 0, {}});
  seen.set(Input::hottest_temperature, {250, 1, {}});
  seen.set(Input::coldest_temperature, {240, 2, {}});
  seen.set(Input::mosfet_temperature, {300, 0, {}});
  seen.set(Input::pack_voltage, {2 * (highest_mV + lowest_mV), 0, {}});
  seen.set(Input::charge_short_circuit, {0, 0, {}});
  seen.set(Input::internal_fault, {0, 0, {}});
  seen.set(Input::highest_wire_resistance, {0, 1, {}});
  seen.set(Input::cells_in_range, {4, 0, {}});
  return seen;
}

// --- balancing -----------------------------------------------------------------------------------

TEST(Balancer, TakesFromTheHighestCellThenGivesToTheLowest) {
  Balancer balancer;
  const Measurements seen = healthy(3'420, 3'400);
  const Balance taking = balancer.step(seen, lfp(), true, {}, at(0));
  EXPECT_EQ(taking.action, BalanceAction::taking);
  EXPECT_EQ(taking.cell(), 3);
  EXPECT_EQ(taking.current, -1000_mA) << "charge leaves the cell";
  EXPECT_EQ(balancer.step(seen, lfp(), true, {}, at(999)), taking);
  const Balance giving = balancer.step(seen, lfp(), true, {}, at(1'000));
  EXPECT_EQ(giving.action, BalanceAction::giving);
  EXPECT_EQ(giving.cell(), 2);
  EXPECT_EQ(giving.current, 1000_mA);
  EXPECT_EQ(balancer.step(seen, lfp(), true, {}, at(2'000)).action, BalanceAction::taking);
}

struct BalanceCase {
  const char* name;
  std::int32_t highest_mV, lowest_mV;
  bool permitted, balances;
};
class BalancerAt : public testing::TestWithParam<BalanceCase> {};

TEST_P(BalancerAt, Balances) {
  Balancer balancer;
  const BalanceCase& c = GetParam();
  const Measurements seen = healthy(c.highest_mV, c.lowest_mV);
  const Balance balance = balancer.step(seen, lfp(), c.permitted, {}, at(0));
  EXPECT_EQ(balance.action != BalanceAction::idle, c.balances);
}

// The limits are 3.000 V to start and a difference of 10 mV: both must be exceeded.
INSTANTIATE_TEST_SUITE_P(
    Core, BalancerAt,
    testing::Values(BalanceCase{"above_both", 3'011, 3'000, true, true},
                    BalanceCase{"at_the_trigger", 3'310, 3'300, true, false},
                    BalanceCase{"just_above_the_trigger", 3'311, 3'300, true, true},
                    BalanceCase{"at_the_start_voltage", 3'000, 2'900, true, false},
                    BalanceCase{"just_above_the_start_voltage", 3'001, 2'900, true, true},
                    BalanceCase{"not_permitted", 3'400, 3'300, false, false}),
    [](const auto& c) { return std::string{c.param.name}; });

TEST(Balancer, StopsWithoutAFreshValueAndBeginsAgainWithTaking) {
  Balancer balancer;
  balancer.step(healthy(3'420, 3'400), lfp(), true, {}, at(0));
  balancer.step(healthy(3'420, 3'400), lfp(), true, {}, at(1'000));
  Measurements blind = healthy(3'420, 3'400);
  blind.values[static_cast<std::size_t>(Input::lowest_cell)].reset();
  EXPECT_EQ(balancer.step(blind, lfp(), true, {}, at(1'100)), Balance{});
  EXPECT_EQ(balancer.step(healthy(3'420, 3'400), lfp(), true, {}, at(1'200)).action,
            BalanceAction::taking);
}

TEST(Balancer, UsesTheSmallerOfSettingAndModel) {
  for (const auto& [most, expected] :
       {std::pair{400_mA, 400_mA}, {2000_mA, 1000_mA}, {0_mA, 1000_mA}})
    EXPECT_EQ(Balancer{}.step(healthy(3'420, 3'400), lfp(), true, most, at(0)).current, -expected);
}

TEST(Balancer, KeepsItsCellsForAWholeTurn) {
  Balancer balancer;
  balancer.step(healthy(3'420, 3'400), lfp(), true, {}, at(0));
  Measurements other = healthy(3'420, 3'400);
  other.set(Input::highest_cell, {3'420, 1, {}});
  EXPECT_EQ(balancer.step(other, lfp(), true, {}, at(500)).cell(), 3);
  balancer.step(other, lfp(), true, {}, at(1'000));
  EXPECT_EQ(balancer.step(other, lfp(), true, {}, at(2'000)).cell(), 1);
}

// --- the board as a whole ------------------------------------------------------------------------

class BmsTest : public testing::Test {
 public:
  ParameterSet settings = lfp();
  BmsInputs in{.measurements = healthy()};
  BmsOptions options{.heater = true, .sleeps = true, .charge = {{100'000}, {5'000}, {}}};
  Bms bms{options, Start::clear};
  std::int64_t ms = 0;

  const BmsOutputs& step(std::int64_t later_ms) {
    ms += later_ms;
    return bms.step(in, settings, at(ms));
  }
  // In steps of a second, as often as a board decides at the least.
  const BmsOutputs& run(std::int64_t span_ms) {
    for (std::int64_t done = 0; done < span_ms; done += 1'000) step(1'000);
    return bms.outputs();
  }
  void cells(std::int32_t highest_mV, std::int32_t lowest_mV) {
    const std::int32_t current = in.measurements[Input::charge_current]->value;
    const auto coldest = in.measurements[Input::coldest_temperature];
    in.measurements = healthy(highest_mV, lowest_mV, current);
    in.measurements.set(Input::coldest_temperature, *coldest);
  }
  void coldest(std::int32_t decicelsius) {
    in.measurements.set(Input::coldest_temperature, {decicelsius, 2, {}});
  }
  void current(std::int32_t mA) {
    const std::int32_t highest = in.measurements[Input::highest_cell]->value;
    const std::int32_t lowest = in.measurements[Input::lowest_cell]->value;
    in.measurements = healthy(highest, lowest, mA);
  }
};

TEST_F(BmsTest, OvervoltageForbidsChargingButNotBalancing) {
  cells(3'700, 3'400);
  run(4'000);
  EXPECT_FALSE(bms.outputs().charge);
  EXPECT_TRUE(bms.outputs().discharge);
  EXPECT_NE(bms.outputs().balance.action, BalanceAction::idle);
  EXPECT_TRUE(bms.outputs().alarms.has(Alarm::cell_overvoltage));
  EXPECT_EQ(bms.outputs().error_codes, 1U << 2);
}

TEST_F(BmsTest, ASwitchThatIsOffOpensItsMosfetAndNothingElse) {
  in.charge_switch = false;
  step(0);
  EXPECT_FALSE(bms.outputs().charge);
  EXPECT_TRUE(bms.outputs().discharge);
  EXPECT_FALSE(bms.outputs().alarms.any());
}

TEST_F(BmsTest, TooResistiveAWireForbidsBalancingAlone) {
  settings.set(Parameter::wire_resistance_max, 500'000);
  cells(3'420, 3'400);
  in.measurements.set(Input::highest_wire_resistance, {500'001, 4, {}});
  step(0);
  EXPECT_EQ(bms.outputs().balance.action, BalanceAction::idle);
  EXPECT_TRUE(bms.outputs().charge && bms.outputs().discharge);
  EXPECT_EQ(bms.outputs().error_codes, 1U << 8);
}

TEST_F(BmsTest, TurnsOffAtThePowerOffVoltageAndWakesByACharger) {
  cells(2'500, 2'500);  // reached, not passed
  run(4'000);
  EXPECT_FALSE(bms.outputs().on);
  EXPECT_FALSE(bms.outputs().charge || bms.outputs().discharge || bms.outputs().heater);
  in.charger = true;
  step(100);
  EXPECT_TRUE(bms.outputs().on);
  EXPECT_TRUE(bms.outputs().charge) << "or nobody could charge it";
  EXPECT_FALSE(bms.outputs().discharge) << "it is still empty";
  in.charger = false;
  run(4'000);
  EXPECT_FALSE(bms.outputs().on);
  in.button = true;
  EXPECT_TRUE(step(100).on);
  in.button = false;
  run(4'000);
  EXPECT_FALSE(bms.outputs().on) << "a button wakes it for as long as the delay";
  cells(2'700, 2'621);
  EXPECT_TRUE(step(100).on) << "above the recovery of under-voltage";
}

TEST_F(BmsTest, HeatsAColdPackWhileAChargerIsThereAndChargesWhenItIsWarm) {
  settings.set(Parameter::charge_undertemperature, 0);
  settings.set(Parameter::charge_undertemperature_recovery, 50);
  coldest(-10);
  run(4'000);
  EXPECT_FALSE(bms.outputs().charge);
  EXPECT_FALSE(bms.outputs().heater) << "nothing to heat with";
  EXPECT_EQ(bms.heating(), Heating::no_power);
  in.charger = true;
  EXPECT_TRUE(step(100).heater);
  EXPECT_FALSE(bms.outputs().charge);
  coldest(50);
  EXPECT_TRUE(step(100).heater) << "not yet above the recovery limit";
  coldest(51);
  step(100);
  EXPECT_FALSE(bms.outputs().heater);
  EXPECT_TRUE(bms.outputs().charge);
}

TEST_F(BmsTest, AHeaterThatWarmsNothingIsAnAlarm) {
  settings.set(Parameter::charge_undertemperature, 0);
  coldest(-50);
  in.charger = true;
  run(4'000);
  ASSERT_TRUE(bms.outputs().heater);
  run(Heater::kRiseWithin.count - 2'000);
  EXPECT_TRUE(bms.outputs().heater);
  run(3'000);
  EXPECT_FALSE(bms.outputs().heater);
  EXPECT_EQ(bms.heating(), Heating::no_rise);
  EXPECT_TRUE(bms.outputs().alarms.has(Alarm::heater_fault));
  run(kHour_ms);
  EXPECT_FALSE(bms.outputs().heater) << "it is not tried again while the pack is cold";
  in.measurements.values[static_cast<std::size_t>(Input::coldest_temperature)].reset();
  step(100);
  EXPECT_EQ(bms.heating(), Heating::no_rise) << "nor after a sensor was not heard for a moment";
  coldest(-50);
  run(10'000);
  EXPECT_FALSE(bms.outputs().heater);
  coldest(200);
  step(100);
  EXPECT_FALSE(bms.outputs().alarms.any());
}

TEST_F(BmsTest, AHeaterIsOnNoLongerThanItMay) {
  settings.set(Parameter::charge_undertemperature, 0);
  settings.set(Parameter::charge_undertemperature_recovery, 50);
  settings.set(Parameter::heater_time_max, static_cast<std::int32_t>(kHour_ms));
  in.charger = true;
  std::int64_t heated_ms = 0;
  for (std::int32_t minute = 0; minute < 120; ++minute) {
    coldest(-400 + minute);  // it does get warmer, but slowly
    run(kMinute_ms);
    heated_ms += bms.outputs().heater ? kMinute_ms : 0;
  }
  EXPECT_EQ(bms.heating(), Heating::spent);
  EXPECT_NEAR(static_cast<double>(heated_ms), static_cast<double>(kHour_ms), 2.0 * kMinute_ms);
}

TEST_F(BmsTest, HeatsFromThePackOnlyAboveTheGivenStateOfCharge) {
  settings.set(Parameter::charge_undertemperature, 0);
  coldest(-10);
  settings.set(Parameter::heater_discharge_soc_min, 5'000);
  run(4'000);
  EXPECT_FALSE(bms.outputs().heater) << "it is at 50 %, not above";
  settings.set(Parameter::heater_discharge_soc_min, 4'999);
  EXPECT_TRUE(step(100).heater);
}

TEST_F(BmsTest, EmergencyForcesBothSwitchesOnForExactlyHalfAnHour) {
  cells(2'400, 2'400);
  run(4'000);
  ASSERT_FALSE(bms.outputs().on);
  bms.request_emergency(at(ms));
  step(0);
  EXPECT_TRUE(bms.outputs().charge && bms.outputs().discharge && bms.outputs().on);
  EXPECT_EQ(bms.outputs().emergency_remaining, Seconds{1800});
  run(Emergency::kLasts.count - 1'000);
  EXPECT_EQ(bms.outputs().emergency_remaining, Seconds{1});
  EXPECT_TRUE(step(999).discharge);
  EXPECT_EQ(bms.outputs().emergency_remaining, Seconds{1});
  step(1);
  EXPECT_EQ(bms.outputs().emergency_remaining, Seconds{0});
  EXPECT_FALSE(bms.outputs().discharge || bms.outputs().charge || bms.outputs().on);
}

TEST_F(BmsTest, EmergencyEndsWhenItIsCancelled) {
  in.charge_switch = false;
  bms.request_emergency(at(0));
  EXPECT_TRUE(step(0).charge);
  bms.cancel_emergency();
  EXPECT_FALSE(step(100).charge);
}

TEST(Emergency, OfAGuardNeverOverridesAShortCircuitOrAnOvervoltage) {
  const auto bit = [](Rule rule) { return std::uint32_t{1} << static_cast<unsigned>(rule); };
  EXPECT_EQ(held_in_emergency(bit(Rule::cell_overvoltage)), Switches::charge);
  EXPECT_EQ(held_in_emergency(bit(Rule::short_circuit)), Switches::discharge);
  EXPECT_EQ(held_in_emergency(bit(Rule::charge_short_circuit)), Switches::charge);
  EXPECT_EQ(held_in_emergency(bit(Rule::power_off) | bit(Rule::cell_undervoltage) |
                              bit(Rule::discharge_overcurrent)),
            Switches::none);
}

TEST_F(BmsTest, SleepsAfter26HoursBelowOneAmpereWithoutABreak) {
  current(999);
  run(26 * kHour_ms - 1'000);
  EXPECT_FALSE(bms.outputs().asleep);
  current(-1'000);  // a break of one step
  step(1'000);
  current(-999);
  step(1'000);
  run(26 * kHour_ms - 2'000);
  EXPECT_FALSE(bms.outputs().asleep);
  run(1'000);
  EXPECT_TRUE(bms.outputs().asleep);
  EXPECT_TRUE(bms.outputs().charge && bms.outputs().discharge) << "switches stay as they are";
}

TEST_F(BmsTest, WakesByChargerButtonCurrentAndRequest) {
  for (auto wake :
       {+[](BmsTest& t) { t.in.charger = true; }, +[](BmsTest& t) { t.in.button = true; },
        +[](BmsTest& t) { t.in.communication = true; }, +[](BmsTest& t) { t.current(1'000); }}) {
    in = {.measurements = healthy()};
    run(27 * kHour_ms);
    ASSERT_TRUE(bms.outputs().asleep);
    wake(*this);
    step(1'000);
    EXPECT_FALSE(bms.outputs().asleep);
  }
}

// --- counting ------------------------------------------------------------------------------------

ChargeCount::Sample flowing(std::int32_t mA, std::int32_t mV = 13'200) {
  return {.current = Milliamps{mA}, .voltage = Millivolts{mV}, .highest_cell = Millivolts{3'300}};
}

TEST(ChargeCount, LosesNothingByRounding) {
  ChargeCount count({{100'000}, {0}, {}});
  for (std::int64_t ms = 0; ms <= 100 * kHour_ms; ms += 997) count.step(flowing(1), lfp(), at(ms));
  EXPECT_EQ(count.charged().count, 99) << "0.1 Ah less the last step";
  EXPECT_EQ(count.remaining().count, 99);
}

TEST(ChargeCount, AddsEnergyInBothDirections) {
  ChargeCount count({{100'000}, {5'000}, {}});
  std::int64_t ms = 0;
  for (; ms <= kHour_ms; ms += 1'000) count.step(flowing(10'000, 50'000), lfp(), at(ms));
  for (; ms <= 3 * kHour_ms; ms += 1'000) count.step(flowing(-5'000, 40'000), lfp(), at(ms));
  EXPECT_NEAR(static_cast<double>(count.energy_in_mWh()), 500'139, 200);
  EXPECT_NEAR(static_cast<double>(count.energy_out_mWh()), 400'000, 200);
  EXPECT_EQ(count.equivalent_cycles_centi(), 9) << "9.99 Ah of 100";
}

TEST(ChargeCount, IsFullAtTheHundredPercentVoltageWithLittleCurrent) {
  ChargeCount count({{100'000}, {9'000}, {7}});
  const auto sample = [](std::int32_t mA, std::int32_t cell_mV) {
    return ChargeCount::Sample{Milliamps{mA}, Millivolts{14'400}, Millivolts{cell_mV}};
  };
  const std::int32_t full_mV = *lfp().get(Parameter::soc_100_voltage);
  count.step(sample(5'000, full_mV), lfp(), at(0));
  EXPECT_LT(count.soc().count, 10'000) << "5 A are not below the tail of 0.05 C";
  count.step(sample(4'999, full_mV - 1), lfp(), at(100));
  EXPECT_LT(count.soc().count, 10'000);
  count.step(sample(-1, full_mV), lfp(), at(200));
  EXPECT_LT(count.soc().count, 10'000) << "a pack that is discharged is not full";
  count.step(sample(4'999, full_mV), lfp(), at(300));
  EXPECT_EQ(count.soc(), CentiPercent{10'000});
  EXPECT_EQ(count.full_charges(), Count{8});
  count.step(sample(100, full_mV), lfp(), at(400));
  EXPECT_EQ(count.full_charges(), Count{8}) << "it never was anything but full";
}

TEST(ChargeCount, ProtectionsAreEnds) {
  ChargeCount count({{100'000}, {9'000}, {}});
  ChargeCount::Sample sample = flowing(10'000);
  sample.overvoltage = true;
  count.step(sample, lfp(), at(0));
  EXPECT_EQ(count.soc(), CentiPercent{10'000});
  sample = flowing(-10'000);
  sample.undervoltage = true;
  count.step(sample, lfp(), at(1'000));
  EXPECT_EQ(count.soc(), CentiPercent{0});
}

// From full to empty with 90 A h in between, in steps of `step_ms`, and once a gap of `gap_ms`.
ChargeCount discharged_with_gap(std::int64_t gap_ms) {
  ChargeCount count({{100'000}, {9'900}, {}});
  ChargeCount::Sample sample = flowing(-10'000);
  sample.overvoltage = true;
  std::int64_t ms = 0;
  count.step(sample, lfp(), at(ms));
  sample.overvoltage = false;
  for (int i = 0; i < 9 * 3'600; ++i) {
    if (i == 1'000) ms += gap_ms;
    count.step(sample, lfp(), at(ms += 1'000));
  }
  sample.undervoltage = true;
  count.step(sample, lfp(), at(ms));
  return count;
}

TEST(ChargeCount, LearnsTheCapacityFromFullToEmptyAndOnlyWithoutAGap) {
  const ChargeCount learnt = discharged_with_gap(0);
  EXPECT_TRUE(learnt.is_learnt());
  EXPECT_EQ(learnt.full(), MilliampHours{90'000});
  const ChargeCount broken = discharged_with_gap(20'000);
  EXPECT_FALSE(broken.is_learnt());
  EXPECT_EQ(broken.full(), MilliampHours{100'000});
}

TEST(ChargeCount, BridgesAGapByABoundedEstimateThatIsMarked) {
  ChargeCount count({{100'000}, {5'000}, {}});
  count.step(flowing(36'000), lfp(), at(0));
  count.step(flowing(36'000), lfp(), at(kHour_ms));
  EXPECT_EQ(count.estimated(), MilliampHours{100}) << "ten seconds of it, no more";
  EXPECT_EQ(count.remaining(), MilliampHours{50'100});
  count.step({}, lfp(), at(kHour_ms + 1'000));
  count.step(flowing(36'000), lfp(), at(2 * kHour_ms));
  EXPECT_EQ(count.remaining(), MilliampHours{50'110}) << "without a current nothing is counted";
}

TEST(ChargeCount, RefusesALessonThatNoPackCouldTeach) {
  ChargeCount count({{100'000}, {9'900}, {}});
  ChargeCount::Sample sample = flowing(-10'000);
  sample.overvoltage = true;
  count.step(sample, lfp(), at(0));
  sample.overvoltage = false;
  sample.undervoltage = true;  // one bad cell, minutes later
  count.step(sample, lfp(), at(5'000));
  EXPECT_FALSE(count.is_learnt());
  EXPECT_EQ(count.refused_lessons(), 1U);
}

}  // namespace
}  // namespace cw

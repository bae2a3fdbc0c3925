// SPDX-License-Identifier: Apache-2.0
// Settings of charge control that contradict themselves or the packs, and packs that may not share
// a bus.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/unit/charge_rig.h"

namespace cw {
namespace {

bool breaks(const ChargeBreaches& found, ChargeRule rule) {
  return std::any_of(found.begin(), found.end(),
                     [rule](const ChargeBreach& breach) { return breach.rule == rule; });
}

Curve flat_at(std::int32_t x, std::int32_t permille) { return Curve{{x, permille}}; }

TEST(ChargeValidation, TheDefaultsContradictNothing) {
  EXPECT_TRUE(check_charge(ChargeSettings{}).empty());
}

struct Fault {
  ChargeRule rule;
  std::function<void(ChargeSettings&)> make;
};

const std::vector<Fault> kFaults = {
    {ChargeRule::float_below_absorption, [](auto& s) { s.float_voltage = {3'450}; }},
    {ChargeRule::absorption_below_ceiling, [](auto& s) { s.absorption_voltage = {3'500}; }},
    {ChargeRule::discharge_below_float, [](auto& s) { s.discharge_voltage = {3'350}; }},
    {ChargeRule::charge_curve_ends, [](auto& s) { s.charge_by_cell = flat_at(3'400, 20); }},
    {ChargeRule::charge_curve_ends, [](auto& s) { s.charge_by_cell = {}; }},
    {ChargeRule::charge_curve_falls,
     [](auto& s) {
       s.charge_by_cell = {{3'400, 500}, {3'450, 600}, {3'580, 0}};
     }},
    {ChargeRule::discharge_curve_begins, [](auto& s) { s.discharge_by_cell = flat_at(2'900, 1); }},
    {ChargeRule::discharge_curve_rises,
     [](auto& s) {
       s.discharge_by_cell = {{2'900, 0}, {3'000, 900}, {3'100, 800}};
     }},
    {ChargeRule::mosfet_curve_falls,
     [](auto& s) {
       s.by_mosfet_temperature = {{700, 500}, {800, 1'000}};
     }},
    {ChargeRule::temperature_curves_peak,
     [](auto& s) {
       s.charge_by_temperature = {{0, 0}, {100, 900}, {200, 800}, {300, 1'000}};
     }},
    {ChargeRule::soc_curves,
     [](auto& s) {
       s.charge_by_soc = {{8'000, 500}, {9'000, 900}};
     }},
    {ChargeRule::soc_curves,
     [](auto& s) {
       s.discharge_by_soc = {{1'000, 500}, {2'000, 0}};
     }},
    {ChargeRule::soc_window, [](auto& s) { s.soc_min = s.soc_max = {5'000}; }},
    {ChargeRule::force_charge_window, [](auto& s) { s.force_charge_soc = {1'200}; }},
    {ChargeRule::force_charge_window, [](auto& s) { s.force_charge_voltage = {3'100}; }},
};

TEST(ChargeValidation, EachFaultIsFoundByItsRule) {
  for (const Fault& fault : kFaults) {
    ChargeSettings settings;
    fault.make(settings);
    EXPECT_TRUE(breaks(check_charge(settings), fault.rule)) << row_of(fault.rule).name;
  }
}

ParameterSet protections(std::int32_t high_mV, std::int32_t low_mV) {
  ParameterSet set;
  set.set(Parameter::cell_overvoltage, high_mV);
  set.set(Parameter::cell_undervoltage, low_mV);
  return set;
}

TEST(ChargeValidation, CurvesKeepTheirDistanceFromTheProtections) {
  const ChargeSettings settings;
  EXPECT_TRUE(check_charge(settings, protections(3'600, 2'800), 1).empty());
  EXPECT_TRUE(breaks(check_charge(settings, protections(3'599, 2'800), 1),
                     ChargeRule::charge_curve_below_overvoltage));
  EXPECT_TRUE(breaks(check_charge(settings, protections(3'549, 2'800), 1),
                     ChargeRule::ceiling_below_overvoltage));
  EXPECT_TRUE(breaks(check_charge(settings, protections(3'600, 2'801), 1),
                     ChargeRule::discharge_curve_above_undervoltage));
  EXPECT_TRUE(check_charge(settings, ParameterSet{}, 1).empty()) << "not known: no opinion";
}

TEST(ChargeValidation, WhatABoardTellsLaterLeavesATenth) {
  ChargeRig rig(2);
  EXPECT_EQ(rig.step().charge_current.value.count, 300'000);
  rig.packs[1].pack.parameters.set(Parameter::cell_overvoltage, 3'560);
  const BankRequest& request = rig.run(1);
  EXPECT_EQ(request.charge_current.value.count, 30'000);
  EXPECT_EQ(request.charge_current.reason.cause, LimitCause::configuration);
  EXPECT_EQ(request.charge_current.reason.pack, 2);
  EXPECT_EQ(request.discharge_current.value.count, 36'000);
}

std::vector<ChargePackSettings> two_packs() {
  return std::vector<ChargePackSettings>(2, {.cells = 16});
}

TEST(ChargeMix, EqualPacksMayShareABus) {
  const auto packs = two_packs();
  EXPECT_TRUE(check_mix({}, packs, 1).empty());
  EXPECT_TRUE(check_mix({}, packs, 2).empty());
}

TEST(ChargeMix, AnotherNumberOfCellsNeverMay) {
  auto packs = two_packs();
  packs[1].cells = 15;
  ChargeSettings settings;
  settings.mixed_chemistries = true;
  EXPECT_TRUE(breaks(check_mix(settings, packs, 2), ChargeRule::cells_equal));
}

TEST(ChargeMix, AnotherChemistryMayOnlyIfItIsAllowedAndHasVoltages) {
  auto packs = two_packs();
  packs[1].chemistry = static_cast<std::uint8_t>(Chemistry::li_ion);
  ChargeSettings settings;
  EXPECT_TRUE(breaks(check_mix(settings, packs, 2), ChargeRule::chemistries_equal));
  settings.mixed_chemistries = true;
  EXPECT_FALSE(breaks(check_mix(settings, packs, 2), ChargeRule::chemistries_equal));
  EXPECT_TRUE(breaks(check_mix(settings, packs, 2), ChargeRule::chemistry_has_voltages));
  settings.absorption_voltage = {4'100};
  settings.charge_by_cell = {{4'000, 1'000}, {4'150, 0}};
  settings.discharge_by_cell = {{3'200, 0}, {3'400, 1'000}};
  EXPECT_TRUE(check_mix(settings, packs, 2).empty());
}

struct JoinCase {
  std::string what;
  std::int32_t bus_mV, pack_mV, current_mA;
  Joining expected;
};

TEST(Joining, IsAllowedOnlyNearTheBusAndWithHardlyAnyCurrentWhicheverIsHigher) {
  const std::vector<JoinCase> cases = {
      {"equal", 53'000, 53'000, 0, Joining::may},
      {"just below", 53'000, 52'501, 0, Joining::may},
      {"just above", 53'000, 53'499, 0, Joining::may},
      {"too low", 53'000, 52'500, 0, Joining::voltages_apart},
      {"too high", 53'000, 53'500, 0, Joining::voltages_apart},
      {"charging", 53'000, 53'000, 28'000, Joining::current_flows},
      {"discharging", 53'000, 53'000, -28'000, Joining::current_flows},
      {"hardly charging", 53'000, 53'000, 27'999, Joining::may},
  };
  for (const JoinCase& row : cases) {
    ChargeRig rig(3);
    for (int i = 0; i < 2; ++i) {
      rig.reported[static_cast<std::size_t>(i)].voltage_mV = row.bus_mV;
      rig.reported[static_cast<std::size_t>(i)].current_mA = row.current_mA / 2;
    }
    rig.reported[1].current_mA = row.current_mA - row.current_mA / 2;
    rig.reported[2].voltage_mV = row.pack_mV;
    rig.reported[2].charge_on = rig.reported[2].discharge_on = false;
    rig.step();
    EXPECT_EQ(rig.control.joining(2), row.expected) << row.what;
    EXPECT_EQ(rig.control.joining(0), Joining::is_in) << row.what;
  }
}

// Three packs of any voltages, connected in any order: nobody joins a bus he is too far from, and
// the answer is the same whichever of two is on it.
TEST(Joining, IsSymmetricForEveryPair) {
  const std::vector<std::int32_t> voltages = {52'000, 52'400, 52'600, 53'000, 53'600};
  const auto joins = [](std::int32_t bus, std::int32_t pack) {
    ChargeRig rig(2);
    rig.reported[0].voltage_mV = bus;
    rig.reported[1].voltage_mV = pack;
    rig.reported[1].charge_on = rig.reported[1].discharge_on = false;
    rig.step();
    return rig.control.joining(1);
  };
  for (const auto a : voltages)
    for (const auto b : voltages) {
      EXPECT_EQ(joins(a, b), joins(b, a)) << a << " " << b;
      EXPECT_EQ(joins(a, b) == Joining::may, std::abs(a - b) < 500) << a << " " << b;
    }
}

TEST(Joining, NobodyJoinsWhatIsNotKnown) {
  ChargeRig rig(2);
  rig.reported[1].charge_on = rig.reported[1].discharge_on = false;
  rig.step();
  EXPECT_EQ(rig.control.joining(1), Joining::may);
  rig.silence(0);
  rig.run(10);
  EXPECT_EQ(rig.control.joining(1), Joining::unknown) << "the bus is not heard";
}

TEST(Joining, ZeroIsAskedForWhileARelayWaitsButNotForEver) {
  ChargeRig rig(2);
  rig.step();
  rig.orders.joining_pack = 2;
  const BankRequest& request = rig.run(1);
  EXPECT_EQ(request.charge_current.value.count, 0);
  EXPECT_EQ(request.discharge_current.reason.cause, LimitCause::joining);
  rig.run(60);
  EXPECT_NE(request.charge_current.reason.cause, LimitCause::joining);
  rig.run(32);
  EXPECT_GT(request.charge_current.value.count, 0);
  rig.orders.joining_pack = 0;
  rig.run(1);
  rig.orders.joining_pack = 2;  // an order that flickers is no new one
  EXPECT_NE(rig.run(1).charge_current.reason.cause, LimitCause::joining);
  EXPECT_EQ(rig.run(1'720).charge_current.reason.cause, LimitCause::joining);
}

TEST(Joining, APackBehindOurOpenRelaysIsOffTheBusWhateverItsSwitchesDo) {
  ChargeRig rig(2);
  rig.reported[1].voltage_mV = 54'000;
  rig.packs[1].apart = Switches::both;
  rig.step();
  EXPECT_EQ(rig.control.joining(1), Joining::voltages_apart);
  rig.reported[1].voltage_mV = 53'200;
  rig.run(1);
  EXPECT_EQ(rig.control.joining(1), Joining::may);
  rig.packs[1].apart = Switches::none;
  rig.run(1);
  EXPECT_EQ(rig.control.joining(1), Joining::is_in);
}

TEST(Joining, APackWhoseBoardTellsOfNoSwitchesIsInAgainBehindAClosedRelay) {
  ChargeRig rig(2);
  rig.reported[1].charge_on = rig.reported[1].discharge_on = std::nullopt;
  rig.packs[1].apart = Switches::both;
  rig.run(1);
  EXPECT_EQ(rig.control.joining(1), Joining::may);
  rig.packs[1].apart = Switches::none;
  rig.run(1);
  EXPECT_EQ(rig.control.joining(1), Joining::is_in);
  EXPECT_TRUE(rig.states[1].charge.now.takes_part);
}

TEST(Joining, APackThatWasNeverHeardBehindItsOpenRelaysKeepsNobodyAway) {
  ChargeRig rig(3);
  rig.silence(2);
  rig.packs[1].apart = rig.packs[2].apart = Switches::both;
  rig.run(1);
  EXPECT_EQ(rig.control.joining(1), Joining::may);
  rig.packs[2].apart = Switches::none;
  rig.run(1);
  EXPECT_EQ(rig.control.joining(1), Joining::unknown);
}

TEST(Waking, ABankThatFellAsleepAtRestIsOfferedASmallChargeNowAndThen) {
  ChargeRig rig(2);
  rig.reported[0].capacity_mAh = 100'000;
  rig.run(5);
  rig.silence(0);
  rig.silence(1);
  const BankRequest& request = rig.run(1'790);
  EXPECT_EQ(request.voice, Voice::silent);
  rig.run(100);
  EXPECT_EQ(request.voice, Voice::speaking);
  EXPECT_EQ(request.charge_current.value.count, 5'000);  // a twentieth of the smaller
  EXPECT_EQ(request.charge_current.reason.cause, LimitCause::waking);
  EXPECT_TRUE(request.charge_enabled);
  EXPECT_EQ(request.discharge_current.value.count, 0);
  EXPECT_FALSE(request.discharge_enabled);
  EXPECT_EQ(request.charge_voltage.value.count, 53'600);
  rig.run(100);
  EXPECT_EQ(request.voice, Voice::silent);
  EXPECT_EQ(request.charge_current.value.count, 0);
  EXPECT_EQ(rig.run(1'800).voice, Voice::silent);
}

TEST(Waking, WhoeverWasNotAtRestInTheMiddleIsNotWoken) {
  const auto woken = [](auto change) {
    ChargeRig rig(2);
    change(rig);
    rig.run(5);
    rig.silence(0);
    rig.silence(1);
    return rig.run(1'890).charge_current.value.count > 0;
  };
  EXPECT_TRUE(woken([](ChargeRig&) {}));
  EXPECT_FALSE(woken([](ChargeRig& rig) { rig.reported[1].current_mA = 2'100; }));
  EXPECT_FALSE(woken([](ChargeRig& rig) { rig.reported[1].current_mA = -2'100; }));
  EXPECT_FALSE(woken([](ChargeRig& rig) { rig.reported[1].cell_max_mV = 3'380; }));
  EXPECT_FALSE(woken([](ChargeRig& rig) { rig.reported[1].cell_min_mV = 3'220; }));
  EXPECT_FALSE(woken([](ChargeRig& rig) { rig.reported[1].temperature_min_dC = 40; }));
  EXPECT_FALSE(woken([](ChargeRig& rig) { rig.reported[1].capacity_mAh.reset(); }));
  EXPECT_FALSE(woken([](ChargeRig& rig) { rig.reported[1].alarms.add(Alarm::wire_resistance); }));
  EXPECT_FALSE(woken([](ChargeRig& rig) { rig.packs[1].guard = guard_tripped(3'700); }));
  EXPECT_FALSE(woken([](ChargeRig& rig) { rig.settings.wake_permille_per_hour = 0; }));
}

// Long after the first: what was last seen of the second is what counts.
TEST(Waking, WhoIsLostLastIsJudgedByWhatItWasThen) {
  const auto offered = [](auto change) {
    ChargeRig rig(2);
    rig.run(5);
    rig.silence(0);
    rig.run(7'200);
    change(rig);
    rig.run(30);
    rig.silence(1);
    return rig.run(1'890).charge_current;
  };
  const BankLimit<Milliamps> calm = offered([](ChargeRig&) {});
  EXPECT_EQ(calm.value.count, 14'000);
  EXPECT_EQ(calm.reason.cause, LimitCause::waking);
  EXPECT_EQ(offered([](ChargeRig& rig) { rig.reported[1].cell_max_mV = 3'500; }).value.count, 0);
  EXPECT_EQ(offered([](ChargeRig& rig) { rig.reported[1].current_mA = 5'000; }).value.count, 0);
  EXPECT_EQ(offered([](ChargeRig& rig) {
              rig.reported[1].alarms.add(Alarm::wire_resistance);
            }).value.count,
            0);
  const auto small = offered([](ChargeRig& rig) { rig.reported[1].capacity_mAh = 100'000; });
  EXPECT_EQ(small.value.count, 5'000);
}

TEST(Waking, WhatWasNotCalmIsNotWokenBecauseItIsNow) {
  ChargeRig rig(2);
  rig.run(5);
  rig.silence(0);
  rig.run(100);
  rig.reported[1].cell_max_mV = 3'500;
  rig.run(60);
  rig.reported[1].cell_max_mV = 3'331;  // the first one was not seen to follow
  rig.run(60);
  rig.silence(1);
  EXPECT_EQ(rig.run(1'890).charge_current.value.count, 0);
}

// The temperature that was seen then says little about the one it has now.
TEST(Waking, ItEndsAfterADay) {
  ChargeRig rig(1);
  rig.run(5);
  rig.silence(0);
  rig.run(100);
  rig.now = rig.now + Millis{23 * 3'600'000};
  EXPECT_EQ(rig.run(30).voice, Voice::speaking);
  rig.now = rig.now + Millis{3'600'000};
  for (int second = 0; second < 3'600; ++second)
    ASSERT_EQ(rig.run(1).voice, Voice::silent) << second;
}

}  // namespace
}  // namespace cw

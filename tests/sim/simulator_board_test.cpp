// SPDX-License-Identifier: Apache-2.0
// The firmware of virtual packs: it trips at the limits of its settings, and then the current
// really stops; it counts charge; each fault of the sensors does what its row says.
#include <gtest/gtest.h>

#include "simulator/virtual_pack.h"

namespace cw::simulator {
namespace {

PackSpec held(std::size_t cells, std::int32_t cell_mV) {
  PackSpec spec;
  spec.cells = cells;
  spec.hold = true;
  spec.cell_voltages = {{cell_mV}};
  return spec;
}

PackSpec driven(Chemistry chemistry, std::int32_t milliamps, std::int32_t soc) {
  PackSpec spec;
  spec.chemistry = chemistry;
  spec.capacity = {100'000};
  spec.soc = {soc};
  spec.profile = ProfileKind::constant;
  spec.current = {milliamps};
  return spec;
}

template <auto Member>
std::int32_t now(const VirtualPack& pack) {
  return (pack.board().pack().scalars.*Member).fresh(pack.time(), {0})->count;
}

std::int64_t limit(const VirtualPack& pack, Parameter parameter) {
  return *pack.board().pack().parameters.get(parameter);
}

bool is_tripped(const VirtualPack& pack, Rule rule) {
  return pack.board().protection().decision().is_tripped(rule);
}

TEST(Board, StartsClosedAsRealBoardsDo) {
  VirtualPack pack({}, 1, {0});
  EXPECT_EQ(now<&PackScalars::charge_mosfet>(pack), 1);
  EXPECT_EQ(now<&PackScalars::discharge_mosfet>(pack), 1);
}

class EveryChemistry : public testing::TestWithParam<Chemistry> {};
INSTANTIATE_TEST_SUITE_P(Board, EveryChemistry,
                         testing::Values(Chemistry::lfp, Chemistry::li_ion, Chemistry::lto),
                         [](const auto& each) {
                           return each.param == Chemistry::lfp   ? "Lfp"
                                  : each.param == Chemistry::lto ? "Lto"
                                                                 : "LiIon";
                         });

TEST_P(EveryChemistry, OverchargeTripsAtTheLimitAndTheCurrentStops) {
  VirtualPack pack(driven(GetParam(), 40'000, 9500), 1, {0});
  Instant last{};
  while (!is_tripped(pack, Rule::cell_overvoltage) && last.ms < 3'600'000) {
    last = last + pack.spec().step;
    pack.advance(last);
  }
  const RuleState& state = pack.board().protection().state(Rule::cell_overvoltage);
  ASSERT_TRUE(is_tripped(pack, Rule::cell_overvoltage));
  EXPECT_GT(state.evidence.value, limit(pack, Parameter::cell_overvoltage));
  EXPECT_EQ(now<&PackScalars::charge_mosfet>(pack), 0);
  EXPECT_EQ(now<&PackScalars::discharge_mosfet>(pack), 1);
  EXPECT_EQ(now<&PackScalars::soc>(pack), 10'000);
  const double through_As = pack.plant().ledger().through_As;
  pack.advance(last + pack.spec().step);
  EXPECT_EQ(now<&PackScalars::current>(pack), 0);
  EXPECT_EQ(pack.plant().ledger().through_As, through_As);
}

TEST_P(EveryChemistry, DeepDischargeTripsAtTheLimitAndTheCurrentStops) {
  VirtualPack pack(driven(GetParam(), -40'000, 500), 1, {0});
  Instant last{};
  while (!is_tripped(pack, Rule::cell_undervoltage) && last.ms < 3'600'000) {
    last = last + pack.spec().step;
    pack.advance(last);
  }
  ASSERT_TRUE(is_tripped(pack, Rule::cell_undervoltage));
  EXPECT_EQ(now<&PackScalars::discharge_mosfet>(pack), 0);
  EXPECT_EQ(now<&PackScalars::soc>(pack), 0);
  const double through_As = pack.plant().ledger().through_As;
  pack.advance(last + pack.spec().step);
  EXPECT_EQ(now<&PackScalars::current>(pack), 0);
  EXPECT_EQ(pack.plant().ledger().through_As, through_As);
}

TEST_P(EveryChemistry, CountsTheChargeThatReallyFlowed) {
  VirtualPack pack(driven(GetParam(), -20'000, 8000), 1, {0});
  pack.advance({3'600'000});
  EXPECT_NEAR(now<&PackScalars::soc>(pack), 8000 - 2000, 1);
  EXPECT_NEAR(now<&PackScalars::capacity_remaining>(pack), 60'000, 10);
  EXPECT_NEAR(pack.plant().ledger().through_As, -72'000, 0.01);
  EXPECT_NEAR(pack.plant().soc() * 10'000, now<&PackScalars::soc>(pack), 150);
  EXPECT_NEAR(now<&PackScalars::cycle_capacity>(pack), 42 * 100'000 + 20'000, 10);
}

TEST_P(EveryChemistry, ADayAtHomeTripsNothing) {
  PackSpec spec;
  spec.chemistry = GetParam();
  VirtualPack pack(spec, 9, {0});
  for (std::int64_t minute = 1; minute <= 24 * 60; ++minute) {
    pack.advance({minute * 60'000});
    ASSERT_EQ(pack.board().protection().decision().tripped, 0U) << "minute " << minute;
  }
}

struct Trip {
  const char* title;
  Rule rule;
  Fault fault;
  std::size_t number;
  Parameter limit;
  std::int32_t beyond;  // added to the limit, in its unit
  std::int32_t sign;    // of the fault's value against the limit's
  Parameter delay;
  bool closes_charge;
  bool closes_discharge;
};

class EveryProtection : public testing::TestWithParam<Trip> {};
INSTANTIATE_TEST_SUITE_P(
    Faults, EveryProtection,
    testing::Values(
        Trip{"CellHigh", Rule::cell_overvoltage, Fault::cell_voltage, 3,
             Parameter::cell_overvoltage, 1, 1, Parameter::cell_overvoltage_delay, false, true},
        Trip{"CellLow", Rule::cell_undervoltage, Fault::cell_voltage, 16,
             Parameter::cell_undervoltage, -1, 1, Parameter::cell_undervoltage_delay, true, false},
        Trip{"ChargeOvercurrent", Rule::charge_overcurrent, Fault::current, 0,
             Parameter::charge_overcurrent, 1000, 1, Parameter::charge_overcurrent_delay, false,
             true},
        Trip{"DischargeOvercurrent", Rule::discharge_overcurrent, Fault::current, 0,
             Parameter::discharge_overcurrent, 1000, -1, Parameter::discharge_overcurrent_delay,
             true, false},
        Trip{"HotBattery", Rule::charge_overtemperature, Fault::temperature, 2,
             Parameter::charge_overtemperature, 10, 1, Parameter::temperature_delay, false, false},
        Trip{"ColdBattery", Rule::charge_undertemperature, Fault::temperature, 1,
             Parameter::charge_undertemperature, -10, 1, Parameter::temperature_delay, false,
             false},
        Trip{"HotMosfets", Rule::mosfet_overtemperature, Fault::mosfet_temperature, 0,
             Parameter::mosfet_overtemperature, 10, 1, Parameter::temperature_delay, false, false}),
    [](const auto& each) { return each.param.title; });

TEST_P(EveryProtection, IsTrippedByAFaultAfterItsDelayAndNotBefore) {
  const Trip& trip = GetParam();
  VirtualPack pack(held(16, 3300), 1, {0});
  const std::int32_t value =
      trip.sign * static_cast<std::int32_t>(limit(pack, trip.limit) + trip.beyond);
  pack.inject(trip.fault, trip.number, value);
  const std::int64_t delay_ms = limit(pack, trip.delay);
  pack.advance({delay_ms});
  EXPECT_FALSE(is_tripped(pack, trip.rule));
  pack.advance({delay_ms + 100});
  ASSERT_TRUE(is_tripped(pack, trip.rule));
  EXPECT_EQ(pack.board().permits(1), trip.closes_charge);
  EXPECT_EQ(pack.board().permits(-1), trip.closes_discharge);
  EXPECT_TRUE(pack.board().pack().alarms.fresh(pack.time(), {0})->any());
}

TEST(Board, ADrivenOvercurrentStopsWhenTheMosfetOpensAndComesBackWhenItCloses) {
  VirtualPack pack(held(16, 3300), 1, {0});
  pack.inject(Fault::current, 0, 150'000);  // the limit is 0.5 C: 140 A
  const auto delay_ms = limit(pack, Parameter::charge_overcurrent_delay);
  const auto release_ms = limit(pack, Parameter::charge_overcurrent_release);
  pack.advance({delay_ms + 200});
  EXPECT_EQ(now<&PackScalars::current>(pack), 0);
  pack.advance({delay_ms + release_ms});
  EXPECT_EQ(now<&PackScalars::current>(pack), 0);
  pack.advance({delay_ms + release_ms + 300});
  EXPECT_EQ(now<&PackScalars::current>(pack), 150'000);
}

TEST(Board, AWeldedMosfetLetsTheCurrentThrough) {
  VirtualPack pack(held(16, 3300), 1, {0});
  pack.inject(Fault::charge_welded, 0, 0);
  pack.inject(Fault::cell_voltage, 1, 3700);
  pack.inject(Fault::current, 0, 10'000);
  pack.advance({10'000});
  EXPECT_EQ(now<&PackScalars::charge_mosfet>(pack), 0);
  EXPECT_EQ(now<&PackScalars::current>(pack), 10'000);
}

TEST(Board, ClearingAFaultBringsTheHeldValueBack) {
  VirtualPack pack(held(16, 3300), 1, {0});
  pack.inject(Fault::cell_voltage, 3, 3700);
  pack.advance({10'000});
  EXPECT_EQ(now<&PackScalars::cell_voltage_max_index>(pack), 3);
  EXPECT_EQ(now<&PackScalars::charge_mosfet>(pack), 0);
  pack.clear(Fault::cell_voltage);
  pack.advance({10'100});
  EXPECT_EQ(now<&PackScalars::cell_voltage_max>(pack), 3300);
  EXPECT_EQ(now<&PackScalars::charge_mosfet>(pack), 1);
}

TEST(Board, AHeldPackNeverChanges) {
  PackSpec spec = held(8, 2300);
  spec.chemistry = Chemistry::lto;
  spec.profile = ProfileKind::constant;
  spec.current = {-12'340};
  spec.soc = {6300};
  spec.temperatures = {{210}, {225}};
  spec.mosfet_temperature = DeciCelsius{314};
  VirtualPack pack(spec, 1, {0});
  for (std::int64_t hour = 0; hour <= 24; ++hour) {
    pack.advance({hour * 3'600'000 + 100});
    EXPECT_EQ(now<&PackScalars::voltage>(pack), 8 * 2300);
    EXPECT_EQ(now<&PackScalars::current>(pack), -12'340);
    EXPECT_EQ(now<&PackScalars::soc>(pack), 6300);
    EXPECT_EQ(now<&PackScalars::mosfet_temperature>(pack), 314);
    EXPECT_EQ(pack.board().pack().temperature[1].fresh(pack.time(), {0})->count, 225);
  }
}

TEST(Board, TheSameSeedGivesTheSameDayAndAnotherSeedAnother) {
  VirtualPack first({}, 7, {0});
  VirtualPack again({}, 7, {5000});  // when it starts is nothing of its own
  VirtualPack other({}, 8, {0});
  first.advance({3'600'000});
  again.advance({3'605'000});
  other.advance({3'600'000});
  bool differs = false;
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(first.plant().cells()[i].charge_As(), again.plant().cells()[i].charge_As());
    differs |= first.plant().cells()[i].charge_As() != other.plant().cells()[i].charge_As();
  }
  EXPECT_TRUE(differs);
}

TEST(Board, RestartBlanksTheStateOfChargeForSixteenSecondsAndKeepsTheCount) {
  VirtualPack pack(held(16, 3300), 1, {0});
  pack.advance({100'000});
  pack.inject(Fault::restart, 0, 0);
  pack.advance({100'100});
  EXPECT_EQ(now<&PackScalars::soc>(pack), 0);
  EXPECT_EQ(now<&PackScalars::cycle_count>(pack), 0);
  pack.advance({115'900});
  EXPECT_EQ(now<&PackScalars::soc>(pack), 0);
  pack.advance({116'100});
  EXPECT_EQ(now<&PackScalars::soc>(pack), 6000);
  EXPECT_EQ(now<&PackScalars::cycle_count>(pack), 42);
}

TEST(PackSpec, EveryFaultNamesTheKeyAndWhatIsRight) {
  const auto fault = [](auto change) {
    PackSpec spec;
    change(spec);
    return fault_of(spec);
  };
  EXPECT_EQ(fault([](PackSpec&) {}), "");
  EXPECT_EQ(fault([](PackSpec& s) { s.cells = 33; }), "cells: from 2 to 32");
  EXPECT_EQ(fault([](PackSpec& s) { s.capacity = {0}; }), "capacity: from 1 Ah to 2000 Ah");
  EXPECT_EQ(fault([](PackSpec& s) {
              s.hold = true;
              s.cell_voltages = {{3300}, {3301}};
            }),
            "cell_voltage: one for all cells or one for each of 16, not 2");
  EXPECT_NE(fault([](PackSpec& s) { s.cell_voltages = {{3300}}; }).find("hold=yes"),
            std::string::npos);
}

}  // namespace
}  // namespace cw::simulator

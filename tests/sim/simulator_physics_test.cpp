// SPDX-License-Identifier: Apache-2.0
// The physics of virtual packs: charge is conserved, voltages follow their curves, balancing
// converges. Virtual time only.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "simulator/plant.h"
#include "simulator/profile.h"
#include "simulator/random.h"
#include "simulator/virtual_pack.h"

namespace cw::simulator {
namespace {

constexpr Chemistry kChemistries[] = {Chemistry::lfp, Chemistry::li_ion, Chemistry::lto};

double charge_As(const Plant& plant) {
  double sum = 0;
  for (const Cell& cell : plant.cells()) sum += cell.charge_As();
  return sum;
}

double voltage_spread_V(const Plant& plant) {
  const auto [lowest, highest] = std::ranges::minmax(
      plant.cells(), {}, [](const Cell& cell) { return cell.rest_voltage_V(); });
  return highest.rest_voltage_V() - lowest.rest_voltage_V();
}

TEST(Chemistry, StateOfChargeIsTheInverseOfTheRestingVoltage) {
  for (const Chemistry chemistry : kChemistries)
    for (double soc = -0.05; soc <= 1.08; soc += 0.01)
      EXPECT_NEAR(state_of_charge(chemistry, open_circuit_voltage_V(chemistry, soc)), soc, 1e-9)
          << name(chemistry);
}

TEST(Chemistry, AnEmptyCellLiesBelowAndAFullOneAboveThePresetsLimitsOnlyBeyondTheEnds) {
  for (const Chemistry chemistry : kChemistries) {
    const ParameterSet& limits = preset_of(chemistry, Generation::board_11).values;
    const double over_V = *limits.get(Parameter::cell_overvoltage) / 1000.0;
    const double under_V = *limits.get(Parameter::cell_undervoltage) / 1000.0;
    EXPECT_LT(open_circuit_voltage_V(chemistry, 1.0), over_V) << name(chemistry);
    EXPECT_GT(open_circuit_voltage_V(chemistry, 1.05), over_V) << name(chemistry);
    EXPECT_GT(open_circuit_voltage_V(chemistry, 0.1), under_V) << name(chemistry);
    EXPECT_LT(open_circuit_voltage_V(chemistry, -0.02), under_V) << name(chemistry);
  }
}

TEST(Chemistry, TheVoltageNeverFallsBelowZero) {
  for (const Chemistry chemistry : kChemistries)
    EXPECT_EQ(open_circuit_voltage_V(chemistry, -5), 0);
}

TEST(Cell, RestsOnItsCurveAfterTheCurrentHasStopped) {
  for (const Chemistry chemistry : kChemistries) {
    Cell cell(chemistry, 100, 0.001, 0.5);
    for (int i = 0; i < 6000; ++i) cell.pass(-50, 0.1);
    EXPECT_LT(cell.voltage_V(-50), cell.rest_voltage_V() - 0.05);
    for (int i = 0; i < 6000; ++i) cell.pass(0, 0.1);
    const double expected_V = open_circuit_voltage_V(chemistry, 0.5 - 50 * 600 / 360'000.0);
    EXPECT_NEAR(cell.voltage_V(0), expected_V, 0.0005) << name(chemistry);
  }
}

TEST(Cell, LosesTheDocumentedPartInAMonth) {
  Cell cell(Chemistry::lfp, 100, 0.001, 0.5);
  for (int hour = 0; hour < 30 * 24; ++hour) cell.leak(3600);
  EXPECT_NEAR(cell.soc(), 0.5 - facts(Chemistry::lfp).self_discharge_month, 1e-9);
}

TEST(Plant, EveryAmpereSecondIsAccountedFor) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    const std::size_t cells = 2 + random.below(31);
    Plant plant({.chemistry = kChemistries[random.below(3)], .cells = cells, .seed = seed});
    const double before_As = charge_As(plant);
    for (int i = 0; i < 5000; ++i) {
      Transfer transfer;
      transfer.action = static_cast<BalanceAction>(random.below(3));
      transfer.cell = random.below(static_cast<std::uint32_t>(cells));
      transfer.amps = random.between(0, 2);
      plant.step(0.1, random.between(-200, 200), transfer);
    }
    const Ledger& ledger = plant.ledger();
    const double explained_As = static_cast<double>(cells) * ledger.through_As - ledger.leaked_As -
                                ledger.taken_As + ledger.given_As;
    EXPECT_NEAR(charge_As(plant) - before_As, explained_As, 0.001);
    EXPECT_NEAR(ledger.taken_As, ledger.given_As + ledger.lost_As + plant.stored_As(), 1e-6);
    EXPECT_GE(plant.stored_As(), 0);
  }
}

TEST(Plant, CellsDifferByTheGivenSpreadAndNotWithout) {
  Plant alike({.cells = 32, .capacity_spread = 0, .soc_spread = 0});
  for (const Cell& cell : alike.cells()) EXPECT_EQ(cell.capacity_As(), 280 * 3600.0);
  Plant different({.cells = 32, .capacity_spread = 0.05});
  double variance = 0;
  for (const Cell& cell : different.cells())
    variance += std::pow(cell.capacity_As() / (280 * 3600.0) - 1, 2) / 32;
  EXPECT_GT(std::sqrt(variance), 0.025);
  EXPECT_LT(std::sqrt(variance), 0.1);
}

TEST(Plant, CurrentWarmsItAndRestLetsItCoolToTheAmbient) {
  Plant plant({.capacity_Ah = 100, .ambient_C = 20});
  for (int i = 0; i < 36'000; ++i) plant.step(0.1, 100, {});
  const Sensed warm = plant.sense(100);
  EXPECT_GT(warm.temperature_C[1], 21);
  EXPECT_LT(warm.temperature_C[1], 60);
  EXPECT_GT(warm.mosfet_temperature_C, warm.temperature_C[1] + 5);
  for (int i = 0; i < 48 * 3600; ++i) plant.step(1, 0, {});
  EXPECT_NEAR(plant.sense(0).temperature_C[1], 20, 0.1);
  EXPECT_NEAR(plant.sense(0).mosfet_temperature_C, 20, 0.1);
}

TEST(Plant, TheCurrentThatReachesAVoltageReachesIt) {
  Plant plant({.soc = 0.5});
  const double amps = plant.current_to_reach_A(54);
  EXPECT_NEAR(plant.voltage_V(amps), 54, 1e-9);
}

TEST(Profile, TheSameInstantAlwaysAsksTheSame) {
  for (double hour = 0; hour < 48; hour += 0.37)
    EXPECT_EQ(wanted_power_W(ProfileKind::home, 14'000, hour, 5),
              wanted_power_W(ProfileKind::home, 14'000, hour, 5));
}

TEST(Profile, TheSunChargesByDayOnlyAndLoadsNeverCharge) {
  double most_W = 0;
  for (double hour = 0; hour < 24 * 30; hour += 0.01) {
    const double sun_W = wanted_power_W(ProfileKind::solar, 14'000, hour, 1);
    const double of_day = std::fmod(hour, 24);
    EXPECT_GE(sun_W, 0);
    if (of_day < 5.99 || of_day > 20.01) {
      EXPECT_EQ(sun_W, 0) << hour;
    }
    most_W = std::max(most_W, sun_W);
    EXPECT_LT(wanted_power_W(ProfileKind::household, 14'000, hour, 1), 0);
    EXPECT_EQ(wanted_power_W(ProfileKind::idle, 14'000, hour, 1), 0);
  }
  EXPECT_GT(most_W, 1400);
  EXPECT_LT(most_W, 2801);
}

TEST(Balancing, BringsCellsTogetherAndLosesOnlyWhatTheConverterLoses) {
  PackSpec spec;
  spec.chemistry = Chemistry::li_ion;
  spec.cells = 14;
  spec.capacity = {20'000};
  spec.soc = {6000};
  spec.soc_spread = 0.02;
  spec.profile = ProfileKind::idle;
  VirtualPack pack(spec, 3, {0});
  const double before_V = voltage_spread_V(pack.plant());
  const double before_As = charge_As(pack.plant());
  ASSERT_GT(before_V, 0.012);
  pack.advance({24 * 3'600'000LL});
  // The trigger is 10 mV; half of a pass may overshoot by what one second moves.
  EXPECT_LT(voltage_spread_V(pack.plant()), 0.0125);
  const Ledger& ledger = pack.plant().ledger();
  EXPECT_GT(ledger.given_As, 0);
  EXPECT_NEAR(ledger.given_As, 0.9 * (ledger.taken_As - pack.plant().stored_As()), 0.001);
  EXPECT_NEAR(before_As - charge_As(pack.plant()),
              ledger.lost_As + ledger.leaked_As + pack.plant().stored_As(), 0.001);
}

TEST(Balancing, StaysIdleBelowItsStartVoltage) {
  PackSpec spec;
  spec.chemistry = Chemistry::li_ion;
  spec.cells = 8;
  spec.soc = {6000};
  spec.hold = true;
  for (int i = 0; i < 8; ++i) spec.cell_voltages.push_back({2900 + i * 10});
  VirtualPack pack(spec, 1, {0});
  pack.advance({10'000});
  EXPECT_EQ(pack.board().transfer().action, BalanceAction::idle);
}

}  // namespace
}  // namespace cw::simulator

// SPDX-License-Identifier: Apache-2.0
// The core as firmware of a board on a physical battery, over days: what it must never let happen,
// and what it must bring about.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "simulator/board.h"

namespace cw::simulator {
namespace {

constexpr double kHour_s = 3'600;

struct Site {
  PlantOptions plant;
  bool heater = false;
  bool sleeps = false;
  double heater_W = 200;
};

// A board on a plant. Whoever is outside wants a current; the MOSFETs have the last word.
class House {
 public:
  explicit House(const Site& site, Millis step = {1'000})
      : site_(site), step_(step), plant_(site.plant), board_(options(site), now_) {
    board_.sample(plant_.sense(0), now_);
  }

  // Lets `wanted` flow for one step.
  void step(double wanted_A) {
    now_ = now_ + step_;
    amps_ = board_.permits(wanted_A) ? wanted_A : 0;
    const double heater_W = board_.bms().outputs().heater ? site_.heater_W : 0;
    plant_.step(step_.count / 1000.0, amps_, board_.transfer(), heater_W);
    Sensed sensed = plant_.sense(amps_);
    sensed.charger = wanted_A > 0;
    board_.sample(sensed, now_);
  }
  // Until `done`; false: not within `hours`.
  template <class Done>
  bool run(double wanted_A, double hours, Done done) {
    for (double s = 0; s < hours * kHour_s; s += step_.count / 1000.0) {
      if (done()) return true;
      step(wanted_A);
    }
    return done();
  }
  void run(double wanted_A, double hours) {
    run(wanted_A, hours, [] { return false; });
  }

  double highest_V() const { return cell(1); }
  double lowest_V() const { return cell(-1); }
  double difference_V() const { return highest_V() - lowest_V(); }
  bool may(double direction) const { return board_.permits(direction); }
  double amps() const { return amps_; }
  const BmsOutputs& out() const { return board_.bms().outputs(); }
  std::int32_t setting(Parameter parameter) const {
    return board_.pack().parameters.get(parameter).value();
  }
  double temperature_C() const { return plant_.sense(0).temperature_C[1]; }

  Board& board() { return board_; }
  const Plant& plant() const { return plant_; }
  Instant now() const { return now_; }

 private:
  static BoardOptions options(const Site& site) {
    BoardOptions options;
    const auto capacity = static_cast<std::int32_t>(site.plant.capacity_Ah * 1000);
    options.settings =
        board_settings(site.plant.chemistry, Generation::board_11, site.plant.cells, {capacity});
    options.soc = {static_cast<std::int32_t>(site.plant.soc * 10'000)};
    options.heater = site.heater;
    options.sleeps = site.sleeps;
    return options;
  }
  double cell(double sign) const {
    double found = plant_.cells()[0].voltage_V(amps_);
    for (const Cell& c : plant_.cells())
      if (sign * c.voltage_V(amps_) > sign * found) found = c.voltage_V(amps_);
    return found;
  }

  Site site_;
  Millis step_;
  Instant now_{1'000'000};
  Plant plant_;
  Board board_;
  double amps_ = 0;
};

TEST(PlantDays, AHundredCyclesWithAWeakCellNeverOverchargeItAndBalancingConverges) {
  Site site;
  site.plant = {.cells = 8,
                .capacity_Ah = 50,
                .soc = 0.5,
                .capacity_spread = 0.06,  // the weakest of the eight lacks some 10 %
                .soc_spread = 0.03,
                .seed = 5};
  House house{site};
  ASSERT_TRUE(house.board().write(Parameter::balance_start, 3'400));  // as owners of LFP set it
  const double limit_V = house.setting(Parameter::cell_overvoltage) / 1000.0;
  const double trigger_V = house.setting(Parameter::balance_trigger) / 1000.0;
  double worst_V = 0;
  double first_difference_V = 0;
  double last_difference_V = 0;
  for (int cycle = 0; cycle < 100; ++cycle) {
    ASSERT_TRUE(house.run(15, 8,
                          [&] {
                            worst_V = std::max(worst_V, house.highest_V());
                            return !house.may(1);
                          }))
        << "cycle " << cycle << ": it never became full";
    house.run(0, 1);
    last_difference_V = house.difference_V();
    if (cycle == 0) first_difference_V = last_difference_V;
    house.run(-20, 1.5);  // a night
    ASSERT_TRUE(house.may(-1)) << "cycle " << cycle;
  }
  EXPECT_LT(worst_V, limit_V + 0.030);
  EXPECT_GT(first_difference_V, 2 * trigger_V) << "there was something to balance";
  EXPECT_LT(last_difference_V, first_difference_V / 2);
}

TEST(PlantDays, FromFullToEmptyItLearnsWhatTheWeakestCellHolds) {
  Site site;
  site.plant = {.cells = 8, .capacity_Ah = 50, .soc = 0.9, .capacity_spread = 0.06, .seed = 5};
  House house{site};
  ASSERT_TRUE(house.run(15, 8, [&] { return !house.may(1); }));
  ASSERT_TRUE(house.run(-20, 8, [&] { return !house.may(-1); }));
  EXPECT_GT(house.lowest_V(), 2.4) << "no cell was hurt";
  EXPECT_TRUE(house.board().bms().charge().is_learnt());
  EXPECT_LT(house.board().bms().charge().full().count, 50'000);
  EXPECT_GT(house.board().bms().charge().full().count, 40'000);
}

TEST(PlantDays, BalancingAloneBringsAPackAtRestWithinItsTrigger) {
  Site site;
  site.plant = {.cells = 8, .capacity_Ah = 20, .soc = 0.97, .soc_spread = 0.02, .seed = 3};
  House house{site};
  const double trigger_V = house.setting(Parameter::balance_trigger) / 1000.0;
  ASSERT_GT(house.difference_V(), trigger_V);
  EXPECT_TRUE(house.run(0, 48, [&] { return house.difference_V() <= trigger_V; }));
}

TEST(PlantDays, AColdPackIsWarmedBeforeItIsCharged) {
  Site site;
  site.plant = {.cells = 16, .capacity_Ah = 100, .soc = 0.3, .ambient_C = -8, .seed = 2};
  site.heater = true;
  site.heater_W = 800;
  House house{site};
  ASSERT_TRUE(house.board().write(Parameter::charge_undertemperature, 0));
  ASSERT_TRUE(house.board().write(Parameter::charge_undertemperature_recovery, 50));
  house.run(0, 0.1);
  EXPECT_FALSE(house.may(1));
  EXPECT_FALSE(house.out().heater) << "before sunrise there is nothing to heat with";
  double charged_cold_As = 0;
  bool heated = false;
  EXPECT_TRUE(house.run(20, 12, [&] {
    heated |= house.out().heater;
    if (house.temperature_C() < -0.05 && house.amps() > 0) charged_cold_As += house.amps();
    return house.amps() > 0;
  }));
  EXPECT_TRUE(heated);
  EXPECT_EQ(charged_cold_As, 0);
  EXPECT_FALSE(house.out().heater);
}

TEST(PlantDays, OverdischargedItTurnsOffAndAChargerBringsItBack) {
  Site site;
  site.plant = {.cells = 16, .capacity_Ah = 50, .soc = 0.1, .capacity_spread = 0.02, .seed = 9};
  House house{site};
  ASSERT_TRUE(house.run(-25, 4, [&] { return !house.may(-1); }));
  EXPECT_TRUE(house.board().answers());
  EXPECT_EQ(house.board().bms().charge().soc(), CentiPercent{0});
  // Somebody takes more past the board: self-discharge of years in an hour.
  ASSERT_TRUE(house.board().write(Parameter::cell_undervoltage, 2'300));
  ASSERT_TRUE(house.board().write(Parameter::cell_undervoltage_recovery, 2'350));
  ASSERT_TRUE(house.board().write(Parameter::pack_undervoltage, 16 * 2'300));
  ASSERT_TRUE(house.run(-25, 4, [&] { return !house.out().on; }));
  ASSERT_TRUE(house.board().write(Parameter::cell_undervoltage, 2'600));
  ASSERT_TRUE(house.board().write(Parameter::cell_undervoltage_recovery, 2'650));
  EXPECT_FALSE(house.board().answers());
  house.run(0, 1);
  EXPECT_FALSE(house.may(1) || house.may(-1)) << "off is off";
  ASSERT_TRUE(house.run(5, 1, [&] { return house.out().on; })) << "a charger wakes it";
  EXPECT_TRUE(house.run(5, 4, [&] { return house.may(-1); })) << "and charges it";
  EXPECT_TRUE(house.board().answers());
}

TEST(PlantDays, AnEmergencyLastsExactlyHalfAnHourAndIsCountedDown) {
  Site site;
  site.plant = {.cells = 8, .capacity_Ah = 200, .soc = 0.02, .seed = 4};
  House house{site, {100}};
  ASSERT_TRUE(house.run(-100, 2, [&] { return !house.may(-1); }));
  house.run(0, 0.001);
  ASSERT_FALSE(house.may(-1));
  const Instant requested = house.now();
  house.board().request_emergency(requested);
  house.step(-5);
  EXPECT_TRUE(house.may(-1) && house.may(1));
  std::int32_t last_s = 1'801;
  while (house.may(-1)) {
    const auto left = house.board().pack().scalars.emergency_remaining.fresh(house.now(), {0});
    ASSERT_TRUE(left);
    ASSERT_LE(left->count, last_s);
    last_s = left->count;
    house.step(-5);
  }
  EXPECT_EQ(house.now().ms - requested.ms, 30 * 60 * 1000);
  EXPECT_EQ(last_s, 1);
}

TEST(PlantDays, WithoutUseItSleepsAfter26HoursAndWakesByAChargerOrARequest) {
  Site site;
  site.plant = {.cells = 8, .capacity_Ah = 100, .seed = 6};
  site.sleeps = true;
  House house{site, {10'000}};
  const Instant rested = house.now();
  ASSERT_TRUE(house.run(-0.5, 30, [&] { return house.out().asleep; }));
  EXPECT_EQ(house.now().ms - rested.ms, 26 * 3'600 * 1'000);
  EXPECT_FALSE(house.board().answers());
  house.board().hear_request();
  house.step(0);
  EXPECT_TRUE(house.board().answers());
  ASSERT_TRUE(house.run(0, 30, [&] { return house.out().asleep; }));
  house.step(2);
  EXPECT_FALSE(house.out().asleep);
}

}  // namespace
}  // namespace cw::simulator

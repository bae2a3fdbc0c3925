// SPDX-License-Identifier: Apache-2.0
// Battery to inverter and back, for days: weak cells, cold mornings, lost packs, dark weeks, and
// inverters that do not obey.
#include <gtest/gtest.h>

#include "tests/sim/closed_loop_world.h"

namespace cw::simulator {
namespace {

constexpr double kDay = 24;
constexpr double kWeek = CW_LOOP_DAYS * kDay;  // seven; fewer where every step is slow
// The target of the highest cell: above it charge control pulls the voltage down.
constexpr double kTarget_V = 3.500;
constexpr double kMost_V = kTarget_V + 0.030;
constexpr double kBoardOpens_V = 3.650;

ClosedLoopSite weak_cells() {
  ClosedLoopSite site;
  site.packs[0].soc = 0.58;
  site.packs[1].weak_cell = 7;
  site.packs[1].weak_share = 0.85;
  site.packs[2].weak_cell = 3;
  site.packs[2].weak_share = 0.92;
  site.packs[2].capacity_Ah = 200;
  return site;
}

std::string names(const std::set<LimitCause>& causes) {
  std::string text;
  for (const LimitCause cause : causes) text += std::string(name(cause)) + " ";
  return text;
}

std::string story(const ClosedLoop& loop) {
  const ClosedLoop::Record& s = loop.seen();
  return "cells " + std::to_string(s.lowest_cell_V) + " to " + std::to_string(s.highest_cell_V) +
         " V, charged " + std::to_string(s.charged_Ah) + " Ah, discharged " +
         std::to_string(s.discharged_Ah) + " Ah, disobeyed " + std::to_string(s.disobeyed) +
         " s, trips " + std::to_string(s.trips) + ", interventions " +
         std::to_string(loop.account().interventions()) + ", enforcements " +
         std::to_string(loop.account().enforcements()) + "\n charge: " + names(s.charge_causes) +
         "\n discharge: " + names(s.discharge_causes) + "\n voltage: " + names(s.voltage_causes);
}

void expect_explained(const ClosedLoop& loop) {
  EXPECT_GT(loop.account().interventions(), kLimitCount);
  for (const std::string& what : loop.account().unexplained()) ADD_FAILURE() << what;
}

// What must hold whatever happens, as long as the inverter obeys.
void expect_well(const ClosedLoop& loop) {
  const ClosedLoop::Record& seen = loop.seen();
  EXPECT_LE(seen.highest_cell_V, kMost_V);
  EXPECT_EQ(seen.trips, 0U);
  EXPECT_EQ(seen.disobeyed, 0U);
  expect_explained(loop);
}

TEST(ClosedLoop, AWeekWithWeakCells) {
  ClosedLoop loop(weak_cells());
  loop.run(kWeek);
  SCOPED_TRACE(story(loop));
  expect_well(loop);
  const ClosedLoop::Record& seen = loop.seen();
  EXPECT_TRUE(seen.was_full);
  EXPECT_GT(seen.charged_Ah, 280 * CW_LOOP_DAYS);  // of 760 Ah: the limits leave room for a life
  EXPECT_GT(seen.discharged_Ah, 280 * CW_LOOP_DAYS);
  EXPECT_TRUE(seen.charge_causes.contains(LimitCause::cell_voltage));
}

TEST(ClosedLoop, AWeekOfColdMornings) {
  ClosedLoopSite site = weak_cells();
  site.coldest_C = -12;
  site.warmest_C = 10;
  ClosedLoop loop(site);
  loop.run(kWeek);
  SCOPED_TRACE(story(loop));
  expect_well(loop);
  EXPECT_LT(loop.seen().frozen_Ah, 0.05);
  EXPECT_GT(loop.seen().charged_Ah, 100);  // at noon it is warm enough
  EXPECT_TRUE(loop.seen().charge_causes.contains(LimitCause::temperature));
  EXPECT_TRUE(loop.seen().discharge_causes.contains(LimitCause::temperature));
}

// Another hour every day, and in turn each pack, also the one with the weakest cell: nobody sees
// it.
TEST(ClosedLoop, AWeekInWhichPacksAreLostAndComeBack) {
  ClosedLoop loop(weak_cells());
  for (int day = 0; day < CW_LOOP_DAYS; ++day) {
    const double before = 10 + day % 3 * 2;
    loop.run(before);
    const std::size_t pack = static_cast<std::size_t>(day + 1) % 3;
    loop.mute(pack, true);
    EXPECT_TRUE(loop.run_until(0.02, [&] { return loop.request().packs_offline == 1; }));
    const Milliamps lost = loop.request().charge_current.value;
    for (int hour = 0; hour < 3; ++hour) {
      loop.run(1);
      EXPECT_LE(loop.request().charge_current.value, std::max(lost, Milliamps{280'000}));
      EXPECT_LE(loop.request().charge_voltage.value, Millivolts{16 * 3'350});  // float
    }
    loop.mute(pack, false);
    EXPECT_TRUE(loop.run_until(0.02, [&] { return loop.request().packs_offline == 0; }));
    loop.run(kDay - before - 3);
  }
  SCOPED_TRACE(story(loop));
  expect_well(loop);
  EXPECT_TRUE(loop.seen().voltage_causes.contains(LimitCause::pack_lost));
}

TEST(ClosedLoop, WhenNothingIsHeardTheInverterStops) {
  ClosedLoop loop(weak_cells());
  loop.run(11);
  ASSERT_GT(loop.amps(), 10);
  loop.mute_all(true);
  // Stale, lost, a minute of zeros: by then nothing flows, and the words end as well.
  EXPECT_TRUE(loop.run_until(35.0 / 3'600, [&] { return std::abs(loop.amps()) < 0.01; }));
  EXPECT_TRUE(loop.run_until(65.0 / 3'600, [&] { return loop.request().voice == Voice::silent; }));
  loop.run(0.01);
  const auto told = loop.seen().told;
  loop.run(0.1);
  EXPECT_EQ(loop.seen().told, told);
  EXPECT_FALSE(loop.inverter().believes(loop.now()));
  EXPECT_LT(std::abs(loop.amps()), 0.01);
  loop.mute_all(false);
  EXPECT_TRUE(loop.run_until(0.1, [&] { return loop.amps() > 10; }));
  SCOPED_TRACE(story(loop));
  expect_well(loop);
}

TEST(ClosedLoop, ADarkWeekEndsAboveTheProtections) {
  ClosedLoopSite site = weak_cells();
  site.inverter.sun = ProfileKind::idle;
  ClosedLoop loop(site);
  loop.run(2 * kDay);
  SCOPED_TRACE(story(loop));
  expect_well(loop);
  EXPECT_GT(loop.seen().lowest_cell_V, 2.6);
  EXPECT_TRUE(loop.seen().discharge_causes.contains(LimitCause::cell_voltage));
  EXPECT_TRUE(loop.request().force_charge);
  EXPECT_LT(std::abs(loop.amps()), 1);
}

TEST(ClosedLoop, AGridFeedsTheBatteryThatAsksForIt) {
  ClosedLoopSite site = weak_cells();
  site.inverter.sun = ProfileKind::idle;
  site.inverter.grid = true;
  ClosedLoop loop(site);
  loop.run(3 * kDay);
  SCOPED_TRACE(story(loop));
  expect_well(loop);
  EXPECT_TRUE(loop.seen().force_charge);
  EXPECT_GT(loop.seen().charged_Ah, 50);
}

// The same day in every protocol; a bank of 48 V tells nothing in BYD's, and the maps of the server
// are those on a serial line.
std::vector<std::string_view> spoken() {
  std::vector<std::string_view> names;
  for (const InverterReaderRow& row : inverter_readers())
    if (row.name != "byd-rs485" && row.gateway != "[modbus]") names.push_back(row.name);
  return names;
}
class Spoken : public testing::TestWithParam<std::string_view> {};

TEST_P(Spoken, ADayIsWell) {
  ClosedLoopSite site;
  site.protocol = GetParam();
  site.packs = {{.soc = 0.8}};  // full in the afternoon
  site.inverter.energy_Wh /= 3;
  site.inverter.power_most_W /= 3;
  ClosedLoop loop(site);
  loop.run(kDay);
  SCOPED_TRACE(story(loop));
  expect_well(loop);
  EXPECT_GT(loop.seen().told, 80'000U);
  EXPECT_GT(loop.seen().charged_Ah, 40);
  EXPECT_GT(loop.seen().discharged_Ah, 40);
}

INSTANTIATE_TEST_SUITE_P(ClosedLoop, Spoken, testing::ValuesIn(spoken()), [](const auto& what) {
  std::string name(what.param);
  std::ranges::replace(name, '-', '_');
  return name;
});

// What is left when an inverter ignores one thing: the others still hold it, or the boards, whose
// trips then follow a disobedience that is seen.
class Ignoring : public testing::TestWithParam<Ignores> {};

TEST_P(Ignoring, IsSeenAndTheOthersHold) {
  ClosedLoopSite site = weak_cells();
  site.inverter.ignores = GetParam();
  const bool dark = GetParam() == Ignores::discharge_current || GetParam() == Ignores::flags;
  if (dark) site.inverter.sun = ProfileKind::idle;
  ClosedLoop loop(site);
  loop.run(2 * kDay);
  SCOPED_TRACE(story(loop));
  EXPECT_GT(loop.seen().disobeyed, 0U);
  EXPECT_EQ(loop.seen().trips_of_obeying, 0U);
  expect_explained(loop);
  EXPECT_LE(loop.seen().highest_cell_V, kBoardOpens_V + 0.1);
  EXPECT_GE(loop.seen().lowest_cell_V, 2.3);
}

INSTANTIATE_TEST_SUITE_P(ClosedLoop, Ignoring,
                         testing::Values(Ignores::charge_voltage, Ignores::charge_current,
                                         Ignores::discharge_current, Ignores::flags),
                         [](const auto& what) { return std::string(name(what.param)); });

// With every step of the ladder nothing is left to the boards, whatever an inverter ignores. One
// that ignores the charge voltage alone obeys the charge current, which ends at 3.580 V a cell.
struct Disobeying {
  Ignores what;
  double most_V;
  int days;
  bool dark;
};
class Enforced : public testing::TestWithParam<Disobeying> {};

TEST_P(Enforced, AWeekIsWell) {
  ClosedLoopSite site = weak_cells();
  site.inverter.ignores = GetParam().what;
  site.ladder = {Millis{0}, Millis{10'000}, Millis{20'000}, Millis{30'000}};
  if (GetParam().dark) site.inverter.sun = ProfileKind::idle;
  ClosedLoop loop(site);
  loop.run(std::min(GetParam().days, CW_LOOP_DAYS) * kDay);
  SCOPED_TRACE(story(loop));
  EXPECT_LE(loop.seen().highest_cell_V, GetParam().most_V);
  EXPECT_EQ(loop.seen().trips, 0U);
  EXPECT_GT(loop.seen().disobeyed, 0U);
  EXPECT_GT(loop.account().enforcements(), 3U);
  expect_explained(loop);
}

// In the dark the battery is empty after a day.
constexpr Disobeying kDisobeying[] = {{Ignores::charge_voltage, 3.580, 7, false},
                                      {Ignores::charge_current, kMost_V, 7, false},
                                      {Ignores::discharge_current, kMost_V, 3, true},
                                      {Ignores::flags, kMost_V, 3, true}};

INSTANTIATE_TEST_SUITE_P(ClosedLoop, Enforced, testing::ValuesIn(kDisobeying),
                         [](const auto& what) { return std::string(name(what.param.what)); });

}  // namespace
}  // namespace cw::simulator

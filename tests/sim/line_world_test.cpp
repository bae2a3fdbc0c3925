// SPDX-License-Identifier: Apache-2.0
// A line over hours and weeks of virtual time: use of the wire, fairness, dead stations, bad
// cables. Random worlds print their seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/sim/line_world.h"
#include "tests/unit/allocation_count.h"

namespace cw {
namespace {

using test::Cable;
using test::LineWorld;

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kWeek = 7 * 24 * kHour;

std::vector<std::uint64_t> frames(const LineWorld& world) {
  std::vector<std::uint64_t> counts;
  for (std::size_t i = 0; i < world.line.size(); ++i)
    counts.push_back(world.line.status(i).counts.frames);
  return counts;
}

std::uint64_t sum(const std::vector<std::uint64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

void expect_counters_add_up(const LineWorld& world) {
  for (std::size_t i = 0; i < world.line.size(); ++i) {
    const LinkCounts& counts = world.line.status(i).counts;
    EXPECT_EQ(counts.requests, world.protocols[i]->requests);
    EXPECT_EQ(counts.frames, world.protocols[i]->frames);
    const std::uint64_t ended = counts.frames + counts.timeouts;
    EXPECT_LE(ended, counts.requests);
    EXPECT_LE(counts.requests, ended + 1 + world.unplugged);
  }
}

void expect_right_attribution(const LineWorld& world) {
  for (const auto& protocol : world.protocols) EXPECT_EQ(protocol->wrong, 0U);
}

TEST(LineWorld, UsesNinetySevenPercentOfAFullSpeedLine) {
  LineWorld world{15, {.interval = {0}}, {}, 1};
  for (auto& device : world.devices) device.payload = 55;
  world.run(10 * kMinute);
  const double exchange_us = 4 * 87 + 500 + 60 * 87;
  const double limit = 10 * 60e6 / exchange_us;
  EXPECT_GE(static_cast<double>(sum(frames(world))), 0.97 * limit);
}

TEST(LineWorld, FifteenHealthyStationsGetEqualShares) {
  LineWorld world{15, {.interval = {0}}, {}, 1};
  for (std::size_t i = 0; i < 15; ++i)
    world.devices[i].payload = static_cast<std::uint8_t>(3 + 3 * i);
  world.run(10 * kMinute);
  const auto counts = frames(world);
  const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
  EXPECT_LE(static_cast<double>(*most), 1.05 * static_cast<double>(*least));
}

TEST(LineWorld, KeepsTheIntervalOfEveryStationOnAverage) {
  LineWorld world{15, {.interval = {1000}}, {}, 1};
  world.run(kHour);
  for (const std::uint64_t count : frames(world)) EXPECT_NEAR(static_cast<double>(count), 3600, 2);
}

// Each of the 15 in turn is removed, and returns.
TEST(LineWorld, ADeadStationCostsTheOthersLittleAndIsBackWithinTenSeconds) {
  for (std::size_t dead = 0; dead < 15; ++dead) {
    SCOPED_TRACE(dead);
    LineWorld world{15, {.interval = {1000}}, {}, static_cast<std::uint32_t>(dead), {}, {500}};
    world.run(kMinute);
    const auto before = frames(world);
    world.devices[dead].alive = false;
    world.run(10 * kMinute);
    const auto after = frames(world);
    for (std::size_t i = 0; i < 15; ++i) {
      if (i == dead) continue;
      EXPECT_NEAR(static_cast<double>(after[i] - before[i]), 600, 6);
    }
    EXPECT_EQ(world.line.status(dead).link, Link::lost);
    world.devices[dead].alive = true;
    world.run(10'000);
    EXPECT_EQ(world.line.status(dead).link, Link::up);
  }
}

TEST(LineWorld, ADeadStationCostsASaturatedLineAtMostFivePercent) {
  LineWorld healthy{8, {.interval = {0}}, {}, 1, {}, {400}};
  healthy.run(kHour);
  LineWorld ill{8, {.interval = {0}}, {}, 1, {}, {400}};
  ill.devices[3].alive = false;
  ill.run(kHour);
  EXPECT_GE(static_cast<double>(sum(frames(ill))),
            0.95 * static_cast<double>(sum(frames(healthy))));
}

TEST(LineWorld, GoodputStaysAboveNinetyFivePercentAtABitErrorRateOfTenToTheMinusFive) {
  LineWorld clean{1, {.interval = {0}}, {}, 1, {}, {500}};
  LineWorld bad{1, {.interval = {0}}, {.bit_error = 1e-5}, 1, {}, {500}};
  for (LineWorld* world : {&clean, &bad}) {
    world->byte_us = 435;  // as long on the wire as a frame of 300 bytes
    world->devices[0].payload = 55;
    world->run(kHour);
  }
  EXPECT_GE(static_cast<double>(sum(frames(bad))), 0.95 * static_cast<double>(sum(frames(clean))));
}

TEST(LineWorld, AWeekOnABadCableMixesNothingUp) {
  for (const std::uint32_t seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(seed);
    const Cable cable{.bit_error = 1e-4,
                      .no_answer = 0.1,
                      .late_answer = 0.05,
                      .noise = 0.1,
                      .unplugged = 1e-5,
                      .echo = seed % 2 == 0};
    LineWorld world{4, {.interval = {1000}}, cable, seed};
    world.run(kWeek);
    expect_right_attribution(world);
    expect_counters_add_up(world);
    for (const std::uint64_t count : frames(world)) EXPECT_GT(count, 400'000U);
  }
}

TEST(LineWorld, LateAnswersAreNeverTakenForNewOnesOnAPointToPointLine) {
  for (const std::uint32_t seed : {11U, 12U, 13U}) {
    SCOPED_TRACE(seed);
    const Cable cable{.no_answer = 0.05, .late_answer = 0.2};
    LineWorld world{1, {.interval = {0}}, cable, seed, {.addressed = false}};
    world.protocols[0]->addressed = false;
    world.run(24 * kHour);
    expect_right_attribution(world);
    expect_counters_add_up(world);
    EXPECT_GT(world.protocols[0]->frames, 100'000U);
  }
}

TEST(LineWorld, StationsWhoseAnswersDoNotNameThemAreNotMixedUp) {
  LineWorld world{3, {.interval = {0}}, {.late_answer = 0.2}, 21, {.addressed = false}};
  for (auto& protocol : world.protocols) protocol->addressed = false;
  world.run(24 * kHour);
  expect_right_attribution(world);
}

TEST(LineWorld, AllocatesNothingOnceItRuns) {
  LineWorld world{8, {.interval = {0}}, {.bit_error = 1e-4, .no_answer = 0.05, .noise = 0.1}, 5};
  const std::size_t before = test::allocations_of_this_thread();
  world.run(kHour);
  EXPECT_EQ(test::allocations_of_this_thread(), before);
}

}  // namespace
}  // namespace cw

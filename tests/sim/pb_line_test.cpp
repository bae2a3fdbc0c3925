// SPDX-License-Identifier: Apache-2.0
// Fifteen boards on one RS485 line: its throughput, what losses and a dead board cost, and another
// master on it. All of it in virtual time.
#include <array>
#include <cmath>

#include "tests/sim/pb_line_world.h"

namespace cw::test {
namespace {

using simulator::Fault;

constexpr std::int64_t kMinute = 60'000;

double per_second(const PbWorld& world, std::uint64_t before, std::int64_t ms) {
  return static_cast<double>(world.frames() - before) * 1000 / static_cast<double>(ms);
}

double throughput(PbWorld& world, std::int64_t ms = 10 * kMinute) {
  world.run(10'000);
  const std::uint64_t before = world.frames();
  world.run(ms);
  EXPECT_EQ(world.wrong, 0U);
  return per_second(world, before, ms);
}

void inject(PbWorld& world, Fault fault, std::int32_t value) {
  for (auto& board : world.boards) board->inject(fault, 0, value);
}

TEST(PbLine, EveryBoardIsHeardWithItsOwnValues) {
  PbWorld world({.boards = 15});
  world.run(kMinute);
  for (std::size_t i = 0; i < 15; ++i) {
    EXPECT_EQ(world.line.status(i).link, Link::up) << i;
    EXPECT_EQ(world.heard[i]->scalars.cycle_count.fresh(world.now(), {10'000})->count,
              101 + static_cast<std::int32_t>(i));
    EXPECT_EQ(world.heard[i]->identity.model.view(), "JK_PB2A16S20P");
    EXPECT_EQ(world.line.status(i).counts.timeouts, 0U);
  }
  EXPECT_EQ(world.wrong, 0U);
  EXPECT_EQ(world.wire.collisions(), 0U);
}

// An exchange: request, turnaround, record and acknowledgement, and the pause the boards need.
TEST(PbLine, UsesNinetySevenPercentOfWhatThePausesLeave) {
  for (const std::size_t boards : {1U, 15U})
    for (const std::uint32_t baud : {9'600U, 115'200U}) {
      SCOPED_TRACE(testing::Message() << boards << " boards at " << baud);
      PbWorld world({.boards = boards, .baud = baud});
      const double exchange_ms = (11 + 308) * 10'000.0 / baud + kTurnaround_us / 1000.0 + 120;
      EXPECT_GE(throughput(world), 0.97 * 1000 / exchange_ms);
    }
}

// One in a hundred answers loses a packet of a USB adapter.
TEST(PbLine, FifteenBoardsKeepNinetyFivePercentWhenAnswersLosePieces) {
  PbWorld clean({});
  PbWorld bad({});
  inject(bad, Fault::piece_loss, 100);
  EXPECT_GE(throughput(bad), 0.95 * throughput(clean));
}

// Where bytes are lost one by one, of 319 in an exchange, all must come through: with a loss of 1 %
// that is one answer in 22, whoever asks. What comes whole is used.
TEST(PbLine, WhatComesWholeOfALineThatLosesBytesIsUsed) {
  for (const std::int32_t loss : {1, 10, 100}) {  // 0.01 % to 1 %
    SCOPED_TRACE(loss);
    PbWorld clean({});
    PbWorld bad({});
    inject(bad, Fault::byte_loss, loss);
    const double whole = std::pow(1 - loss / 10'000.0, 308);
    EXPECT_GE(throughput(bad), 0.8 * whole * throughput(clean));
  }
}

TEST(PbLine, ABoardThatIsRemovedCostsTheOthersLittleAndIsBackWithinTenSeconds) {
  for (const std::uint8_t gone : std::array<std::uint8_t, 3>{1, 8, 15}) {
    SCOPED_TRACE(int{gone});
    PbWorld world({});
    world.run(kMinute);
    const auto count = [&](std::size_t i) { return static_cast<double>(world.frames(i)); };
    std::vector<double> at_start(15);
    std::vector<double> healthy(15);
    for (std::size_t i = 0; i < 15; ++i) at_start[i] = count(i);
    world.run(5 * kMinute);
    for (std::size_t i = 0; i < 15; ++i) healthy[i] = count(i) - at_start[i];
    world.board(gone).inject(Fault::unplug, 0, 0);
    for (std::size_t i = 0; i < 15; ++i) at_start[i] = count(i);
    world.run(5 * kMinute);
    for (std::size_t i = 0; i < 15; ++i) {
      if (i + 1 == gone) continue;
      EXPECT_NEAR((count(i) - at_start[i]) / healthy[i], 1, 0.1) << i;
    }
    EXPECT_EQ(world.line.status(gone - 1U).link, Link::lost);
    world.board(gone).clear(Fault::unplug);
    const Instant back = world.now();
    while (world.line.status(gone - 1U).link != Link::up && world.now().ms - back.ms < 20'000)
      world.run(100);
    EXPECT_LE(world.now().ms - back.ms, 10'000);
  }
}

TEST(PbLine, NothingIsEverSentWhereABoardDrivesTheLine) {
  PbWorld world({.boards = 4, .poll = {1'000}, .master = true});
  world.run(30 * kMinute);
  EXPECT_EQ(world.sent, 0U);
  EXPECT_EQ(world.wire.collisions(), 0U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(world.line.status(i).asking, Asking::another_master);
    EXPECT_EQ(world.line.status(i).link, Link::up);
    EXPECT_GT(world.frames(i), 400U);
    EXPECT_TRUE(world.heard[i]->parameters.get(Parameter::cell_overvoltage));
  }
  EXPECT_EQ(world.wrong, 0U);
}

TEST(PbLine, AMasterThatAppearsIsFoundWithinThirtySecondsAndOneThatLeavesIsFollowed) {
  PbWorld world({.boards = 4, .poll = {1'000}, .master = true});
  world.board(0).inject(Fault::unplug, 0, 0);
  world.run(kMinute);
  EXPECT_EQ(world.line.asker(), Asking::ours);
  const std::uint64_t asked = world.sent;
  EXPECT_GT(asked, 100U);
  world.board(0).clear(Fault::unplug);
  world.run(30'000);
  EXPECT_EQ(world.line.asker(), Asking::another_master);
  EXPECT_LT(world.sent, asked + 30);
  const std::uint64_t quiet = world.sent;
  world.run(10 * kMinute);
  EXPECT_EQ(world.sent, quiet) << "never while it talks";
  world.board(0).inject(Fault::unplug, 0, 0);
  world.run(59'000);
  EXPECT_EQ(world.sent, quiet);
  world.run(10'000);
  EXPECT_GT(world.sent, quiet);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(world.line.status(i).link, Link::up);
  EXPECT_EQ(world.wrong, 0U);
}

// Echo, losses and a master that comes and goes; about a quarter of a million frames pass.
TEST(PbLine, NoFrameIsEverTakenForAnothersWhateverHappensOnTheLine) {
  std::uint64_t frames = 0;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    SCOPED_TRACE(seed);
    PbWorld world({.poll = {500}, .master = true, .seed = seed * 100});
    for (auto& board : world.boards) {
      board->inject(Fault::piece_loss, 0, 200);
      board->inject(Fault::byte_loss, 0, 2);
    }
    if (seed % 2 == 0) world.board(1).inject(Fault::echo, 0, 0);
    for (int hour = 0; hour < 6; ++hour) {
      if (hour % 2 == 0)
        world.board(0).inject(Fault::unplug, 0, 0);
      else
        world.board(0).clear(Fault::unplug);
      world.run(60 * kMinute);
    }
    EXPECT_EQ(world.wrong, 0U);
    frames += world.frames();
  }
  EXPECT_GT(frames, 100'000U);
}

}  // namespace
}  // namespace cw::test

// SPDX-License-Identifier: Apache-2.0
// Simulated boards on one bus, heard through a line as the gateway hears them: virtual time, no
// socket.
#include <gtest/gtest.h>

#include <memory>

#include "core/measurements.h"
#include "drivers/protocol/registry.h"
#include "drivers/session/line.h"
#include "simulator/virtual_pack.h"

namespace cw {
namespace {

using jk_can::Version;
using simulator::Fault;
using simulator::JkCanBoardOptions;
using simulator::PackSpec;
using simulator::VirtualPack;

class World {
 public:
  void add(const JkCanBoardOptions& options, std::size_t cells = 16) {
    PackSpec spec;
    spec.cells = cells;
    spec.hold = true;
    spec.profile = simulator::ProfileKind::constant;
    spec.current = {-12'300};
    spec.cell_voltages = {{3'310}};
    spec.can = options;
    boards.push_back(std::make_unique<VirtualPack>(spec, boards.size() + 1, now_));
    protocols_.push_back(std::make_unique<ProtocolBox>(
        *find_protocol("jk-can"),
        ProtocolOptions{.address = options.address,
                        .discharge_positive = options.discharge_positive}));
    packs.push_back(std::make_unique<Pack>());
    told.push_back(0);
    line.add(**protocols_.back(), *packs.back(), {}, now_);
  }

  /// Lets every board broadcast, and the line hear, for so long.
  void run(Millis span) {
    line.on_up(now_);
    for (const Instant end = now_ + span; now_ < end; now_ = now_ + Millis{1}) {
      (void)line.on_time(now_);
      for (const auto& board : boards) {
        board->advance(now_);
        frames_.clear();
        board->broadcast(now_, frames_);
        frames += frames_.size();
        for (const CanFrame& frame : frames_) {
          line.on_bytes(to_record(frame), now_);
          for (const std::size_t station : line.completed()) {
            ++told[station];
            judge(*packs[station]);
            derive(*packs[station], now_);
          }
        }
      }
    }
  }
  template <class Q>
  std::optional<std::int32_t> value(const Reading<Q>& reading) const {
    if (const auto fresh = reading.fresh(now_, {3'000})) return fresh->count;
    return std::nullopt;
  }
  AlarmSet alarms(std::size_t i) const {
    return packs[i]->alarms.fresh(now_, {3'000}).value_or(AlarmSet{});
  }
  void hear(const CanFrame& frame) {
    for (const auto& board : boards) board->on_frame(frame);
  }

  std::vector<std::unique_ptr<VirtualPack>> boards;
  std::vector<std::unique_ptr<Pack>> packs;
  std::vector<int> told;
  std::size_t frames = 0;
  Line line{LineTimes{}, kCanRecordSize};

 private:
  Instant now_{1'000'000};
  std::vector<std::unique_ptr<ProtocolBox>> protocols_;
  std::vector<CanFrame> frames_;
};

TEST(JkCanBoard, ItsFramesAreTheStateOfThePack) {
  World world;
  world.add({});
  world.run({5'000});
  const Pack& pack = *world.packs[0];
  EXPECT_EQ(world.line.status(0).link, Link::up);
  EXPECT_EQ(world.value(pack.scalars.current), -12'300);
  EXPECT_EQ(world.value(pack.scalars.voltage), 16 * 3'310);
  EXPECT_EQ(world.value(pack.scalars.cell_count), 16);
  EXPECT_EQ(world.value(pack.cell_voltage[15]), 3'310);
  EXPECT_EQ(world.value(pack.scalars.soc), 6'000);
  EXPECT_EQ(world.value(pack.scalars.charge_mosfet), 1);
  EXPECT_EQ(world.value(pack.temperature[1]), 200);
  EXPECT_EQ(world.value(pack.scalars.mosfet_temperature), 200);
  EXPECT_FALSE(world.alarms(0).any());
}

TEST(JkCanBoard, ItSendsAsOftenAsTheDocumentSaysAndIsToldTenTimesASecond) {
  World world;
  world.add({});
  world.run({60'000});
  EXPECT_NEAR(static_cast<double>(world.frames), 92.0 * 60, 92.0 * 60 * 0.03);
  EXPECT_LE(world.told[0], 602);
  EXPECT_GE(world.told[0], 450);
}

TEST(JkCanBoard, FifteenOnOneBusAreFifteenPacks) {
  World world;
  for (std::uint8_t address = 0; address < 15; ++address)
    world.add({.address = address}, 2U + address);
  world.run({10'000});
  for (std::size_t i = 0; i < 15; ++i) {
    EXPECT_EQ(world.value(world.packs[i]->scalars.cell_count), static_cast<int>(2 + i));
    EXPECT_EQ(world.line.status(i).link, Link::up);
    EXPECT_EQ(world.line.status(i).counts.noise_bytes, 0U);
    EXPECT_EQ(world.line.status(i).counts.malformed, 0U);
  }
}

TEST(JkCanBoard, ABoardThatFallsSilentIsLostAndTheOthersAreNot) {
  World world;
  world.add({.address = 0});
  world.add({.address = 3});
  world.run({5'000});
  world.boards[0]->inject(Fault::mute, 0, 0);
  world.run({6'000});
  EXPECT_EQ(world.line.status(0).link, Link::lost);
  EXPECT_EQ(world.line.status(1).link, Link::up);
  world.boards[0]->clear(Fault::mute);
  world.run({4'000});
  EXPECT_EQ(world.line.status(0).link, Link::up);
}

TEST(JkCanBoard, V1SaysLessAndItsSignIsAnOption) {
  World world;
  world.add({.version = Version::v1, .discharge_positive = true});
  world.run({5'000});
  const Pack& pack = *world.packs[0];
  EXPECT_EQ(world.value(pack.scalars.current), -12'300);
  EXPECT_EQ(world.value(pack.scalars.cell_voltage_max), 3'310);
  EXPECT_FALSE(world.value(pack.cell_voltage[0]));
  EXPECT_TRUE(world.value(pack.temperature[0]));
}

TEST(JkCanBoard, AlarmsComeAndGo) {
  World world;
  world.add({});
  world.run({3'000});
  world.boards[0]->inject(Fault::alarm_bits, 0, 1 << 10);  // cell over-voltage
  world.run({500});
  EXPECT_TRUE(world.alarms(0).has(Alarm::cell_overvoltage));
  world.boards[0]->clear(Fault::alarm_bits);
  world.run({1'500});
  EXPECT_FALSE(world.alarms(0).any());
}

TEST(JkCanBoard, AnOrderMovesItsSwitchesAndIsSeenWithinASecond) {
  World world;
  world.add({});
  world.run({3'000});
  world.hear(jk_can::encode({.charge = false, .discharge = {}, .balance = {}}));
  world.run({1'000});
  EXPECT_EQ(world.value(world.packs[0]->scalars.charge_mosfet), 0);
  EXPECT_EQ(world.value(world.packs[0]->scalars.discharge_mosfet), 1);
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Requests in a stream of bytes, by their sums and by silence; then a whole battery behind them.
#include "bridge/modbus/modbus_rtu.h"

#include <gtest/gtest.h>

#include "bridge/modbus/modbus_map.h"
#include "tests/unit/rtu_rig.h"

namespace cw::modbus {
namespace {

using rtu::Bytes;

// Unit 1, function 3, registers 0x13 and 0x14; the sum by the algorithm of the standard.
const Bytes kRequest = {0x01, 0x03, 0x00, 0x13, 0x00, 0x02, 0x35, 0xCE};
const Bytes kBody = {0x01, 0x03, 0x00, 0x13, 0x00, 0x02};

Bytes joined(const Bytes& a, const Bytes& b) {
  Bytes out = a;
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

struct RtuStream : testing::Test {
  RtuFinder finder;
  Instant now{1'000};

  void feed(const Bytes& bytes) { finder.feed(bytes, now); }
  void pass(std::int32_t ms) { now = now + Millis{ms}; }
  Bytes next() { return finder.next(now).value_or(Bytes{}); }
};

TEST_F(RtuStream, TheSumIsThatOfTheStandard) {
  EXPECT_EQ(crc16({}), 0xFFFF);
  const std::uint8_t one[] = {0x00};
  EXPECT_EQ(crc16(one), 0x40BF);  // FFFF shifted by eight, with A001 as often as a one falls out
  EXPECT_EQ(crc16(kRequest), 0);
}

TEST_F(RtuStream, ARequestEndsWhereItsFunctionSays) {
  feed(kRequest);
  EXPECT_EQ(next(), kBody);
  EXPECT_EQ(next(), Bytes{});
  EXPECT_EQ(finder.refused(), 0U);
}

TEST_F(RtuStream, CutInAnyTwoReads) {
  for (std::size_t cut = 0; cut <= kRequest.size(); ++cut) {
    feed(Bytes(kRequest.begin(), kRequest.begin() + static_cast<long>(cut)));
    pass(16);
    feed(Bytes(kRequest.begin() + static_cast<long>(cut), kRequest.end()));
    EXPECT_EQ(next(), kBody) << cut;
    pass(100);
  }
  EXPECT_EQ(finder.refused(), 0U);
}

TEST_F(RtuStream, TwoInOneRead) {
  const Bytes write = rtu::write_many(1, 400, {1, 2, 3});
  feed(joined(write, kRequest));
  EXPECT_EQ(next(), Bytes(write.begin(), write.end() - 2));
  EXPECT_EQ(next(), kBody);
}

TEST_F(RtuStream, ASilenceGivesUpOnHalfARequest) {
  feed({0x01, 0x03, 0x00});
  pass(200);
  feed(kRequest);
  EXPECT_EQ(next(), kBody);
  EXPECT_EQ(finder.refused(), 1U);
}

TEST_F(RtuStream, AfterNoiseTheNextRequestIsFound) {
  feed(joined({0x55, 0xAA, 0x01, 0x03}, kRequest));
  EXPECT_TRUE(finder.next_due());
  pass(30);  // some of the noise could have been a longer request
  EXPECT_EQ(next(), kBody);
  EXPECT_EQ(finder.refused(), 1U);
  pass(100);
  feed(Bytes(1'000, 0x10));
  pass(100);
  feed(kRequest);
  EXPECT_EQ(next(), kBody);
}

TEST_F(RtuStream, AWrongSumIsNoRequest) {
  for (std::size_t at = 0; at < kRequest.size(); ++at) {
    Bytes bad = kRequest;
    bad[at] = static_cast<std::uint8_t>(bad[at] ^ 0x40);
    feed(bad);
    pass(100);
    EXPECT_EQ(next(), Bytes{}) << at;
  }
  EXPECT_GE(finder.refused(), kRequest.size());
}

TEST_F(RtuStream, OfAnUnknownFunctionSilenceIsTheEnd) {
  feed(rtu::sealed({0x01, 0x2B, 0x0E, 0x01, 0x00}));
  EXPECT_EQ(next(), Bytes{});
  pass(30);
  EXPECT_EQ(next(), (Bytes{0x01, 0x2B, 0x0E, 0x01, 0x00}));
}

TEST_F(RtuStream, WhatTheAdapterEchoesIsNotARequest) {
  const Bytes write = rtu::write_one(21, 401, 0x00FF);
  feed(write);
  EXPECT_FALSE(next().empty());
  finder.sent(write, now);  // the answer to function 6 is the request itself
  pass(10);
  feed(Bytes(write.begin(), write.begin() + 3));
  pass(5);
  feed(Bytes(write.begin() + 3, write.end()));
  EXPECT_EQ(next(), Bytes{});
  pass(1'000);
  feed(write);
  EXPECT_FALSE(next().empty());
  // Without an echo the next request passes.
  finder.sent(write, now);
  pass(100);
  feed(kRequest);
  EXPECT_EQ(next(), kBody);
}

TEST(RtuBattery, KeepsTheStateOfChargeWithinItsBoundsUnlessItIsAnOrderToStop) {
  InverterOptions options;
  options.soc_most = {9'900};
  options.soc_least = {500};
  rtu::Rig rig("growatt-rs485", options);
  constexpr unsigned kSoc = 0x15;
  const auto told = [&](std::int32_t soc, bool ordered) {
    rig.bank.request.measured.soc = CentiPercent{soc};
    rig.bank.request.soc_ordered = ordered;
    rig.tell();
    const auto values = rig.registers(1, kSoc, 1);
    return values.empty() ? 0xFFFFU : values.front();
  };
  EXPECT_EQ(told(10'000, false), 99u);
  EXPECT_EQ(told(100, false), 5u);
  EXPECT_EQ(told(5'550, false), 55u);
  EXPECT_EQ(told(10'000, true), 100u);
}

TEST(RtuBattery, TellsByTheGrowattMap) {
  rtu::Rig rig("growatt-rs485");
  rig.tell();
  const auto values = rig.registers(1, 0x13, 12);
  ASSERT_EQ(values.size(), 12U);
  EXPECT_EQ(values[0], 0x62U);    // charging, both enabled
  EXPECT_EQ(values[1], 0U);       // no errors
  EXPECT_EQ(values[2], 50U);      // of 50.79 %
  EXPECT_EQ(values[3], 5'280U);   // 52.80 V
  EXPECT_EQ(values[4], 1'000U);   // 10.00 A
  EXPECT_EQ(values[5], 0U);       // disputed: not told
  EXPECT_EQ(values[6], 12'345U);  // 123.45 A
  EXPECT_EQ(values[7], 17'150U);  // 171.5 Ah
  EXPECT_EQ(values[8], 34'100U);  // 341 Ah
  EXPECT_EQ(values[11], 213U);    // cycles
  EXPECT_EQ(rig.ask(rtu::read(1, 0x10, 1)), rtu::refusal(1, 3, 2));
  EXPECT_EQ(rig.ask(rtu::read(1, 0x1E, 2)), rtu::refusal(1, 3, 2));
  EXPECT_EQ(rig.ask(rtu::write_one(1, 0x13, 1)), rtu::refusal(1, 6, 1));
}

TEST(RtuBattery, TellsWhatNobodyConfirmedOnlyIfAsked) {
  InverterOptions options;
  options.unconfirmed = true;
  rtu::Rig rig("growatt-rs485", options);
  rig.tell();
  const auto values = rig.registers(1, 0x10, 18);
  ASSERT_EQ(values.size(), 18U);
  EXPECT_EQ(values[8], 119U);     // 11.9 °C
  EXPECT_EQ(values[13], 4U);      // 3302 - 3298 mV
  EXPECT_EQ(values[16], 98U);     // health
  EXPECT_EQ(values[17], 5'600U);  // 56.00 V
}

TEST(RtuBattery, KeepsTheRulesOfTheStandard) {
  rtu::Rig rig("growatt-rs485");
  rig.tell();
  EXPECT_EQ(rig.registers(2, 0x13, 1).size(), 0U);     // another unit
  EXPECT_EQ(rig.ask(rtu::read(0, 0x13, 1)), Bytes{});  // broadcast: never answered
  EXPECT_EQ(rig.ask(rtu::read(1, 0x13, 0)), rtu::refusal(1, 3, 3));
  EXPECT_EQ(rig.ask(rtu::read(1, 0x13, 126)), rtu::refusal(1, 3, 3));
  EXPECT_EQ(rig.ask(rtu::read(1, 0x13, 1, 1)), rtu::refusal(1, 1, 1));
  EXPECT_TRUE(rig.ask(rtu::sealed({1, 0x2B, 0})).empty());  // only silence tells that it ended
  rig.pass({10});
  EXPECT_EQ(rig.next(), rtu::refusal(1, 0x2B, 1));
  EXPECT_EQ(rig.ask(rtu::read(1, 0x13, 1, 4)).size(), 7U);  // 4 is 3
  const InverterStatus status = rig.battery->status(rig.bank.now);
  EXPECT_TRUE(status.present);
  EXPECT_EQ(status.refused, 1U);
}

TEST(RtuBattery, AnswersAfterTheTurnaroundOrNotAtAll) {
  rtu::Rig rig("growatt-rs485");
  rig.tell();
  rig.send(rtu::read(1, 0x13, 1));
  EXPECT_TRUE(rig.next().empty());
  const auto due = rig.battery->next_due(rig.bank.now);
  ASSERT_TRUE(due);
  EXPECT_LE(due->ms, rig.bank.now.ms + 100);
  rig.pass({1'500});
  EXPECT_TRUE(rig.next().empty());
}

TEST(RtuBattery, NothingIsInvented) {
  rtu::Rig rig("growatt-rs485");
  rig.bank.request.measured.soc.reset();
  rig.tell();
  EXPECT_EQ(rig.ask(rtu::read(1, 0x13, 12)), rtu::refusal(1, 3, 4));
  EXPECT_EQ(rig.registers(1, 0x16, 1), std::vector<unsigned>{5'280});
}

TEST(RtuBattery, ZerosThenSilenceThenFarewell) {
  rtu::Rig rig("growatt-rs485");
  EXPECT_TRUE(rig.ask(rtu::read(1, 0x13, 1)).empty());
  rig.tell();
  EXPECT_EQ(rig.registers(1, 0x19, 1), std::vector<unsigned>{12'345});
  rig.bank.go_blind();
  rig.tell();
  EXPECT_EQ(rig.registers(1, 0x19, 1), std::vector<unsigned>{0});
  EXPECT_EQ(rig.registers(1, 0x13, 1), std::vector<unsigned>{0x02});  // nothing enabled
  rig.bank.request.voice = Voice::silent;
  rig.tell();
  EXPECT_TRUE(rig.ask(rtu::read(1, 0x13, 1)).empty());
  rig.bank.request.voice = Voice::speaking;
  rig.tell();
  EXPECT_EQ(rig.registers(1, 0x19, 1), std::vector<unsigned>{12'345});
  rig.battery->stop(rig.bank.now);
  rig.tell();
  EXPECT_EQ(rig.registers(1, 0x19, 1), std::vector<unsigned>{0});
  rig.pass({31'000});  // nobody told anything for so long
  EXPECT_TRUE(rig.ask(rtu::read(1, 0x13, 1)).empty());
}

TEST(RtuSite, ServesTheUnitsOfTheServer) {
  rtu::Rig rig("modbus-rtu");
  EXPECT_TRUE(rig.ask(rtu::read(1, 0, 2)).empty());
  rig.tell();
  Site site;
  site.take(rig.bank.picture(), std::vector<std::size_t>{0, 1});
  for (const unsigned unit : {1U, 2U, 200U}) {
    std::vector<std::uint16_t> image(native_map_size());
    const UnitState& state = unit == 200 ? site.bank : site.packs[unit - 1];
    render_native_map(state, rig.bank.now, image);
    const auto values = rig.registers(unit, 100, 20);
    ASSERT_EQ(values.size(), 20U) << unit;
    EXPECT_TRUE(std::equal(values.begin(), values.end(), image.begin() + 100)) << unit;
  }
  EXPECT_TRUE(rig.ask(rtu::read(3, 100, 1)).empty());  // there are two packs
  EXPECT_EQ(rig.ask(rtu::write_one(1, 100, 1)), rtu::refusal(1, 6, 1));
  EXPECT_EQ(rig.ask(rtu::read(1, 0xFFFF, 1)), rtu::refusal(1, 3, 2));
  rig.battery->stop(rig.bank.now);
  EXPECT_TRUE(rig.ask(rtu::read(1, 100, 1)).empty());
}

TEST(RtuSite, ServesTheChainOfSunSpec) {
  InverterOptions options;
  options.modbus.sunspec.enabled = true;
  options.modbus.sunspec.port = 502;  // there are no ports on this line
  options.modbus.sunspec.packs = {{.cells = 16}, {.cells = 16}};
  rtu::Rig rig("modbus-rtu", options);
  rig.tell();
  EXPECT_EQ(rig.registers(126, 40'000, 3), (std::vector<unsigned>{0x5375, 0x6E53, 1}));
}

}  // namespace
}  // namespace cw::modbus

// SPDX-License-Identifier: Apache-2.0
// A BYD Battery-Box HV as a GEN24 meets it: start-up, heartbeat, limits as powers, and what a bank
// of low voltage is told. Captured pairs outside the project are compared where they are at hand.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/unit/rtu_rig.h"

namespace cw::rtu {
namespace {

using nlohmann::json;

constexpr unsigned kUnit = 21;
constexpr const char* kVectors = CW_SOURCE_DIR "/../shared/frames/inverter-modbus.json";

struct Byd : testing::Test {
  Rig rig{"byd-rs485"};

  Byd() {
    BankRequest& request = rig.bank.request;
    request.charge_voltage_most = {230'400};
    request.nominal_voltage = {204'800};
    request.charge_voltage.value = {220'800};
    request.discharge_voltage.value = {185'650};
    request.charge_current.value = {25'000};
    request.discharge_current.value = {30'500};
    request.measured.voltage = {210'000};
    request.measured.capacity = {50'000};
    request.measured.remaining = {25'000};
    rig.tell();
  }
  unsigned value(unsigned address) {
    const auto values = rig.registers(kUnit, address, 1);
    return values.empty() ? 0xDEAD : values[0];
  }
  void start() {
    EXPECT_EQ(rig.ask(write_many(kUnit, 400, {1, 0xFF00, 60, 0, 0, 0x6000, 0, 0, 1})),
              sealed({21, 16, 0x01, 0x90, 0x00, 0x09}));
    EXPECT_EQ(rig.ask(write_many(kUnit, 400, {2})), sealed({21, 16, 0x01, 0x90, 0x00, 0x01}));
  }
};

TEST_F(Byd, IdentityAndNameplate) {
  EXPECT_EQ(rig.registers(kUnit, 100, 2), (std::vector<unsigned>{0x5349, 1}));
  const auto all = rig.registers(kUnit, 100, 68);
  ASSERT_EQ(all.size(), 68U);
  EXPECT_EQ(all[2], 0x4259U);  // "BY"
  EXPECT_EQ(all[3], 0x4400U);  // "D"
  EXPECT_EQ(all[66], 1U);
  const auto plate = rig.registers(kUnit, 200, 13);
  ASSERT_EQ(plate.size(), 13U);
  EXPECT_EQ(plate[2], 10'240U);  // 50 Ah x 204.8 V
  EXPECT_EQ(plate[5], 2'304U);
  EXPECT_EQ(plate[6], 1'857U);  // 185.65 V, rounded up
}

TEST_F(Byd, StatusInOneBlock) {
  const auto status = rig.registers(kUnit, 300, 24);
  ASSERT_EQ(status.size(), 24U);
  EXPECT_EQ(status[0], 1U);  // inactive
  EXPECT_EQ(status[3], 5'079U);
  EXPECT_EQ(status[4], 10'240U);
  EXPECT_EQ(status[5], 5'120U);
  EXPECT_EQ(status[6], 6'405U);             // 30.5 A at 210 V
  EXPECT_EQ(status[7], 5'250U);             // 25 A at 210 V
  EXPECT_EQ(status[8], 0U);                 // the bus is not live yet
  EXPECT_EQ(status[9], 0x10000U - 2'100U);  // 10 A in: charging is negative
  EXPECT_EQ(status[10], 2'100U);
  EXPECT_EQ(status[12], 0x10000U - 12U);  // -1.2 °C
  EXPECT_EQ(status[13], 251U);
  EXPECT_EQ(status[23], 9'800U);
}

TEST_F(Byd, StartsWhenItIsAskedAndKeepsGoingWithTheHeartbeat) {
  EXPECT_EQ(value(300), 1U);
  start();
  EXPECT_EQ(value(300), 3U);
  EXPECT_EQ(value(308), 2'100U);
  for (unsigned i = 0; i < 10; ++i) {
    rig.pass({57'000});
    rig.tell();
    const unsigned beat = i % 2 == 0 ? 0x00FF : 0xFF00;
    EXPECT_EQ(rig.ask(write_one(kUnit, 401, beat)), write_one(kUnit, 401, beat));
    EXPECT_EQ(value(401), beat);
    EXPECT_EQ(value(300), 3U);
  }
}

TEST_F(Byd, StandsByWhenTheHeartbeatStopsOrItIsTold) {
  start();
  rig.pass({290'000});
  rig.tell();
  EXPECT_EQ(value(300), 3U);
  rig.ask(write_one(kUnit, 401, 0xFF00));  // the same again is no beat
  rig.pass({20'000});
  rig.tell();
  EXPECT_EQ(value(300), 0U);
  EXPECT_EQ(value(308), 0U);
  EXPECT_NE(rig.battery->status(rig.bank.now).complaint, "");
  rig.ask(write_one(kUnit, 401, 0x00FF));
  EXPECT_EQ(value(300), 3U);
  rig.ask(write_one(kUnit, 400, 1));
  EXPECT_EQ(value(300), 0U);
}

TEST_F(Byd, IsNeverActiveWithoutALiveBus) {
  start();
  rig.bank.request.packs_online = 0;
  rig.tell();
  EXPECT_EQ(value(300), 0U);
  rig.bank.request.packs_online = 2;
  rig.bank.go_blind();
  rig.tell();
  EXPECT_EQ(value(300), 4U);
  EXPECT_EQ(value(306), 0U);
  EXPECT_EQ(value(307), 0U);
}

TEST_F(Byd, ChargingEndsAtTheVoltageInForce) {
  rig.bank.request.measured.voltage = {220'800};
  rig.tell();
  EXPECT_EQ(value(307), 0U);
  EXPECT_EQ(value(306), 6'734U);  // 30.5 A at 220.8 V, rounded down
}

TEST_F(Byd, LimitsAreNeverWider) {
  std::uint32_t random = 7;
  for (int i = 0; i < 1'000; ++i) {
    random = random * 1'664'525 + 1'013'904'223;
    const auto current = static_cast<std::int32_t>(random >> 8) % 400'000;
    rig.bank.request.charge_current.value = {current};
    rig.bank.request.discharge_current.value = {current};
    rig.tell();
    const auto power = std::int64_t{current} * 210'000 / 1'000;  // mW
    for (const unsigned address : {306U, 307U}) {
      const unsigned told = value(address);
      EXPECT_LE(std::int64_t{told} * 1'000, power);
      EXPECT_LE(told, 30'000U);
    }
  }
}

TEST_F(Byd, OnlyOrdersCanBeWritten) {
  EXPECT_EQ(rig.ask(write_one(kUnit, 300, 3)), refusal(kUnit, 6, 2));
  EXPECT_EQ(rig.ask(write_many(kUnit, 408, {1, 2})), refusal(kUnit, 16, 2));
  EXPECT_EQ(rig.ask(write_one(kUnit, 400, 7)), refusal(kUnit, 6, 3));
  EXPECT_EQ(value(300), 1U);
  EXPECT_EQ(rig.ask(read(kUnit, 168, 1)), refusal(kUnit, 3, 2));
  EXPECT_EQ(rig.ask(read(kUnit, 323, 2)), refusal(kUnit, 3, 2));
  EXPECT_EQ(rig.registers(kUnit, 1000, 100), std::vector<unsigned>(100, 0));
}

TEST(BydLowVoltage, IsRefusedWithAReason) {
  Rig rig("byd-rs485");
  rig.bank.request.charge_voltage_most = {58'400};
  rig.tell();
  EXPECT_TRUE(rig.ask(read(kUnit, 300, 24)).empty());
  EXPECT_NE(rig.battery->status(rig.bank.now).complaint.find("160 V"), std::string::npos);
}

Bytes bytes_of(const json& hex) {
  Bytes bytes;
  const std::string text = hex.is_string() ? hex.get<std::string>() : "";
  for (std::size_t at = 0; at + 1 < text.size(); at += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(at, 2), nullptr, 16)));
  return bytes;
}

TEST_F(Byd, AnswersACapturedStartLikeTheRealBox) {
  std::ifstream in(kVectors);
  if (!in) GTEST_SKIP() << kVectors << " is not here";
  int compared = 0;
  const json all = json::parse(in);
  for (const json& capture : all["captures"]) {
    if (capture["id"] != "byd-startup") continue;
    for (const json& frame : capture["frames"]) {
      const Bytes request = bytes_of(frame["request"]);
      ASSERT_EQ(modbus::crc16(request), 0);
      const Bytes response = bytes_of(frame["response"]);
      const Bytes answer = rig.ask(request);
      if (response.empty()) continue;
      ASSERT_EQ(modbus::crc16(response), 0);
      ASSERT_EQ(answer.size(), response.size());
      if (frame["expect"]["addr"] == 300) continue;  // another battery
      EXPECT_EQ(answer, response) << frame["request"];
      ++compared;
    }
  }
  EXPECT_GE(compared, 5);
  EXPECT_EQ(value(300), 3U);
}

}  // namespace
}  // namespace cw::rtu

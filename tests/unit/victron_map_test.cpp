// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "bridge/modbus/victron_map.h"
#include "tests/unit/modbus_bank_sample.h"

namespace cw {
namespace {

using sample::BankSample;

struct Image {
  std::unique_ptr<RegisterMap> map;
  std::vector<std::uint16_t> registers;

  Image(std::unique_ptr<RegisterMap> of, const BankSample& bank)
      : map(std::move(of)), registers(map->size(), 0xDEAD) {
    map->render(bank.site(), bank.now, registers);
  }
  std::uint16_t at(std::uint16_t address) const { return registers[address - map->first()]; }
};

Image battery(const BankSample& bank) {
  return {victron_battery_map(bank.options().sunspec), bank};
}

TEST(VictronMap, TellsTheBatteryAsAGxDoes) {
  const Image image = battery(BankSample{});
  const struct {
    std::uint16_t address, raw;
    const char* what;
  } values[] = {
      {256, 0, "power, high word"},
      {257, 1603, "power, charging is positive"},
      {258, 1603, "power"},
      {259, 5326, "53.26 V"},
      {261, 301, "30.1 A"},
      {262, 237, "23.7 °C"},
      {265, 1322, "132.16 Ah used, stored negative"},
      {266, 764, "76.4 %"},
      {267, 0, "no alarm"},
      {284, 213, "cycles"},
      {304, 990, "99 %"},
      {305, 552, "CVL 55.2 V"},
      {306, 464, "46.4 V"},
      {307, 2000, "CCL 200 A"},
      {308, 4000, "DCL 400 A"},
      {309, 5600, "560 Ah"},
      {318, 236, "23.6 °C"},
      {319, 238, "23.8 °C"},
      {327, 0, "every pack is heard"},
      {330, 0, "consumed, high word"},
      {331, 132, "consumed Ah"},
      {1282, 9, "running"},
      {1286, 2, "batteries"},
      {1289, 16, "cells"},
      {1290, 333, "3.325 V"},
      {1291, 334, "3.340 V"},
      {1297, 1, "may charge"},
      {1298, 1, "may discharge"},
      {1302, 0, "none offline"},
      {1303, 2, "both online"},
      {1306, 0x312D, "\"1-1\""},
      {1307, 0x3100, "\"1-1\""},
      {1310, 0x312D, "\"1-16\""},
      {1311, 0x3136, "\"1-16\""},
      {1322, 3, "on"},
  };
  for (const auto& value : values) EXPECT_EQ(image.at(value.address), value.raw) << value.what;
}

TEST(VictronMap, TellsTheSystemWhatBelongsToTheBattery) {
  BankSample bank;
  bank.request.measured.current = Milliamps{-30'100};
  const Image image(victron_system_map(bank.options().sunspec, false), bank);
  EXPECT_EQ(image.at(840), 533);
  EXPECT_EQ(image.at(841), 0x10000 - 301);
  EXPECT_EQ(image.at(842), 0x10000 - 1603);
  EXPECT_EQ(image.at(843), 76);
  EXPECT_EQ(image.at(844), 2);
  EXPECT_EQ(image.at(845), 1322);
}

TEST(VictronMap, HasHolesWhereAGxHasThem) {
  const BankSample bank;
  const auto map = victron_battery_map(bank.options().sunspec);
  EXPECT_EQ(map->readable(255), 0U);
  EXPECT_EQ(map->readable(256), 76U);
  EXPECT_EQ(map->readable(331), 1U);
  EXPECT_EQ(map->readable(332), 0U);
  EXPECT_EQ(map->readable(1281), 0U);
  EXPECT_EQ(map->readable(1282), 62U);
  EXPECT_EQ(map->readable(1344), 0U);
  EXPECT_EQ(victron_system_map(bank.options().sunspec, false)->readable(840), 7U);
}

TEST(VictronMap, SaysThatAPackIsMissing) {
  BankSample bank;
  bank.packs[1].link.link = Link::lost;
  const Image image = battery(bank);
  EXPECT_EQ(image.at(327), 1);
  EXPECT_EQ(image.at(1302), 1);
  EXPECT_EQ(image.at(1303), 1);
  EXPECT_EQ(image.at(307), 2000) << "limits are those of the request";
}

TEST(VictronMap, AllowsNothingWhenAllIsLost) {
  BankSample bank;
  for (PackState& pack : bank.packs) pack.link.link = Link::lost;
  bank.request.voice = Voice::blind;
  const Image image = battery(bank);
  for (const int zero : {259, 261, 266, 307, 308, 1297, 1298})
    EXPECT_EQ(image.at(static_cast<std::uint16_t>(zero)), 0) << zero;
  EXPECT_EQ(image.at(327), 2);
  EXPECT_EQ(image.at(1282), 10);
}

TEST(VictronMap, CountsTheModulesThatBlockAsChargeControlDoes) {
  BankSample bank;
  bank.request.packs_blocking_charge = 2;  // by a curve: every switch is closed
  bank.request.packs_blocking_discharge = 1;
  const Image image = battery(bank);
  EXPECT_EQ(image.at(1304), 2);
  EXPECT_EQ(image.at(1305), 1);
}

TEST(VictronMap, WarnsOfACurrentAboveWhatTheInverterWasTold) {
  BankSample bank;
  bank.request.not_obeyed = 1;  // Disobeyed::charge_current
  const Image image = battery(bank);
  EXPECT_EQ(image.at(329), 1);
  EXPECT_EQ(image.at(320), 0) << "no alarm";
}

TEST(VictronMap, HasTheReserveOnlyWhereItMayBeWritten) {
  BankSample bank;
  bank.request.soc_min = {2'005};
  const SunspecOptions options = bank.options().sunspec;
  EXPECT_EQ(victron_system_map(options, false)->readable(2901), 0U);
  const auto map = victron_system_map(options, true);
  EXPECT_EQ(map->readable(2901), 1U);
  EXPECT_EQ(map->readable(2900), 0U);
  const Image image(victron_system_map(options, true), bank);
  EXPECT_EQ(image.at(2901), 201) << "20.05 %: a bound is never told lower than it is";
}

}  // namespace
}  // namespace cw

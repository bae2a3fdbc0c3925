// SPDX-License-Identifier: Apache-2.0
// What each command tells of a bank, worked out by hand from the tables of the protocol.
#include "bridge/inverter/pylontech_answers.h"

#include <gtest/gtest.h>

#include "bridge/inverter/pylontech_information.h"
#include "tests/unit/pylontech_rig.h"

namespace cw::pylontech {
namespace {

using Bytes = std::vector<std::uint8_t>;

Management management(Rig& rig, std::uint8_t command, Bytes information = {}) {
  const Bytes bytes = rig.information(request(command, std::move(information)));
  std::span<const std::uint8_t> rest = bytes;
  Management values{};
  if (command == 0x92) rest = rest.subspan(1);
  EXPECT_TRUE(
      unpack(rest, std::span{command == 0x92 ? kManagementOfPack : kManagementOfBank}, values));
  EXPECT_TRUE(rest.empty());
  return values;
}

struct PylontechAnswers : testing::Test {
  Rig rig;
  PylontechAnswers() { rig.tell(); }
};

TEST_F(PylontechAnswers, LimitsOfTheBank) {
  // 56.00 V DAC0, 44.80 V AF00, 123.4 A 04D2, 200.9 A 07D9, both enabled C0
  EXPECT_EQ(rig.ask(request(0x63)), "~20024600D012DAC0AF0004D207D9C0F98B");
  // The same as a module says it: its number first, what it may give negative (F827).
  EXPECT_EQ(rig.ask(request(0x92, {2})), "~20024600B01402DAC0AF0004D2F827C0F926");
}

TEST_F(PylontechAnswers, TheVersionIsInTheFrameAlone) {
  EXPECT_EQ(rig.ask(request(0x4F)), "~200246000000FDB2");
}

TEST_F(PylontechAnswers, WhatNobodyKnowsOrMayIsRefused) {
  EXPECT_EQ(rig.ask(request(0x77)), "~200246040000FDAE");       // no such command
  EXPECT_EQ(rig.ask(request(0x94)), "~200246060000FDAC");       // set limits
  EXPECT_EQ(rig.ask(request(0x95)), "~200246060000FDAC");       // turn off
  EXPECT_EQ(rig.ask(request(0x42, {4})), "~200246900000FDA9");  // there is no third pack
  EXPECT_EQ(rig.ask(request(0x92, {4})), "~200246900000FDA9");
}

TEST_F(PylontechAnswers, AnalogValuesOfAPack) {
  const Bytes info = rig.information(request(0x42, {2}));
  Bytes expected = {0x00, 0x02, 16};
  for (int i = 0; i < 16; ++i) expected.insert(expected.end(), {0x0C, 0xE6});  // 3302 mV
  const Bytes rest = {3,    0x0B, 0xE1,              // 31.0 °C of the board: 3041
                      0x0B, 0xA6,                    // 25.1 °C: 2982
                      0x0A, 0x9F,                    // -1.2 °C: 2719
                      0x00, 0x7B,                    // 12.34 A: 123
                      0xCE, 0x60,                    // 52832 mV
                      0xFF, 0xFF, 4,    0xFF, 0xFF,  // more than 65 Ah: see below
                      0x00, 0xD5,                    // 213 cycles
                      0x02, 0x24, 0xD4,              // 140500 mAh
                      0x04, 0x49, 0xA8};             // 281000 mAh
  expected.insert(expected.end(), rest.begin(), rest.end());
  EXPECT_EQ(info, expected);
}

TEST_F(PylontechAnswers, ASmallPackHasTheShortTail) {
  const Bytes info = rig.information(request(0x42, {3}));
  const Bytes tail = {0xFF, 0xE9,                 // -2.34 A: -23
                      0xCE, 0x20,                 // 52768 mV
                      0x79, 0x18, 2, 0xEA, 0x60,  // 31000 of 60000 mAh
                      0x00, 0x0B};                // 11 cycles
  ASSERT_GT(info.size(), tail.size());
  EXPECT_EQ(Bytes(info.end() - static_cast<long>(tail.size()), info.end()), tail);
}

TEST_F(PylontechAnswers, AllPacksFollowOneAnother) {
  const Bytes first = rig.information(request(0x42, {2}));
  const Bytes second = rig.information(request(0x42, {3}));
  Bytes expected = {0x00, 2};
  expected.insert(expected.end(), first.begin() + 2, first.end());
  expected.insert(expected.end(), second.begin() + 2, second.end());
  EXPECT_EQ(rig.information(request(0x42, {0xFF})), expected);
}

TEST_F(PylontechAnswers, WithoutANumberTheAddressIsThePack) {
  EXPECT_EQ(rig.information(request(0x42)), rig.information(request(0x42, {2})));
}

TEST_F(PylontechAnswers, APackThatIsNotHeardIsNotTold) {
  rig.bank.lose(1);
  rig.bank.request.packs_offline = 1;
  rig.tell();
  EXPECT_EQ(rig.ask(request(0x42, {3})), "~200246910000FDA8");
  EXPECT_EQ(rig.information(request(0x42, {0xFF}))[1], 1);
  // The limits are those of the bank, whoever is asked for them.
  EXPECT_EQ(management(rig, 0x92, {3}).charge_current, 1'234);
  // Its loss shows as an internal communication fault.
  EXPECT_EQ(rig.information(request(0x62)), (Bytes{0, 0x10, 0, 0}));
}

TEST_F(PylontechAnswers, AlarmsOfAPack) {
  AlarmSet alarms;
  alarms.add(Alarm::cell_overvoltage);
  alarms.add(Alarm::charge_undertemperature);
  rig.bank.packs[0].pack.cell_voltage[6].set({3'651}, rig.bank.now);
  rig.bank.packs[0].pack.alarms.set(alarms, rig.bank.now);
  rig.tell();
  const Bytes info = rig.information(request(0x44, {2}));
  Bytes expected = {0, 2, 16};
  for (int i = 1; i <= 16; ++i) expected.push_back(i == 7 ? 2 : 0);
  const Bytes rest = {3,    0,   0, 1,  // the coldest sensor is below
                      0,    0,   0,     // charge current, module voltage, discharge current
                      0x01,             // over-voltage
                      0x0E,             // on battery, both switches on
                      0x80,             // charging
                      0x40, 0x00};      // cell 7
  expected.insert(expected.end(), rest.begin(), rest.end());
  EXPECT_EQ(info, expected);
}

TEST_F(PylontechAnswers, AlarmsAndProtectionsOfTheBank) {
  rig.bank.request.warnings.add(Alarm::cell_undervoltage);
  rig.bank.request.warnings.add(Alarm::discharge_overcurrent);
  rig.bank.request.warnings.add(Alarm::cell_voltage_difference);
  rig.bank.request.alarms.add(Alarm::cell_undervoltage);
  rig.bank.request.alarms.add(Alarm::cell_overvoltage);
  rig.tell();
  // While discharging is allowed, over-voltage is told by the limits: nobody shall switch off.
  EXPECT_EQ(rig.information(request(0x62)), (Bytes{0x11, 0x20, 0x10, 0x00}));
  rig.bank.request.discharge_enabled = false;
  rig.tell();
  EXPECT_EQ(rig.information(request(0x62)), (Bytes{0x11, 0x20, 0x30, 0x00}));
}

TEST_F(PylontechAnswers, ParametersAreTheStrictestAndTheLimitsInForce) {
  rig.bank.packs[1].policy.set(Parameter::cell_overvoltage, 3'600);
  rig.bank.packs[1].policy.set(Parameter::charge_undertemperature, 50);
  rig.tell();
  EXPECT_EQ(rig.information(request(0x47)),
            (Bytes{0x00, 0x0E, 0x10,        // 3600 mV
                   0x0A, 0xF0, 0x0A, 0x8C,  // 44.8 V / 16 = 2800 mV; 2700 mV
                   0x0D, 0x03, 0x0A, 0xDD,  // 60 °C: 3331; 5 °C: 2781
                   0x04, 0xD2,              // 123.4 A
                   0xDA, 0xC0, 0xAF, 0x00,  // 56000, 44800 mV
                   0xA8, 0xC0,              // 16 x 2700 = 43200 mV
                   0x0D, 0x35, 0x09, 0xE3,  // 65 °C: 3381; -20 °C: 2531
                   0xF8, 0x27}));           // -200.9 A
}

TEST_F(PylontechAnswers, TheWholeBankAsASystem) {
  EXPECT_EQ(rig.information(request(0x61)),
            (Bytes{0xCE, 0x40,                                         // 52800 mV
                   0x03, 0xE8,                                         // 10.00 A
                   50,                                                 // of 50.79 %
                   0x00, 112,  0x00, 213,                              // cycles: mean and most
                   98,   98,                                           // health
                   0x0C, 0xE6, 1,    4,                                // 3302 mV, pack 1, cell 4
                   0x0C, 0xE2, 2,    11,                               // 3298 mV, pack 2, cell 11
                   0x0B, 0x22,                                         // 11.9 °C: 2850
                   0x0B, 0xA6, 1,    1,                                // 25.1 °C
                   0x0A, 0x9F, 2,    2,                                // -1.2 °C
                   0x0B, 0xE1, 0x0B, 0xE1, 1, 1, 0x0B, 0xE1, 1, 1,     // switches 31.0 °C
                   0x0B, 0xE1, 0x0B, 0xE1, 1, 1, 0x0B, 0xE1, 1, 1}));  // boards
}

TEST_F(PylontechAnswers, NothingIsInventedForAValueThatIsNotKnown) {
  rig.bank.request.measured.soc.reset();
  rig.bank.packs[0].pack.scalars.current.clear();
  rig.tell();
  EXPECT_EQ(rig.ask(request(0x61)), "~200246910000FDA8");
  EXPECT_EQ(rig.ask(request(0x42, {2})), "~200246910000FDA8");
  EXPECT_EQ(management(rig, 0x63).charge_current, 1'234);
}

TEST_F(PylontechAnswers, WhoItIs) {
  const std::string_view name = "Cellwarden", maker = "Pylon";
  Bytes info = rig.information(request(0x51));
  ASSERT_EQ(info.size(), 32U);
  EXPECT_EQ(std::string(info.begin(), info.begin() + 10), name);
  EXPECT_EQ(std::string(info.begin() + 12, info.begin() + 17), maker);
  EXPECT_EQ(info[17], 0);
  info = rig.information(request(0x93, {2}));
  ASSERT_EQ(info.size(), 17U);
  EXPECT_EQ(std::string(info.begin() + 1, info.end()), "-2024-0000000042");  // its last 16
  EXPECT_EQ(rig.information(request(0x96, {2})).size(), 6U);
}

TEST(PylontechObedience, ALimitThatIsNotObeyedIsAnAlarmAndNoProtection) {
  Rig rig;
  for (const auto& [not_obeyed, first, second] :
       {std::tuple{1, 0x00, 0x40}, {2, 0x00, 0x20}, {4, 0x80, 0x00}}) {
    rig.bank.request.not_obeyed = static_cast<std::uint8_t>(not_obeyed);
    rig.tell();
    EXPECT_EQ(rig.information(request(0x62)),
              (Bytes{static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(second), 0, 0}));
  }
}

TEST(PylontechOptions, CurrentsOfTheSystemInHundredths) {
  InverterOptions options;
  options.hundredth_ampere = true;
  Rig rig(options);
  rig.tell();
  EXPECT_EQ(management(rig, 0x63).charge_current, 12'345);
  EXPECT_EQ(management(rig, 0x92, {2}).charge_current, 1'234);
}

TEST(PylontechOptions, SharesNeverAddUpToMoreThanTheBankMayTake) {
  InverterOptions options;
  options.limits_a_pack = true;
  Rig rig(options);
  rig.bank.request.charge_current.value = {100'300};
  rig.tell();
  EXPECT_EQ(management(rig, 0x92, {2}).charge_current, 501);
  EXPECT_EQ(management(rig, 0x92, {3}).charge_current, 501);
  EXPECT_EQ(management(rig, 0x92, {0xFF}).charge_current, 1'003);
  EXPECT_EQ(management(rig, 0x63).charge_current, 1'003);
  rig.bank.lose(1);
  rig.tell();
  EXPECT_EQ(management(rig, 0x92, {2}).charge_current, 1'003);
  EXPECT_EQ(rig.ask(request(0x92, {3})), "~200246910000FDA8");
}

struct OneBattery : testing::Test {
  static InverterOptions options() {
    InverterOptions out;
    out.one_battery = true;
    return out;
  }
  Rig rig{options()};
  OneBattery() { rig.tell(); }
};

TEST_F(OneBattery, HasTheSumsOfTheBankAndItsExtremes) {
  rig.bank.packs[1].pack.cell_voltage[3].set({3'100}, rig.bank.now);
  rig.tell();
  const Bytes info = rig.information(request(0x42, {2}));
  Bytes expected = {0x00, 0x02, 16, 0x0C, 0x1C};  // 3100 mV, the lowest of all
  // Of the 32 in order the places 0, 2, 4 .. 14, 16, 18 .. 28, 31 (i * 31 / 15).
  for (int i = 1; i < 8; ++i) expected.insert(expected.end(), {0x0C, 0xE2});   // 3298 mV
  for (int i = 8; i < 16; ++i) expected.insert(expected.end(), {0x0C, 0xE6});  // 3302 mV
  const Bytes rest = {3,    0x0B, 0xE1,              // 31.0 °C of the boards
                      0x0A, 0x9F, 0x0B, 0xA6,        // -1.2 and 25.1 °C: the coldest, the hottest
                      0x00, 0x64,                    // 10.0 A: the sum
                      0xCE, 0x40,                    // 52800 mV: the mean
                      0xFF, 0xFF, 4,    0xFF, 0xFF,  // more than 65 Ah
                      0x00, 0xD5,                    // 213 cycles: the most
                      0x02, 0x9D, 0xEC,              // 171500 mAh
                      0x05, 0x34, 0x08};             // 341000 mAh
  expected.insert(expected.end(), rest.begin(), rest.end());
  EXPECT_EQ(info, expected);
}

TEST_F(OneBattery, IsTheOnlyOne) {
  EXPECT_EQ(rig.information(request(0x42, {0xFF}))[1], 1);
  EXPECT_EQ(rig.ask(request(0x42, {3})), "~200246900000FDA9");
  EXPECT_EQ(rig.ask(request(0x92, {3})), "~200246900000FDA9");
  EXPECT_EQ(management(rig, 0x92, {2}).charge_current, 1'234) << "the limits of the bank";
  EXPECT_EQ(management(rig, 0x92, {0xFF}).charge_current, 1'234);
}

TEST_F(OneBattery, HasTheAlarmsOfTheBankAndNotOfOnePack) {
  AlarmSet alarms;
  alarms.add(Alarm::cell_undervoltage);
  rig.bank.packs[1].pack.alarms.set(alarms, rig.bank.now);
  rig.tell();
  const auto status_1 = [&] {
    const Bytes info = rig.information(request(0x44, {2}));
    return info.at(info.size() - 5);
  };
  EXPECT_EQ(status_1(), 0x00) << "one pack alone: its limits say it";
  rig.bank.request.alarms = alarms;
  rig.tell();
  EXPECT_EQ(status_1(), 0x02);
}

TEST_F(OneBattery, GoesOnWithThePacksThatAreHeardAndThenWithTheLastValues) {
  rig.bank.lose(0);
  rig.tell();
  const Bytes info = rig.information(request(0x42, {2}));
  EXPECT_EQ(info[3] << 8 | info[4], 3'298) << "cells of the second pack";
  EXPECT_EQ(info[33] << 8 | info[34], 3'298);
  rig.bank.go_blind();
  rig.tell();
  EXPECT_EQ(rig.information(request(0x42, {2})).size(), 59u) << "as last known";
  EXPECT_EQ(management(rig, 0x92, {2}).charge_current, 0);
}

TEST_F(OneBattery, SaysNothingOfCellsWhereAPackHidesOne) {
  rig.bank.packs[1].pack.cell_voltage[3].clear();
  rig.tell();
  EXPECT_EQ(rig.information(request(0x42, {2}))[2], 0) << "it may be the worst";
}

TEST(PylontechOptions, TheAddressAskedAnswersUnlessOneIsForced) {
  InverterOptions options;
  options.addresses = {2, 0x12};
  Rig rig(options);
  rig.tell();
  EXPECT_EQ(rig.ask(request(0x4F, {}, 0x12)).substr(0, 5), "~2012");
  EXPECT_EQ(rig.information(request(0x42, {}, 0x12))[2], 16);  // the first pack of another group
  options.answer_as = 2;
  Rig forced(options);
  forced.tell();
  EXPECT_EQ(forced.ask(request(0x4F, {}, 0x12)).substr(0, 5), "~2002");
}

TEST(PylontechOptions, TheStateOfChargeIsKeptInside) {
  InverterOptions options;
  options.soc_least = {5'500};
  Rig rig(options);
  rig.tell();
  EXPECT_EQ(rig.information(request(0x61))[4], 55);
}

// No rounding and no field ever makes a limit wider.
TEST(PylontechLimits, AreNeverWiderThanAskedFor) {
  for (const bool hundredth : {false, true}) {
    InverterOptions options;
    options.hundredth_ampere = hundredth;
    Rig rig(options);
    std::uint32_t random = 1;
    for (int i = 0; i < 2'000; ++i) {
      random = random * 1'664'525 + 1'013'904'223;
      const auto charge = static_cast<std::int32_t>(random >> 8) % 5'000'000;
      const auto discharge = static_cast<std::int32_t>(random >> 4) % 5'000'000;
      rig.bank.request.charge_current.value = {charge};
      rig.bank.request.discharge_current.value = {discharge};
      rig.tell();
      const Management module = management(rig, 0x92, {2});
      const Management bank = management(rig, 0x63);
      const std::int32_t unit = hundredth ? 10 : 100;
      EXPECT_LE(module.charge_current * 100, charge);
      EXPECT_LE(-module.discharge_current * 100, discharge);
      EXPECT_LE(bank.charge_current * unit, charge);
      EXPECT_LE(bank.discharge_current * unit, discharge);
      EXPECT_GE(module.charge_current, 0);
      EXPECT_LE(module.discharge_current, 0);
    }
  }
}

}  // namespace
}  // namespace cw::pylontech

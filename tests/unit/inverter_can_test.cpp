// SPDX-License-Identifier: Apache-2.0
// Frames towards inverters, worked out by hand from the tables of inverter-can.md, and rules that
// hold for every protocol.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "bridge/inverter/can_inverter.h"
#include "bridge/inverter/told_request.h"
#include "tests/unit/inverter_can_rig.h"

namespace cw::test {
namespace {

const CanProfile& profile(std::string_view name) { return *find_can_profile(name); }

TEST(InverterCan, PylontechFramesOfAGoodBank) {
  const CanProfile& p = profile("pylontech-can");
  const CanValues v = good_values();
  EXPECT_EQ(hex(p, 0x359, v), "0000000002504E00");
  EXPECT_EQ(hex(p, 0x351, v), "2802B004DC05D001") << "55.2 V, 120 A, 150 A, 46.4 V";
  EXPECT_EQ(hex(p, 0x355, v), "3700620000000000") << "55 %, 98 %";
  EXPECT_EQ(hex(p, 0x356, v), "A7147B00D7000000") << "52.87 V, 12.3 A, 21.5 C";
  EXPECT_EQ(hex(p, 0x356, v, true), "11027B00D7000000") << "52.9 V in 0.1 V";
  EXPECT_EQ(hex(p, 0x35C, v), "C000000000000000");
  EXPECT_EQ(hex(p, 0x35E, v), "4D414B4552202020") << "MAKER and three spaces";
}

TEST(InverterCan, VictronFramesOfAGoodBank) {
  const CanProfile& p = profile("victron-can");
  const CanValues v = good_values();
  EXPECT_EQ(hex(p, 0x355, v), "3700620088150000") << "55 %, 98 %, 55.12 %";
  EXPECT_EQ(hex(p, 0x35A, v), "AAAAAAAAAAAAAAAA");
  EXPECT_EQ(hex(p, 0x35F, v), "000001006E000000") << "110 Ah left";
  EXPECT_EQ(hex(p, 0x370, v), "43656C6C61722062") << "Cellar b";
  EXPECT_EQ(hex(p, 0x371, v), "616E6B0000000000") << "ank";
  EXPECT_EQ(hex(p, 0x372, v), "0200000000000000");
  EXPECT_EQ(hex(p, 0x373, v), "E50CF00C26012701") << "3301, 3312 mV, 294, 295 K";
  EXPECT_EQ(hex(p, 0x374, v), "5031433136000000") << "P1C16";
  EXPECT_EQ(hex(p, 0x375, v), "5032433700000000") << "P2C7";
  EXPECT_EQ(hex(p, 0x376, v), "5031543300000000") << "P1T3";
  EXPECT_EQ(hex(p, 0x379, v), "C800000000000000") << "200 Ah";
  EXPECT_EQ(hex(p, 0x380, v), "534E313233343536") << "SN123456";
  EXPECT_EQ(hex(p, 0x381, v), "3738393031000000") << "78901";
}

TEST(InverterCan, FramesOfTheOthersWhereTheyDiffer) {
  const CanValues v = good_values();
  EXPECT_EQ(hex(profile("sma-can"), 0x355, v), "370062008815FFFF");
  EXPECT_EQ(hex(profile("sma-can"), 0x356, v), "A7147B00D700FFFF");
  EXPECT_EQ(hex(profile("sma-can"), 0x35F, v), "00000100C800FFFF") << "200 Ah";
  EXPECT_EQ(hex(profile("luxpower-can"), 0x359, v), "0000000002C80000") << "2 packs, 200 Ah";
  EXPECT_EQ(hex(profile("luxpower-can"), 0x355, v), "37006200F00CE50C");
  EXPECT_EQ(hex(profile("luxpower-can"), 0x356, v), "A7147B00DD00D000") << "22.1, 20.8 C";
  EXPECT_EQ(hex(profile("luxpower-can"), 0x35C, v), "C0004D0000000000") << "77 cycles";
  EXPECT_EQ(hex(profile("solark-can"), 0x379, v), "C800000000000000");
  EXPECT_EQ(hex(profile("solis-can"), 0x359, v), "0000000000000000");
  EXPECT_EQ(hex(profile("solis-can"), 0x356, v), "11027B00D7000000") << "always 0.1 V";
  EXPECT_EQ(hex(profile("solis-can"), 0x399, v), "6600000000000000") << "10.2 kWh";
  EXPECT_EQ(hex(profile("solis-can"), 0x3DA, v), "F00CE50C17001000") << "cells 23 and 16";
  EXPECT_EQ(hex(profile("solis-can"), 0x3DB, v), "4847010300000000") << "22 and 21 C, 50 added";
  EXPECT_EQ(hex(profile("byd-lvs-can"), 0x355, v), "3700620000000000");
}

TEST(InverterCan, GrowattIsBigEndian) {
  const CanProfile& p = profile("growatt-can");
  const CanValues v = good_values();
  EXPECT_EQ(hex(p, 0x311, v), "022804B005DC006A") << "charging, balanced, both allowed";
  EXPECT_EQ(hex(p, 0x312, v), "0000000002000020") << "2 packs, 32 cells";
  EXPECT_EQ(hex(p, 0x313, v), "14A7007B00D73762");
  EXPECT_EQ(hex(p, 0x314, v), "2B104E20000B004D") << "110.24 Ah of 200 Ah, 11 mV, 77 cycles";
  EXPECT_EQ(hex(p, 0x319, v), "C00CF00CE5171000");
  EXPECT_EQ(hex(p, 0x320, v), "4D4101015EDD6354")
      << "MA, 2023-11-14 22:13:20: year 23, month 11, day 14";
}

TEST(InverterCan, GrowattCapacitiesEndWhereTheirFieldEnds) {
  BankRequest r = good_request();
  r.measured.capacity = MilliampHours{900'000};
  r.measured.remaining = MilliampHours{655'360};
  EXPECT_EQ(hex(profile("growatt-can"), 0x314, good_values(r)), "FFFFFFFF000B004D");
}

TEST(InverterCan, FlagsAreWhatIsAskedFor) {
  BankRequest r = good_request();
  r.force_charge = true;
  EXPECT_EQ(hex(profile("pylontech-can"), 0x35C, good_values(r)), "F000000000000000");
  EXPECT_EQ(hex(profile("victron-can"), 0x360, good_values(r)), "FF00000000000000");
  r = good_request();
  r.full_charge_wanted = true;
  r.discharge_enabled = false;
  EXPECT_EQ(hex(profile("pylontech-can"), 0x35C, good_values(r)), "8800000000000000");
}

TEST(InverterCan, AnAlarmIsWhatStopsTheWholeBank) {
  BankRequest r = good_request();
  r.warnings.add(Alarm::cell_undervoltage);
  EXPECT_EQ(hex(profile("pylontech-can"), 0x359, good_values(r)), "0000040002504E00");
  EXPECT_EQ(hex(profile("victron-can"), 0x35A, good_values(r)), "AAAAAAAA9AAAAAAA");
  EXPECT_EQ(hex(profile("growatt-can"), 0x312, good_values(r)), "0000080002000020");
  r.alarms.add(Alarm::cell_undervoltage);
  EXPECT_EQ(hex(profile("pylontech-can"), 0x359, good_values(r)), "0400040002504E00");
  EXPECT_EQ(hex(profile("victron-can"), 0x35A, good_values(r)), "9AAAAAAA9AAAAAAA");
}

TEST(InverterCan, WhatConcernsChargingIsNoAlarmWhileDischargingIsFine) {
  for (const Alarm alarm :
       {Alarm::cell_overvoltage, Alarm::pack_overvoltage, Alarm::charge_overtemperature,
        Alarm::charge_undertemperature, Alarm::charge_overcurrent}) {
    BankRequest r = good_request();
    r.alarms.add(alarm);
    EXPECT_EQ(raised(r).alarms, 0U) << name(alarm);
    EXPECT_NE(raised(r).warnings, 0U) << name(alarm);
    r.discharge_enabled = false;
    EXPECT_NE(raised(r).alarms, 0U) << name(alarm);
  }
}

TEST(InverterCan, APackThatIsNotHeardIsAWarning) {
  BankRequest r = good_request();
  r.packs_online = 1;
  r.packs_offline = 1;
  EXPECT_EQ(hex(profile("pylontech-can"), 0x359, good_values(r)), "0000000802504E00");
  EXPECT_EQ(hex(profile("victron-can"), 0x35A, good_values(r)), "AAAAAAAAAAAA6AAA");
  EXPECT_EQ(hex(profile("victron-can"), 0x372, good_values(r)), "0100000000000100");
  r.packs_online = 0;
  r.packs_offline = 2;
  r.voice = Voice::blind;
  EXPECT_EQ(raised(r).alarms, 0U) << "an alarm would stop the inverter for good";
  EXPECT_NE(raised(r).warnings, 0U);
}

// Worked out from the tables: the warning of high charge current, of high current, of high voltage.
TEST(InverterCan, ALimitThatIsNotObeyedIsAWarningOfItsKind) {
  const struct {
    std::uint8_t bit;  // of not_obeyed
    std::string_view pylontech, victron, growatt;
  } cases[] = {{1, "0000000102504E00", "AAAAAAAAAAAAA9AA", "0000400002000020"},
               {2, "0000800002504E00", "AAAAAAAAAA6AAAAA", "0000800002000020"},
               {4, "0000020002504E00", "AAAAAAAAA6AAAAAA", "0000040002000020"}};
  for (const auto& c : cases) {
    BankRequest r = good_request();
    r.not_obeyed = c.bit;
    EXPECT_EQ(hex(profile("pylontech-can"), 0x359, good_values(r)), c.pylontech);
    EXPECT_EQ(hex(profile("victron-can"), 0x35A, good_values(r)), c.victron);
    EXPECT_EQ(hex(profile("growatt-can"), 0x312, good_values(r)), c.growatt);
    r.discharge_enabled = false;
    EXPECT_EQ(raised(r).alarms, 0U) << "never more than a warning";
  }
}

// Otherwise an option would be configured, accepted and without effect.
TEST(InverterProtocols, UnderstandTheOptionsTheirFramesHaveRoomFor) {
  using O = InverterOption;
  const auto knows = [](std::string_view protocol, O option) {
    const InverterProtocolSpec* const spec = find_inverter_protocol(protocol);
    return spec != nullptr && spec->options.has(option);
  };
  EXPECT_TRUE(knows("victron-can", O::battery_name));
  EXPECT_FALSE(knows("luxpower-can", O::battery_name)) << "none of its frames has a name";
  EXPECT_TRUE(knows("growatt-can", O::manufacturer)) << "two letters";
  EXPECT_FALSE(knows("solis-can", O::manufacturer));
  EXPECT_FALSE(knows("solis-can", O::tenth_volt)) << "its voltage always has that step";
  EXPECT_TRUE(knows("pylontech-rs485", O::answer_as));
  EXPECT_FALSE(knows("growatt-rs485", O::answer_as));
  EXPECT_FALSE(knows("modbus-rtu", O::soc_most));
  EXPECT_FALSE(find_inverter_protocol("byd-rs485")->charge_voltage.takes({159'999}));
  EXPECT_TRUE(find_inverter_protocol("byd-rs485")->charge_voltage.takes({160'000}));
  EXPECT_FALSE(find_inverter_protocol("sma-can")->charge_voltage.takes({63'001}));
}

TEST(InverterCan, EveryAlarmOfABoardIsToldOrKnownNotToConcernAnInverter) {
  const std::set<Alarm> nobodys = {Alarm::gps_disconnected, Alarm::gps_lock};
  for (std::size_t i = 0; i < kAlarmCount; ++i) {
    const auto alarm = static_cast<Alarm>(i);
    BankRequest r = good_request();
    r.warnings.add(alarm);
    EXPECT_EQ(raised(r).warnings == 0, nobodys.count(alarm) == 1) << name(alarm);
  }
  BankRequest r = good_request();
  r.alarms.unknown = 1U << 14;
  EXPECT_EQ(raised(r).alarms, 0U) << "nobody knows what it means: no reason to stop a house";
  EXPECT_EQ(raised(r).warnings, bits_of({CanAlarm::general}));
}

TEST(InverterCan, AFrameWithAnUnknownValueIsLeftOutAndHealthIsTakenForGood) {
  BankRequest r = good_request();
  r.measured.soh.reset();
  EXPECT_EQ(hex(profile("pylontech-can"), 0x355, good_values(r)), "3700640000000000");
  r.measured.soc.reset();
  EXPECT_EQ(hex(profile("pylontech-can"), 0x355, good_values(r)), "left out");
  r.measured.cell_max.reset();
  EXPECT_EQ(hex(profile("victron-can"), 0x373, good_values(r)), "left out");
  EXPECT_EQ(hex(profile("victron-can"), 0x375, good_values(r)), "left out");
}

TEST(InverterCan, EveryFrameHasEightBytesAndAStandardIdentifierOfItsOwn) {
  for (const CanProfile& p : can_profiles()) {
    std::set<std::uint32_t> ids;
    for (const CanFrameLayout& layout : p.frames) {
      const auto frame = encode(p, layout, good_values(), false);
      ASSERT_TRUE(frame) << p.name << " " << layout.id;
      EXPECT_EQ(frame->length, 8) << p.name;
      EXPECT_FALSE(frame->extended);
      EXPECT_LE(frame->id, kCanStandardIdMost);
      EXPECT_TRUE(ids.insert(frame->id).second) << p.name << " " << layout.id;
    }
    EXPECT_EQ(find_inverter_protocol(p.name)->bus, Bus::can);
    EXPECT_FALSE(p.dies.empty()) << p.name;
  }
}

// Fields that overlap would spoil each other: each bit belongs to one slot.
TEST(InverterCan, NoTwoSlotsOfAFrameOverlap) {
  for (const CanProfile& p : can_profiles())
    for (const CanFrameLayout& layout : p.frames) {
      std::uint64_t taken = 0;
      for (const CanSlot& slot : layout.slots) {
        std::uint64_t bits = (std::uint64_t{1} << (8 * slot.width % 64)) - 1;
        if (slot.width == 8) bits = ~std::uint64_t{0};
        if (slot.kind == SlotKind::bits) bits = ((1U << slot.width) - 1U) << slot.bit;
        if (slot.kind == SlotKind::pair) bits = 3U << slot.bit;
        if (slot.kind == SlotKind::flag || slot.kind == SlotKind::alarm) bits = slot.mask;
        bits <<= 8 * slot.byte;
        EXPECT_EQ(taken & bits, 0U) << p.name << " " << std::hex << layout.id;
        taken |= bits;
      }
    }
}

// The decoder is the encoder read backwards: what one puts the other finds.
TEST(InverterCan, RoundingNeverMakesALimitLargerWhateverTheRequest) {
  std::mt19937 random(7);
  const auto below = [&](std::uint32_t limit) {
    return static_cast<std::int32_t>(random() % limit);
  };
  for (int i = 0; i < 20'000; ++i) {
    BankRequest r = good_request();
    r.charge_voltage.value = {40'000 + below(24'000)};
    r.discharge_voltage.value = {36'000 + below(12'000)};
    r.charge_current.value = {below(i % 2 == 0 ? 1'000 : 4'000'000)};
    r.discharge_current.value = {below(i % 2 == 0 ? 1'000 : 4'000'000)};
    r.measured.soc = CentiPercent{below(10'001)};
    r.measured.current = Milliamps{below(800'000) - 400'000};
    for (const CanProfile& p : can_profiles()) {
      CanHeard heard;
      for (const CanFrameLayout& layout : p.frames)
        decode(p, *encode(p, layout, good_values(r), false), false, heard);
      const auto limit = [&](CanNumber number) { return *heard.of(number); };
      ASSERT_LE(limit(CanNumber::charge_voltage), r.charge_voltage.value.count) << p.name;
      ASSERT_GT(limit(CanNumber::charge_voltage), r.charge_voltage.value.count - 100) << p.name;
      ASSERT_LE(limit(CanNumber::charge_current), r.charge_current.value.count) << p.name;
      ASSERT_LE(limit(CanNumber::discharge_current), r.discharge_current.value.count) << p.name;
      ASSERT_LE(limit(CanNumber::soc), r.measured.soc->count) << p.name;
      ASSERT_NEAR(static_cast<double>(limit(CanNumber::current)), r.measured.current->count, 50.0);
      if (heard.of(CanNumber::discharge_voltage)) {
        ASSERT_GE(limit(CanNumber::discharge_voltage), r.discharge_voltage.value.count) << p.name;
      }
    }
  }
}

TEST(InverterCan, ShortFramesOfRealBatteriesSayWhatTheyHold) {
  CanHeard heard;
  EXPECT_TRUE(decode(profile("pylontech-can"), frame_of("351", "280232005AFF"), false, heard));
  EXPECT_EQ(heard.of(CanNumber::charge_voltage), 55'200);
  EXPECT_EQ(heard.of(CanNumber::charge_current), 5'000);
  EXPECT_EQ(heard.of(CanNumber::discharge_current), 16'600) << "a negative limit is one as well";
  EXPECT_FALSE(heard.of(CanNumber::discharge_voltage));
  EXPECT_FALSE(decode(profile("pylontech-can"), frame_of("123", "00"), false, heard));
}

TEST(InverterOptionsOf, TheChargeVoltageStaysAboveTheBatteryWhereStagesAllowIt) {
  InverterOptions options;
  options.voltage_above_battery = true;
  BankRequest r = good_request();
  r.charge_voltage.value = {52'900};
  EXPECT_EQ(told_request(r, options).charge_voltage.value.count, 53'070) << "52.87 V + 0.2 V";
  r.measured.voltage = Millivolts{55'100};
  EXPECT_EQ(told_request(r, options).charge_voltage.value.count, 55'200)
      << "55.3 V would be above every stage";
  r.measured.voltage.reset();
  EXPECT_EQ(told_request(r, options).charge_voltage.value.count, 52'900);
  options.voltage_above_battery = false;
  r.measured.voltage = Millivolts{53'000};
  EXPECT_EQ(told_request(r, options).charge_voltage.value.count, 52'900);
}

TEST(InverterOptionsOf, AVoltageThatIsLiftedNoLongerStopsChargingSoTheCurrentDoes) {
  InverterOptions options;
  options.voltage_above_battery = true;
  BankRequest r = good_request();
  r.charge_voltage.value = {53'600};  // float
  r.measured.voltage = Millivolts{53'500};
  EXPECT_EQ(told_request(r, options).charge_voltage.value.count, 53'700);
  EXPECT_TRUE(told_request(r, options).charge_enabled);
  r.measured.voltage = Millivolts{53'600};
  EXPECT_EQ(told_request(r, options).charge_current.value.count, 0);
  EXPECT_FALSE(told_request(r, options).charge_enabled);
  EXPECT_EQ(told_request(r, options).discharge_current.value, r.discharge_current.value);
}

TEST(InverterOptionsOf, AChargeThatIsAnOrderToStopIsToldAsItIs) {
  InverterOptions options;
  options.soc_most = {9'900};
  BankRequest r = good_request();
  r.measured.soc = CentiPercent{10'000};
  EXPECT_EQ(told_request(r, options).measured.soc, CentiPercent{9'900});
  r.soc_ordered = true;
  EXPECT_EQ(told_request(r, options).measured.soc, CentiPercent{10'000});
}

TEST(InverterOptionsOf, AZeroCurrentBecomesATenthWithoutItsEnableBit) {
  InverterOptions options;
  options.least_current = true;
  BankRequest r = good_request();
  r.charge_current.value = {};
  const BankRequest told = told_request(r, options);
  EXPECT_EQ(told.charge_current.value.count, 100);
  EXPECT_FALSE(told.charge_enabled);
  EXPECT_EQ(told.discharge_current.value, r.discharge_current.value);
  EXPECT_TRUE(told.discharge_enabled);
}

TEST(InverterOptionsOf, TheStateOfChargeIsKeptWithinItsBounds) {
  InverterOptions options;
  options.soc_most = {9'900};
  options.soc_least = {100};
  BankRequest r = good_request();
  r.measured.soc = CentiPercent{10'000};
  EXPECT_EQ(told_request(r, options).measured.soc->count, 9'900);
  r.measured.soc = CentiPercent{0};
  EXPECT_EQ(told_request(r, options).measured.soc->count, 100);
}

TEST(InverterOptionsOf, BlindMeansZerosWithTheLastKnownValues) {
  BankRequest r = good_request();
  r.voice = Voice::blind;
  r.force_charge = true;
  const BankRequest told = told_request(r, {});
  EXPECT_EQ(told.charge_current.value.count, 0);
  EXPECT_EQ(told.discharge_current.value.count, 0);
  EXPECT_FALSE(told.charge_enabled || told.discharge_enabled || told.force_charge);
  EXPECT_EQ(told.charge_voltage.value, r.charge_voltage.value);
  EXPECT_EQ(told.measured.soc, r.measured.soc);
}

}  // namespace
}  // namespace cw::test

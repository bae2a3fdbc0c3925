// SPDX-License-Identifier: Apache-2.0
// What a JK board on CAN is understood to say, frame by frame and over time.
#include <gtest/gtest.h>

#include "tests/unit/jk_can_rig.h"

namespace cw {
namespace {

using test::CanBoard;

// 53.1 V, 1.8 A, 81 %; 3.350 V cell 3, 3.300 V cell 8; 22 °C sensor 2, 20 °C sensor 1.
constexpr std::string_view kBattery = "2F4#1302B20F51000000";
constexpr std::string_view kExtremes = "4F4#160D02E40C070000";
constexpr std::string_view kTemperatures = "5F4#4801460047000000";
// 227.3 of 280.0 Ah, 35 cycles.
constexpr std::string_view kCapacity = "18F128F4#E108F00A10272300";
// Sensors 1 and 2: 22 and 21 °C, MOSFETs 30 °C.
constexpr std::string_view kSensors = "18F228F4#07484750FFFF0000";
constexpr std::string_view kNoFaults = "18F328F4#0000000000000000";
constexpr std::string_view kSwitches = "18F528F4#2300000000000000";
// Cells 1 to 4 and 5 to 7: 3.310 to 3.316 V.
constexpr std::string_view kCells1 = "18E028F4#EE0CEF0CF00CF10C";
constexpr std::string_view kCells2 = "18E128F4#F20CF30CF40C0000";

void hear_v1(CanBoard& board, Millis span) {
  board.repeat({kBattery, kExtremes, kTemperatures}, span);
}
void hear_v2(CanBoard& board, Millis span) {
  board.repeat({kBattery, kExtremes, kTemperatures, kCapacity, kSensors, kNoFaults, kSwitches,
                kCells1, kCells2},
               span);
}

TEST(JkCan, AV2BoardIsToldWhenAllOfItWasHeard) {
  CanBoard board;
  hear_v2(board, {1'100});
  EXPECT_EQ(board.frames, 0) << "the number of cells takes a second to be known";
  hear_v2(board, {1'500});
  ASSERT_GT(board.frames, 0);
  const PackScalars& s = board.pack.scalars;
  EXPECT_EQ(board.value(s.voltage), 53'100);
  EXPECT_EQ(board.value(s.current), 1'800);
  EXPECT_EQ(board.value(s.power), 95'580);
  EXPECT_EQ(board.value(s.soc), 8'100);
  EXPECT_EQ(board.value(s.capacity_remaining), 225'700 + 1'600);
  EXPECT_EQ(board.value(s.capacity_full), 280'000);
  EXPECT_EQ(board.value(s.cycle_count), 35);
  EXPECT_EQ(board.value(s.cell_count), 7);
  EXPECT_EQ(board.value(board.pack.cell_voltage[0]), 3'310);
  EXPECT_EQ(board.value(board.pack.cell_voltage[6]), 3'316);
  EXPECT_EQ(board.value(board.pack.cell_voltage[7]), std::nullopt);
  EXPECT_EQ(board.value(board.pack.temperature[0]), 220);
  EXPECT_EQ(board.value(board.pack.temperature[1]), 210);
  EXPECT_EQ(board.value(s.mosfet_temperature), 300);
  EXPECT_EQ(board.value(s.charge_mosfet), 1);
  EXPECT_EQ(board.value(s.balancing), 0);
  EXPECT_FALSE(board.alarms().any());
  EXPECT_EQ(board.pack.identity.make.view(), "JK");
}

TEST(JkCan, FramesAreToldTenTimesASecondHoweverManyCome) {
  CanBoard board;
  hear_v2(board, {2'000});
  const int before = board.frames;
  hear_v2(board, {10'000});
  EXPECT_GE(board.frames - before, 90);
  EXPECT_LE(board.frames - before, 101);
}

TEST(JkCan, AV1BoardIsKnownByTheSilenceOfExtendedFrames) {
  CanBoard board;
  hear_v1(board, {2'900});
  EXPECT_EQ(board.frames, 0);
  hear_v1(board, {300});
  ASSERT_GT(board.frames, 0);
  EXPECT_EQ(board.value(board.pack.scalars.current), 1'800);
  EXPECT_EQ(board.value(board.pack.scalars.cell_voltage_max), 3'350);
  EXPECT_EQ(board.value(board.pack.scalars.cell_voltage_max_index), 3);
  EXPECT_EQ(board.value(board.pack.scalars.cell_voltage_min), 3'300);
  EXPECT_EQ(board.value(board.pack.scalars.cell_voltage_delta), 50);
  EXPECT_EQ(board.value(board.pack.temperature[1]), 220);
  EXPECT_EQ(board.value(board.pack.temperature[0]), 200);
  EXPECT_EQ(board.value(board.pack.scalars.cell_count), std::nullopt);
  EXPECT_FALSE(board.alarms().any());
  EXPECT_TRUE(board.pack.alarms.fresh(board.now, {200})) << "no ALM_INFO means no alarm";
}

TEST(JkCan, TheSignOfTheCurrentIsAnOptionOfV1Alone) {
  CanBoard v1({.discharge_positive = true});
  hear_v1(v1, {4'000});
  EXPECT_EQ(v1.value(v1.pack.scalars.current), -1'800);
  EXPECT_EQ(v1.value(v1.pack.scalars.power), -95'580);
  CanBoard v2({.discharge_positive = true});
  hear_v2(v2, {4'000});
  EXPECT_EQ(v2.value(v2.pack.scalars.current), 1'800);
}

TEST(JkCan, V1TemperaturesThatNameImpossibleSensorsAreNotLost) {
  CanBoard board;
  board.repeat({kBattery, kExtremes, "5F4#4809460147000000"}, {4'000});
  EXPECT_EQ(board.value(board.pack.temperature[0]), 220);
  EXPECT_EQ(board.value(board.pack.temperature[1]), 200);
}

TEST(JkCan, V1TemperaturesStayWhileOtherFramesComeMoreOften) {
  CanBoard board;
  hear_v1(board, {4'000});
  const int before = board.frames;
  board.repeat({kBattery, kExtremes}, {1'000});
  EXPECT_GT(board.frames, before + 5);
  EXPECT_EQ(board.value(board.pack.temperature[0]), 200);
  EXPECT_EQ(board.value(board.pack.temperature[1]), 220);
  board.repeat({kBattery, kExtremes}, {4'200});
  EXPECT_FALSE(board.pack.temperature[0].fresh(board.now, {60'000})) << "but not for ever";
}

TEST(JkCan, AddressesAreAddedToTheWholeIdentifier) {
  CanBoard board({.address = 12});
  EXPECT_EQ(board.hear("300#1302B20F51000000").heard, Heard::part);
  EXPECT_EQ(board.hear("18F12900#E108F00A10272300").heard, Heard::part);
  EXPECT_EQ(board.hear(kBattery).heard, Heard::not_for_us);
  EXPECT_EQ(board.hear("2FF#1302B20F51000000").heard, Heard::not_for_us);
}

TEST(JkCan, NoIdentifierBelongsToTwo) {
  int known = 0;
  for (std::uint32_t id = 0; id <= kCanStandardIdMost; ++id) {
    const auto sender = jk_can::sender_of(id, false);
    if (!sender) continue;
    ++known;
    EXPECT_EQ(jk_can::id_of(sender->message, sender->address), id);
  }
  EXPECT_EQ(known, 3 * 16 + 12) << "ALM_INFO of addresses above 11 does not fit";
}

TEST(JkCan, WhatIsNotABoardsIsNobodys) {
  CanBoard board;
  for (const std::string_view line :
       {"01F21400#C7141200E4002300", "7FF#0000000000000000", "2F4#R", "18F0F428#0501010100000000",
        "000002F4#1302B20F51000000", "20000004#0000000000000000"})
    EXPECT_EQ(board.hear(line).heard, Heard::not_for_us) << line;
  EXPECT_EQ(board.hear("2F4#1302B20F51").heard, Heard::malformed);
}

TEST(JkCan, AlarmsAreToldAtOnceAndClearedAfterASecondWithoutThem) {
  CanBoard board;
  hear_v2(board, {3'000});
  EXPECT_EQ(board.hear("7F4#0300200000000000").heard, Heard::frame);
  EXPECT_TRUE(board.alarms().has(Alarm::cell_overvoltage));
  EXPECT_TRUE(board.alarms().has(Alarm::low_capacity));
  hear_v2(board, {900});
  EXPECT_TRUE(board.alarms().any());
  hear_v2(board, {300});
  EXPECT_FALSE(board.alarms().any());
}

TEST(JkCan, FaultsAreOneWithTheAlarms) {
  CanBoard board;
  hear_v2(board, {3'000});
  EXPECT_EQ(board.hear("18F328F4#0230010000000000").heard, Heard::frame);
  AlarmSet expected;
  for (const Alarm alarm :
       {Alarm::mosfet_overtemperature, Alarm::pack_undervoltage, Alarm::discharge_overcurrent})
    expected.add(alarm);
  expected.unknown = 1U << 16;
  EXPECT_EQ(board.alarms(), expected);
}

TEST(JkCan, AV2BoardWhoseFaultsFellSilentHasNoAlarmsThatAreKnown) {
  CanBoard board;
  hear_v2(board, {3'000});
  board.repeat(
      {kBattery, kExtremes, kTemperatures, kCapacity, kSensors, kSwitches, kCells1, kCells2},
      {2'500});
  EXPECT_EQ(board.pack.alarms.quality(), Quality::absent);
}

TEST(JkCan, ValuesOfAFrameThatStopsAreAbsentAfterItsTime) {
  CanBoard board;
  hear_v2(board, {3'000});
  board.repeat({kExtremes, kCapacity, kSensors, kNoFaults, kSwitches, kCells1, kCells2}, {950});
  EXPECT_TRUE(board.value(board.pack.scalars.voltage));
  board.repeat({kExtremes, kCapacity, kSensors, kNoFaults, kSwitches, kCells1, kCells2}, {300});
  EXPECT_FALSE(board.value(board.pack.scalars.voltage));
  EXPECT_FALSE(board.value(board.pack.scalars.current));
  EXPECT_TRUE(board.value(board.pack.cell_voltage[0]));
}

TEST(JkCan, TheNumberOfCellsChangesOnlyWhenTwoSecondsAgree) {
  CanBoard board;
  hear_v2(board, {3'000});
  ASSERT_EQ(board.value(board.pack.scalars.cell_count), 7);
  board.repeat({kBattery, kCells1}, {1'300});  // the second frame is lost for a while
  hear_v2(board, {2'600});
  EXPECT_EQ(board.value(board.pack.scalars.cell_count), 7);
  constexpr std::string_view six = "18E128F4#F20CF30C00000000";
  board.repeat(
      {kBattery, kExtremes, kTemperatures, kCapacity, kSensors, kNoFaults, kSwitches, kCells1, six},
      {4'000});
  EXPECT_EQ(board.value(board.pack.scalars.cell_count), 6);
  EXPECT_EQ(board.value(board.pack.cell_voltage[6]), std::nullopt);
}

TEST(JkCan, AZeroBetweenCellsIsABrokenWire) {
  CanBoard board;
  board.repeat({kBattery, kExtremes, kTemperatures, kCapacity, kSensors, kNoFaults, kSwitches,
                "18E028F4#EE0C0000F00CF10C", kCells2},
               {3'000});
  EXPECT_EQ(board.value(board.pack.scalars.cell_count), 7);
  EXPECT_EQ(board.pack.cell_voltage[1].quality(), Quality::implausible);
  EXPECT_EQ(board.value(board.pack.cell_voltage[2]), 3'312);
}

TEST(JkCan, ASumOfCellsThatAgreesIsTheFinerVoltage) {
  CanBoard board;  // 7 cells: 23.191 V; on the bus 23.2 V
  board.repeat({"2F4#E800B20F51000000", kExtremes, kTemperatures, kCapacity, kSensors, kNoFaults,
                kSwitches, kCells1, kCells2},
               {3'000});
  EXPECT_EQ(board.value(board.pack.scalars.voltage), 23'191);
}

TEST(JkCan, CycleCapacityIsToldOnlyWhileItCannotHaveWrapped) {
  CanBoard board;
  hear_v2(board, {3'000});  // 35 cycles of 280 Ah are more than 6553.5 Ah
  EXPECT_EQ(board.value(board.pack.scalars.cycle_capacity), std::nullopt);
  EXPECT_FALSE(jk_can::may_have_wrapped(100, 400));
}

TEST(JkCan, HeatingCurrentCountsOnlyWhileItHeats) {
  CanBoard board;
  const std::string_view information = "18F428F4#C8000000D8F56400";  // -2600 mA
  hear_v2(board, {3'000});
  board.repeat({kBattery, information}, {200});
  EXPECT_EQ(board.value(board.pack.scalars.heater_current), std::nullopt);
  EXPECT_EQ(board.value(board.pack.scalars.soh), 10'000);
  EXPECT_EQ(board.value(board.pack.scalars.runtime), 200);
  board.repeat({kBattery, "18F528F4#2B00000000000000", information}, {200});
  EXPECT_EQ(board.value(board.pack.scalars.heater_current), 2'600);
}

TEST(JkCan, ABoardThatLacksAFrameIsToldAllTheSameWithAReason) {
  CanBoard board;
  board.repeat({kBattery, kExtremes, kTemperatures, kNoFaults, kCells1, kCells2}, {4'900});
  EXPECT_EQ(board.frames, 0);
  board.repeat({kBattery, kExtremes, kTemperatures, kNoFaults, kCells1, kCells2}, {300});
  ASSERT_GT(board.frames, 0);
  board.now = board.now + Millis{100};
  const Fed fed = board.hear(kBattery);
  EXPECT_EQ(fed.heard, Heard::frame);
  EXPECT_EQ(fed.why, "one of the V2 frames is missing");
  EXPECT_TRUE(board.value(board.pack.scalars.voltage));
  EXPECT_FALSE(board.value(board.pack.scalars.charge_mosfet));
}

TEST(JkCan, AfterALongSilenceItMayBeAnotherBoard) {
  CanBoard board;
  hear_v2(board, {3'000});
  board.now = board.now + Millis{6'000};
  const int before = board.frames;
  hear_v1(board, {2'000});
  EXPECT_EQ(board.frames, before);
  hear_v1(board, {1'500});
  EXPECT_GT(board.frames, before);
  EXPECT_FALSE(board.value(board.pack.cell_voltage[0]));
}

TEST(JkCan, TheKernelIsAskedForEveryFrameOfEveryAddressAndLittleElse) {
  const auto filters = find_protocol("jk-can")->can_filters;
  const auto passes = [&](std::uint32_t id, bool extended) {
    const CanFrame frame{.id = id, .extended = extended};
    return std::any_of(filters.begin(), filters.end(),
                       [&](const CanFilter& filter) { return filter.passes(frame); });
  };
  for (std::size_t i = 0; i < jk_can::kMessageCount; ++i)
    for (std::uint8_t address = 0; address <= jk_can::kHighestAddress; ++address) {
      const auto message = static_cast<jk_can::Message>(i);
      if (const auto id = jk_can::id_of(message, address)) {
        EXPECT_TRUE(passes(*id, jk_can::row(message).since == jk_can::Version::v2)) << *id;
      }
    }
  for (const std::uint32_t id : {0x000U, 0x00FU, 0x100U, 0x305U + 0x20U, 0x351U, 0x35EU})
    EXPECT_FALSE(passes(id, false)) << id;
  EXPECT_FALSE(passes(0x01F21400, true));
}

TEST(JkCan, AnOrderIsWhatTheDocumentShows) {
  const CanFrame frame = jk_can::encode({.charge = true, .discharge = {}, .balance = true});
  EXPECT_EQ(frame, parse_candump("18F0F428#0501000100000000").frame);
  const jk_can::Control control{.charge = false, .discharge = true, .balance = {}};
  EXPECT_EQ(jk_can::control_of(jk_can::encode(control).data), control);
}

}  // namespace
}  // namespace cw

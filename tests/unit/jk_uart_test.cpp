// SPDX-License-Identifier: Apache-2.0
// What the JK UART decoder makes of sound answers, value by value.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/jk_uart_frames.h"

namespace cw {
namespace {

using jk_uart::CurrentEncoding;

TEST(JkUart, IsRegisteredWithTheLineItNeeds) {
  const ProtocolSpec* const spec = find_protocol("jk-uart");
  ASSERT_NE(spec, nullptr);
  EXPECT_EQ(spec->default_baud, 115'200U);
  EXPECT_EQ(spec->longest_frame, 502U);
  EXPECT_FALSE(spec->addressed);
}

TEST(JkUart, ReadsMeasuredValuesInTheirUnits) {
  Board board;
  const Fed fed = board.hear(BoardAnswer());
  ASSERT_EQ(fed.heard, Heard::frame);
  EXPECT_EQ(fed.consumed, 291U);
  EXPECT_EQ(fed.why, "");
  EXPECT_EQ(fed.refused, 0);
  const PackScalars& s = board.pack.scalars;
  EXPECT_EQ(board.now_of(s.voltage), 52'800);
  EXPECT_EQ(board.now_of(s.current), 12'340);
  EXPECT_EQ(board.now_of(s.soc), 5'700);
  EXPECT_EQ(board.now_of(s.cycle_count), 42);
  EXPECT_EQ(board.now_of(s.cycle_capacity), 11'760'000);
  EXPECT_EQ(board.now_of(s.cell_count), 16);
  EXPECT_EQ(board.now_of(s.mosfet_temperature), 310);
  EXPECT_EQ(board.now_of(board.pack.temperature[0]), 240);
  EXPECT_EQ(board.now_of(board.pack.temperature[1]), 230);
  EXPECT_EQ(board.now_of(s.runtime), 57'856 * 60);
  EXPECT_EQ(board.now_of(s.capacity_nominal), 280'000);
  EXPECT_EQ(board.now_of(s.capacity_full), 276'000);
}

TEST(JkUart, LeavesAbsentWhatTheProtocolDoesNotCarry) {
  Board board;
  board.hear(BoardAnswer());
  const PackScalars& s = board.pack.scalars;
  for (const auto quality :
       {s.power.quality(), s.soh.quality(), s.capacity_remaining.quality(), s.precharge.quality(),
        s.balance_current.quality(), s.balance_action.quality(), s.heater.quality(),
        s.heater_current.quality(), s.charger_plugged.quality(), s.emergency_remaining.quality(),
        s.cell_voltage_max.quality(), board.pack.temperature[2].quality(),
        board.pack.wire_resistance[0].quality()})
    EXPECT_EQ(quality, Quality::absent);
  for (const Parameter parameter :
       {Parameter::charge_overcurrent_release, Parameter::short_circuit_delay,
        Parameter::power_off_voltage, Parameter::charge_overtemperature_recovery,
        Parameter::discharge_overtemperature_recovery, Parameter::balance_current_max})
    EXPECT_FALSE(board.pack.parameters.get(parameter));
  EXPECT_TRUE(board.pack.identity.serial.empty());
}

TEST(JkUart, ReadsEverySettingInTheUnitOfItsParameter) {
  using enum Parameter;
  struct Case {
    Parameter parameter;
    std::int32_t value;
  };
  Board board;
  board.hear(BoardAnswer().set(0xAE, 3).set(0xAF, 2).set(0xB3, 1));
  for (const Case& c : std::initializer_list<Case>{{cell_count, 16},
                                                   {capacity, 280'000},
                                                   {cell_overvoltage, 3'650},
                                                   {cell_overvoltage_recovery, 3'500},
                                                   {cell_overvoltage_delay, 5'000},
                                                   {cell_undervoltage, 2'600},
                                                   {cell_undervoltage_recovery, 2'700},
                                                   {cell_undervoltage_delay, 6'000},
                                                   {pack_overvoltage, 58'400},
                                                   {pack_undervoltage, 41'600},
                                                   {cell_voltage_difference, 300},
                                                   {charge_overcurrent, 100'000},
                                                   {charge_overcurrent_delay, 30'000},
                                                   {discharge_overcurrent, 150'000},
                                                   {discharge_overcurrent_delay, 300'000},
                                                   {balance_start, 3'400},
                                                   {balance_trigger, 8},
                                                   {charge_overtemperature, 650},
                                                   {charge_undertemperature, -50},
                                                   {charge_undertemperature_recovery, 10},
                                                   {discharge_overtemperature, 700},
                                                   {discharge_undertemperature, -200},
                                                   {discharge_undertemperature_recovery, -100},
                                                   {mosfet_overtemperature, 900},
                                                   {mosfet_overtemperature_recovery, 700},
                                                   {box_overtemperature, 1'000},
                                                   {box_overtemperature_recovery, 990},
                                                   {temperature_difference, 200},
                                                   {low_capacity_alarm, 2'000},
                                                   {sleep_delay, 10},
                                                   {current_calibration, 1'041},
                                                   {board_address, 3},
                                                   {chemistry_code, 2},
                                                   {dedicated_charger, 1},
                                                   {protocol_version, 1}})
    EXPECT_EQ(board.pack.parameters.get(c.parameter), c.value) << facts(c.parameter).key;
  EXPECT_EQ(board.pack.parameters_heard, board.now);
}

TEST(JkUart, RefusesASettingOutOfRangeAndForgetsTheOldOne) {
  Board board;
  board.hear(BoardAnswer());
  const Fed fed = board.hear(BoardAnswer().set(0x90, 9'999).set(0xAA, 0xFFFF'FFFF));
  EXPECT_EQ(fed.heard, Heard::frame);
  EXPECT_EQ(fed.refused, 2);
  EXPECT_FALSE(board.pack.parameters.get(Parameter::cell_overvoltage));
  EXPECT_FALSE(board.pack.parameters.get(Parameter::capacity));
  EXPECT_EQ(board.pack.scalars.capacity_nominal.quality(), Quality::implausible);
  EXPECT_EQ(board.pack.parameters.get(Parameter::cell_undervoltage), 2'600);
}

TEST(JkUart, ForgetsASettingThatAWholeAnswerDoesNotHave) {
  Board board;
  board.hear(BoardAnswer());
  board.hear(BoardAnswer().without(0x90));
  EXPECT_FALSE(board.pack.parameters.get(Parameter::cell_overvoltage));
}

TEST(JkUart, SwitchesAreWhatIsSetAndMosfetsWhatTheBoardDoes) {
  Board board;
  board.hear(BoardAnswer().set(0x8C, 0x0002 | 0x0008).set(0xAB, 1).set(0xAC, 0).set(0x9D, 0));
  const PackScalars& s = board.pack.scalars;
  EXPECT_EQ(board.now_of(s.charge_mosfet), 0);
  EXPECT_EQ(board.now_of(s.discharge_mosfet), 1);
  EXPECT_EQ(board.now_of(s.balancing), 0);
  EXPECT_EQ(board.now_of(s.charge_switch), 1);
  EXPECT_EQ(board.now_of(s.discharge_switch), 0);
  EXPECT_EQ(board.now_of(s.balance_switch), 0);
  board.hear(BoardAnswer().set(0x8C, 0x0005));
  EXPECT_EQ(board.now_of(s.charge_mosfet), 1);
  EXPECT_EQ(board.now_of(s.discharge_mosfet), 0);
  EXPECT_EQ(board.now_of(s.balancing), 1);
}

TEST(JkUart, EveryAlarmBitHasItsNameAndReservedOnesKeepTheirNumber) {
  constexpr Alarm kExpected[] = {Alarm::low_capacity,
                                 Alarm::mosfet_overtemperature,
                                 Alarm::pack_overvoltage,
                                 Alarm::pack_undervoltage,
                                 Alarm::battery_overtemperature,
                                 Alarm::charge_overcurrent,
                                 Alarm::discharge_overcurrent,
                                 Alarm::cell_voltage_difference,
                                 Alarm::box_overtemperature,
                                 Alarm::battery_undertemperature,
                                 Alarm::cell_overvoltage,
                                 Alarm::cell_undervoltage,
                                 Alarm::front_end_fault_a,
                                 Alarm::front_end_fault_b};
  for (unsigned bit = 0; bit < 16; ++bit) {
    Board board;
    board.hear(BoardAnswer().set(0x8B, 1U << bit));
    AlarmSet expected;
    if (bit < std::size(kExpected))
      expected.add(kExpected[bit]);
    else
      expected.unknown = 1U << bit;
    EXPECT_EQ(board.pack.alarms.fresh(board.now, {0}), expected) << "bit " << bit;
    EXPECT_EQ(jk_uart::encode_alarms(expected), 1U << bit);
  }
}

// --- cells
// -----------------------------------------------------------------------------------------

TEST(JkUart, ReadsAnyNumberOfCellsUpTo32) {
  for (std::size_t count = 1; count <= 32; ++count) {
    std::vector<std::uint32_t> cells;
    for (std::uint32_t i = 0; i < count; ++i) cells.push_back(3'000 + 7 * i);
    Board board;
    const Bytes frame = BoardAnswer().set_cells(cells).frame();
    EXPECT_EQ(frame.size(), 243 + 3 * count);
    ASSERT_EQ(board.hear(frame).heard, Heard::frame) << count;
    EXPECT_EQ(board.now_of(board.pack.scalars.cell_count), static_cast<std::int32_t>(count));
    for (std::size_t i = 0; i < 32; ++i) {
      const auto expected =
          i < count ? std::optional{static_cast<std::int32_t>(cells[i])} : std::nullopt;
      EXPECT_EQ(board.now_of(board.pack.cell_voltage[i]), expected) << count << " cells, " << i;
    }
  }
}

TEST(JkUart, CellsAreFiledByTheirIndexInWhateverOrder) {
  Board board;
  board.hear(BoardAnswer(3).set_raw(0x79, {9, 3, 0x0C, 0xE6, 1, 0x0C, 0xE4, 2, 0x0C, 0xE5}));
  EXPECT_EQ(board.now_of(board.pack.cell_voltage[0]), 3'300);
  EXPECT_EQ(board.now_of(board.pack.cell_voltage[1]), 3'301);
  EXPECT_EQ(board.now_of(board.pack.cell_voltage[2]), 3'302);
}

TEST(JkUart, CellsThatAreGoneByAllThreeCountsAreForgotten) {
  Board board;
  board.hear(BoardAnswer(16));
  board.hear(BoardAnswer(15));
  EXPECT_EQ(board.pack.cell_voltage[15].quality(), Quality::absent);
  EXPECT_EQ(board.now_of(board.pack.cell_voltage[14]), 3'300);
}

TEST(JkUart, ACellThatFallsOffTheListWhileTheSettingStaysIsAnAlarmAndKeptToGoStale) {
  Board board;
  board.hear(BoardAnswer(16));
  board.now = {2000};
  const Fed fed = board.hear(BoardAnswer(15).set(0xA9, 16));
  EXPECT_EQ(fed.why, "the numbers of cells disagree");
  EXPECT_TRUE(board.pack.alarms.fresh(board.now, {0})->has(Alarm::cell_count_mismatch));
  EXPECT_EQ(board.pack.cell_voltage[15].quality(), Quality::good);
  EXPECT_EQ(board.now_of(board.pack.cell_voltage[15]), std::nullopt);
  EXPECT_EQ(board.now_of(board.pack.scalars.cell_count), 15);
}

TEST(JkUart, NobodyKnowsTheNumberOfCellsIfTheBoardContradictsItself) {
  Board board;
  board.hear(BoardAnswer(16).set(0x8A, 15));
  EXPECT_EQ(board.pack.scalars.cell_count.quality(), Quality::implausible);
  EXPECT_TRUE(board.pack.alarms.fresh(board.now, {0})->has(Alarm::cell_count_mismatch));
  EXPECT_EQ(board.now_of(board.pack.cell_voltage[15]), 3'300);
}

// --- temperatures and current
// ----------------------------------------------------------------------

TEST(JkUart, TemperaturesBelowZeroCountOnFrom100) {
  EXPECT_EQ(jk_uart::decode_temperature(0), DeciCelsius{0});
  EXPECT_EQ(jk_uart::decode_temperature(99), DeciCelsius{990});
  EXPECT_EQ(jk_uart::decode_temperature(100), DeciCelsius{0});
  EXPECT_EQ(jk_uart::decode_temperature(101), DeciCelsius{-10});
  EXPECT_EQ(jk_uart::decode_temperature(116), DeciCelsius{-160});
  EXPECT_EQ(jk_uart::decode_temperature(140), DeciCelsius{-400});
  EXPECT_EQ(jk_uart::decode_temperature(141), std::nullopt);
  EXPECT_EQ(jk_uart::decode_temperature(0xFFFF), std::nullopt);
}

TEST(JkUart, ASensorThatSaysWhatNoTemperatureIsBecomesImplausible) {
  Board board;
  board.hear(BoardAnswer());
  const Fed fed = board.hear(BoardAnswer().set(0x82, 0xFFFF));
  EXPECT_EQ(fed.heard, Heard::frame);
  EXPECT_EQ(fed.refused, 1);
  EXPECT_EQ(board.pack.temperature[1].quality(), Quality::implausible);
  EXPECT_EQ(board.now_of(board.pack.temperature[0]), 240);
}

TEST(JkUart, WholeDegreesSurviveTheWayToTheWireAndBack) {
  for (std::int32_t degrees = -40; degrees <= 99; ++degrees)
    EXPECT_EQ(jk_uart::decode_temperature(jk_uart::encode_temperature({degrees * 10})),
              DeciCelsius{degrees * 10});
}

TEST(JkUart, CurrentIsSignAndMagnitudeSinceVersion1) {
  constexpr auto kNew = CurrentEncoding::sign_magnitude;
  EXPECT_EQ(jk_uart::decode_current(0x80D0, kNew), Milliamps{2'080});
  EXPECT_EQ(jk_uart::decode_current(0x0045, kNew), Milliamps{-690});
  EXPECT_EQ(jk_uart::decode_current(0x8000, kNew), Milliamps{0});
  EXPECT_EQ(jk_uart::decode_current(0x0000, kNew), Milliamps{0});
  EXPECT_EQ(jk_uart::decode_current(0xFFFF, kNew), Milliamps{327'670});
  EXPECT_EQ(jk_uart::decode_current(0x7FFF, kNew), Milliamps{-327'670});
}

TEST(JkUart, CurrentCountsDownFrom10000OnOldFirmware) {
  Board board;
  board.hear(BoardAnswer().as_old_firmware(11'000));
  EXPECT_EQ(board.now_of(board.pack.scalars.current), -10'000);
  board.hear(BoardAnswer().as_old_firmware(9'500));
  EXPECT_EQ(board.now_of(board.pack.scalars.current), 5'000);
  board.hear(BoardAnswer().as_old_firmware(10'000));
  EXPECT_EQ(board.now_of(board.pack.scalars.current), 0);
  board.hear(BoardAnswer().set(0xC0, 0).set(0x84, 9'500));
  EXPECT_EQ(board.now_of(board.pack.scalars.current), 5'000);
}

TEST(JkUart, EveryRawCurrentIsReadAndWrittenAlike) {
  for (std::uint32_t raw = 0; raw <= 0xFFFF; ++raw)
    for (const auto encoding : {CurrentEncoding::offset, CurrentEncoding::sign_magnitude}) {
      const Milliamps value = jk_uart::decode_current(raw, encoding);
      const std::uint16_t again = jk_uart::encode_current(value, encoding);
      ASSERT_EQ(jk_uart::decode_current(again, encoding), value) << raw;
    }
}

TEST(JkUart, AProtocolVersionNobodyKnowsLeavesTheCurrentUnknown) {
  Board board;
  board.hear(BoardAnswer());
  const Fed fed = board.hear(BoardAnswer().set(0xC0, 2));
  EXPECT_EQ(board.pack.scalars.current.quality(), Quality::implausible);
  EXPECT_EQ(fed.why, "how the current is encoded is not known");
}

TEST(JkUart, OldFirmwareDoesNotKnowItsCapacityAndModel) {
  Board board;
  board.hear(BoardAnswer());
  board.hear(BoardAnswer().as_old_firmware(10'000));
  EXPECT_TRUE(board.pack.identity.model.empty());
  board.hear(BoardAnswer().set(0xB9, 0));
  EXPECT_EQ(board.pack.scalars.capacity_full.quality(), Quality::absent);
}

// --- who it says it is
// -----------------------------------------------------------------------------

TEST(JkUart, FindsModelVersionsAndNames) {
  Board board;
  board.hear(BoardAnswer());
  const Identity& identity = board.pack.identity;
  EXPECT_EQ(identity.make.view(), "JK");
  EXPECT_EQ(identity.model.view(), "JK_B2A20S20P");
  EXPECT_EQ(identity.hardware_version.view(), "11.XW");
  EXPECT_EQ(identity.software_version.view(), "11.26");
  EXPECT_EQ(identity.name.view(), "Shed bat");
  EXPECT_EQ(identity.user_data.view(), "Shed battery");
}

TEST(JkUart, VersionsAreSplitWhateverTheirPadding) {
  struct Case {
    std::string_view sent, hardware, software;
  };
  for (const Case& c :
       {Case{"H6.X__S6.1.3S__", "H6.X", "6.1.3S"}, Case{"H7.X__S7.1.0H__", "H7.X", "7.1.0H"},
        Case{"11.XW_S11.262H_", "11.XW", "11.262H"}, Case{"V12", "", "V12"}, Case{"", "", ""},
        Case{"_S", "", ""}}) {
    Board board;
    board.hear(BoardAnswer().set_text(0xB7, c.sent));
    EXPECT_EQ(board.pack.identity.hardware_version.view(), c.hardware) << c.sent;
    EXPECT_EQ(board.pack.identity.software_version.view(), c.software) << c.sent;
  }
}

TEST(JkUart, TheModelIsSearchedInTheVendorField) {
  struct Case {
    std::string sent, model, user_data;
  };
  using namespace std::string_literals;
  for (const Case& c :
       {Case{"beki\0\0\0\0\0\0\0\0JK_B1A24S15P"s, "JK_B1A24S15P", "beki"},
        Case{"Input UserdaJK_B1A8S20P\0"s, "JK_B1A8S20P", "Input Userda"},
        Case{"abcdefghijklmJK-B2A8S30"s, "JK-B2A8S30", "abcdefghijklm"},
        Case{"JK_B2A20S20PJK_B2A20S20P"s, "JK_B2A20S20P", "JK_B2A20S20P"},
        Case{"BT3072020120000200521001"s, "", "BT3072020120000200521001"}, Case{""s, "", ""}}) {
    Board board;
    board.hear(BoardAnswer().set_text(0xBA, c.sent));
    EXPECT_EQ(board.pack.identity.model.view(), c.model) << c.sent;
    EXPECT_EQ(board.pack.identity.user_data.view(), c.user_data) << c.sent;
  }
}

TEST(JkUart, TextThatCannotBePrintedIsLeftOutAndCountedInEveryAnswer) {
  Board board;
  for (int i = 0; i < 2; ++i) {
    const Fed fed = board.hear(BoardAnswer().set_text(0xB4, "K\xC3\xBC\x63he"));
    EXPECT_EQ(fed.refused, 1);
    EXPECT_TRUE(board.pack.identity.name.empty());
  }
}

TEST(JkUart, AnotherPackOfTheSameBoardLearnsTheIdentityAsWell) {
  Board board;
  board.hear(BoardAnswer());
  board.pack = Pack{};
  board.hear(BoardAnswer());
  EXPECT_EQ(board.pack.identity.model.view(), "JK_B2A20S20P");
}

TEST(JkUart, TheSettingsPasswordIsNowhereInThePackNorInTheDecoder) {
  const ProtocolSpec& spec = *find_protocol("jk-uart");
  std::vector<std::byte> storage(spec.size + alignof(std::max_align_t));
  auto* aligned = reinterpret_cast<std::byte*>(
      (reinterpret_cast<std::uintptr_t>(storage.data()) + alignof(std::max_align_t) - 1) /
      alignof(std::max_align_t) * alignof(std::max_align_t));
  Protocol* const protocol = spec.construct(aligned, {});
  Pack pack;
  for (const BoardAnswer& answer : {BoardAnswer(), BoardAnswer().as_old_firmware(10'000)})
    ASSERT_EQ(protocol->feed(answer.frame(), Instant{1}, pack).heard, Heard::frame);
  const auto holds_password = [](const void* memory, std::size_t size) {
    const std::string_view bytes{static_cast<const char*>(memory), size};
    return bytes.find("s3cret") != std::string_view::npos;
  };
  EXPECT_FALSE(holds_password(&pack, sizeof pack));
  EXPECT_FALSE(holds_password(storage.data(), storage.size()));
}

// --- a board that has just been switched on
// ----------------------------------------------------------

TEST(JkUart, NoSocAndNoCyclesAreNotBelievedWhileABoardMayBeStarting) {
  Board board;
  const BoardAnswer starting = BoardAnswer().set(0x85, 0).set(0x87, 0);
  const Fed fed = board.hear(starting);
  EXPECT_EQ(fed.heard, Heard::frame);
  EXPECT_EQ(fed.refused, 2);
  EXPECT_EQ(board.pack.scalars.soc.quality(), Quality::implausible);
  EXPECT_EQ(board.pack.scalars.cycle_count.quality(), Quality::implausible);
  EXPECT_EQ(board.now_of(board.pack.scalars.voltage), 52'800);
  board.now = {1000 + 19'999};
  board.hear(starting);
  EXPECT_EQ(board.now_of(board.pack.scalars.soc), std::nullopt);
  board.now = {1000 + 20'000};
  board.hear(starting);
  EXPECT_EQ(board.now_of(board.pack.scalars.soc), 0);
}

TEST(JkUart, ABoardThatRestartsLaterStartsThe20SecondsAgain) {
  Board board;
  board.hear(BoardAnswer());
  board.now = {3'600'000};
  board.hear(BoardAnswer().set(0x85, 0).set(0x87, 0));
  EXPECT_EQ(board.now_of(board.pack.scalars.soc), std::nullopt);
  board.now = {3'616'000};
  board.hear(BoardAnswer());
  EXPECT_EQ(board.now_of(board.pack.scalars.soc), 5'700);
}

TEST(JkUart, AnEmptyPackIsBelievedAtOnceWhenItsCellsAreEmptyToo) {
  Board board;
  board.hear(
      BoardAnswer().set_cells(std::vector<std::uint32_t>(16, 2'699)).set(0x85, 0).set(0x87, 0));
  EXPECT_EQ(board.now_of(board.pack.scalars.soc), 0);
}

TEST(JkUart, AnEmptyPackWithCyclesIsBelievedAtOnce) {
  Board board;
  board.hear(BoardAnswer().set(0x85, 0));
  EXPECT_EQ(board.now_of(board.pack.scalars.soc), 0);
}

// --- answers to one question
// -------------------------------------------------------------------------

TEST(JkUart, AWholeAnswerToReadOneCountsAsWell) {
  Board board;
  const Bytes frame = framed(BoardAnswer().information(), jk_uart::Command::read_one);
  EXPECT_EQ(board.hear(frame).heard, Heard::frame);
  EXPECT_EQ(board.now_of(board.pack.scalars.soc), 5'700);
}

TEST(JkUart, AnAnswerWithOneSlotChangesOnlyThat) {
  Board board;
  board.hear(BoardAnswer());
  const Instant before = board.now;
  board.now = {9000};
  const Bytes soc = {0x85, 99};
  EXPECT_EQ(board.hear(framed(soc, jk_uart::Command::read_one)).heard, Heard::frame);
  EXPECT_EQ(board.now_of(board.pack.scalars.soc), 9'900);
  EXPECT_EQ(board.pack.scalars.voltage.heard(), before);
  EXPECT_EQ(board.pack.parameters.get(Parameter::cell_overvoltage), 3'650);
  EXPECT_EQ(board.pack.parameters_heard, before);
  EXPECT_EQ(board.pack.identity.model.view(), "JK_B2A20S20P");
}

TEST(JkUart, TheCurrentAloneIsReadInTheEncodingLearntFromTheWholeAnswer) {
  const Bytes current = framed(Bytes{0x84, 0x80, 0xD0}, jk_uart::Command::read_one);
  Board fresh;
  fresh.hear(current);
  EXPECT_EQ(fresh.pack.scalars.current.quality(), Quality::implausible);
  Board learnt;
  learnt.hear(BoardAnswer());
  learnt.hear(current);
  EXPECT_EQ(learnt.now_of(learnt.pack.scalars.current), 2'080);
}

// --- the table
// ---------------------------------------------------------------------------------------

TEST(JkUart, TheTableHasEveryIdentifierOnceInAscendingOrderAndSumsToTheDocumentedSizes) {
  std::size_t fixed = 0;
  for (std::size_t i = 0; i < jk_uart::kSlots.size(); ++i) {
    EXPECT_TRUE(i == 0 || jk_uart::kSlots[i - 1].id < jk_uart::kSlots[i].id);
    if (jk_uart::kSlots[i].answered && jk_uart::kSlots[i].width != 0)
      fixed += 1U + jk_uart::kSlots[i].width;
  }
  EXPECT_EQ(jk_uart::kHeaderSize + 2 + fixed + jk_uart::kTrailerSize, 243U);
  EXPECT_EQ(BoardAnswer(20).as_old_firmware(10'000).frame().size(), 269U);
  EXPECT_EQ(BoardAnswer(24).frame().size(), 315U);
}

}  // namespace
}  // namespace cw

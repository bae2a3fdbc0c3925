// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/settings.h"

#include <gtest/gtest.h>

#include "tests/unit/jk_modbus_rig.h"

namespace cw {
namespace {

using jk_record::Type;

class JkModbusSettings : public testing::Test {
 protected:
  void SetUp() override {
    board_.hear(answer(3, Type::status, told_));
    board_.hear(answer(3, Type::settings, told_));
  }
  Settings& settings() { return *board_.settings(); }
  std::optional<Order> order(Setting setting, std::int32_t value) {
    return settings().order({.setting = setting, .value = value}, board_.pack, 0);
  }
  Wire sent(Setting setting, std::int32_t value) {
    const auto given = order(setting, value);
    EXPECT_TRUE(given.has_value());
    return given ? wire_of(given->request) : Wire{};
  }
  Type asked() {
    jk_modbus::Message message;
    jk_modbus::open_message(board_.ask(), message);
    return *jk_modbus::record_of_register(message.first);
  }

  Pack told_ = told_by_a_board();
  Inverter board_{3};
};

TEST_F(JkModbusSettings, AreWrittenAsTheDocumentShows) {
  EXPECT_EQ(sent(setting_of(Parameter::charge_undertemperature), -250),
            message(3, 0x10, {0x10, 0x5C, 0, 2, 4, 0xFF, 0xFF, 0xFF, 0x06}));
  EXPECT_EQ(sent(setting_of(Parameter::cell_undervoltage), 2830),
            message(3, 0x10, {0x10, 0x04, 0, 2, 4, 0, 0, 0x0B, 0x0E}));
  EXPECT_EQ(sent(setting_of(Parameter::charge_overcurrent_delay), 30'000),
            message(3, 0x10, {0x10, 0x30, 0, 2, 4, 0, 0, 0, 30}));
  EXPECT_EQ(sent(setting_of(Control::charge_switch), 0),
            message(3, 0x10, {0x10, 0x70, 0, 2, 4, 0, 0, 0, 0}));
  EXPECT_EQ(sent(setting_of(Control::balance_switch), 1),
            message(3, 0x10, {0x10, 0x78, 0, 2, 4, 0, 0, 0, 1}));
}

TEST_F(JkModbusSettings, EveryWrittenParameterReadsBackAsItWasMeant) {
  int written = 0;
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    const Setting setting = setting_of(parameter);
    if (settings().writing(setting) == Writing::impossible) continue;
    const auto value = told_.parameters.get(parameter);
    ASSERT_TRUE(value) << kParameters[i].key;
    const Wire write = sent(setting, *value);
    jk_modbus::Message parts;
    ASSERT_EQ(jk_modbus::open_message(write, parts).heard, Heard::frame);
    Pack read;
    jk_record::Applied applied;
    ASSERT_TRUE(jk_record::apply_registers(parts.first, parts.data, {1}, read, applied));
    EXPECT_EQ(read.parameters.get(parameter), value) << kParameters[i].key;
    ++written;
  }
  EXPECT_EQ(written, 29);
}

TEST_F(JkModbusSettings, WhatNobodyMayWriteIsNotWritten) {
  for (const Setting setting :
       {setting_of(Parameter::board_address), setting_of(Parameter::mosfet_overtemperature),
        setting_of(Parameter::mosfet_overtemperature_recovery),
        setting_of(Parameter::low_capacity_alarm), setting_of(Control::emergency),
        setting_of(Control::voltage_calibration), setting_of(Control::current_calibration),
        setting_of(Control::name)}) {
    EXPECT_EQ(settings().writing(setting), Writing::impossible);
    EXPECT_FALSE(order(setting, 1));
  }
}

TEST_F(JkModbusSettings, AByteIsWrittenTogetherWithItsNeighbour) {
  Inverter unknown(3);
  EXPECT_EQ(unknown.settings()->writing(setting_of(Parameter::sleep_delay)), Writing::impossible);
  EXPECT_EQ(settings().step(setting_of(Parameter::sleep_delay)), 3600);
  RecordBytes record = record_of(Type::settings, jk_record::Layout::jk02_32s, told_);
  record[287] = 0xFE;
  jk_record::seal(record);
  board_.hear(Wire(record.begin(), record.end()) + acknowledgement(3, 0x161E));
  EXPECT_EQ(sent(setting_of(Parameter::sleep_delay), 5 * 3600),
            message(3, 0x10, {0x11, 0x18, 0, 1, 2, 5, 0xFE}));
  EXPECT_FALSE(order(setting_of(Parameter::sleep_delay), 256 * 3600));
}

TEST_F(JkModbusSettings, AValueBetweenTwoStepsIsNotWritten) {
  EXPECT_FALSE(order(setting_of(Parameter::charge_overcurrent_delay), 30'500));
}

TEST_F(JkModbusSettings, TheBoardTakesAnOrderOrRefusesIt) {
  ASSERT_TRUE(order(setting_of(Parameter::cell_undervoltage), 2830));
  EXPECT_EQ(board_.hear(acknowledgement(3, 0x1008, 2)).heard, Heard::not_for_us);
  EXPECT_EQ(board_.hear(acknowledgement(4, 0x1004, 2)).heard, Heard::not_for_us);
  EXPECT_EQ(board_.hear(acknowledgement(3, 0x1004, 2)).heard, Heard::acknowledged);
  EXPECT_EQ(board_.hear(acknowledgement(3, 0x1004, 2)).heard, Heard::not_for_us);  // once
  ASSERT_TRUE(order(setting_of(Parameter::cell_undervoltage), 2830));
  const Fed refused = board_.hear(message(3, 0x90, {3}));
  EXPECT_EQ(refused.heard, Heard::refused);
  EXPECT_NE(refused.why.find("not allowed"), std::string_view::npos);
}

TEST_F(JkModbusSettings, AnOrderIsFollowedByReadingTheSettings) {
  EXPECT_EQ(asked(), Type::status);
  ASSERT_TRUE(order(setting_of(Control::discharge_switch), 1));
  EXPECT_EQ(asked(), Type::settings);
}

TEST_F(JkModbusSettings, BehindAnOrderSwitchesAreNotHeldUntilTheyAreRead) {
  ASSERT_TRUE(order(setting_of(Control::charge_switch), 0));
  board_.now.ms += 1000;
  board_.hear(answer(3, Type::status, told_));
  EXPECT_EQ(heard_now(board_.pack.scalars.charge_switch, board_.now), std::nullopt);
  told_.scalars.charge_switch.set({0}, board_.now);
  board_.hear(answer(3, Type::settings, told_));
  EXPECT_EQ(reported(board_.pack, setting_of(Control::charge_switch), board_.now), 0);
}

}  // namespace
}  // namespace cw

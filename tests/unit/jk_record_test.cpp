// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/jk_record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "tests/unit/jk_record_rig.h"

namespace cw {
namespace {

using jk_record::Applied;
using jk_record::Layout;
using jk_record::Slot;
using jk_record::Type;

constexpr Instant kNow{1000};
constexpr Layout kNewest = Layout::jk02_32s;

const Slot& slot_at(Type type, std::size_t at, Layout layout = kNewest) {
  for (const Slot& slot : jk_record::slots(type, layout))
    if (slot.at == at) return slot;
  ADD_FAILURE() << "no row at byte " << at;
  return jk_record::slots(type, layout).front();
}

RecordBytes changed(RecordBytes record, const Slot& slot, std::uint32_t raw) {
  jk_record::put_number(record, slot, raw);
  jk_record::seal(record);
  return record;
}

/// Everything the board tells, decoded again by the same layout.
Pack heard(const Pack& told, Layout layout, Instant now = kNow) {
  Pack pack;
  for (const Type type : {Type::device, Type::settings, Type::status}) {
    const RecordBytes record = record_of(type, layout, told);
    EXPECT_TRUE(jk_record::is_sound(record));
    EXPECT_EQ(jk_record::apply(record, layout, now, pack).refused, 0);
  }
  return pack;
}

TEST(JkRecord, WhatANewBoardTellsIsHeard) {
  const Pack told = told_by_a_board(kNow);
  const Pack pack = heard(told, kNewest);
  for (const Field& field : kFields) {
    const auto value = field.fresh(told.scalars, kNow, {0});
    if (value) {
      EXPECT_EQ(field.fresh(pack.scalars, kNow, {0}), value) << field.facts.key;
    }
  }
  for (std::size_t i = 0; i < kMaxCells; ++i) {
    EXPECT_EQ(heard_now(pack.cell_voltage[i], kNow), heard_now(told.cell_voltage[i], kNow)) << i;
    EXPECT_EQ(heard_now(pack.wire_resistance[i], kNow), heard_now(told.wire_resistance[i], kNow));
  }
  for (std::size_t i = 0; i < kMaxTemperatures; ++i)
    EXPECT_EQ(heard_now(pack.temperature[i], kNow), heard_now(told.temperature[i], kNow)) << i;
  EXPECT_EQ(pack.alarms.fresh(kNow, {0}), told.alarms.fresh(kNow, {0}));
  EXPECT_EQ(pack.parameters, told.parameters);
  EXPECT_EQ(pack.parameters_heard, kNow);
  EXPECT_EQ(pack.scalars.balancing.fresh(kNow, {0}), Flag{1});
  EXPECT_EQ(pack.identity.model.view(), "JK_PB2A16S20P");
  EXPECT_EQ(pack.identity.serial.view(), "40618460410");
  EXPECT_EQ(pack.identity.user_data.view(), "left shelf");
}

TEST(JkRecord, AnOlderBoardTellsTheSameAtOtherPlacesAndNothingOfItsHeatersCurrent) {
  Pack told = told_by_a_board(kNow);
  AlarmSet alarms;
  alarms.add(Alarm::discharge_overtemperature);  // bit 15: its word ends there
  told.alarms.set(alarms, kNow);
  const Pack pack = heard(told, Layout::jk02_24s);
  EXPECT_EQ(heard_now(pack.scalars.voltage, kNow), 52'920);
  EXPECT_EQ(heard_now(pack.scalars.current, kNow), -8'568);
  EXPECT_EQ(heard_now(pack.scalars.mosfet_temperature, kNow), 189);
  EXPECT_EQ(heard_now(pack.temperature[1], kNow), 173);
  EXPECT_EQ(heard_now(pack.temperature[3], kNow), std::nullopt);
  EXPECT_EQ(heard_now(pack.scalars.heater, kNow), 1);
  EXPECT_EQ(heard_now(pack.scalars.heater_current, kNow), std::nullopt);
  EXPECT_EQ(heard_now(pack.cell_voltage[15], kNow), 3315);
  EXPECT_EQ(heard_now(pack.cell_voltage[16], kNow), std::nullopt);
  EXPECT_EQ(heard_now(pack.wire_resistance[15], kNow), 75'000);
  EXPECT_TRUE(pack.alarms.fresh(kNow, {0})->has(Alarm::discharge_overtemperature));
  EXPECT_EQ(pack.parameters.get(Parameter::balance_start), 3000);
  EXPECT_EQ(pack.parameters.get(Parameter::sleep_delay), std::nullopt);
}

TEST(JkRecord, ABalancerTellsItsCellsInFloatsAndThePackIsTheirSum) {
  const Pack pack = heard(told_by_a_board(kNow), Layout::jk04);
  EXPECT_EQ(heard_now(pack.cell_voltage[7], kNow), 3307);
  EXPECT_EQ(heard_now(pack.scalars.voltage, kNow), 16 * 3300 + 120);
  EXPECT_EQ(heard_now(pack.wire_resistance[2], kNow), 62'000);
  EXPECT_EQ(heard_now(pack.scalars.balance_current, kNow), -727);
  EXPECT_EQ(pack.scalars.current.quality(), Quality::absent);
  EXPECT_EQ(pack.scalars.soc.quality(), Quality::absent);
  EXPECT_EQ(pack.scalars.mosfet_temperature.quality(), Quality::absent);
  EXPECT_EQ(pack.parameters.get(Parameter::balance_start), 3000);
  EXPECT_EQ(pack.parameters.get(Parameter::cell_count), 16);
  EXPECT_EQ(pack.parameters.get(Parameter::cell_overvoltage), std::nullopt);
}

TEST(JkRecord, AFloatThatIsNoNumberIsNoVoltage) {
  auto record = record_of(Type::status, Layout::jk04, told_by_a_board(kNow));
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -1e30F}) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &bad, sizeof bits);
    Pack pack;
    jk_record::apply(changed(record, slot_at(Type::status, 6, Layout::jk04), bits), Layout::jk04,
                     kNow, pack);
    EXPECT_EQ(pack.cell_voltage[0].quality(), Quality::implausible);
    EXPECT_EQ(pack.scalars.voltage.quality(), Quality::implausible);
    EXPECT_EQ(heard_now(pack.cell_voltage[1], kNow), 3301);
  }
}

TEST(JkRecord, EveryBitOfTheAlarmWordHasAName) {
  for (unsigned bit = 0; bit < 32; ++bit) {
    const std::uint32_t word = std::uint32_t{1} << bit;
    const AlarmSet set = jk_record::decode_alarms(word);
    if (bit == jk_record::kDefaultPasswordBit) {
      EXPECT_FALSE(set.any());
      continue;
    }
    EXPECT_TRUE(set.any()) << bit;
    EXPECT_EQ(set.unknown != 0, bit > 28) << bit;
    EXPECT_EQ(jk_record::encode_alarms(set), word) << bit;
  }
}

TEST(JkRecord, AReminderOfTheDefaultPasswordIsToldButIsNoAlarm) {
  const auto record = changed(record_of(Type::status, kNewest, told_by_a_board(kNow)),
                              slot_at(Type::status, 166), 0x0008'0000);
  Pack pack;
  const Applied applied = jk_record::apply(record, kNewest, kNow, pack);
  EXPECT_TRUE(applied.default_password);
  EXPECT_FALSE(applied.why.empty());
  EXPECT_FALSE(pack.alarms.fresh(kNow, {0})->any());
}

TEST(JkRecord, NoPasscodeReachesThePack) {
  auto record = record_of(Type::device, kNewest, told_by_a_board(kNow));
  for (const Slot& slot : jk_record::slots(Type::device, kNewest))
    if (slot.form == jk_record::Form::secret)
      for (std::size_t i = 0; i < slot.size(); ++i) jk_record::put_number(record, slot, 'Q', i);
  jk_record::seal(record);
  Pack pack;
  jk_record::apply(record, kNewest, kNow, pack);
  const std::span all(reinterpret_cast<const char*>(&pack), sizeof pack);
  EXPECT_EQ(std::count(all.begin(), all.end(), 'Q'), 0);
  EXPECT_EQ(pack.identity.serial.view(), "40618460410");  // ends where a passcode begins
}

TEST(JkRecord, ATextThatIsNoTextIsLeftOutAndCounted) {
  const auto record = changed(record_of(Type::device, kNewest, told_by_a_board(kNow)),
                              slot_at(Type::device, 46), 0xC3);
  Pack pack;
  const Applied applied = jk_record::apply(record, kNewest, kNow, pack);
  EXPECT_EQ(applied.refused, 1);
  EXPECT_TRUE(pack.identity.name.empty());
  EXPECT_EQ(pack.identity.model.view(), "JK_PB2A16S20P");
}

TEST(JkRecord, ASensorThatNeverWasThereIsNoneAndOneThatIsGoneIsNotPlausible) {
  const Pack told = told_by_a_board(kNow);
  Pack pack;
  jk_record::apply(record_of(Type::status, kNewest, told), kNewest, kNow, pack);
  EXPECT_EQ(pack.temperature[2].quality(), Quality::absent);
  const Slot& first = slot_at(Type::status, 162);
  const auto gone = static_cast<std::uint32_t>(jk_record::kNoSensor);
  jk_record::apply(changed(record_of(Type::status, kNewest, told), first, gone), kNewest,
                   Instant{2000}, pack);
  EXPECT_EQ(pack.temperature[0].quality(), Quality::implausible);
  jk_record::apply(
      changed(record_of(Type::status, kNewest, told), slot_at(Type::status, 214), 0xFB), kNewest,
      Instant{3000}, pack);
  EXPECT_EQ(heard_now(pack.temperature[0], Instant{3000}), -51);
  EXPECT_EQ(pack.temperature[1].quality(), Quality::implausible);  // bit 2: its sensor is missing
}

TEST(JkRecord, FirmwareWithoutTheLaterFieldsHasNoSensorsThere) {
  auto record = record_of(Type::status, kNewest, told_by_a_board(kNow));
  for (const std::size_t at : {256U, 258U})
    jk_record::put_number(record, slot_at(Type::status, at), 0);
  jk_record::seal(record);
  Pack pack;
  jk_record::apply(record, kNewest, kNow, pack);
  EXPECT_EQ(pack.temperature[3].quality(), Quality::absent);
  EXPECT_EQ(pack.temperature[4].quality(), Quality::absent);
  EXPECT_EQ(heard_now(pack.temperature[1], kNow), 173);
}

TEST(JkRecord, TheHeatersCurrentIsBelievedWhileItIsOn) {
  Pack told = told_by_a_board(kNow);
  Pack pack;
  jk_record::apply(record_of(Type::status, kNewest, told), kNewest, kNow, pack);
  EXPECT_EQ(heard_now(pack.scalars.heater_current, kNow), 4'300);
  told.scalars.heater.set({0}, kNow);
  jk_record::apply(record_of(Type::status, kNewest, told), kNewest, Instant{2000}, pack);
  EXPECT_EQ(heard_now(pack.scalars.heater, Instant{2000}), 0);
  EXPECT_EQ(pack.scalars.heater_current.quality(), Quality::absent);
}

TEST(JkRecord, ACellThatIsNotConnectedAnyMoreIsGone) {
  Pack told = told_by_a_board(kNow);
  Pack pack;
  jk_record::apply(record_of(Type::status, kNewest, told), kNewest, kNow, pack);
  told.cell_voltage[9].clear();
  jk_record::apply(record_of(Type::status, kNewest, told), kNewest, Instant{2000}, pack);
  EXPECT_EQ(heard_now(pack.scalars.cell_count, Instant{2000}), 15);
  EXPECT_EQ(pack.cell_voltage[9].quality(), Quality::absent);
  EXPECT_EQ(heard_now(pack.cell_voltage[10], Instant{2000}), 3310);
}

TEST(JkRecord, ASettingOutOfRangeIsForgottenAndCounted) {
  const Pack told = told_by_a_board(kNow);
  Pack pack;
  jk_record::apply(record_of(Type::settings, kNewest, told), kNewest, kNow, pack);
  const Applied applied = jk_record::apply(
      changed(record_of(Type::settings, kNewest, told), slot_at(Type::settings, 18), 0xFFFF'FFFF),
      kNewest, kNow, pack);
  EXPECT_EQ(applied.refused, 1);
  EXPECT_EQ(pack.parameters.get(Parameter::cell_overvoltage), std::nullopt);
  EXPECT_EQ(pack.parameters.get(Parameter::cell_undervoltage), 2600);
}

TEST(JkRecord, AZeroWhereFirmwareDoesNotTellIsNoValue) {
  Pack told = told_by_a_board(kNow);
  told.scalars.soh.clear();
  told.parameters.forget(Parameter::request_charge_voltage);
  Pack pack;
  for (const Type type : {Type::settings, Type::status})
    EXPECT_EQ(jk_record::apply(record_of(type, kNewest, told), kNewest, kNow, pack).refused, 0);
  EXPECT_EQ(pack.scalars.soh.quality(), Quality::absent);
  EXPECT_EQ(pack.parameters.get(Parameter::request_charge_voltage), std::nullopt);
}

TEST(JkRecord, TheSumSeesEveryChangedByteAndTheTypeIsKnown) {
  const RecordBytes record = record_of(Type::status, kNewest, told_by_a_board(kNow));
  for (std::size_t at = 0; at < record.size(); ++at) {
    RecordBytes damaged = record;
    damaged[at] ^= 0x10;
    EXPECT_FALSE(jk_record::is_sound(damaged)) << at;
  }
  RecordBytes unknown = record;
  unknown[jk_record::kTypeAt] = 7;
  jk_record::seal(unknown);
  EXPECT_FALSE(jk_record::is_sound(unknown));
}

TEST(JkRecord, RegistersAreTheSameRowsTurnedAround) {
  Pack pack;
  Applied applied;
  // 0x1004, two words: cell under-voltage 2830 mV; 0x105C: charge low temperature -25 °C
  EXPECT_TRUE(jk_record::apply_registers(0x1004, std::array<std::uint8_t, 4>{0, 0, 0x0B, 0x0E},
                                         kNow, pack, applied));
  EXPECT_EQ(pack.parameters.get(Parameter::cell_undervoltage), 2830);
  EXPECT_TRUE(jk_record::apply_registers(
      0x105C, std::array<std::uint8_t, 4>{0xFF, 0xFF, 0xFF, 0x06}, kNow, pack, applied));
  EXPECT_EQ(pack.parameters.get(Parameter::charge_undertemperature), -250);
  EXPECT_EQ(pack.parameters.get(Parameter::cell_undervoltage), 2830);  // the others stay
  EXPECT_EQ(applied.refused, 0);
}

TEST(JkRecord, HalfARegisterIsNothing) {
  Pack pack;
  Applied applied;
  EXPECT_FALSE(jk_record::apply_registers(0x1006, std::array<std::uint8_t, 2>{0x0B, 0x0E}, kNow,
                                          pack, applied));
  EXPECT_FALSE(
      jk_record::apply_registers(0x1200, std::array<std::uint8_t, 300>{}, kNow, pack, applied));
  EXPECT_FALSE(
      jk_record::apply_registers(0x161E, std::array<std::uint8_t, 2>{}, kNow, pack, applied));
  EXPECT_EQ(pack.parameters, ParameterSet{});
}

TEST(JkRecord, SwitchesHoldUntilTheSettingsAreOverdue) {
  Pack pack;
  jk_record::apply(record_of(Type::settings, kNewest, told_by_a_board(kNow)), kNewest, kNow, pack);
  const Instant later = kNow + jk_record::kSettingsHold;
  jk_record::hold_settings(pack, later);
  EXPECT_EQ(heard_now(pack.scalars.charge_switch, later), 1);
  EXPECT_EQ(heard_now(pack.scalars.capacity_nominal, later), 280'000);
  const Instant too_late{later.ms + 1};
  jk_record::hold_settings(pack, too_late);
  EXPECT_EQ(heard_now(pack.scalars.charge_switch, too_late), std::nullopt);
}

TEST(JkRecord, TheVersionNamesTheGeneration) {
  const auto layout = [](std::string_view model, std::string_view version) {
    Identity identity;
    identity.model.assign(model);
    identity.software_version.assign(version);
    return jk_record::layout_by_version(identity);
  };
  EXPECT_EQ(layout("JK-B2A16S", "3.3.0"), Layout::jk04);
  EXPECT_EQ(layout("JK-B5A24S", "8.0.3M"), Layout::jk04);
  EXPECT_EQ(layout("JK-BD6A24S10P", "8.0.6G"), Layout::jk02_24s);
  EXPECT_EQ(layout("JK-B2A20S20P", "10.10"), Layout::jk02_24s);
  EXPECT_EQ(layout("JK-B2A20S20P", "11.21h"), Layout::jk02_32s);
  EXPECT_EQ(layout("JK-PB2A16S20P", "V21.1"), Layout::jk02_32s);
  EXPECT_EQ(layout("JK_B2A24S20P", ""), std::nullopt);
}

TEST(JkRecord, AStatusOfAPackWithCellsNamesItsLayout) {
  for (const Layout layout : {Layout::jk04, Layout::jk02_24s, Layout::jk02_32s})
    EXPECT_EQ(jk_record::layout_by_status(record_of(Type::status, layout, told_by_a_board(kNow))),
              layout);
  EXPECT_EQ(jk_record::layout_by_status(record_of(Type::status, kNewest, Pack{})), std::nullopt);
}

}  // namespace
}  // namespace cw

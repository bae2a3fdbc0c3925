// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bridge/modbus/modbus_frame.h"
#include "bridge/modbus/modbus_table.h"
#include "tests/unit/modbus_sample.h"

namespace cw {
namespace {

using modbus::Exception;
using modbus::Framing;
using modbus::Row;
using sample::kMaxAge;
using sample::Sample;

const Row& row(std::string_view key) {
  for (const Row& r : modbus::kRows)
    if (r.key == key) return r;
  ADD_FAILURE() << "no row " << key;
  return modbus::kRows[0];
}

struct Image {
  std::vector<std::uint16_t> registers = std::vector<std::uint16_t>(native_map_size(), 0xDEAD);

  Image(const UnitState& unit, Instant now) { render_native_map(unit, now, registers); }

  std::uint64_t raw(std::string_view key, std::size_t i = 0) const {
    const Row& r = row(key);
    std::uint64_t bits = 0;
    for (std::size_t k = 0; k < r.length; ++k)
      bits = bits << 16 | registers[r.first + i * r.length + k];
    return bits;
  }
  std::int32_t number(std::string_view key, std::size_t i = 0) const {
    return static_cast<std::int32_t>(raw(key, i));
  }
  std::string text(std::string_view key, std::size_t i = 0) const {
    const Row& r = row(key);
    std::string out;
    for (std::size_t k = 0; k < r.length; ++k) {
      out.push_back(static_cast<char>(registers[r.first + i * r.length + k] >> 8));
      out.push_back(static_cast<char>(registers[r.first + i * r.length + k] & 0xFF));
    }
    return out.substr(0, out.find('\0'));
  }
};

UnitState pack_unit(const Sample& sample, std::size_t i = 0) {
  UnitState unit;
  copy_pack(sample.picture(), i, true, unit);
  return unit;
}
UnitState bank_unit(const Sample& sample) {
  UnitState unit;
  copy_bank(sample.picture(), unit);
  return unit;
}

constexpr std::uint32_t kNoNumber = 0x8000'0000;

bool is_not_available(const Row& r, const Image& image, std::size_t i) {
  switch (r.encoding) {
    case modbus::Encoding::number16: return image.raw(r.key, i) == 0xFFFF;
    case modbus::Encoding::number32:
    case modbus::Encoding::bits32: return image.raw(r.key, i) == kNoNumber;
    case modbus::Encoding::bits64: return image.raw(r.key, i) == 0x8000'0000'0000'0000;
    case modbus::Encoding::text: return image.text(r.key, i).empty();
  }
  return false;
}

void expect_no_measured_value(const Image& image) {
  for (const Row& r : modbus::kRows) {
    if (r.holds != modbus::Holds::believed) continue;
    for (std::size_t i = 0; i < r.values; ++i)
      EXPECT_TRUE(is_not_available(r, image, i)) << r.key << " " << i;
  }
}

// --- values

TEST(ModbusMap, ShowsEveryFieldAtItsRegisterBigEndFirst) {
  const Sample sample;
  const Image image(pack_unit(sample), sample.now);
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (kFields[i].facts.key == "current_A") continue;
    const std::size_t at = kFields[i].facts.modbus;
    EXPECT_EQ(image.registers[at], 0) << kFields[i].facts.key;
    EXPECT_EQ(image.registers[at + 1], 1000 + i) << kFields[i].facts.key;
  }
}

TEST(ModbusMap, ShowsADischargeCurrentAsANegativeNumberOfMilliamps) {
  const Sample sample;
  const Image image(pack_unit(sample), sample.now);
  EXPECT_EQ(image.number("current_A"), -12'345);
  EXPECT_EQ(image.registers[102], 0xFFFF);
  EXPECT_EQ(image.registers[103], 0xCFC7);
}

TEST(ModbusMap, ShowsTheElementsOfASeriesOneAfterTheOther) {
  const Sample sample;
  const Image image(pack_unit(sample), sample.now);
  EXPECT_EQ(image.number("cell_voltage_V", 0), 3301);
  EXPECT_EQ(image.registers[331], 3316);  // cell 16 of 16
  EXPECT_EQ(image.number("temperature_C", 0), -105);
}

TEST(ModbusMap, ShowsAnAbsentElementAsNotAvailable) {
  const Sample sample;
  const Image image(pack_unit(sample), sample.now);
  EXPECT_EQ(image.raw("cell_voltage_V", 16), kNoNumber);
  EXPECT_EQ(image.raw("temperature_C", 1), kNoNumber);
  EXPECT_EQ(image.raw("wire_resistance_ohm", 0), kNoNumber);
}

TEST(ModbusMap, ShowsAnImplausibleValueAsNotAvailable) {
  Sample sample;
  sample.packs[0].pack.scalars.voltage.reject(sample.now);
  const Image image(pack_unit(sample), sample.now);
  EXPECT_EQ(image.raw("voltage_V"), kNoNumber);
  EXPECT_EQ(image.number("soc_pct"), 1003);
}

TEST(ModbusMap, ShowsAlarmsAsBitsWithTheUnknownOnesBeside) {
  const Sample sample;
  const Image image(pack_unit(sample), sample.now);
  EXPECT_EQ(image.raw("alarms"), 1U << 0 | 1U << 23);
  EXPECT_EQ(image.registers[15], 1);  // lowest bits last
  EXPECT_EQ(image.registers[14], 1 << 7);
  EXPECT_EQ(image.raw("alarms_unknown"), 0x4001U);
}

TEST(ModbusMap, TellsNoAlarmFromAlarmsNotHeard) {
  Sample sample;
  sample.packs[0].pack.alarms.set({}, sample.now);
  EXPECT_EQ(Image(pack_unit(sample), sample.now).raw("alarms"), 0U);
  sample.packs[0].pack.alarms.clear();
  EXPECT_EQ(Image(pack_unit(sample), sample.now).raw("alarms"), 0x8000'0000'0000'0000U);
}

TEST(ModbusMap, ShowsTextTwoBytesARegister) {
  const Sample sample;
  const Image image(pack_unit(sample), sample.now);
  EXPECT_EQ(image.text("pack"), "house");
  EXPECT_EQ(image.text("model"), "BD6A24S10P");
  EXPECT_EQ(image.text("protocol"), "jk-uart");
  EXPECT_EQ(image.text("name"), "");
  EXPECT_EQ(image.registers[624], 'J' << 8 | 'K');
}

TEST(ModbusMap, ShowsATextOfFullLengthWhole) {
  Sample sample;
  const std::string longest(24, 'x');
  ASSERT_TRUE(sample.packs[0].pack.identity.user_data.assign(longest));
  ASSERT_TRUE(sample.packs[0].name.assign(std::string(32, 'y')));
  const Image image(pack_unit(sample), sample.now);
  EXPECT_EQ(image.text("user_data"), longest);
  EXPECT_EQ(image.text("pack"), std::string(32, 'y'));
}

TEST(ModbusMap, SaysWhoItIsAndHowManyPacksThereAre) {
  const Sample sample;
  const Image pack(pack_unit(sample), sample.now);
  const Image bank(bank_unit(sample), sample.now);
  EXPECT_EQ(pack.registers[0], 'C' << 8 | 'W');
  EXPECT_EQ(pack.raw("map_version"), 1U);
  EXPECT_EQ(pack.raw("unit_kind"), 1U);
  EXPECT_EQ(bank.raw("unit_kind"), 2U);
  EXPECT_EQ(pack.raw("packs"), 2U);
  EXPECT_EQ(bank.raw("packs_in"), 2U);
  EXPECT_EQ(pack.raw("packs_in"), 0xFFFFU);
  EXPECT_EQ(pack.raw("mode"), 1U);
  EXPECT_EQ(pack.raw("link"), 1U);
  EXPECT_EQ(bank.raw("link"), 0xFFFFU);
}

TEST(ModbusMap, AllowsOnlyWhatNoRuleHoldsOpen) {
  Sample sample;
  sample.packs[0].guard = Protection(Start::clear);
  const Image clear(pack_unit(sample), sample.now);
  EXPECT_EQ(clear.raw("charge_allowed"), 1U);
  EXPECT_EQ(clear.raw("discharge_allowed"), 1U);
  EXPECT_EQ(clear.raw("rules_tripped"), 0U);
  const Image tripped(pack_unit(sample, 1), sample.now);
  EXPECT_EQ(tripped.raw("charge_allowed"), 0U);
  EXPECT_EQ(tripped.raw("rules_tripped"), (1U << kRuleCount) - 1);
}

TEST(ModbusMap, LetsTheBankDoOnlyWhatEveryPackMay) {
  Sample sample;
  sample.packs[0].guard = Protection(Start::clear);
  EXPECT_EQ(Image(bank_unit(sample), sample.now).raw("charge_allowed"), 0U);
  sample.packs[1].guard = Protection(Start::clear);
  EXPECT_EQ(Image(bank_unit(sample), sample.now).raw("charge_allowed"), 1U);
}

TEST(ModbusMap, ShowsTheSumsAndTheRelaysOfTheBank) {
  const Sample sample;
  const Image image(bank_unit(sample), sample.now);
  EXPECT_EQ(image.number("current_A"), -24'690);
  EXPECT_EQ(image.raw("cell_voltage_V", 0), kNoNumber);
  EXPECT_EQ(image.text("pack"), "bank");
  EXPECT_EQ(image.text("model"), "");
  EXPECT_EQ(image.raw("relay_count"), 1U);
  EXPECT_EQ(image.text("relay_name", 0), "charger");
  EXPECT_EQ(image.raw("relay_energised", 0), 1U);
  EXPECT_EQ(image.raw("relay_fault", 0), 0U);
  EXPECT_EQ(image.number("relay_operations", 0), 70'000);
  EXPECT_EQ(image.raw("relay_energised", 1), 0xFFFFU);
}

// --- time

TEST(ModbusMap, KeepsValuesUntilTheyAreTooOldAndNotLonger) {
  const Sample sample;
  const UnitState unit = pack_unit(sample);
  EXPECT_EQ(Image(unit, sample.now + kMaxAge).number("soc_pct"), 1003);
  const Image late(unit, sample.now + kMaxAge + Millis{1});
  expect_no_measured_value(late);
  EXPECT_EQ(late.raw("fresh"), 0U);
  EXPECT_EQ(late.number("age_s"), 5001);
  EXPECT_EQ(late.raw("charge_allowed"), 0U);
  EXPECT_EQ(late.text("model"), "BD6A24S10P") << "who it is does not age";
}

TEST(ModbusMap, LetsEachValueAgeByItself) {
  Sample sample;
  sample.packs[0].pack.scalars.soh.set({9900}, {sample.now.ms - 4'000});
  const UnitState unit = pack_unit(sample);
  EXPECT_EQ(Image(unit, sample.now + Millis{1'000}).number("soh_pct"), 9900);
  const Image later(unit, sample.now + Millis{1'001});
  EXPECT_EQ(later.raw("soh_pct"), kNoNumber);
  EXPECT_EQ(later.number("soc_pct"), 1003);
}

TEST(ModbusMap, ShowsNothingMeasuredOfAPackNeverHeardOrLost) {
  Sample sample;
  for (const Link link : {Link::unheard, Link::lost}) {
    sample.packs[0].link.link = link;
    const Image image(pack_unit(sample), sample.now);
    expect_no_measured_value(image);
    EXPECT_EQ(image.raw("link"), static_cast<std::uint64_t>(link));
    EXPECT_EQ(image.raw("age_s") == kNoNumber, link == Link::unheard);
  }
}

TEST(ModbusMap, EndsTheBankWithThePackThatEndsFirst) {
  Sample sample;
  sample.packs[1].link.last_frame = {sample.now.ms - 3'000};
  const UnitState unit = bank_unit(sample);
  EXPECT_EQ(Image(unit, sample.now).number("age_s"), 3'000);
  EXPECT_EQ(Image(unit, sample.now + Millis{2'000}).number("current_A"), -24'690);
  expect_no_measured_value(Image(unit, sample.now + Millis{2'001}));
}

TEST(ModbusMap, ShowsABankWithoutPacksAsNotAvailable) {
  Sample sample;
  for (auto& pack : sample.packs) pack.link.link = Link::unheard;
  sample.bank = aggregate(sample.packs, sample.now);
  const Image image(bank_unit(sample), sample.now);
  expect_no_measured_value(image);
  EXPECT_EQ(image.raw("packs_in"), 0U);
  EXPECT_EQ(image.raw("age_s"), kNoNumber);
  EXPECT_EQ(image.raw("charge_allowed"), 0U);
}

TEST(ModbusMap, StopsAnAgeAtTheHighestNumberInsteadOfTurningNegative) {
  const Sample sample;
  const Image image(pack_unit(sample), {sample.now.ms + 3'000'000'000});
  EXPECT_EQ(image.number("age_s"), INT32_MAX);
}

// --- the table

TEST(ModbusMap, ReadsExactlyTheRegistersOfItsRows) {
  std::vector<bool> mapped(0x10000);
  for (const Row& r : modbus::kRows)
    for (std::size_t at = r.first; at < r.end(); ++at) mapped[at] = true;
  for (std::size_t at = 0; at < mapped.size(); ++at) {
    std::size_t run = 0;
    while (at + run < mapped.size() && mapped[at + run]) ++run;
    ASSERT_EQ(native_map_readable(static_cast<std::uint16_t>(at)), run) << at;
    if (run > 1) at += run - 2;  // the rest of a run only counts down
  }
}

std::string golden(const std::string& name) {
  std::ifstream in(std::string(CW_SOURCE_DIR "/tests/golden/modbus/") + name);
  return {std::istreambuf_iterator<char>(in), {}};
}

// CW_GOLDEN_WRITE=1 writes the files again, for a review of what moved.
void expect_golden(const std::string& name, const std::string& text) {
  if (std::getenv("CW_GOLDEN_WRITE") != nullptr)
    std::ofstream(std::string(CW_SOURCE_DIR "/tests/golden/modbus/") + name) << text;
  EXPECT_EQ(golden(name), text);
}

TEST(ModbusMap, PrintsTheSameDocumentAsBefore) {
  std::string markdown, json;
  print_modbus_map(markdown, false);
  print_modbus_map(json, true);
  expect_golden("map.md", markdown);
  expect_golden("map.json", json);
}

TEST(ModbusMap, PrintsJsonWithEveryRow) {
  std::string text;
  print_modbus_map(text, true);
  const auto json = nlohmann::json::parse(text);
  ASSERT_EQ(json["registers"].size(), modbus::kRows.size());
  EXPECT_EQ(json["registers"][0]["key"], "magic");
  EXPECT_EQ(json["alarms"][0], "cell_overvoltage");
}

// --- framing and judgement

using Bytes = std::vector<std::uint8_t>;

Bytes read_request(unsigned address, unsigned quantity, unsigned function = 3, unsigned unit = 1) {
  const auto b = [](unsigned v) { return static_cast<std::uint8_t>(v); };
  return {0,
          7,
          0,
          0,
          0,
          6,
          b(unit),
          b(function),
          b(address >> 8),
          b(address),
          b(quantity >> 8),
          b(quantity)};
}

Exception judged(const Bytes& frame) {
  return modbus::judge(frame, [](std::uint16_t at) { return native_map_readable(at); });
}

TEST(ModbusFrame, WaitsForTheWholeRequest) {
  const Bytes whole = read_request(100, 2);
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_EQ(modbus::find_frame(std::span(whole).first(n)).framing, Framing::need_more) << n;
  EXPECT_EQ(modbus::find_frame(whole).framing, Framing::whole);
  EXPECT_EQ(modbus::find_frame(whole).length, 12U);
}

TEST(ModbusFrame, GivesUpOnAWrongProtocolOrAnImpossibleLength) {
  for (const auto& [at, value] : {std::pair{2, 1}, {3, 1}, {4, 1}, {5, 1}, {5, 0}, {5, 255}}) {
    Bytes frame = read_request(100, 2);
    frame[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(value);
    EXPECT_EQ(modbus::find_frame(frame).framing, Framing::broken) << at << "=" << value;
  }
}

TEST(ModbusFrame, RefusesEveryFunctionButTheTwoThatReadRegisters) {
  for (unsigned function = 0; function < 256; ++function)
    EXPECT_EQ(judged(read_request(100, 2, function)),
              function == 3 || function == 4 ? Exception::none : Exception::illegal_function)
        << function;
}

TEST(ModbusFrame, RefusesQuantitiesOutsideTheStandard) {
  for (const unsigned quantity : {0U, 126U, 255U, 65'535U})
    EXPECT_EQ(judged(read_request(700, quantity)), Exception::illegal_value) << quantity;
  for (const unsigned quantity : {1U, 125U})
    EXPECT_EQ(judged(read_request(700, quantity)), Exception::none) << quantity;
}

TEST(ModbusFrame, RefusesARequestThatTouchesOneUnmappedRegister) {
  EXPECT_EQ(judged(read_request(166, 2)), Exception::none);
  EXPECT_EQ(judged(read_request(166, 3)), Exception::illegal_address);
  EXPECT_EQ(judged(read_request(99, 2)), Exception::illegal_address);
  EXPECT_EQ(judged(read_request(65'535, 1)), Exception::illegal_address);
  EXPECT_EQ(judged(read_request(65'535, 125)), Exception::illegal_address);
}

TEST(ModbusFrame, RefusesAReadRequestOfAnotherLengthThanTwelveBytes) {
  Bytes shorter = read_request(100, 2);
  shorter.resize(8);
  EXPECT_EQ(judged(shorter), Exception::illegal_value);
  Bytes longer = read_request(100, 2);
  longer.push_back(0);
  EXPECT_EQ(judged(longer), Exception::illegal_value);
}

}  // namespace
}  // namespace cw

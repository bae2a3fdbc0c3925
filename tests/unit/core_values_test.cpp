// SPDX-License-Identifier: Apache-2.0
// The small things everything is made of: readings that age, text that is never cut, parameters
// that refuse what is out of range, presets and the orderings between parameters.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/presets.h"
#include "core/protection.h"
#include "core/reading.h"
#include "core/text.h"
#include "core/validation.h"

namespace cw {
namespace {

using namespace literals;

constexpr Instant kNow{10'000'000'000};  // beyond 32 bits

Instant at(std::int64_t ms) { return {kNow.ms + ms}; }

TEST(Reading, IsAbsentUntilItIsHeard) {
  const Reading<Millivolts> reading;
  EXPECT_EQ(reading.quality(), Quality::absent);
  EXPECT_FALSE(reading.fresh(kNow, {1'000'000}));
  EXPECT_FALSE(reading.fresh({0}, {0})) << "time zero does not make it look heard";
}

TEST(Reading, IsFreshUpToItsAgeAndNotAMillisecondLonger) {
  Reading<Millivolts> reading;
  reading.set(3301_mV, kNow);
  EXPECT_EQ(reading.fresh(kNow, {0}), 3301_mV);
  EXPECT_EQ(reading.fresh(at(3'000), {3'000}), 3301_mV);
  EXPECT_FALSE(reading.fresh(at(3'001), {3'000}));
}

TEST(Reading, HasNoValueAfterItWasRejectedUntilTheNextGoodOne) {
  Reading<Millivolts> reading;
  reading.set(3301_mV, kNow);
  reading.reject(at(1));
  EXPECT_FALSE(reading.fresh(at(1), {3'000}));
  EXPECT_EQ(reading.quality(), Quality::implausible);
  EXPECT_EQ(reading.heard(), at(1));
  reading.set(3302_mV, at(2));
  EXPECT_EQ(reading.fresh(at(2), {3'000}), 3302_mV);
}

TEST(Reading, IsAbsentAgainWhenCleared) {
  Reading<Millivolts> reading;
  reading.set(3301_mV, kNow);
  reading.clear();
  EXPECT_EQ(reading.quality(), Quality::absent);
  EXPECT_FALSE(reading.fresh(kNow, {0}));
}

TEST(Text, TakesWhatFitsAndRefusesTheRestWhole) {
  Text<4> text;
  EXPECT_TRUE(text.empty());
  EXPECT_TRUE(text.assign("abcd"));
  EXPECT_FALSE(text.assign("abcde"));
  EXPECT_EQ(text.view(), "abcd");
  EXPECT_TRUE(text.assign(""));
  EXPECT_TRUE(text.empty());
}

TEST(Text, ComparesByWhatItSaysNotByWhatItHeldBefore) {
  Text<8> a;
  Text<8> b;
  a.assign("longer");
  a.assign("ab");
  b.assign("ab");
  EXPECT_EQ(a, b);
}

TEST(Switches, ContainTheirParts) {
  EXPECT_TRUE(contains(Switches::both, Switches::charge));
  EXPECT_FALSE(contains(Switches::charge, Switches::both));
  EXPECT_EQ(Switches::charge | Switches::discharge, Switches::both);
}

TEST(AlarmSet, KeepsNamedAndUnknownBitsApart) {
  AlarmSet alarms;
  EXPECT_FALSE(alarms.any());
  alarms.add(Alarm::front_end_fault_b);
  EXPECT_TRUE(alarms.has(Alarm::front_end_fault_b));
  EXPECT_FALSE(alarms.has(Alarm::cell_overvoltage));
  AlarmSet unknown;
  unknown.unknown = 1u << 14;
  EXPECT_TRUE(unknown.any());
}

TEST(Alarm, BitNobodyCanNameIsCalledByItsProtocol) {
  EXPECT_EQ(unknown_alarm_name("jk-uart", 14).view(), "unknown_jk_uart_bit_14");
  EXPECT_EQ(unknown_alarm_name("jk-uart", 3).view(), "unknown_jk_uart_bit_3");
}

TEST(ParameterSet, KnowsNothingAtFirst) {
  const ParameterSet set;
  for (std::size_t i = 0; i < kParameterCount; ++i)
    EXPECT_FALSE(set.get(static_cast<Parameter>(i)));
}

TEST(ParameterSet, TakesBothEndsOfEveryRangeAndRefusesWhatLiesBeyond) {
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    const ParameterFacts& row = kParameters[i];
    ParameterSet set;
    EXPECT_TRUE(set.set(parameter, row.lowest)) << row.key;
    EXPECT_TRUE(set.set(parameter, row.highest)) << row.key;
    EXPECT_FALSE(set.set(parameter, row.lowest - 1)) << row.key;
    EXPECT_FALSE(set.set(parameter, row.highest + 1)) << row.key;
    EXPECT_FALSE(set.set(parameter, INT32_MIN)) << row.key;
    EXPECT_EQ(set.get(parameter), row.highest) << row.key << ": a refusal changes nothing";
    set.forget(parameter);
    EXPECT_FALSE(set.get(parameter)) << row.key;
  }
}

TEST(ParameterTable, HasUniqueKeysThatEndInTheirUnit) {
  std::set<std::string_view> keys;
  for (const ParameterFacts& row : kParameters) {
    EXPECT_TRUE(keys.insert(row.key).second) << row.key;
    EXPECT_LT(row.lowest, row.highest) << row.key;
    const auto suffix = facts(row.unit).suffix;
    if (suffix.empty()) continue;
    EXPECT_TRUE(row.key.ends_with("_" + std::string{suffix})) << row.key;
  }
}

std::int32_t value(const char* preset, Parameter parameter) {
  return find_preset(preset)->values.get(parameter).value();
}

TEST(Presets, AreFoundByNameAndByWhatTheyAre) {
  EXPECT_EQ(all_presets().size(), 12u);
  for (const Preset& preset : all_presets()) {
    EXPECT_EQ(find_preset(preset.name), &preset);
    EXPECT_EQ(&preset_of(preset.chemistry, preset.generation), &preset);
    EXPECT_TRUE(preset.name.ends_with(name(preset.chemistry))) << preset.name;
  }
  EXPECT_EQ(find_preset("lead-acid"), nullptr);
}

TEST(Presets, ObeyEveryOrdering) {
  for (const Preset& preset : all_presets())
    EXPECT_EQ(validate(preset.values).count, 0u) << preset.name;
}

TEST(Presets, GiveEveryRuleItsLimitsButThoseOfThePackItself) {
  const auto bit = [](Rule rule) { return std::uint32_t{1} << static_cast<unsigned>(rule); };
  const std::uint32_t own = bit(Rule::pack_overvoltage) | bit(Rule::pack_undervoltage) |
                            bit(Rule::wire_resistance) | bit(Rule::cell_count_mismatch);
  for (const Preset& preset : all_presets()) {
    Protection engine;
    EXPECT_EQ(engine.step({}, preset.values, kNow).off, own) << preset.name;
  }
}

TEST(Presets, NeverTouchCellCountAndCapacity) {
  for (const Preset& preset : all_presets()) {
    EXPECT_FALSE(preset.values.get(Parameter::cell_count)) << preset.name;
    EXPECT_FALSE(preset.values.get(Parameter::capacity)) << preset.name;
  }
}

// The contradictions between the documents, one test a resolution that matters for safety.

TEST(Presets, OfTheOldBoardsFollowAppendixTwoOfTheManual) {
  EXPECT_EQ(value("jk-10-lfp", Parameter::cell_undervoltage), 2'600) << "appendix I says 2.7 V";
  EXPECT_EQ(value("jk-10-lfp", Parameter::cell_undervoltage_recovery), 3'000) << "I: 2.9 V";
  EXPECT_EQ(value("jk-10-lfp", Parameter::cell_overvoltage_recovery), 3'400) << "I: 3.5 V";
  EXPECT_EQ(value("jk-10-lfp", Parameter::power_off_voltage), 2'500) << "I: 2.6 V = under-voltage";
  EXPECT_EQ(value("jk-10-li-ion", Parameter::cell_overvoltage), 4'200);
  EXPECT_EQ(value("jk-10-lto", Parameter::cell_undervoltage), 1'800);
  EXPECT_EQ(value("jk-10-lfp", Parameter::charge_overcurrent_delay), 30'000) << "II: 60 s";
  EXPECT_EQ(value("jk-10-lfp", Parameter::discharge_overcurrent_delay), 300'000);
  EXPECT_EQ(value("jk-10-lfp", Parameter::charge_undertemperature), -200) << "as from the factory";
  EXPECT_EQ(value("jk-10-lfp", Parameter::mosfet_overtemperature), 900);
}

TEST(Presets, OfNewerBoardsAreThoseCapturedFromThem) {
  EXPECT_EQ(value("jk-11-li-ion", Parameter::cell_overvoltage_recovery), 4'180);
  EXPECT_EQ(value("jk-11-li-ion", Parameter::cell_undervoltage), 2'820);
  EXPECT_EQ(value("jk-11-lfp", Parameter::cell_undervoltage_recovery), 2'650);
  EXPECT_EQ(value("jk-11-lfp", Parameter::mosfet_overtemperature), 1'000);
  EXPECT_EQ(value("jk-15-lfp", Parameter::cell_overvoltage), 3'650);
  EXPECT_EQ(value("jk-15-lfp", Parameter::cell_overvoltage_recovery), 3'580);
  EXPECT_EQ(value("jk-15-lfp", Parameter::request_charge_voltage), 3'600);
  EXPECT_EQ(value("jk-15-lto", Parameter::soc_100_voltage), 2'650);
  EXPECT_EQ(value("jk-15-li-ion", Parameter::short_circuit_release), 5'000);
}

TEST(Presets, OfTheGatewayAreMoreCarefulThanTheBoards) {
  EXPECT_EQ(value("lfp", Parameter::charge_undertemperature), 0);
  EXPECT_EQ(value("lfp", Parameter::charge_undertemperature_recovery), 50);
  EXPECT_EQ(value("li-ion", Parameter::charge_undertemperature), 0);
  EXPECT_EQ(value("lto", Parameter::charge_undertemperature), -200);
  EXPECT_EQ(value("lfp", Parameter::charge_overtemperature), 550);
  EXPECT_EQ(value("lfp", Parameter::discharge_overtemperature_recovery), 500);
  EXPECT_EQ(value("lfp", Parameter::balance_start), 3'400);
  for (const char* preset : {"lfp", "li-ion", "lto"}) {
    EXPECT_EQ(value(preset, Parameter::discharge_overcurrent_delay), 30'000) << preset;
    EXPECT_GT(value(preset, Parameter::short_circuit_delay), 0) << "0 would switch it off";
  }
}

TEST(Validation, FindsNothingInAnEmptySet) { EXPECT_EQ(validate({}).count, 0u); }

TEST(Validation, OrdersNoParameterAgainstItselfOrInACircle) {
  // Every ordering points from a lower to a higher value, so a preset that obeys them all proves
  // that they do not contradict each other; each must also be about one unit.
  for (const Ordering& ordering : all_orderings())
    EXPECT_EQ(facts(ordering.lower).unit, facts(ordering.upper).unit) << facts(ordering.lower).key;
  EXPECT_EQ(validate(find_preset("jk-15-lfp")->values).count, 0u);
}

class EveryOrdering : public testing::TestWithParam<Ordering> {};

// Sets the two parameters of one ordering and nothing else.
bool breaks(const Ordering& ordering, std::int32_t lower, std::int32_t upper) {
  ParameterSet set;
  EXPECT_TRUE(set.set(ordering.lower, lower));
  EXPECT_TRUE(set.set(ordering.upper, upper));
  const Violations found = validate(set);
  EXPECT_TRUE(found.count == 0 || (found.count == 1 && found.rules[0] == ordering));
  return found.count != 0;
}

TEST_P(EveryOrdering, IsStrictAndAppliesOnlyWhenBothAreKnown) {
  const Ordering& ordering = GetParam();
  const std::int32_t lowest = std::max(facts(ordering.lower).lowest, facts(ordering.upper).lowest);
  EXPECT_FALSE(breaks(ordering, lowest, lowest + 1));
  EXPECT_TRUE(breaks(ordering, lowest, lowest)) << "equal is not below";
  EXPECT_TRUE(breaks(ordering, lowest + 1, lowest));
  ParameterSet alone;
  alone.set(ordering.lower, facts(ordering.lower).highest);
  EXPECT_EQ(validate(alone).count, 0u);
}

INSTANTIATE_TEST_SUITE_P(Validation, EveryOrdering,
                         testing::ValuesIn(all_orderings().begin(), all_orderings().end()));

TEST(Validation, NamesEveryBrokenOrderingAtOnce) {
  ParameterSet set = find_preset("lfp")->values;
  set.set(Parameter::cell_overvoltage_recovery, 3'700);
  set.set(Parameter::cell_undervoltage_recovery, 2'500);
  const Violations found = validate(set);
  ASSERT_EQ(found.count, 2u);
  EXPECT_EQ(found.rules[0].upper, Parameter::cell_undervoltage_recovery);
  EXPECT_EQ(found.rules[1].lower, Parameter::cell_overvoltage_recovery);
}

}  // namespace
}  // namespace cw

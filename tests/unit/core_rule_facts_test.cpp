// SPDX-License-Identifier: Apache-2.0
// The rows of kRules against the specification, worked out by hand: for one set of limits the very
// values and times at which each rule acts, what it opens and how it is called.
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/core_rule_rig.h"

namespace cw {
namespace {

constexpr std::int32_t kSecond = 1'000;

struct Fact {
  const char* rule;
  const char* reads;
  std::int32_t allowed;       // the worst value that is still right
  std::int32_t violates;      // the next one
  std::int32_t delay_ms;      // of samples: 0, they are counted
  std::int32_t not_released;  // the safest value that does not release it; by time: its ms
  std::int32_t releases;      // the next one
  Switches opens;
  int code;
  const char* alarm;
};

// The limits are those of every_limit(): LFP, 16 cells. mV, mA, 0.1 °C, µΩ.
// clang-format off
using enum Switches;
const Fact kFacts[] = {
    // rule                       reads                   allowed violates   delay        released: not, by      opens      code  alarm
    {"cell_overvoltage",          "highest cell",           3'600,   3'601,  3 * kSecond,    3'400,   3'399,     charge,    2, "cell_overvoltage"},
    {"cell_undervoltage",         "lowest cell",            2'600,   2'599,  3 * kSecond,    3'000,   3'001,     discharge, 1, "cell_undervoltage"},
    {"charge_overcurrent",        "charge current",        25'000,  25'001, 30 * kSecond,   60'000,  60'000,     charge,    3, "charge_overcurrent"},
    {"discharge_overcurrent",     "discharge current",     40'000,  40'001, 30 * kSecond,   60'000,  60'000,     discharge, 3, "discharge_overcurrent"},
    {"charge_overtemperature",    "hottest temperature",      550,     551,  3 * kSecond,      500,     499,     charge,    5, "charge_overtemperature"},
    {"charge_undertemperature",   "coldest temperature",        0,      -1,  3 * kSecond,       50,      51,     charge,    5, "charge_undertemperature"},
    {"discharge_overtemperature", "hottest temperature",      550,     551,  3 * kSecond,      500,     499,     discharge, 5, "discharge_overtemperature"},
    {"discharge_undertemperature","coldest temperature",     -200,    -201,  3 * kSecond,     -100,     -99,     discharge, 5, "discharge_undertemperature"},
    {"mosfet_overtemperature",    "MOSFET temperature",       900,     901,  3 * kSecond,      700,     699,     both,      4, "mosfet_overtemperature"},
    {"pack_overvoltage",          "pack voltage",          57'000,  57'001,  3 * kSecond,   54'400,  54'399,     charge,    2, "pack_overvoltage"},
    {"pack_undervoltage",         "pack voltage",          42'000,  41'999,  3 * kSecond,   48'000,  48'001,     discharge, 1, "pack_undervoltage"},
    {"power_off",                 "lowest cell",            2'501,   2'500,  3 * kSecond,    3'000,   3'001,     both,      1, "cell_undervoltage"},
    {"short_circuit", "discharge current or the board's flag", 500'000, 500'001,        0,   60'000,  60'000,     discharge, 6, "discharge_short_circuit"},
    {"charge_short_circuit",      "the board's flag",           0,       1,            0,   60'000,  60'000,     charge,    6, "charge_short_circuit"},
    {"cell_voltage_difference",   "difference of cells",      300,     301,  3 * kSecond,      300,     299,     none,      0, "cell_voltage_difference"},
    {"wire_resistance",           "highest wire resistance", 200'000, 200'001,         0,  200'000, 199'999,     balance,   8, "wire_resistance"},
    {"cell_count_mismatch",       "number of cells in 1-5 V",  16,      15,            0,       15,      16,     all,       9, "cell_count_mismatch"},
    {"internal_communication",    "the board's flag",           0,       1,            0,        1,       0,     all,       7, "internal_communication"},
};
// clang-format on

TEST(Rules, AreAllInTheSpecification) { EXPECT_EQ(std::size(kFacts), kRuleCount); }

class EveryFact : public RuleTest {
 protected:
  const Fact& fact() const { return kFacts[GetParam()]; }
  // From the first violation on, until the trip.
  std::int64_t trip(OneRule& rule) const {
    const std::int64_t last = rule.row().wait == Wait::samples ? 2 : fact().delay_ms;
    for (std::int64_t ms = 1; ms < 1 + last; ms += rule.row().wait == Wait::samples ? 1 : 100)
      rule.see(fact().violates, ms);
    EXPECT_FALSE(rule.state().cause == Cause::limit) << "too early";
    rule.see(fact().violates, 1 + last);
    EXPECT_EQ(rule.state().cause, Cause::limit);
    return 1 + last;
  }
};
INSTANTIATE_TEST_SUITE_P(Specification, EveryFact, testing::ValuesIn(all_rules()), name_of_rule);

TEST_P(EveryFact, IsCalledAsInTheSpecification) {
  EXPECT_EQ(row_of(rule()).name, fact().rule);
  EXPECT_EQ(name(row_of(rule()).reads), fact().reads);
  EXPECT_EQ(name(row_of(rule()).alarm), fact().alarm);
  EXPECT_EQ(row_of(rule()).code, fact().code);
}

TEST_P(EveryFact, OpensWhatTheSpecificationSays) {
  OneRule rule = one();
  rule.see_nothing(0);
  EXPECT_EQ(rule.decision().open, fact().opens);
}

TEST_P(EveryFact, AllowsTheLastValueThatIsRight) {
  OneRule rule = one(Start::clear);
  for (std::int64_t ms = 0; ms <= 100 * kSecond; ms += 100) rule.see(fact().allowed, ms);
  EXPECT_EQ(rule.state().phase, Phase::clear);
}

TEST_P(EveryFact, TripsAtTheNextValueWhenItsTimeIsOver) {
  OneRule rule = one(Start::clear);
  rule.see(fact().allowed, 0);
  trip(rule);
  EXPECT_EQ(rule.decision().open, fact().opens);
  EXPECT_TRUE(rule.decision().is_tripped(rule.rule()));
}

TEST_P(EveryFact, IsReleasedAsTheSpecificationSays) {
  OneRule rule = one(Start::clear);
  rule.see(fact().allowed, 0);
  const std::int64_t tripped = trip(rule);
  if (rule.timed()) {
    rule.see(fact().allowed, tripped + fact().not_released - 1);
    EXPECT_TRUE(rule.decision().is_tripped(rule.rule()));
    rule.see(fact().allowed, tripped + fact().releases);
  } else {
    rule.see(fact().not_released, tripped + 100'000'000);
    EXPECT_TRUE(rule.decision().is_tripped(rule.rule()));
    rule.see(fact().releases, tripped + 100'000'001);
  }
  EXPECT_FALSE(rule.decision().is_tripped(rule.rule()));
}

// What no column of the specification's table says.

std::set<std::string_view> rules_with(Trait trait) {
  std::set<std::string_view> names;
  for (const RuleRow& row : kRules)
    if (row.is(trait)) names.insert(row.name);
  return names;
}

TEST(Traits, OfWhatCannotWaitForTheLoadToGo) {
  EXPECT_EQ(rules_with(kCritical),
            (std::set<std::string_view>{"cell_overvoltage", "pack_overvoltage",
                                        "mosfet_overtemperature", "short_circuit",
                                        "charge_short_circuit", "internal_communication"}));
}

TEST(Traits, OnlyPowerOffIsLeftByAChargerOrAButton) {
  EXPECT_EQ(rules_with(kWoken), (std::set<std::string_view>{"power_off"}));
}

TEST(Traits, AnEmergencyNeverOverridesAShortCircuitOrACellThatIsTooFull) {
  EXPECT_EQ(rules_with(kAbsolute), (std::set<std::string_view>{"cell_overvoltage", "short_circuit",
                                                               "charge_short_circuit"}));
}

TEST(Rules, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const RuleRow& row : kRules) EXPECT_TRUE(names.insert(row.name).second) << row.name;
}

TEST(Rules, ForbidBalancingWhereASenseWireOrTheSensingIsWrong) {
  std::set<std::string_view> names;
  for (const RuleRow& row : kRules)
    if (contains(row.opens, Switches::balance)) names.insert(row.name);
  EXPECT_EQ(names, (std::set<std::string_view>{"wire_resistance", "cell_count_mismatch",
                                               "internal_communication"}));
}

TEST(Switches, AreNamedForPeople) {
  EXPECT_EQ(name(Switches::none), "none");
  EXPECT_EQ(name(Switches::both), "both");
  EXPECT_EQ(name(Switches::charge | Switches::balance), "charge and balance");
  EXPECT_EQ(name(Switches::all), "all");
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "daemon/configuration/quantity_text.h"

namespace cw {
namespace {

std::optional<std::int32_t> count(std::string_view text, Unit unit) {
  return parse_quantity(text, unit).count;
}

constexpr Unit kUnits[] = {
    Unit::millivolt,   Unit::milliamp,     Unit::milliwatt, Unit::milliamp_hour, Unit::micro_ohm,
    Unit::decicelsius, Unit::centipercent, Unit::second,    Unit::millisecond,   Unit::microsecond};

TEST(Quantity, ReadsEveryUnitOfItsDimension) {
  EXPECT_EQ(count("3.65 V", Unit::millivolt), 3650);
  EXPECT_EQ(count("3650 mV", Unit::millivolt), 3650);
  EXPECT_EQ(count("-0.5 A", Unit::milliamp), -500);
  EXPECT_EQ(count("20 mA", Unit::milliamp), 20);
  EXPECT_EQ(count("1.5 kW", Unit::milliwatt), 1'500'000);
  EXPECT_EQ(count("280 Ah", Unit::milliamp_hour), 280'000);
  EXPECT_EQ(count("280 mAh", Unit::milliamp_hour), 280);
  EXPECT_EQ(count("-20.5 °C", Unit::decicelsius), -205);
  EXPECT_EQ(count("5 C", Unit::decicelsius), 50);
  EXPECT_EQ(count("99.5 %", Unit::centipercent), 9'950);
  EXPECT_EQ(count("2.5 min", Unit::millisecond), 150'000);
  EXPECT_EQ(count("1 h", Unit::second), 3'600);
  EXPECT_EQ(count("1.5 ms", Unit::microsecond), 1'500);
  EXPECT_EQ(count("30 µs", Unit::microsecond), 30);
  EXPECT_EQ(count("30 us", Unit::microsecond), 30);
  EXPECT_EQ(count("0.25 ohm", Unit::micro_ohm), 250'000);
}

TEST(Quantity, TakesOrLeavesTheSpaceBeforeTheUnit) {
  EXPECT_EQ(count("3.65V", Unit::millivolt), 3650);
  EXPECT_EQ(count("  3.65   V ", Unit::millivolt), 3650);
  EXPECT_EQ(count("50%", Unit::centipercent), 5'000);
}

TEST(Quantity, IsExactWhereFloatingPointIsNot) {
  EXPECT_EQ(count("0.1 V", Unit::millivolt), 100);
  EXPECT_EQ(count("4.35 V", Unit::millivolt), 4350);
  EXPECT_EQ(count("1.005 V", Unit::millivolt), 1005);
  EXPECT_EQ(count("8.2 °C", Unit::decicelsius), 82);
  EXPECT_EQ(count("0.00001666666 h", Unit::millisecond), std::nullopt);
  EXPECT_EQ(count("3.650000000 V", Unit::millivolt), 3650);
}

TEST(Quantity, RefusesWhatLiesBetweenTwoSteps) {
  EXPECT_EQ(count("3.6505 V", Unit::millivolt), std::nullopt);
  EXPECT_EQ(count("0.5 mV", Unit::millivolt), std::nullopt);
  EXPECT_EQ(count("1 ms", Unit::second), std::nullopt);
  EXPECT_EQ(count("0.05 °C", Unit::decicelsius), std::nullopt);
  EXPECT_NE(parse_quantity("3.6505 V", Unit::millivolt).fault.find("0.001 V"), std::string::npos);
}

TEST(Quantity, HoldsTheWholeRangeOfACountAndNoMore) {
  EXPECT_EQ(count("2147483.647 V", Unit::millivolt), 2'147'483'647);
  EXPECT_EQ(count("2147483.648 V", Unit::millivolt), std::nullopt);
  EXPECT_EQ(count("-2147483.647 V", Unit::millivolt), -2'147'483'647);
  EXPECT_EQ(count("-2147483.648 V", Unit::millivolt), std::nullopt);
  EXPECT_EQ(count("999999999999999 h", Unit::microsecond), std::nullopt);
  EXPECT_EQ(count("-999999999999999 h", Unit::microsecond), std::nullopt);
  EXPECT_EQ(count("9999999999999999 h", Unit::microsecond), std::nullopt);
  EXPECT_EQ(count("0.00000000000000000000 V", Unit::millivolt), std::nullopt);
}

TEST(Quantity, RefusesEverythingThatIsNotANumberAndAUnit) {
  for (const char* text :
       {"",      " ",      "V",       "3.65",   ".5 V",    "5. V",     "3.6.5 V",  "--3 V",
        "+ 3 V", "0x10 V", "1e3 V",   "3,65 V", "3.65 VV", "3.65 v",   "3.65 V V", "nan V",
        "inf V", "3 65 V", "3.65\tV", "１ V",   "3.65 A",  "3.65 mAh", "3.65 s"})
    EXPECT_EQ(count(text, Unit::millivolt), std::nullopt) << text;
}

TEST(Quantity, NamesTheMissingUnitAndTheWrongOne) {
  EXPECT_EQ(parse_quantity("3650", Unit::millivolt).fault, "has no unit: add V or mV");
  EXPECT_EQ(parse_quantity("5 A", Unit::millisecond).fault,
            "has the wrong unit: this is a time, use s, ms, us, µs, min or h");
  EXPECT_EQ(parse_quantity("5 bar", Unit::decicelsius).fault, "has an unknown unit: use °C or C");
}

TEST(Quantity, GuessesTheUnitThatPutsTheNumberIntoItsRange) {
  EXPECT_EQ(probably_meant("3650", Unit::millivolt, 1'000, 4'500), "3.65 V");
  EXPECT_EQ(probably_meant("3.65", Unit::millivolt, 1'000, 4'500), "3.65 V");
  EXPECT_EQ(probably_meant("99999", Unit::millivolt, 1'000, 4'500), "");
  EXPECT_EQ(probably_meant("words", Unit::millivolt, 1'000, 4'500), "");
}

TEST(Quantity, IsPrintedShort) {
  EXPECT_EQ(quantity_text(3650, Unit::millivolt), "3.65 V");
  EXPECT_EQ(quantity_text(-50, Unit::decicelsius), "-5 °C");
  EXPECT_EQ(quantity_text(0, Unit::millisecond), "0 s");
  EXPECT_EQ(quantity_text(50, Unit::millisecond), "50 ms");
  EXPECT_EQ(quantity_text(1500, Unit::millisecond), "1.5 s");
  EXPECT_EQ(quantity_text(90'000, Unit::millisecond), "90 s");
  EXPECT_EQ(quantity_text(120'000, Unit::millisecond), "2 min");
  EXPECT_EQ(quantity_text(7'200, Unit::second), "2 h");
  EXPECT_EQ(quantity_text(30, Unit::microsecond), "30 us");
  EXPECT_EQ(quantity_text(16, Unit::count), "16");
  EXPECT_EQ(number_text(-7, Unit::millivolt), "-0.007");
}

TEST(Quantity, IsReadBackAsItWasPrinted) {
  std::mt19937 random(1);
  std::uniform_int_distribution<std::int32_t> any(-2'147'483'647, 2'147'483'647);
  for (int i = 0; i < 200'000; ++i) {
    const std::int32_t value = i % 2 == 0 ? any(random) : any(random) % 10'000;
    for (const Unit unit : kUnits)
      ASSERT_EQ(count(quantity_text(value, unit), unit), value) << quantity_text(value, unit);
  }
}

}  // namespace
}  // namespace cw

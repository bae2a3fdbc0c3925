// SPDX-License-Identifier: Apache-2.0
// The text every interface sends: exact decimals, escapes, and null for what is not known.
#include "bridge/json.h"

#include <gtest/gtest.h>

namespace cw {
namespace {

std::string decimal(std::int64_t count, unsigned decimals) {
  std::string out;
  append_decimal(out, count, decimals);
  return out;
}

TEST(Decimal, HasExactlyTheDecimalsOfItsUnit) {
  EXPECT_EQ(decimal(3'301, 3), "3.301");
  EXPECT_EQ(decimal(3'300, 3), "3.300");
  EXPECT_EQ(decimal(12, 0), "12");
  EXPECT_EQ(decimal(1'000'000, 6), "1.000000");
}

TEST(Decimal, FillsSmallNumbersWithZeros) {
  EXPECT_EQ(decimal(0, 3), "0.000");
  EXPECT_EQ(decimal(5, 3), "0.005");
  EXPECT_EQ(decimal(50, 3), "0.050");
  EXPECT_EQ(decimal(500, 3), "0.500");
  EXPECT_EQ(decimal(1, 6), "0.000001");
  EXPECT_EQ(decimal(0, 0), "0");
}

TEST(Decimal, KeepsTheSignOfNumbersBetweenMinusOneAndZero) {
  EXPECT_EQ(decimal(-5, 1), "-0.5");
  EXPECT_EQ(decimal(-5, 3), "-0.005");
  EXPECT_EQ(decimal(-200, 1), "-20.0");
  EXPECT_EQ(decimal(-1, 0), "-1");
}

TEST(Decimal, WritesTheEndsOfItsType) {
  EXPECT_EQ(decimal(INT64_MAX, 0), "9223372036854775807");
  EXPECT_EQ(decimal(INT64_MIN, 0), "-9223372036854775808");
  EXPECT_EQ(decimal(INT64_MIN, 3), "-9223372036854775.808");
  EXPECT_EQ(decimal(INT32_MIN, 3), "-2147483.648");
}

template <class Write>
std::string written(Write write) {
  std::string out;
  JsonWriter json{out};
  write(json);
  return out;
}

TEST(JsonWriter, SeparatesMembersAndElementsButNotAfterAKey) {
  const auto document = written([](JsonWriter& json) {
    json.begin_object();
    json.key("empty");
    json.begin_array();
    json.end_array();
    json.key("numbers");
    json.begin_array();
    json.integer(1);
    json.integer(-2);
    json.begin_object();
    json.end_object();
    json.null();
    json.end_array();
    json.key("yes");
    json.boolean(true);
    json.end_object();
  });
  EXPECT_EQ(document, R"({"empty":[],"numbers":[1,-2,{},null],"yes":true})");
}

TEST(JsonWriter, EscapesQuotesBackslashesAndControlCharacters) {
  EXPECT_EQ(written([](JsonWriter& json) { json.text("a\"b\\c"); }), R"("a\"b\\c")");
  EXPECT_EQ(written([](JsonWriter& json) { json.text("\n\t\x01\x1f\x7f"); }),
            R"("\u000a\u0009\u0001\u001f\u007f")");
  EXPECT_EQ(written([](JsonWriter& json) {
              json.text(std::string_view{"a\0b", 3});
            }),
            R"("a\u0000b")");
  EXPECT_EQ(written([](JsonWriter& json) { json.text("°C Ω"); }), "\"°C Ω\"");
}

TEST(JsonWriter, EscapesKeysAsWell) {
  EXPECT_EQ(written([](JsonWriter& json) {
              json.begin_object();
              json.key("a\"b");
              json.null();
              json.end_object();
            }),
            R"({"a\"b":null})");
}

TEST(JsonWriter, WritesQuantitiesInTheirUnit) {
  const auto quantity = [](std::optional<std::int32_t> count, Unit unit) {
    return written([&](JsonWriter& json) { json.quantity(count, unit); });
  };
  EXPECT_EQ(quantity(3'301, Unit::millivolt), "3.301");
  EXPECT_EQ(quantity(-205, Unit::decicelsius), "-20.5");
  EXPECT_EQ(quantity(9'950, Unit::centipercent), "99.50");
  EXPECT_EQ(quantity(1'500, Unit::microsecond), "0.001500");
  EXPECT_EQ(quantity(16, Unit::count), "16");
  EXPECT_EQ(quantity(1, Unit::flag), "true");
  EXPECT_EQ(quantity(0, Unit::flag), "false");
}

TEST(JsonWriter, WritesWhatIsNotKnownAsNullAndNeverAsZero) {
  EXPECT_EQ(written([](JsonWriter& json) { json.quantity(std::nullopt, Unit::millivolt); }),
            "null");
  EXPECT_EQ(written([](JsonWriter& json) { json.quantity(std::nullopt, Unit::flag); }), "null");
}

TEST(JsonWriter, WritesSpansThatNeedMoreThanThirtyTwoBits) {
  EXPECT_EQ(written([](JsonWriter& json) { json.decimal(3'000'000'000'001, 3); }),
            "3000000000.001");
}

}  // namespace
}  // namespace cw

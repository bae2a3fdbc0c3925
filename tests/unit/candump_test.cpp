// SPDX-License-Identifier: Apache-2.0
// Lines of can-utils, and what is none.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "drivers/protocol/candump.h"

namespace cw {
namespace {

CanFrame battery() {
  return {.id = 0x2F4, .length = 8, .data = {0x13, 0x01, 0xD7, 0x11, 0x33, 0, 0, 0}};
}

TEST(Candump, AllItsFormsAreOneFrame) {
  for (const std::string_view line :
       {"2F4#1301D71133000000", "2f4#13.01.D7.11.33.00.00.00", "can0 2F4#1301D71133000000",
        "(1436509052.249713) can0 2F4#1301D71133000000",
        "(1436509052.249713) can0 2F4#1301D71133000000 R",
        "  can0  2F4   [8]  13 01 D7 11 33 00 00 00",
        " (003.126472)  can0  2F4   [8]  13 01 D7 11 33 00 00 00   '..... ..'",
        "  can0  RX - -  2F4   [8]  13 01 D7 11 33 00 00 00\r"}) {
    const CandumpLine parsed = parse_candump(line);
    EXPECT_EQ(parsed.frame, battery()) << line << ": " << parsed.fault;
  }
}

TEST(Candump, TimeAndInterfaceAreKept) {
  const CandumpLine logged = parse_candump("(1436509052.249713) vcan1 18F128F4#2C01");
  EXPECT_EQ(logged.time_us, 1'436'509'052'249'713);
  EXPECT_EQ(logged.interface, "vcan1");
  ASSERT_TRUE(logged.frame);
  EXPECT_TRUE(logged.frame->extended);
  EXPECT_EQ(logged.frame->id, 0x18F128F4U);
  EXPECT_EQ(logged.frame->length, 2);
  EXPECT_EQ(parse_candump("(2.5) can0 2F4#").time_us, 2'500'000);
  EXPECT_EQ(parse_candump("2F4#").time_us, std::nullopt);
  EXPECT_EQ(parse_candump("2F4#").interface, "");
}

TEST(Candump, RemoteAndErrorFramesAreCalledSo) {
  EXPECT_TRUE(parse_candump("2F4#R").frame->remote);
  EXPECT_TRUE(parse_candump("  can0  2F4   [8]  remote request").frame->remote);
  const auto error = parse_candump("(1.0) can0 20000040#0000000000000000").frame;
  ASSERT_TRUE(error);
  EXPECT_TRUE(error->error);
  EXPECT_EQ(error->id, 0x40U);
}

TEST(Candump, WhatIsNoFrameIsSaidSo) {
  for (const std::string_view line : {"",
                                      "   ",
                                      "#",
                                      "2F4",
                                      "2F4#13 01",
                                      "2F4#1",
                                      "2F4#112233445566778899",
                                      "8F4#00",
                                      "2F#00",
                                      "FFFFFFFF1#00",
                                      "2F4##1AA",
                                      "can0",
                                      "can0 2F4 [9] 00",
                                      "can0 2F4 [2] 00",
                                      "can0 2F4 8 00",
                                      "(x) can0 2F4#00",
                                      "(1.2.3) can0 2F4#00",
                                      "(99999999999999999999) can0 2F4#00",
                                      "3F4EA1B2#zz",
                                      "interface = can0"}) {
    const CandumpLine parsed = parse_candump(line);
    if (line == "2F4#13 01") {
      EXPECT_EQ(parsed.frame->length, 1);  // what follows is another word
      continue;
    }
    EXPECT_FALSE(parsed.frame) << line;
    EXPECT_FALSE(parsed.fault.empty()) << line;
  }
}

TEST(Candump, NoBytesBreakIt) {
  constexpr std::string_view kLetters = "0123456789ABCDEFabcdefR#[]().: \t\rcan-TX";
  std::mt19937 random(20240607);
  std::string line;
  for (int i = 0; i < 300'000; ++i) {
    line.resize(random() % 48);
    for (char& c : line)
      c = random() % 50 == 0 ? static_cast<char>(random()) : kLetters[random() % kLetters.size()];
    const CandumpLine parsed = parse_candump(line);
    ASSERT_NE(parsed.frame.has_value(), !parsed.fault.empty()) << line;
    if (parsed.frame) {
      ASSERT_EQ(from_record(to_record(*parsed.frame)), parsed.frame) << line;
    }
  }
}

TEST(CanRecord, EveryFrameComesBackAndNothingElseIsOne) {
  const CanFrame frames[] = {
      battery(),
      {.id = 0x18F128F4, .extended = true, .length = 3, .data = {1, 2, 3}},
      {.id = 0x7FF, .remote = true},
      {.id = 0x40, .error = true, .length = 8},
  };
  for (const CanFrame& frame : frames) EXPECT_EQ(from_record(to_record(frame)), frame);
  CanRecord record = to_record(battery());
  EXPECT_FALSE(from_record(std::span(record).first(15)));
  record[4] = 9;
  EXPECT_FALSE(from_record(record)) << "nine bytes";
  record = to_record(battery());
  record[2] = 0x12;
  EXPECT_FALSE(from_record(record)) << "a standard identifier of more than 11 bits";
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// What protections keep over a restart, there and back, and nothing else.
#include "daemon/protection_text.h"

#include <gtest/gtest.h>

namespace cw {
namespace {

ProtectionMemory some() {
  ProtectionMemory memory{};
  memory[0] = {true, {3'671, 7, {}}, 3'650, 3'680, 2};
  memory[2] = {false, {}, 0, 0, 1};
  memory[kRuleCount - 1] = {true, {-1, 0, {}}, INT32_MIN, INT32_MAX, 4'000'000'000};
  return memory;
}

TEST(ProtectionText, IsReadAsItWasWritten) {
  EXPECT_EQ(parse_protection(protection_text(some())), some());
  EXPECT_EQ(parse_protection(protection_text({})), ProtectionMemory{});
  EXPECT_EQ(protection_text({}), "-");
  EXPECT_EQ(protection_text(some()).substr(0, 61),
            "cell_overvoltage,2,1,3671,7,3650,3680 charge_overcurrent,1,0 ");
}

TEST(ProtectionText, NothingElseIsRead) {
  for (const char* text :
       {"", "x", "cell_overvoltage", "cell_overvoltage,", "cell_overvoltage,1", "nothing,1,0",
        "cell_overvoltage,1,2", "cell_overvoltage,1,1", "cell_overvoltage,1,1,3671,7,3650",
        "cell_overvoltage,1,1,3671,256,3650,3680", "cell_overvoltage,1,0,3671",
        "cell_overvoltage,1,1,3671,7,3650,3680,1", "cell_overvoltage,-1,0",
        "cell_overvoltage,1,0 -"})
    EXPECT_EQ(parse_protection(text), std::nullopt) << text;
}

TEST(ProtectionText, EveryCutIsNoticedOrIsShorterByWholeRules) {
  const std::string text = protection_text(some());
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto read = parse_protection(std::string_view{text}.substr(0, size));
    EXPECT_TRUE(!read || *read != some()) << size;
  }
}

}  // namespace
}  // namespace cw

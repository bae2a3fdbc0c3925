// SPDX-License-Identifier: Apache-2.0
// What survives a restart as text: it comes back as it was, or not at all.
#include "daemon/kept_state.h"

#include <gtest/gtest.h>

namespace cw {
namespace {

Memory sample() {
  Memory memory;
  memory.relays.push_back({"main", Latch::retries, true, true, 4711, {1'790'000'000'000}, {-5, 7}});
  memory.relays.push_back({"lamp", Latch::none, false, false, 0, {}, {}});
  memory.packs.push_back({"garage", "1 2 cell_overvoltage=3650;3"});
  BankMemory& bank = memory.bank.emplace();
  bank.charge = {1'790'000'000'000, 1'780'000'000'000, ChargeStage::floating};
  bank.full_charge = true;
  bank.shares = {{"garage", {61, 0}}, {"shed", {40, 100}}};
  bank.ignored[1] = {true, std::nullopt, 0, 3};
  bank.ignored[2] = {false, 1'790'000'000'000, 42'000, 1};
  memory.orders = {{ClientOrder::soc_min, 2'000, 1'790'000'000'000, "192.0.2.10"},
                   {ClientOrder::heartbeat, 7, 1'790'000'000'001, "2001:db8::1"}};
  return memory;
}

TEST(KeptState, ComesBackAsItWas) {
  EXPECT_EQ(read_memory(write_memory(sample())), sample());
  EXPECT_EQ(read_memory(write_memory({})), Memory{});
}

TEST(KeptState, KnowsEveryLatchByName) {
  for (std::size_t i = 0; i < kLatches.size(); ++i) {
    Memory memory;
    memory.relays.push_back({"main", static_cast<Latch>(i), false, false, 0, {}, {}});
    EXPECT_EQ(read_memory(write_memory(memory)), memory);
  }
}

TEST(KeptState, ABankThatWasNeverFullIsKeptAsSuch) {
  Memory memory;
  memory.bank.emplace();
  EXPECT_EQ(read_memory(write_memory(memory)), memory);
}

TEST(KeptState, WhatBelongsToABankNeedsOne) {
  Memory memory = sample();
  std::string text = write_memory(memory);
  EXPECT_NE(text.find("\nfull_charge 1\n"), std::string::npos);
  memory.bank.reset();
  EXPECT_EQ(read_memory(write_memory(memory)), memory);
}

TEST(KeptState, TheWallIsBelievedUnlessItSteppedBack) {
  const Instant now{50'000};
  EXPECT_EQ(on_the_clock(1'000'000, now, 1'030'000).ms, 20'000);
  EXPECT_EQ(on_the_clock(1'000'000, now, 999'000).ms, now.ms);
  EXPECT_EQ(on_the_wall({20'000}, now, 1'030'000), 1'000'000);
}

TEST(KeptState, CutAnywhereItIsRefused) {
  const std::string text = write_memory(sample());
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(read_memory(text.substr(0, size))) << size;
}

TEST(KeptState, WithAnyBitTurnedItIsRefused) {
  const std::string text = write_memory(sample());
  for (std::size_t i = 0; i < text.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = text;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      EXPECT_FALSE(read_memory(damaged)) << i << " " << bit;
    }
}

TEST(KeptState, AVersionNobodyKnowsIsRefused) {
  EXPECT_FALSE(read_memory("cellwarden-state 2\n"));
  EXPECT_FALSE(read_memory(write_memory(sample()) + "\n"));
}

}  // namespace
}  // namespace cw

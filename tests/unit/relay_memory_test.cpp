// SPDX-License-Identifier: Apache-2.0
// What survives a restart as text: it comes back as it was, or not at all.
#include "daemon/relays/relay_memory.h"

#include <gtest/gtest.h>

namespace cw {
namespace {

Memory sample() {
  Memory memory;
  memory.relays.push_back({"main", Latch::retries, true, true, 4711, {1'790'000'000'000}, {-5, 7}});
  memory.relays.push_back({"lamp", Latch::none, false, false, 0, {}, {}});
  memory.packs.push_back({"garage", "1 2 cell_overvoltage=3650;3"});
  memory.charge = ChargeMemory{1'790'000'000'000, 1'780'000'000'000, ChargeStage::floating};
  return memory;
}

TEST(RelayMemory, ComesBackAsItWas) {
  EXPECT_EQ(read_memory(write_memory(sample())), sample());
  EXPECT_EQ(read_memory(write_memory({})), Memory{});
}

TEST(RelayMemory, KnowsEveryLatchByName) {
  for (std::size_t i = 0; i < kLatches.size(); ++i) {
    Memory memory;
    memory.relays.push_back({"main", static_cast<Latch>(i), false, false, 0, {}, {}});
    EXPECT_EQ(read_memory(write_memory(memory)), memory);
  }
}

TEST(RelayMemory, ABankThatWasNeverFullIsKeptAsSuch) {
  Memory memory;
  memory.charge = ChargeMemory{};
  EXPECT_EQ(read_memory(write_memory(memory)), memory);
}

TEST(RelayMemory, CutAnywhereItIsRefused) {
  const std::string text = write_memory(sample());
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(read_memory(text.substr(0, size))) << size;
}

TEST(RelayMemory, WithAnyBitTurnedItIsRefused) {
  const std::string text = write_memory(sample());
  for (std::size_t i = 0; i < text.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = text;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      EXPECT_FALSE(read_memory(damaged)) << i << " " << bit;
    }
}

TEST(RelayMemory, AVersionNobodyKnowsIsRefused) {
  EXPECT_FALSE(read_memory("cellwarden-state 2\n"));
  EXPECT_FALSE(read_memory(write_memory(sample()) + "\n"));
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Bytes of an inverter that is mad, for every protocol there is: noise, and sound frames that were
// damaged, cut, doubled and mended. Whatever comes, nothing breaks, and an answer waits no longer
// than a moment.
#include <gtest/gtest.h>

#include <random>

#include "bridge/inverter/inverter_protocol.h"
#include "tests/fuzz/inverter_seeds.h"
#include "tests/unit/inverter_bank.h"

namespace cw {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint32_t kSeed = 20250301;
constexpr int kInputs = 100'000;
constexpr std::size_t kRecord = 16;  // what one record on CAN takes (drivers/protocol/can_frame.h)

class Hostile {
 public:
  std::uint32_t below(std::size_t limit) { return static_cast<std::uint32_t>(random_() % limit); }
  std::uint8_t byte() { return static_cast<std::uint8_t>(random_()); }

  Bytes noise(std::size_t size) {
    Bytes bytes(size);
    for (std::uint8_t& one : bytes) one = byte();
    return bytes;
  }

  void damage(Bytes& bytes) {
    for (std::uint32_t i = below(3); i > 0 && !bytes.empty(); --i) {
      const std::size_t at = below(bytes.size());
      const auto here = bytes.begin() + static_cast<std::ptrdiff_t>(at);
      switch (below(4)) {
        case 0: bytes[at] = byte(); break;
        case 1: bytes.erase(here); break;
        case 2: bytes.insert(here, byte()); break;
        default: bytes.resize(at); break;
      }
    }
  }

 private:
  std::mt19937 random_{kSeed};
};

Bytes input(Hostile& hostile, Bus bus, const std::vector<InverterSeed>& seeds) {
  if (bus == Bus::can) return hostile.noise(kRecord);
  if (hostile.below(5) == 0) return hostile.noise(1 + hostile.below(60));
  const InverterSeed& seed = seeds[hostile.below(seeds.size())];
  Bytes bytes = seed.bytes;
  hostile.damage(bytes);
  if (hostile.below(2) == 0) seed.mend(bytes);
  return bytes;
}

void change_bank(Hostile& hostile, sample::InverterBank& bank) {
  constexpr Voice kVoices[] = {Voice::silent, Voice::speaking, Voice::speaking, Voice::blind};
  bank.request.voice = kVoices[hostile.below(4)];
  bank.request.charge_current.value = {static_cast<std::int32_t>(hostile.below(1'000'000))};
  bank.request.charge_voltage.value = {static_cast<std::int32_t>(hostile.below(600'000))};
  bank.request.measured.current = Milliamps{static_cast<std::int32_t>(hostile.below(1'000'000))};
  if (hostile.below(4) == 0) bank.request.measured = {};
  if (hostile.below(4) == 0) bank.lose(hostile.below(2));
  if (hostile.below(3) == 0) bank.hear(hostile.below(2));
}

TEST(InverterFuzz, NoBytesBreakAnyProtocol) {
  const std::vector<InverterSeed> seeds = inverter_seeds();
  for (const InverterProtocolSpec& spec : inverter_protocols()) {
    Hostile hostile;
    sample::InverterBank bank;
    const auto protocol = spec.make({});
    std::uint64_t said = 0;
    for (int i = 0; i < kInputs; ++i) {
      if (hostile.below(50) == 0) change_bank(hostile, bank);
      if (hostile.below(10) == 0) protocol->tell(bank.picture(), bank.now);
      protocol->receive(input(hostile, spec.bus, seeds), bank.now);
      bank.now = bank.now + Millis{static_cast<std::int32_t>(hostile.below(200))};
      for (int piece = 0; !protocol->next(bank.now).empty(); ++piece) {
        ASSERT_LT(piece, 1'000) << spec.name << " never stops, input " << i;
        ++said;
      }
      if (const auto due = protocol->next_due(bank.now)) {
        ASSERT_GT(due->ms, bank.now.ms - 1) << spec.name << ", input " << i;
      }
    }
    EXPECT_GT(said, 100U) << spec.name << " was hardly ever understood";
    EXPECT_GE(protocol->status(bank.now).sent, said) << spec.name;
  }
}

}  // namespace
}  // namespace cw

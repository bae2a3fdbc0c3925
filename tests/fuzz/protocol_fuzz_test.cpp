// SPDX-License-Identifier: Apache-2.0
// A million inputs a protocol from one seed: random bytes, and sound frames that were damaged in
// ways a checksum does and does not catch.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/fuzz/protocol_fuzz.h"
#include "tests/unit/jk_uart_frames.h"

namespace cw {
namespace {

constexpr std::uint32_t kSeed = 20240607;
constexpr int kInputs = 1'000'000;

std::uint32_t below(std::mt19937& random, std::size_t limit) {
  return static_cast<std::uint32_t>(random() % limit);
}

std::uint8_t any_byte(std::mt19937& random) { return static_cast<std::uint8_t>(random()); }

void make_noise(std::mt19937& random, Bytes& bytes) {
  bytes.resize(1 + below(random, 40));
  for (std::uint8_t& byte : bytes) byte = any_byte(random);
}

/// Sound frames to start from, for protocols that have some here.
std::vector<Bytes> seeds_of(const ProtocolSpec& spec) {
  std::vector<Bytes> seeds;
  if (spec.name != "jk-uart") return seeds;
  for (const std::size_t cells : {std::size_t{1}, std::size_t{7}, std::size_t{16}})
    seeds.push_back(BoardAnswer(cells).frame());
  seeds.push_back(BoardAnswer(4).as_old_firmware(10'000).frame());
  const Request request = jk_uart::read_all_request();
  seeds.emplace_back(request.view().begin(), request.view().end());
  return seeds;
}

void damage(std::mt19937& random, Bytes& bytes) {
  for (std::uint32_t i = 1 + below(random, 3); i > 0 && !bytes.empty(); --i) {
    const std::size_t at = below(random, bytes.size());
    const auto here = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(random, 5)) {
      case 0: bytes[at] = any_byte(random); break;
      case 1: bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ (1U << below(random, 8))); break;
      case 2: bytes.erase(here); break;
      case 3: bytes.insert(here, any_byte(random)); break;
      default: bytes.resize(at); break;
    }
  }
}

/// Puts the sum right again, so that what is wrong inside is looked at.
void mend(Bytes& frame) {
  if (frame.size() < 20 || frame.size() > jk_uart::kLongestFrame) return;
  const Bytes length = big_endian(static_cast<std::uint32_t>(frame.size() - 2), 2);
  std::copy(length.begin(), length.end(), frame.begin() + 2);
  frame[frame.size() - 5] = jk_uart::kEndMark;
  const Bytes sum = big_endian(jk_uart::checksum(std::span{frame}.first(frame.size() - 4)), 2);
  std::copy(sum.begin(), sum.end(), frame.end() - 2);
}

TEST(ProtocolFuzz, NoBytesBreakAnyProtocol) {
  for (const ProtocolSpec* spec : all_protocols()) {
    std::mt19937 random(kSeed);
    const std::vector<Bytes> seeds = seeds_of(*spec);
    Bytes bytes;
    for (int i = 0; i < kInputs; ++i) {
      const std::uint32_t kind = seeds.empty() ? 0 : below(random, 4);
      if (kind == 0) {
        make_noise(random, bytes);
      } else {
        bytes = seeds[below(random, seeds.size())];
        damage(random, bytes);
        if (kind >= 2) mend(bytes);
      }
      const char* const broken = feed_everything(*spec, bytes);
      ASSERT_EQ(broken, nullptr) << spec->name << ", seed " << kSeed << ", input " << i;
    }
  }
}

}  // namespace
}  // namespace cw

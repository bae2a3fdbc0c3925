// SPDX-License-Identifier: Apache-2.0
// Random traces, the same in every run; CW_SEED=<number> tries others, CW_SEED=random any. The seed
// is printed.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string_view>

namespace cw {

/// Steps of one test over all of its traces: millions where the build is fast.
inline constexpr int kRandomSteps = CW_RANDOM_STEPS;

inline std::uint64_t seed() {
  const char* const given = std::getenv("CW_SEED");
  const std::string_view word = given != nullptr ? given : "20240501";
  const std::uint64_t seed =
      word == "random" ? std::random_device{}() : std::strtoull(word.data(), nullptr, 10);
  std::printf("seed %llu (repeat with CW_SEED)\n", static_cast<unsigned long long>(seed));
  return seed;
}

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::int32_t between(std::int32_t lowest, std::int32_t highest) {
    return std::uniform_int_distribution<std::int32_t>{lowest, highest}(engine_);
  }
  bool once_in(int n) { return between(1, n) == 1; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace cw

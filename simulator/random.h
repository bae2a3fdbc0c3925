// SPDX-License-Identifier: Apache-2.0
// Chance that is the same on every machine for the same seed; the standard distributions are not.
// Never a source of secrets.
#pragma once
#include <cstdint>

namespace cw::simulator {

/// A well mixed number for every input (the finaliser of splitmix64): chance without state.
constexpr std::uint64_t mixed(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

/// 0 (included) to 1 (excluded).
constexpr double fraction_of(std::uint64_t value) {
  return static_cast<double>(value >> 11) * 0x1.0p-53;
}

class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : state_(mixed(seed)) {}

  constexpr std::uint64_t next() { return mixed(state_ += 0x9E3779B97F4A7C15); }
  constexpr double fraction() { return fraction_of(next()); }
  constexpr double between(double lowest, double highest) {
    return lowest + (highest - lowest) * fraction();
  }
  /// 0 .. count-1
  constexpr std::uint32_t below(std::uint32_t count) {
    return static_cast<std::uint32_t>((next() >> 32) * count >> 32);
  }
  /// Mean 0, standard deviation 1, never beyond 6: near enough to what production spreads.
  constexpr double normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += fraction();
    return sum;
  }

 private:
  std::uint64_t state_;
};

}  // namespace cw::simulator

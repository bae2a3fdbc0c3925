// SPDX-License-Identifier: Apache-2.0
// Counting bits where there is neither an instruction for it nor a library: on a Cortex-M4
// std::popcount is a call into a table of libgcc, which firmware does not link.
#pragma once
#include <concepts>

namespace cw {

/// How many bits are set.
template <std::unsigned_integral Bits>
constexpr int count_ones(Bits bits) {
  int count = 0;
  for (auto rest = static_cast<unsigned long long>(bits); rest != 0; rest &= rest - 1) ++count;
  return count;
}

static_assert(count_ones(0U) == 0 && count_ones(0xFFFF'FFFFU) == 32 && count_ones(0b1011U) == 3);

}  // namespace cw

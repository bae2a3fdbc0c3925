// SPDX-License-Identifier: Apache-2.0
// Where each slot of a JK UART answer is. Nothing here knows what a slot means; the whole list is
// proved sound before anybody reads from it.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "drivers/protocol/jk_uart.h"

namespace cw::jk_uart {

inline constexpr std::uint8_t kFirstId = kCells;
inline constexpr std::size_t kIds = kProtocolVersion - kFirstId + 1;

/// Where the data of each slot ends, counted from some byte before it; 0: not in this answer.
using Ends = std::array<std::uint16_t, kIds>;

/// An answer whose list is sound. Every end lies inside the list and has at least four bytes of the
/// frame before it.
struct Answer {
  const std::uint8_t* base = nullptr;   // the ends count from here
  const Ends* ends = nullptr;           // of all slots but the cells
  std::span<const std::uint8_t> cells;  // (index, millivolts), indices from 1
  std::uint32_t cell_set = 0;           // bit n: cell n + 1 is among them
  bool has_cells = false;
  bool cut_short = false;

  std::size_t end(std::uint8_t id) const { return (*ends)[id - std::size_t{kFirstId}]; }
  bool has(std::uint8_t id) const { return end(id) != 0; }
  std::uint32_t four_before(std::size_t end) const {
    const std::uint8_t* const at = base + end - 4;
    return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 |
           std::uint32_t{at[3]};
  }
  /// The number in a slot that is there.
  std::uint32_t number(std::uint8_t id) const {
    return four_before(end(id)) & (0xFFFF'FFFF >> (32 - 8 * kWidths[id]));
  }
};

/// Finds the slots of a frame whose envelope is good. `ends` is memory for the places, if the list
/// is an unusual one; it must outlive `answer`. Returns what is wrong with the list, or nothing.
std::string_view find_slots(std::span<const std::uint8_t> frame, Ends& ends, Answer& answer);

}  // namespace cw::jk_uart

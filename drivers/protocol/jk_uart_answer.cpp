// SPDX-License-Identifier: Apache-2.0
// Walks the list of slots of a JK UART answer, once, and proves that everything in it lies inside
// the frame. It takes no value out of it and changes no pack.
#include "drivers/protocol/jk_uart_answer.h"

#include <utility>

namespace cw::jk_uart {
namespace {

using namespace std::string_view_literals;

/// Every index from 1 to kMaxCells at most once. Returns what is wrong, or nothing.
std::string_view check_cells(Answer& answer) {
  const auto list = answer.cells;
  if (list.size() % 3 != 0) return "the list of cells breaks off inside a cell"sv;
  if (list.size() / 3 > kMaxCells) return "more than 32 cells"sv;
  std::uint32_t cells = 0;
  for (std::size_t at = 0; at < list.size(); at += 3) {
    const std::uint32_t index = list[at] - 1U;
    if (index >= kMaxCells) return "a cell index outside 1 to 32"sv;
    if ((cells >> index & 1) != 0) return "a cell twice"sv;
    cells |= std::uint32_t{1} << index;
  }
  answer.cell_set = cells;
  return {};
}

/// Reads any list; `ends` becomes its places. Returns what is wrong, or nothing.
std::string_view walk(std::span<const std::uint8_t> frame, Ends& ends, Answer& answer) {
  const std::size_t end = frame.size() - kTrailerSize;
  std::size_t at = kHeaderSize;
  ends = {};
  while (at < end) {
    const std::uint8_t id = frame[at++];
    const bool is_cells = id == kCells;
    if (is_cells && at == end) return "the list breaks off inside a value"sv;
    const std::size_t width = is_cells ? std::size_t{1} + frame[at] : kWidths[id];
    if (width == 0) {
      answer.cut_short = true;
      break;
    }
    if (width > end - at) return "the list breaks off inside a value"sv;
    if (is_cells) answer.cells = frame.subspan(at + 1, width - 1);
    at += width;
    std::uint16_t& place = ends[id - std::size_t{kFirstId}];
    if (place != 0) return "an identifier twice"sv;
    place = static_cast<std::uint16_t>(at);
  }
  if (at == kHeaderSize) return "an answer without content"sv;
  if (answer.cut_short && at == kHeaderSize + 1) return "nothing before an unknown identifier"sv;
  answer.base = frame.data();
  answer.ends = &ends;
  answer.has_cells = ends[0] != 0;
  return check_cells(answer);
}

// Boards with firmware since 2020 send every slot, in the order of the table: only the number of
// cells moves them. Looking whether all identifiers are where they then must be takes a fraction of
// the walk, which has to wait for each width before it can find the next.
struct UsualList {
  Ends ends{};  // counted from the end of the cells
  std::array<std::uint16_t, kSlots.size()> id_at{};
  std::size_t size = 0;
};
constexpr UsualList kUsual = [] {
  UsualList list;
  for (std::size_t i = 0; i < kSlots.size(); ++i) {
    if (!kSlots[i].answered || kSlots[i].id == kCells) continue;
    list.id_at[i] = static_cast<std::uint16_t>(list.size);
    list.size += std::size_t{1} + kSlots[i].width;
    list.ends[kSlots[i].id - std::size_t{kFirstId}] = static_cast<std::uint16_t>(list.size);
  }
  return list;
}();

template <std::size_t... Row>
bool is_usual(const std::uint8_t* list, std::index_sequence<Row...>) {
  return ((!kSlots[Row].answered || kSlots[Row].id == kCells ||
           list[kUsual.id_at[Row]] == kSlots[Row].id) &&
          ...);
}

}  // namespace

std::string_view find_slots(std::span<const std::uint8_t> frame, Ends& ends, Answer& answer) {
  const auto list = frame.subspan(kHeaderSize, frame.size() - kHeaderSize - kTrailerSize);
  if (list.size() < 2 + kUsual.size || list[0] != kCells) return walk(frame, ends, answer);
  const std::size_t cells = list[1];
  if (list.size() != 2 + cells + kUsual.size) return walk(frame, ends, answer);
  const auto rest = list.subspan(2 + cells);
  if (!is_usual(rest.data(), std::make_index_sequence<kSlots.size()>{}))
    return walk(frame, ends, answer);
  answer = {.base = rest.data(),
            .ends = &kUsual.ends,
            .cells = list.subspan(2, cells),
            .has_cells = true};
  return check_cells(answer);
}

}  // namespace cw::jk_uart

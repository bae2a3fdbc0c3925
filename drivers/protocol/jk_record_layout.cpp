// SPDX-License-Identifier: Apache-2.0
// Which generation a board of JK is of: what it says of itself, and what its status can only be.
#include <bit>

#include "core/bits.h"
#include "drivers/protocol/jk_record.h"
#include "drivers/protocol/jk_record_tables.h"

namespace cw::jk_record {
namespace {

constexpr std::uint32_t kFirstWide = 11;  // major version of the software

const Slot* find_form(Layout layout, Form form) {
  for (const Slot& slot : slots(Type::status, layout))
    if (slot.form == form) return &slot;
  return nullptr;
}

/// The cells that are connected make up the pack, within a few mV a cell.
bool adds_up(Record record, Layout layout) {
  constexpr std::int64_t kEach_mV = 10;
  const Slot* const cells = find_form(layout, Form::cells);
  const std::uint32_t mask = raw_number(record, *find_form(layout, Form::cell_mask));
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < cells->count; ++i)
    if ((mask >> i & 1) != 0) sum += raw_number(record, *cells, i);
  for (const Slot& slot : slots(Type::status, layout)) {
    if (slot.field != index_of<&PackScalars::voltage>()) continue;
    const std::int64_t difference = std::int64_t{raw_number(record, slot)} - sum;
    const std::int64_t most = kEach_mV * count_ones(mask);
    return mask != 0 && difference <= most && difference >= -most;
  }
  return false;
}

}  // namespace

std::optional<Layout> layout_by_version(const Identity& identity) {
  std::string_view version = identity.software_version.view();
  if (version.starts_with('V') || version.starts_with('v')) version.remove_prefix(1);
  std::uint32_t major = 0;
  std::size_t digits = 0;
  for (; digits < version.size() && version[digits] >= '0' && version[digits] <= '9'; ++digits)
    major = major * 10 + static_cast<std::uint32_t>(version[digits] - '0');
  if (digits == 0) return std::nullopt;
  if (major >= kFirstWide) return Layout::jk02_32s;
  return identity.model.view().ends_with('P') ? Layout::jk02_24s : Layout::jk04;
}

std::optional<Layout> layout_by_status(Record record) {
  const Slot* const reals = find_form(Layout::jk04, Form::real_cells);
  const float first = std::bit_cast<float>(raw_number(record, *reals));
  if (first > 0.5F && first < 5.5F &&
      raw_number(record, *find_form(Layout::jk04, Form::cell_mask)) != 0)
    return Layout::jk04;
  for (const Layout layout : {Layout::jk02_24s, Layout::jk02_32s})
    if (adds_up(record, layout)) return layout;
  return std::nullopt;
}

}  // namespace cw::jk_record

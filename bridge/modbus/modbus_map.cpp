// SPDX-License-Identifier: Apache-2.0
#include "bridge/modbus/modbus_map.h"

#include <algorithm>

#include "bridge/modbus/modbus_table.h"

namespace cw {
namespace {

using modbus::Encoding;
using modbus::kMapSize;
using modbus::kReadable;
using modbus::kRows;
using modbus::Number;
using modbus::Row;

using Registers = std::span<std::uint16_t>;

void put_big_end_first(Registers out, std::uint64_t bits) {
  for (std::size_t i = out.size(); i-- > 0; bits >>= 16)
    out[i] = static_cast<std::uint16_t>(bits & 0xFFFF);
}

std::uint64_t not_available(Encoding encoding) {
  switch (encoding) {
    case Encoding::number16: return 0xFFFF;
    case Encoding::number32:
    case Encoding::bits32: return 0x8000'0000;
    case Encoding::bits64: return 0x8000'0000'0000'0000;
    case Encoding::text: return 0;
  }
  return 0;
}

// Ages and counters stop at the highest number there is; every other value fits by its range.
std::int64_t within_32_bits(std::int64_t value) { return std::min<std::int64_t>(value, INT32_MAX); }

void put_number(Encoding encoding, Registers out, Number value) {
  if (value && encoding == Encoding::number32) value = within_32_bits(*value);
  put_big_end_first(out, value ? static_cast<std::uint64_t>(*value) : not_available(encoding));
}

void put_text(Registers out, std::string_view text) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto byte = [&](std::size_t at) -> unsigned {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    out[i] = static_cast<std::uint16_t>(byte(2 * i) << 8 | byte(2 * i + 1));
  }
}

bool has(const Row& row, UnitKind kind) {
  switch (row.shown) {
    case modbus::Shown::both: return true;
    case modbus::Shown::pack: return kind == UnitKind::pack;
    case modbus::Shown::bank: return kind == UnitKind::bank;
  }
  return false;
}

class NativeMap : public RegisterMap {
 public:
  std::size_t size() const override { return kMapSize; }

  std::size_t readable(std::uint16_t address) const override {
    return address < kMapSize ? kReadable[address] : 0;
  }

  void render(const UnitState& unit, Instant now, Registers image) const override {
    const bool believed = unit.believed(now);
    for (const Row& row : kRows) {
      const bool shown = has(row, unit.kind) && (believed || row.holds == modbus::Holds::always);
      for (std::size_t i = 0; i < row.values; ++i) {
        const Registers out = image.subspan(row.first + i * row.length, row.length);
        if (row.encoding == Encoding::text)
          put_text(out, shown ? row.text(unit, i) : std::string_view{});
        else
          put_number(row.encoding, out, shown ? row.number(unit, now, i) : std::nullopt);
      }
    }
  }
};

// All scalars with one time, so that the bank's values end together.
PackScalars stamped(const PackScalars& scalars, Instant heard) {
  PackScalars out;
  for (const Field& field : kFields)
    if (const auto when = field.heard(scalars))
      field.store(out, *field.fresh(scalars, *when, {0}), heard);
  return out;
}

Decision union_of_decisions(std::span<const PackState> packs) {
  if (packs.empty()) return {};
  Decision all{.open = Switches::none, .tripped = 0};
  for (const PackState& state : packs) {
    const Decision& one = state.guard.decision();
    all.open = all.open | one.open;
    all.tripped |= one.tripped;
    all.off |= one.off;
  }
  return all;
}

std::optional<std::uint8_t> known(std::uint8_t pack) {
  if (pack == 0) return std::nullopt;
  return pack;
}

}  // namespace

const RegisterMap& native_map() {
  static const NativeMap map;
  return map;
}

void copy_pack(const Picture& picture, std::size_t index, bool pack_too, UnitState& unit) {
  const PackState& state = picture.packs[index];
  unit.kind = UnitKind::pack;
  unit.mode = picture.mode;
  unit.packs = static_cast<std::uint8_t>(picture.packs.size());
  unit.name = state.name;
  unit.protocol = state.protocol;
  unit.link = state.link.link;
  unit.heard.reset();
  if (state.link.link != Link::unheard) unit.heard = state.link.last_frame;
  unit.max_age = state.max_age;
  unit.decision = state.guard.decision();
  if (pack_too) unit.pack = state.pack;
}

void copy_bank(const Picture& picture, UnitState& unit) {
  unit.kind = UnitKind::bank;
  unit.mode = picture.mode;
  unit.packs = picture.bank.packs;
  unit.packs_in = picture.bank.packs_in;
  unit.name.assign("bank");
  unit.decision = union_of_decisions(picture.packs);
  unit.cell_voltage_max_pack = known(picture.bank.cell_voltage_max_pack);
  unit.cell_voltage_min_pack = known(picture.bank.cell_voltage_min_pack);
  unit.relays.assign(picture.relays.begin(), picture.relays.end());
  // The sum is as old as its oldest part, and ends with the part that ends first.
  unit.heard.reset();
  std::optional<Instant> ends;
  for (const PackState& state : picture.packs) {
    if (!state.fresh(picture.now)) continue;
    const Instant frame = state.link.last_frame;
    unit.heard = std::min(unit.heard.value_or(frame), frame);
    ends = std::min(ends.value_or(frame + state.max_age), frame + state.max_age);
  }
  unit.max_age = {};
  unit.pack.scalars = {};
  unit.pack.alarms.clear();
  if (!unit.heard) return;
  unit.max_age = {static_cast<std::int32_t>(ends->ms - unit.heard->ms)};
  unit.pack.scalars = stamped(picture.bank.scalars, *unit.heard);
  const auto& alarms = picture.bank.alarms;
  if (const auto union_of_all = alarms.fresh(alarms.heard(), {0}))
    unit.pack.alarms.set(*union_of_all, *unit.heard);
}

}  // namespace cw

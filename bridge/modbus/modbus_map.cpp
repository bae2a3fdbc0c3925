// SPDX-License-Identifier: Apache-2.0
#include "bridge/modbus/modbus_map.h"

#include <algorithm>

#include "bridge/modbus/modbus_registers.h"
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
  modbus::put_number(out, value ? static_cast<std::uint64_t>(*value) : not_available(encoding));
}

bool has(const Row& row, UnitKind kind) {
  switch (row.shown) {
    case modbus::Shown::both: return true;
    case modbus::Shown::pack: return kind == UnitKind::pack;
    case modbus::Shown::bank: return kind == UnitKind::bank;
  }
  return false;
}

// Which of the units a map shows.
class NativeMap : public RegisterMap {
 public:
  std::size_t size() const override { return kMapSize; }
  std::size_t readable(std::uint16_t address) const override {
    return native_map_readable(address);
  }
};

class PackMap : public NativeMap {
 public:
  explicit PackMap(std::size_t index) : index_(index) {}
  Instant render(const Site& site, Instant now, Registers image) const override {
    render_native_map(site.packs[index_], now, image);
    return now;  // there are ages in it
  }

 private:
  std::size_t index_;
};

class BankMap : public NativeMap {
 public:
  Instant render(const Site& site, Instant now, Registers image) const override {
    render_native_map(site.bank, now, image);
    return now;
  }
};

}  // namespace

std::unique_ptr<RegisterMap> native_pack_map(std::size_t index) {
  return std::make_unique<PackMap>(index);
}

std::unique_ptr<RegisterMap> native_bank_map() { return std::make_unique<BankMap>(); }

std::size_t native_map_size() { return kMapSize; }

std::size_t native_map_readable(std::uint16_t address) {
  return address < kMapSize ? kReadable[address] : 0;
}

void render_native_map(const UnitState& unit, Instant now, Registers image) {
  const bool believed = unit.believed(now);
  for (const Row& row : kRows) {
    const bool shown = has(row, unit.kind) && (believed || row.holds == modbus::Holds::always);
    for (std::size_t i = 0; i < row.values; ++i) {
      const Registers out = image.subspan(row.first + i * row.length, row.length);
      if (row.encoding == Encoding::text)
        modbus::put_text(out, shown ? row.text(unit, i) : std::string_view{});
      else
        put_number(row.encoding, out, shown ? row.number(unit, now, i) : std::nullopt);
    }
  }
}

}  // namespace cw

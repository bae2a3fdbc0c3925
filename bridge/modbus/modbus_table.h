// SPDX-License-Identifier: Apache-2.0
// THE table of the native Modbus map: one row a value, or a series of values that follow each
// other. Rows of the field table are taken over, so a new field is in the map by itself. Rows are
// appended, never moved; a change of meaning raises kMapVersion.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "bridge/modbus/modbus_map.h"
#include "core/fields.h"

namespace cw::modbus {

inline constexpr std::int64_t kMapVersion = 1;

/// How a value lies in its registers, big end first.
enum class Encoding : std::uint8_t { number16, number32, bits32, bits64, text };

struct EncodingFacts {
  std::string_view name;
  std::string_view not_available;  // in hexadecimal, one register after the other
  std::string_view meaning;
};
constexpr EncodingFacts facts(Encoding encoding) {
  switch (encoding) {
    case Encoding::number16: return {"number16", "FFFF", "unsigned, 1 register"};
    case Encoding::number32: return {"number32", "8000 0000", "signed, 2 registers"};
    case Encoding::bits32: return {"bits32", "8000 0000", "bit 0 is the lowest of 2 registers"};
    case Encoding::bits64:
      return {"bits64", "8000 0000 0000 0000", "bit 0 is the lowest of 4 registers"};
    case Encoding::text: return {"text", "0000", "UTF-8, 2 bytes a register, zeros at the end"};
  }
  return {};
}

/// Which units have the value; in the others it is not available.
enum class Shown : std::uint8_t { both, pack, bank };
/// `believed`: measured, so it ends with the unit's age. `always`: what the gateway itself knows.
enum class Holds : std::uint8_t { always, believed };

using Number = std::optional<std::int64_t>;
using ReadNumber = Number (*)(const UnitState&, Instant now, std::size_t i);
using ReadText = std::string_view (*)(const UnitState&, std::size_t i);

struct Row {
  std::uint16_t first;   // register
  std::uint16_t length;  // registers a value
  std::uint16_t values;  // that follow each other
  Encoding encoding;
  Unit unit;
  Shown shown;
  Holds holds;
  std::string_view key;
  std::string_view title;
  ReadNumber number;  // of every encoding but text
  ReadText text;      // of a text

  constexpr std::size_t end() const { return first + std::size_t{length} * values; }
};

constexpr std::uint16_t registers(Encoding encoding) {
  switch (encoding) {
    case Encoding::number16: return 1;
    case Encoding::bits64: return 4;
    case Encoding::number32:
    case Encoding::bits32:
    case Encoding::text: return 2;
  }
  return 0;
}

consteval Row number_row(std::uint16_t first, Encoding encoding, Shown shown, Holds holds,
                         std::string_view key, std::string_view title, ReadNumber read,
                         Unit unit = Unit::count, std::size_t values = 1) {
  return {first,
          registers(encoding),
          static_cast<std::uint16_t>(values),
          encoding,
          unit,
          shown,
          holds,
          key,
          title,
          read,
          nullptr};
}
consteval Row text_row(std::uint16_t first, std::size_t characters, Shown shown,
                       std::string_view key, std::string_view title, ReadText read,
                       std::size_t values = 1) {
  return {first,
          static_cast<std::uint16_t>(characters / 2),
          static_cast<std::uint16_t>(values),
          Encoding::text,
          Unit::count,
          shown,
          Holds::always,
          key,
          title,
          nullptr,
          read};
}

namespace read {
template <class T>
constexpr Number number_of(const std::optional<T>& value) {
  if (!value) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}
template <std::size_t I>
Number field(const UnitState& unit, Instant now, std::size_t) {
  return number_of(kFresh[I](unit.pack.scalars, now, unit.max_age));
}
template <Series S>
Number element(const UnitState& unit, Instant now, std::size_t i) {
  return number_of(fresh_element(unit.pack, S, i, now, unit.max_age));
}
template <auto Member>
Number relay(const UnitState& unit, Instant, std::size_t i) {
  if (i >= unit.relays.size()) return std::nullopt;
  return static_cast<std::int64_t>(unit.relays[i].*Member);
}
inline std::string_view relay_name(const UnitState& unit, std::size_t i) {
  return i < unit.relays.size() ? unit.relays[i].name.view() : std::string_view{};
}
template <auto Member>
std::string_view identity(const UnitState& unit, std::size_t) {
  return (unit.pack.identity.*Member).view();
}
template <Switches S>
Number allowed(const UnitState& unit, Instant now, std::size_t) {
  return unit.believed(now) && unit.decision.allows(S) ? 1 : 0;
}
inline Number age(const UnitState& unit, Instant now, std::size_t) {
  if (!unit.heard) return std::nullopt;
  return now.ms - unit.heard->ms;
}
inline Number age_most(const UnitState& unit, Instant, std::size_t) {
  if (unit.kind == UnitKind::bank && !unit.heard) return std::nullopt;
  return unit.max_age.count;
}
inline Number alarms(const UnitState& unit, Instant now, std::size_t) {
  const auto alarms = unit.pack.alarms.fresh(now, unit.max_age);
  if (!alarms) return std::nullopt;
  return static_cast<std::int64_t>(alarms->named);
}
inline Number alarms_unknown(const UnitState& unit, Instant now, std::size_t) {
  const auto alarms = unit.pack.alarms.fresh(now, unit.max_age);
  if (!alarms) return std::nullopt;
  return static_cast<std::int64_t>(alarms->unknown);
}
}  // namespace read

namespace short_names {
using enum Encoding;
using enum Holds;
inline constexpr auto both = Shown::both;
inline constexpr auto pack = Shown::pack;
inline constexpr auto bank = Shown::bank;
using U = const UnitState&;
using T = Instant;
using I = std::size_t;
}  // namespace short_names

// What the gateway itself knows about the unit.
// clang-format off
inline constexpr auto kHeaderRows = [] {
  using namespace short_names;
  return std::to_array<Row>({
      text_row(0, 2, both, "magic", "The letters CW: this is a map of Cellwarden",
               [](U, I) -> std::string_view { return "CW"; }),
      number_row(1, number16, both, always, "map_version", "Version of this map",
                 [](U, T, I) -> Number { return kMapVersion; }),
      number_row(2, number16, both, always, "unit_kind", "1 pack, 2 bank",
                 [](U u, T, I) -> Number { return static_cast<std::int64_t>(u.kind); }),
      number_row(3, number16, both, always, "packs", "Packs configured: units 1 to this number",
                 [](U u, T, I) -> Number { return u.packs; }),
      number_row(4, number16, bank, always, "packs_in", "Packs that are heard and connected",
                 [](U u, T, I) { return read::number_of(u.packs_in); }),
      number_row(5, number16, both, always, "mode", "0 observe, 1 control",
                 [](U u, T, I) -> Number { return static_cast<std::int64_t>(u.mode); }),
      number_row(6, number16, pack, always, "link", "0 unheard, 1 up, 2 failing, 3 lost",
                 [](U u, T, I) { return read::number_of(u.link); }),
      number_row(7, number16, both, always, "fresh", "1: the values are young enough to believe",
                 [](U u, T now, I) -> Number { return u.believed(now) ? 1 : 0; }),
      number_row(8, number32, both, always, "age_s",
                 "From the last frame to this request; of a bank from the oldest it counts on",
                 &read::age, Unit::millisecond),
      number_row(10, number32, both, always, "age_most_s", "Values older than this are absent",
                 &read::age_most, Unit::millisecond),
      number_row(12, bits64, both, believed, "alarms", "One bit an alarm, see below",
                 &read::alarms),
      number_row(16, bits32, both, believed, "alarms_unknown",
                 "Bits of the device's own alarm word nobody can name; to be read with alarms",
                 &read::alarms_unknown),
      number_row(18, number16, both, always, "charge_allowed",
                 "1: it is heard, and no rule of the supervisor holds charging open",
                 &read::allowed<Switches::charge>),
      number_row(19, number16, both, always, "discharge_allowed",
                 "1: it is heard, and no rule of the supervisor holds discharging open",
                 &read::allowed<Switches::discharge>),
      number_row(20, bits32, both, always, "rules_tripped",
                 "One bit a rule of the supervisor that holds its switches open, see below",
                 [](U u, T, I) -> Number { return u.decision.tripped; }),
      number_row(22, bits32, both, always, "rules_off",
                 "One bit a rule that guards nothing, because its limits are not known",
                 [](U u, T, I) -> Number { return u.decision.off; }),
      number_row(24, number16, bank, believed, "cell_voltage_max_pack", "Pack of the highest cell",
                 [](U u, T, I) { return read::number_of(u.cell_voltage_max_pack); }),
      number_row(25, number16, bank, believed, "cell_voltage_min_pack", "Pack of the lowest cell",
                 [](U u, T, I) { return read::number_of(u.cell_voltage_min_pack); }),
      number_row(26, number16, bank, always, "relay_count", "Relays configured; 16 are shown",
                 [](U u, T, I) -> Number { return static_cast<std::int64_t>(u.relays.size()); }),
  });
}();
// clang-format on

// One row of core/fields.h each.
template <std::size_t... I>
consteval std::array<Row, kFieldCount> field_rows(std::index_sequence<I...>) {
  return {number_row(kFields[I].facts.modbus, Encoding::number32, Shown::both, Holds::believed,
                     kFields[I].facts.key, kFields[I].facts.title, &read::field<I>,
                     kFields[I].unit)...};
}
template <std::size_t... S>
consteval std::array<Row, kSeries.size()> series_rows(std::index_sequence<S...>) {
  return {number_row(kSeries[S].modbus, Encoding::number32, Shown::pack, Holds::believed,
                     kSeries[S].key, kSeries[S].title, &read::element<static_cast<Series>(S)>,
                     kSeries[S].unit, kSeries[S].capacity)...};
}
inline constexpr auto kFieldRows = field_rows(std::make_index_sequence<kFieldCount>{});
inline constexpr auto kSeriesRows = series_rows(std::make_index_sequence<kSeries.size()>{});

// clang-format off
inline constexpr auto kTextRows = [] {
  using namespace short_names;
  using D = Identity;
  return std::to_array<Row>({
      text_row(600, 32, both, "pack", "Configured name; of the bank: bank",
               [](U u, I) { return u.name.view(); }),
      text_row(616, 16, pack, "protocol", "Protocol the device is read with",
               [](U u, I) { return u.protocol; }),
      text_row(624, 16, pack, "make", "Make", &read::identity<&D::make>),
      text_row(632, 24, pack, "model", "Model", &read::identity<&D::model>),
      text_row(644, 16, pack, "hardware_version", "Hardware",
               &read::identity<&D::hardware_version>),
      text_row(652, 16, pack, "software_version", "Software",
               &read::identity<&D::software_version>),
      text_row(660, 24, pack, "serial", "Serial number", &read::identity<&D::serial>),
      text_row(672, 24, pack, "name", "Name in the device", &read::identity<&D::name>),
      text_row(684, 24, pack, "user_data", "User data in the device",
               &read::identity<&D::user_data>),
  });
}();

// Registers 700 to 811 in one read tell the state of every relay.
inline constexpr auto kRelayRows = [] {
  using namespace short_names;
  using R = RelayState;
  constexpr auto n = kRelaysMost;
  return std::to_array<Row>({
      number_row(700, number16, bank, always, "relay_role",
                 "0 charge, 1 discharge, 2 alarm, 3 precharge, 4 heater, 5 generator, "
                 "6 heartbeat, 7 cutoff",
                 &read::relay<&R::role>, Unit::count, n),
      number_row(716, number16, bank, always, "relay_wanted", "1: the decision wants it on",
                 &read::relay<&R::wanted>, Unit::flag, n),
      number_row(732, number16, bank, always, "relay_energised", "1: it was last driven on",
                 &read::relay<&R::energised>, Unit::flag, n),
      number_row(748, number16, bank, always, "relay_fault", "1: its line could not be driven",
                 &read::relay<&R::fault>, Unit::flag, n),
      number_row(764, number16, bank, always, "relay_dry_run", "1: there is no line behind it",
                 &read::relay<&R::dry_run>, Unit::flag, n),
      number_row(780, number32, bank, always, "relay_operations", "Operations, over restarts",
                 &read::relay<&R::operations>, Unit::count, n),
      text_row(812, 32, bank, "relay_name", "Name of the relay", &read::relay_name, n),
  });
}();
// clang-format on

/// Every row, in the order of the registers.
inline constexpr auto kRows = [] {
  constexpr std::size_t count = kHeaderRows.size() + kFieldRows.size() + kSeriesRows.size() +
                                kTextRows.size() + kRelayRows.size();
  std::array<Row, count> rows{};
  auto next = rows.begin();
  const auto append = [&next](const auto& part) { next = std::ranges::copy(part, next).out; };
  append(kHeaderRows);
  append(kFieldRows);
  append(kSeriesRows);
  append(kTextRows);
  append(kRelayRows);
  std::ranges::sort(rows, {}, &Row::first);
  return rows;
}();
inline constexpr std::size_t kMapSize = kRows.back().end();

namespace proof {
consteval bool rows_are_apart() {
  for (std::size_t i = 1; i < kRows.size(); ++i)
    if (kRows[i].first < kRows[i - 1].end()) return false;
  return true;
}
consteval bool keys_are_unique() {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    for (std::size_t j = i + 1; j < kRows.size(); ++j)
      if (kRows[i].key == kRows[j].key) return false;
  return true;
}
consteval bool no_alarm_looks_like_none() { return kAlarmCount < 63; }  // bit 63: not available
static_assert(rows_are_apart());
static_assert(keys_are_unique());
static_assert(no_alarm_looks_like_none());
static_assert(kMapSize <= 0x10000);
static_assert(kRegistersPerField == registers(Encoding::number32));
}  // namespace proof

/// How many registers from this one on can be read in one piece.
inline constexpr auto kReadable = [] {
  std::array<std::uint16_t, kMapSize> readable{};
  for (const Row& row : kRows)
    for (std::size_t r = row.first; r < row.end(); ++r) readable[r] = 1;
  for (std::size_t r = kMapSize - 1; r-- > 0;)
    if (readable[r] != 0) readable[r] = static_cast<std::uint16_t>(readable[r + 1] + 1);
  return readable;
}();

}  // namespace cw::modbus

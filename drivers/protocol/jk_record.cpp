// SPDX-License-Identifier: Apache-2.0
// JK's records of 300 bytes: what is in them. Who sent one is not in it; the wire has to tell.
//
// Seen on: balancers B2A16S 3.3 and B5A24S 8.0 (jk04), BD6A17S6P 7.1 to B2A24S20P 10.09 (jk02-24s),
// B1A8S10P 11.48 to PB2A16S15P 15.41 and 19.26 (jk02-32s), 2 to 25 cells.
//
//   byte 0  55 AA EB 90  start mark
//        4  02           type: 1 settings, 2 status, 3 device information, 5 log of events
//        5  4F           counter (Bluetooth), 00 or 05 (RS485): not looked at
//        6  ...          values at fixed places, little-endian
//      299  7C           8-bit sum of all before it
//
// The sum sees every single changed byte, but not two changes that cancel each other; of random
// damage one in 256 passes. What cannot be true is left to the ranges of the fields.
#include "drivers/protocol/jk_record.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "core/bits.h"
#include "drivers/protocol/jk_record_tables.h"
#include "drivers/protocol/printable.h"

namespace cw::jk_record {
namespace {

using namespace std::string_view_literals;

template <std::size_t Width>
std::uint32_t little_endian(const std::uint8_t* at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < Width; ++i) value |= std::uint32_t{at[i]} << 8 * i;
  return value;
}

/// A record, or (Whole: false) the part of one that was read register by register.
template <bool Whole>
struct Source {
  const std::uint8_t* bytes;
  std::size_t first = 0;  // these bytes are there
  std::size_t last = kSize;

  bool has(std::size_t at, std::size_t size) const {
    return Whole || (at >= first && at + size <= last);
  }
};

/// Calls `apply` with the number of each row of a table, as a constant, if it is there.
template <const auto& Table, bool Whole, class Apply>
void for_each_row(const Source<Whole>& source, Apply apply) {
  [&]<std::size_t... Row>(std::index_sequence<Row...>) {
    const auto one = [&]<std::size_t I>(std::integral_constant<std::size_t, I> row) {
      if (source.has(Table[I].at, Table[I].size())) apply(row);
    };
    (one(std::integral_constant<std::size_t, Row>{}), ...);
  }
  (std::make_index_sequence<Table.size()>{});
}

/// The row of a form of which a table has at most one; its size if it has none.
template <const auto& Table>
consteval std::size_t row_of(Form form) {
  for (std::size_t i = 0; i < Table.size(); ++i)
    if (Table[i].form == form) return i;
  return Table.size();
}

template <const auto& Table, std::size_t Row, bool Whole>
std::uint32_t raw_of(const Source<Whole>& source) {
  return little_endian<Table[Row].width>(source.bytes + Table[Row].at);
}

/// Nothing: no number, or far out of every range.
std::optional<std::int64_t> rounded(std::uint32_t bits, std::int32_t scale) {
  const float value = std::bit_cast<float>(bits) * static_cast<float>(scale);
  if (!(value > -1e9F && value < 1e9F)) return std::nullopt;
  return static_cast<std::int64_t>(value + (value < 0 ? -0.5F : 0.5F));
}

/// The value of a row in the unit of its target; nothing: it is no number, or not told.
template <const auto& Table, std::size_t Row, bool Whole>
std::optional<std::int64_t> value_of(const Source<Whole>& source) {
  constexpr Slot kSlot = Table[Row];
  const std::uint32_t raw = raw_of<Table, Row>(source);
  if constexpr (kSlot.form == Form::real) return rounded(raw, kSlot.scale);
  constexpr std::uint32_t kSign =
      kSlot.form == Form::signed_number ? std::uint32_t{1} << (8U * kSlot.width - 1) : 0;
  // Two's complement of any width: flip the sign bit, then take it off again.
  return (std::int64_t{raw ^ kSign} - kSign) * kSlot.scale;
}

constexpr bool is_number(Form form) {
  return form == Form::number || form == Form::told_number || form == Form::signed_number ||
         form == Form::real;
}

// --- settings ------------------------------------------------------------------------------------

/// False: it is out of range, and not known any more, whatever was heard before.
bool store_setting(ParameterSet& settings, Parameter parameter, std::optional<std::int64_t> value) {
  if (value && *value >= INT32_MIN && *value <= INT32_MAX &&
      settings.set(parameter, static_cast<std::int32_t>(*value)))
    return true;
  settings.forget(parameter);
  return false;
}

/// Fields and settings: every row that is one number.
template <const auto& Table, bool Whole>
void apply_numbers(const Source<Whole>& source, Instant now, Pack& pack, Applied& applied) {
  for_each_row<Table>(source, [&](auto row) {
    constexpr Slot kSlot = Table[row];
    if constexpr (is_number(kSlot.form)) {
      const auto value = value_of<Table, row>(source);
      const bool told = kSlot.form != Form::told_number || *value != 0;
      if constexpr (kSlot.is_setting()) {
        if (!told)
          pack.parameters.forget(*kSlot.parameter);
        else if (!store_setting(pack.parameters, *kSlot.parameter, value))
          ++applied.refused;
      }
      if constexpr (kSlot.field != kNoField) {
        // What no number is cannot be stored: far outside every field it becomes implausible.
        if (told) kSlot.store(pack.scalars, value.value_or(INT64_MAX), now);
      }
    }
  });
}

// --- cells ---------------------------------------------------------------------------------------

/// Returns the sum of the elements, in tenths of the unit of the readings; nothing: one is no
/// number.
template <const auto& Table, std::size_t Row, bool Whole, class Readings>
std::optional<std::int64_t> apply_series(const Source<Whole>& source, std::uint32_t mask,
                                         Readings& readings, Instant now) {
  constexpr Slot kSlot = Table[Row];
  const std::uint8_t* at = source.bytes + kSlot.at;
  std::int64_t sum = 0;
  bool all = true;
  for (std::size_t i = 0; i < readings.size(); ++i, at += kSlot.width) {
    if (i >= kSlot.count || (mask >> i & 1) == 0) {
      readings[i].clear();  // not connected, or not any more
      continue;
    }
    const std::uint32_t raw = little_endian<kSlot.width>(at);
    if constexpr (kSlot.form == Form::real_cells || kSlot.form == Form::real_wires) {
      const auto tenths = rounded(raw, kSlot.scale * 10);
      all = all && tenths;
      if (!tenths) {
        readings[i].reject(now);
        continue;
      }
      sum += *tenths;
      readings[i].set({static_cast<std::int32_t>((*tenths + (*tenths < 0 ? -5 : 5)) / 10)}, now);
    } else {
      const std::int64_t value = std::int64_t{raw} * kSlot.scale;
      sum += value * 10;
      readings[i].set({static_cast<std::int32_t>(value)}, now);
    }
  }
  return all ? std::optional{sum} : std::nullopt;
}

template <const auto& Table, bool Whole>
void apply_cells(const Source<Whole>& source, Instant now, Pack& pack) {
  constexpr std::size_t kMask = row_of<Table>(Form::cell_mask);
  if (!source.has(Table[kMask].at, Table[kMask].size())) return;
  const std::uint32_t mask = raw_of<Table, kMask>(source);
  pack.scalars.cell_count.set({count_ones(mask)}, now);
  for_each_row<Table>(source, [&](auto row) {
    constexpr Form kForm = Table[row].form;
    if constexpr (kForm == Form::cells) {
      apply_series<Table, row>(source, mask, pack.cell_voltage, now);
    } else if constexpr (kForm == Form::real_cells) {
      // Such a board measures its cells alone: together they are the pack.
      const auto sum = apply_series<Table, row>(source, mask, pack.cell_voltage, now);
      const std::int64_t voltage = mask != 0 && sum ? (*sum + 5) / 10 : INT64_MAX;
      store_number<&PackScalars::voltage>(pack.scalars, voltage, now);
    } else if constexpr (kForm == Form::wires || kForm == Form::real_wires) {
      apply_series<Table, row>(source, mask, pack.wire_resistance, now);
    }
  });
}

// --- sensors and states --------------------------------------------------------------------------

/// A sensor that never was there is none; one that is gone is a sensor that cannot be read.
void set_sensor(Reading<DeciCelsius>& reading, std::optional<std::int32_t> value, Instant now) {
  if (value)
    reading.set({*value}, now);
  else if (reading.quality() != Quality::absent)
    reading.reject(now);
}

template <bool Whole>
bool has_tail(const Source<Whole>& source) {
  if (!source.has(tables::kTailAt, tables::kTailSize)) return true;
  const std::uint8_t* const tail = source.bytes + tables::kTailAt;
  return !std::all_of(tail, tail + tables::kTailSize, [](std::uint8_t byte) { return byte == 0; });
}

template <const auto& Table, bool Whole>
void apply_sensors(const Source<Whole>& source, Instant now, Pack& pack) {
  constexpr std::size_t kMask = row_of<Table>(Form::sensor_mask);
  std::uint32_t fitted = 0xFF;
  if constexpr (kMask < Table.size())
    if (source.has(Table[kMask].at, 1)) fitted = raw_of<Table, kMask>(source);
  const bool tail = has_tail(source);
  for_each_row<Table>(source, [&](auto row) {
    constexpr Slot kSlot = Table[row];
    if constexpr (kSlot.form == Form::temperature) {
      const auto raw = static_cast<std::int16_t>(raw_of<Table, row>(source));
      const bool there = (fitted >> kSlot.sensor & 1) != 0 && raw != kNoSensor &&
                         (tail || kSlot.at < tables::kTailAt);
      constexpr bool kBattery = kSlot.sensor != 0;
      auto& reading = kBattery ? pack.temperature[kBattery ? kSlot.sensor - 1U : 0]
                               : pack.scalars.mosfet_temperature;
      set_sensor(reading, there ? std::optional<std::int32_t>{raw} : std::nullopt, now);
    }
  });
}

void apply_balance(std::uint32_t raw, PackScalars& scalars, Instant now) {
  constexpr std::array<std::int32_t, 3> kActions = {0, 2, 1};
  if (raw >= kActions.size()) {
    scalars.balance_action.reject(now);
    return scalars.balancing.reject(now);
  }
  scalars.balance_action.set({kActions[raw]}, now);
  scalars.balancing.set({raw != 0 ? 1 : 0}, now);
}

/// Boards without a heater send nonsense, and those with one a current that flows out of the pack.
void apply_heater_current(std::uint32_t raw, PackScalars& scalars, Instant now) {
  const auto on = scalars.heater.fresh(now, {0});
  const std::int32_t current = static_cast<std::int16_t>(raw);
  if (on && on->count == 1 && scalars.heater.heard() == now)
    scalars.heater_current.set({current < 0 ? -current : current}, now);
  else
    scalars.heater_current.clear();
}

template <const auto& Table, bool Whole>
void apply_states(const Source<Whole>& source, Instant now, Pack& pack, Applied& applied) {
  for_each_row<Table>(source, [&](auto row) {
    constexpr Form kForm = Table[row].form;
    if constexpr (kForm == Form::balance)
      apply_balance(raw_of<Table, row>(source), pack.scalars, now);
    if constexpr (kForm == Form::heater_current)
      apply_heater_current(raw_of<Table, row>(source), pack.scalars, now);
    if constexpr (kForm == Form::alarms) {
      const std::uint32_t raw = raw_of<Table, row>(source);
      pack.alarms.set(decode_alarms(raw), now);
      applied.default_password = (raw >> kDefaultPasswordBit & 1) != 0;
      if (applied.default_password) applied.why = "the board reminds of its default password"sv;
    }
  });
}

template <const auto& Table, bool Whole>
void apply_status(const Source<Whole>& source, Instant now, Pack& pack, Applied& applied) {
  apply_cells<Table>(source, now, pack);
  apply_numbers<Table>(source, now, pack, applied);
  apply_sensors<Table>(source, now, pack);
  apply_states<Table>(source, now, pack, applied);
}

template <const auto& Table, bool Whole>
void apply_settings(const Source<Whole>& source, Instant now, Pack& pack, Applied& applied) {
  if constexpr (Whole) {  // a setting it does not have is not known any more
    pack.parameters = {};
    pack.parameters_heard = now;
  }
  apply_numbers<Table>(source, now, pack, applied);
}

// --- device information --------------------------------------------------------------------------

template <bool Whole>
void apply_device(const Source<Whole>& source, Identity& identity, Applied& applied) {
  const auto text = [&](std::uint16_t at, auto& target) {
    for (const Slot& slot : tables::kDevice)
      if (slot.at == at && source.has(at, slot.size()))
        target.assign(printable({reinterpret_cast<const char*>(source.bytes + at), slot.size()},
                                applied.refused));
  };
  identity.make.assign("JK");
  text(tables::kModelAt, identity.model);
  text(tables::kHardwareVersionAt, identity.hardware_version);
  text(tables::kSoftwareVersionAt, identity.software_version);
  text(tables::kNameAt, identity.name);
  text(tables::kSerialAt, identity.serial);
  text(tables::kUserDataAt, identity.user_data);
}

template <Layout L, bool Whole>
void apply_type(Type type, const Source<Whole>& source, Instant now, Pack& pack, Applied& applied) {
  constexpr bool kNew = L == Layout::jk02_32s;
  constexpr bool kFloat = L == Layout::jk04;
  switch (type) {
    case Type::settings:
      if constexpr (kNew)
        return apply_settings<tables::kSettings32>(source, now, pack, applied);
      else if constexpr (kFloat)
        return apply_settings<tables::kSettings04>(source, now, pack, applied);
      else
        return apply_settings<tables::kSettings24>(source, now, pack, applied);
    case Type::status:
      if constexpr (kNew)
        return apply_status<tables::kStatus32>(source, now, pack, applied);
      else if constexpr (kFloat)
        return apply_status<tables::kStatus04>(source, now, pack, applied);
      else
        return apply_status<tables::kStatus24>(source, now, pack, applied);
    case Type::device: return apply_device(source, pack.identity, applied);
    case Type::log: break;
  }
}

}  // namespace

// --- the envelope --------------------------------------------------------------------------------

std::uint8_t sum(Record record) {
  // Eight bytes at a time in four 16-bit lanes; only the lowest byte of the sum counts, so that no
  // lane has to be emptied.
  constexpr std::uint64_t kLanes = 0x00FF'00FF'00FF'00FF;
  std::uint64_t lanes = 0;
  std::size_t at = 0;
  for (; at + 8 <= kSumAt; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, record.data() + at, sizeof word);
    lanes += (word & kLanes) + (word >> 8 & kLanes);
  }
  std::uint64_t total = lanes + (lanes >> 16) + (lanes >> 32) + (lanes >> 48);
  for (; at < kSumAt; ++at) total += record[at];
  return static_cast<std::uint8_t>(total);
}

bool is_sound(Record record) {
  const std::uint8_t type = record[kTypeAt];
  return std::equal(kStart.begin(), kStart.end(), record.begin()) &&
         (type == 1 || type == 2 || type == 3 || type == 5) && sum(record) == record[kSumAt];
}

std::span<const Slot> slots(Type type, Layout layout) {
  switch (type) {
    case Type::settings:
      if (layout == Layout::jk02_32s) return tables::kSettings32;
      if (layout == Layout::jk02_24s) return tables::kSettings24;
      return tables::kSettings04;
    case Type::status:
      if (layout == Layout::jk02_32s) return tables::kStatus32;
      if (layout == Layout::jk02_24s) return tables::kStatus24;
      return tables::kStatus04;
    case Type::device: return tables::kDevice;
    case Type::log: break;
  }
  return {};
}

const Slot* find_setting(Parameter parameter, Layout layout) {
  for (const Slot& slot : slots(Type::settings, layout))
    if (slot.parameter == parameter) return &slot;
  return nullptr;
}

// --- bytes to state ------------------------------------------------------------------------------

Applied apply(Record record, Layout layout, Instant now, Pack& pack) {
  Applied applied;
  const Source<true> source{record.data()};
  const Type type = type_of(record);
  switch (layout) {
    case Layout::jk04: apply_type<Layout::jk04>(type, source, now, pack, applied); break;
    case Layout::jk02_24s: apply_type<Layout::jk02_24s>(type, source, now, pack, applied); break;
    case Layout::jk02_32s: apply_type<Layout::jk02_32s>(type, source, now, pack, applied); break;
  }
  if (applied.refused != 0) applied.why = "values that cannot be true were left out"sv;
  return applied;
}

bool apply_registers(std::uint16_t address, std::span<const std::uint8_t> data, Instant now,
                     Pack& pack, Applied& applied) {
  for (const Type type : {Type::settings, Type::status, Type::device}) {
    const std::uint16_t first = first_register(type);
    if (address < first || address + data.size() > first + kSumAt - kPayloadAt) continue;
    std::array<std::uint8_t, kSize> image{};
    const std::size_t begin = kPayloadAt + address - first;
    const std::size_t end = begin + data.size();
    bool any = false;
    for (const Slot& slot : slots(type, Layout::jk02_32s)) {
      any = any || (slot.at >= begin && slot.at + slot.size() <= end);
      for (std::size_t at = slot.at; at < slot.at + slot.size(); at += slot.width)
        if (at >= begin && at + slot.width <= end)
          std::reverse_copy(data.begin() + static_cast<std::ptrdiff_t>(at - begin),
                            data.begin() + static_cast<std::ptrdiff_t>(at - begin + slot.width),
                            image.begin() + static_cast<std::ptrdiff_t>(at));
    }
    const Source<false> source{image.data(), begin, end};
    apply_type<Layout::jk02_32s>(type, source, now, pack, applied);
    return any;
  }
  return false;
}

void hold_settings(Pack& pack, Instant now) {
  if (now > pack.parameters_heard + kSettingsHold) return;
  const auto hold = [now](auto& reading) {
    if (const auto value = reading.fresh(reading.heard(), {0})) reading.set(*value, now);
  };
  hold(pack.scalars.charge_switch);
  hold(pack.scalars.discharge_switch);
  hold(pack.scalars.balance_switch);
  hold(pack.scalars.capacity_nominal);
}

}  // namespace cw::jk_record

// SPDX-License-Identifier: Apache-2.0
// The records of 300 bytes that JK's boards send over Bluetooth and over RS485: what both ends of
// either wire agree on. The decoder (jk_record.cpp) and the simulated boards walk the same rows. It
// owns no state, no heap and no clock, and it never holds a passcode.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/pack.h"
#include "drivers/protocol/jk_record_slot.h"

namespace cw::jk_record {

// --- the envelope; the drawing is in jk_record.cpp -----------------------------------------------

inline constexpr std::size_t kSize = 300;
inline constexpr std::array<std::uint8_t, 4> kStart = {0x55, 0xAA, 0xEB, 0x90};
inline constexpr std::size_t kTypeAt = 4;
inline constexpr std::size_t kCounterAt = 5;
inline constexpr std::size_t kPayloadAt = 6;
inline constexpr std::size_t kSumAt = 299;

using Record = std::span<const std::uint8_t, kSize>;

enum class Type : std::uint8_t { settings = 1, status = 2, device = 3, log = 5 };

/// The three generations: balancers, boards up to software 10, boards from software 11 on.
enum class Layout : std::uint8_t { jk04, jk02_24s, jk02_32s };
constexpr std::string_view name(Layout layout) {
  constexpr std::string_view names[] = {"jk04", "jk02-24s", "jk02-32s"};
  return names[static_cast<std::size_t>(layout)];
}

/// The 8-bit sum of all bytes of a record but its last.
std::uint8_t sum(Record record);

/// True: starts as a record does, is of a known type and adds up.
bool is_sound(Record record);

inline Type type_of(Record record) { return static_cast<Type>(record[kTypeAt]); }

/// Where function 03 and 10h of Modbus find the rows of a record: a row at byte n of the record is
/// at register first + n - 6, the same bytes with each number turned around (big-endian there).
/// 0: not there.
constexpr std::uint16_t first_register(Type type) {
  switch (type) {
    case Type::settings: return 0x1000;
    case Type::status: return 0x1200;
    case Type::device: return 0x1400;
    case Type::log: break;
  }
  return 0;
}

// --- the tables ----------------------------------------------------------------------------------

/// The rows of a record; empty: that generation does not send it, or (log) it is no list of values.
std::span<const Slot> slots(Type type, Layout layout);

/// The row of a setting; nullptr: this generation has no such setting.
const Slot* find_setting(Parameter parameter, Layout layout);

/// Bits of the alarm word. Nothing: bit 19 only reminds of a default password that was never
/// changed; healthy boards send it for years, so it is no alarm (Applied::default_password). Bits
/// beyond the table become unknown_<protocol>_bit_<n>.
inline constexpr unsigned kDefaultPasswordBit = 19;
inline constexpr std::array<std::optional<Alarm>, 29> kAlarmBits = {
    Alarm::wire_resistance,
    Alarm::mosfet_overtemperature,
    Alarm::cell_count_mismatch,
    Alarm::current_sensor,
    Alarm::cell_overvoltage,
    Alarm::pack_overvoltage,
    Alarm::charge_overcurrent,
    Alarm::charge_short_circuit,
    Alarm::charge_overtemperature,
    Alarm::charge_undertemperature,
    Alarm::internal_communication,
    Alarm::cell_undervoltage,
    Alarm::pack_undervoltage,
    Alarm::discharge_overcurrent,
    Alarm::discharge_short_circuit,
    Alarm::discharge_overtemperature,
    Alarm::charge_mosfet_fault,
    Alarm::discharge_mosfet_fault,
    Alarm::gps_disconnected,
    std::nullopt,
    Alarm::discharge_switch_on_failed,
    Alarm::battery_overtemperature,
    Alarm::temperature_sensor_fault,
    Alarm::parallel_module_fault,
    Alarm::short_circuit_release_failed,
    Alarm::discharge_overcurrent_2,
    Alarm::discharge_overcurrent_3,
    Alarm::discharge_undertemperature,
    Alarm::gps_lock,
};

/// Named and unnamed alarms of the word, and back. JK's CAN frames carry the same word.
constexpr AlarmSet decode_alarms(std::uint32_t raw) {
  AlarmSet set;
  for (unsigned bit = 0; bit < 32; ++bit) {
    if ((raw >> bit & 1) == 0) continue;
    if (bit >= kAlarmBits.size())
      set.unknown |= std::uint32_t{1} << bit;
    else if (kAlarmBits[bit])
      set.add(*kAlarmBits[bit]);
  }
  return set;
}
constexpr std::uint32_t encode_alarms(const AlarmSet& set) {
  std::uint32_t raw = set.unknown & ~((std::uint32_t{1} << kAlarmBits.size()) - 1);
  for (std::size_t bit = 0; bit < kAlarmBits.size(); ++bit)
    if (kAlarmBits[bit] && set.has(*kAlarmBits[bit])) raw |= std::uint32_t{1} << bit;
  return raw;
}

// --- bytes to state ------------------------------------------------------------------------------

/// What came of a record.
struct Applied {
  std::uint8_t refused = 0;       // values that cannot be true, left out
  bool default_password = false;  // the board reminds that its password was never changed
  std::string_view why{};         // for people, as in Fed; empty: nothing odd
};

/// Puts the values of a sound record into the pack, heard at `now`. A log changes nothing.
Applied apply(Record record, Layout layout, Instant now, Pack& pack);

/// The same for the answer to function 03: `data`, big-endian, begins at register `address`. Only
/// rows that are whole in it are applied; false: there are none.
bool apply_registers(std::uint16_t address, std::span<const std::uint8_t> data, Instant now,
                     Pack& pack, Applied& applied);

/// Switches and the nominal capacity are told by the settings record alone, once a minute. Until it
/// is due twice they are what they were: makes them heard `now`. Not to be called between a write
/// and the settings that are read after it.
inline constexpr Millis kSettingsHold{130'000};
void hold_settings(Pack& pack, Instant now);

/// What the device information says about the generation; nothing: it says no version.
std::optional<Layout> layout_by_version(const Identity& identity);
/// What a status record of a pack with cells says by itself; nothing: it fits none.
std::optional<Layout> layout_by_status(Record record);

// --- state to bytes: for the simulated boards ----------------------------------------------------

/// The number of element `element` of a row, as it stands in the record (two's complement, or the
/// bits of a float), and back. A number that is too wide is cut to the row's width.
std::uint32_t raw_number(Record record, const Slot& slot, std::size_t element = 0);
void put_number(std::span<std::uint8_t, kSize> record, const Slot& slot, std::uint32_t raw,
                std::size_t element = 0);

/// Everything of `told` that the record has a place for, in a record that adds up: values never
/// heard become 0, temperatures the mark of an absent sensor. Texts that are too long are cut.
void encode(std::span<std::uint8_t, kSize> record, Type type, Layout layout, std::uint8_t counter,
            const Pack& told);

/// Makes the sum right again after a change.
void seal(std::span<std::uint8_t, kSize> record);

}  // namespace cw::jk_record

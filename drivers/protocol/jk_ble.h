// SPDX-License-Identifier: Apache-2.0
// JK's Bluetooth protocol around the records of 300 bytes: commands and acknowledgements of 20
// bytes each, and the stream of notifications in which both come, cut anywhere and with chatter of
// the radio module between them. No state, no heap, no clock.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "drivers/protocol/protocol.h"

namespace cw::jk_ble {

//  command   AA 55 90 EB | number | length of value | value, zeros | sum          (20 bytes)
//  answer    55 AA EB 90 | type | counter | ...                    | sum          (300,
//  jk_record.h) answer    AA 55 90 EB | C8 | 01 | 01 00 ...                     | sum          (20)
//  "taken" chatter   "AT\r\n", several times a second on firmware from 14 on

inline constexpr std::size_t kCommandSize = 20;
inline constexpr std::array<std::uint8_t, 4> kCommandStart = {0xAA, 0x55, 0x90, 0xEB};
inline constexpr std::array<std::uint8_t, 4> kChatter = {0x41, 0x54, 0x0D, 0x0A};
inline constexpr std::size_t kNumberAt = 4;
inline constexpr std::size_t kLengthAt = 5;
inline constexpr std::size_t kValueAt = 6;
inline constexpr std::size_t kValueMost = 13;

enum class Command : std::uint8_t {
  settings = 0x96,     // the settings, and from then on a status record about every half second
  device = 0x97,       // the device information
  log = 0xA1,          // the event log
  acknowledge = 0xC8,  // of the BMS: it took a command
};

/// Any command, or a register to be written, with at most 13 bytes of value (little-endian).
Request command(std::uint8_t number, std::span<const std::uint8_t> value = {});
inline Request command(Command what) { return command(static_cast<std::uint8_t>(what)); }

/// True: it starts as a command does and adds up.
bool is_sound(std::span<const std::uint8_t, kCommandSize> bytes);

/// What stands at the front of the stream.
enum class Front : std::uint8_t { nothing, record, command };

/// `consumed` and `heard` of what is at the front; heard is `frame` for a sound record
/// (jk_record.h) and for a sound command. A damaged one is given up only as far as the next
/// possible start: a good record may begin inside.
Fed open_front(std::span<const std::uint8_t> in, Front& front);

}  // namespace cw::jk_ble

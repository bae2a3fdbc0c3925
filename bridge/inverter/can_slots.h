// SPDX-License-Identifier: Apache-2.0
// What stands where in a frame towards an inverter, as data. One encoder and one decoder walk it
// (can_profile.h), and the printed document does.
#pragma once
#include <cstdint>
#include <string_view>

#include "bridge/inverter/can_source.h"

namespace cw {

/// Limits are rounded to the safe side, measurements to the nearest step, half away from zero
/// (inverter-can.md, section 1).
enum class Rounding : std::uint8_t { down, up, nearest };

/// A number nobody knows leaves its frame out, unless the slot says what stands there instead.
inline constexpr std::int32_t kLeavesFrameOut = INT32_MIN;

enum class SlotKind : std::uint8_t { number, bits, flag, alarm, pair, text, fixed };

struct CanSlot {
  SlotKind kind = SlotKind::fixed;
  std::uint8_t byte = 0;
  std::uint8_t width = 1;  // bytes; of `bits`: bits
  std::uint8_t bit = 0;    // lowest, in the byte: bits, pair
  std::uint8_t mask = 0;   // flag, alarm: the bits that are set with it
  // number, bits: round(value / step) + offset; a number that does not fit becomes the nearest
  // that does
  CanNumber number = CanNumber::soc;
  std::int32_t step = 1;
  Rounding rounding = Rounding::nearest;
  bool is_signed = false;
  std::int32_t offset = 0;
  std::int32_t unknown = kLeavesFrameOut;  // what stands for an unknown number
  std::int32_t optional_step = 0;          // with InverterOptions::tenth_volt; 0: the same
  CanFlag flag = CanFlag::charge_enabled;
  CanAlarmBits alarms = 0;  // alarm, pair
  bool warning = false;     // alarm, pair: warnings in place of alarms
  CanText text = CanText::manufacturer;
  std::uint8_t from = 0;          // text: first character
  char pad = ' ';                 // text
  std::string_view bytes = {};    // fixed
  std::string_view meaning = {};  // fixed: for people
};

constexpr CanSlot u16(std::uint8_t byte, CanNumber number, std::int32_t step,
                      Rounding rounding = Rounding::nearest) {
  CanSlot slot;
  slot.kind = SlotKind::number;
  slot.byte = byte;
  slot.width = 2;
  slot.number = number;
  slot.step = step;
  slot.rounding = rounding;
  return slot;
}

constexpr CanSlot s16(std::uint8_t byte, CanNumber number, std::int32_t step,
                      Rounding rounding = Rounding::nearest) {
  CanSlot slot = u16(byte, number, step, rounding);
  slot.is_signed = true;
  return slot;
}

constexpr CanSlot u8(std::uint8_t byte, CanNumber number, std::int32_t step = 1,
                     Rounding rounding = Rounding::nearest) {
  CanSlot slot = u16(byte, number, step, rounding);
  slot.width = 1;
  return slot;
}

constexpr CanSlot u32(std::uint8_t byte, CanNumber number) {
  CanSlot slot = u16(byte, number, 1);
  slot.width = 4;
  return slot;
}

constexpr CanSlot bits(std::uint8_t byte, std::uint8_t bit, std::uint8_t width, CanNumber number) {
  CanSlot slot = u16(byte, number, 1);
  slot.kind = SlotKind::bits;
  slot.bit = bit;
  slot.width = width;
  return slot;
}

constexpr CanSlot plus(CanSlot slot, std::int32_t offset) {
  slot.offset = offset;
  return slot;
}

constexpr CanSlot or_if_unknown(CanSlot slot, std::int32_t value) {
  slot.unknown = value;
  return slot;
}

/// Tenths of a volt where the port is configured so.
constexpr CanSlot or_tenths(CanSlot slot) {
  slot.optional_step = 100;
  return slot;
}

constexpr CanSlot flag(std::uint8_t byte, std::uint8_t mask, CanFlag what) {
  CanSlot slot;
  slot.kind = SlotKind::flag;
  slot.byte = byte;
  slot.mask = mask;
  slot.flag = what;
  return slot;
}

constexpr CanSlot alarm(std::uint8_t byte, std::uint8_t bit, CanAlarmBits of) {
  CanSlot slot;
  slot.kind = SlotKind::alarm;
  slot.byte = byte;
  slot.mask = static_cast<std::uint8_t>(1U << bit);
  slot.alarms = of;
  return slot;
}

constexpr CanSlot warning(std::uint8_t byte, std::uint8_t bit, CanAlarmBits of) {
  CanSlot slot = alarm(byte, bit, of);
  slot.warning = true;
  return slot;
}

/// Two bits: 01 raised, 10 fine.
constexpr CanSlot alarm_pair(std::uint8_t byte, std::uint8_t bit, CanAlarmBits of) {
  CanSlot slot = alarm(byte, 0, of);
  slot.kind = SlotKind::pair;
  slot.bit = bit;
  return slot;
}

constexpr CanSlot warning_pair(std::uint8_t byte, std::uint8_t bit, CanAlarmBits of) {
  CanSlot slot = alarm_pair(byte, bit, of);
  slot.warning = true;
  return slot;
}

/// `width` characters from character `from` on, filled with `pad`. A text nobody knows leaves its
/// frame out.
constexpr CanSlot text(std::uint8_t byte, std::uint8_t width, CanText what, char pad,
                       std::uint8_t from = 0) {
  CanSlot slot;
  slot.kind = SlotKind::text;
  slot.byte = byte;
  slot.width = width;
  slot.text = what;
  slot.pad = pad;
  slot.from = from;
  return slot;
}

constexpr CanSlot fixed(std::uint8_t byte, std::string_view bytes, std::string_view meaning) {
  CanSlot slot;
  slot.kind = SlotKind::fixed;
  slot.byte = byte;
  slot.width = static_cast<std::uint8_t>(bytes.size());
  slot.bytes = bytes;
  slot.meaning = meaning;
  return slot;
}

}  // namespace cw

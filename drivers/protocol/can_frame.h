// SPDX-License-Identifier: Apache-2.0
// A CAN frame, and the 16 bytes as which it crosses a Transport: one record a frame, never split
// and never joined with anything else.
//
//   byte   0 1 2 3              4       5 6 7   8 ... 15
//          identifier, flags    length  zero    data, zero beyond the length
//
// Bytes 0 to 3 are big-endian: the identifier in the low 29 bits (11 where the frame is not
// extended), above it kExtended, kRemote and kError, where SocketCAN has them too.
//
// A line of candump maps to it directly: "can0 2F4#1301D71133000000" is the standard identifier
// 0x2F4 (three digits), length 8 and these data; "18F128F4#..." (eight digits) is extended; "2F4#R"
// is remote. Records of a replay carry no time: that travels beside them.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace cw {

struct CanFrame {
  std::uint32_t id = 0;  // 11 or 29 bits, without flags
  bool extended = false;
  bool remote = false;
  bool error = false;  // told by the controller; no frame of the bus
  std::uint8_t length = 0;
  std::array<std::uint8_t, 8> data{};
  friend constexpr bool operator==(const CanFrame&, const CanFrame&) = default;
};

inline constexpr std::size_t kCanRecordSize = 16;
inline constexpr std::uint32_t kCanExtended = 0x8000'0000;
inline constexpr std::uint32_t kCanRemote = 0x4000'0000;
inline constexpr std::uint32_t kCanError = 0x2000'0000;
inline constexpr std::uint32_t kCanIdMost = 0x1FFF'FFFF;
inline constexpr std::uint32_t kCanStandardIdMost = 0x7FF;
using CanRecord = std::array<std::uint8_t, kCanRecordSize>;

constexpr CanRecord to_record(const CanFrame& frame) {
  CanRecord record{};
  const std::uint32_t word = frame.id | (frame.extended ? kCanExtended : 0) |
                             (frame.remote ? kCanRemote : 0) | (frame.error ? kCanError : 0);
  for (std::size_t i = 0; i < 4; ++i) record[i] = static_cast<std::uint8_t>(word >> (24 - 8 * i));
  record[4] = frame.length;
  std::copy_n(frame.data.begin(), std::min<std::size_t>(frame.length, 8), record.begin() + 8);
  return record;
}

/// Nothing if these are not the 16 bytes of a frame: too few of them, more than 8 data bytes, or a
/// standard frame whose identifier has more than 11 bits.
constexpr std::optional<CanFrame> from_record(std::span<const std::uint8_t> record) {
  if (record.size() < kCanRecordSize || record[4] > 8) return std::nullopt;
  const std::uint32_t word = std::uint32_t{record[0]} << 24 | std::uint32_t{record[1]} << 16 |
                             std::uint32_t{record[2]} << 8 | std::uint32_t{record[3]};
  CanFrame frame;
  frame.id = word & kCanIdMost;
  frame.extended = (word & kCanExtended) != 0;
  frame.remote = (word & kCanRemote) != 0;
  frame.error = (word & kCanError) != 0;
  frame.length = record[4];
  if (!frame.extended && !frame.error && frame.id > kCanStandardIdMost) return std::nullopt;
  std::copy_n(record.begin() + 8, frame.length, frame.data.begin());
  return frame;
}

/// What a receiver wants to be given: frames whose identifier agrees with `id` where `mask` has
/// ones. Standard and extended identifiers are apart.
struct CanFilter {
  std::uint32_t id = 0;
  std::uint32_t mask = 0;
  bool extended = false;
  constexpr bool passes(const CanFrame& frame) const {
    return frame.extended == extended && (frame.id & mask) == (id & mask);
  }
};

}  // namespace cw

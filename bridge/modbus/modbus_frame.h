// SPDX-License-Identifier: Apache-2.0
// Finds whole requests in a stream of Modbus-TCP bytes by the header alone, and says which
// exception a request deserves. Pure: no I/O, no clock. Big end first, as on the wire:
//
//   0 transaction  2 protocol (0)  4 length of what follows  6 unit  7 function  8 ...
//
// Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, section 3.1.3.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace cw::modbus {

inline constexpr std::size_t kHeaderBytes = 6;   // up to and with the length
inline constexpr std::size_t kLengthLeast = 2;   // unit and function
inline constexpr std::size_t kLengthMost = 254;  // unit and the longest PDU, 253 bytes
inline constexpr std::size_t kFrameMost = kHeaderBytes + kLengthMost;
inline constexpr std::size_t kReadFrame = 12;  // a request to read registers, always
inline constexpr std::uint16_t kQuantityMost = 125;
inline constexpr std::size_t kWriteFrame = 12;  // a request to write one register, always
inline constexpr std::size_t kWritesHead = 13;  // before the values of one to write several
inline constexpr std::uint16_t kWritesMost = 123;

/// broken: no later byte can make sense of it; the connection must be closed.
enum class Framing : std::uint8_t { need_more, whole, broken };

struct Found {
  Framing framing = Framing::need_more;
  std::size_t length = 0;  // bytes of the whole request
};

constexpr std::uint16_t word_at(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

constexpr Found find_frame(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kHeaderBytes) return {};
  const std::size_t length = word_at(bytes, 4);
  if (word_at(bytes, 2) != 0 || length < kLengthLeast || length > kLengthMost)
    return {Framing::broken, 0};
  if (bytes.size() < kHeaderBytes + length) return {};
  return {Framing::whole, kHeaderBytes + length};
}

constexpr std::uint8_t unit_of(std::span<const std::uint8_t> frame) { return frame[6]; }
constexpr std::uint8_t function_of(std::span<const std::uint8_t> frame) { return frame[7]; }
/// Only of a frame of kReadFrame bytes.
constexpr std::uint16_t address_of(std::span<const std::uint8_t> frame) {
  return word_at(frame, 8);
}
constexpr std::uint16_t quantity_of(std::span<const std::uint8_t> frame) {
  return word_at(frame, 10);
}

/// Codes of the Modbus Application Protocol V1.1b3, section 7, used as a Victron GX uses them.
enum class Exception : std::uint8_t {
  none = 0,
  illegal_function = 1,
  illegal_address = 2,
  illegal_value = 3,
  device_failed = 4,     // the value was right, carrying it out was not possible
  no_path = 0x0A,        // a unit that is not configured
  target_failed = 0x0B,  // there is nothing to show yet
};

constexpr bool is_read(std::span<const std::uint8_t> frame) {
  return function_of(frame) == 3 || function_of(frame) == 4;
}
constexpr bool is_write(std::span<const std::uint8_t> frame) {
  return function_of(frame) == 6 || function_of(frame) == 16;
}

/// Registers a request is about; 0: it does not have the shape its function must have.
constexpr std::uint16_t registers_asked(std::span<const std::uint8_t> frame) {
  const bool several = function_of(frame) == 16;
  if (!several && frame.size() != kReadFrame) return 0;
  if (function_of(frame) == 6) return 1;
  if (several && frame.size() < kWritesHead) return 0;
  const std::uint16_t quantity = quantity_of(frame);
  if (!several) return quantity <= kQuantityMost ? quantity : std::uint16_t{0};
  const std::size_t bytes = std::size_t{2} * quantity;
  if (quantity > kWritesMost || frame[12] != bytes || frame.size() != kWritesHead + bytes) return 0;
  return quantity;
}

/// Value `i` of a write that has its shape.
constexpr std::uint16_t value_of(std::span<const std::uint8_t> frame, std::size_t i) {
  return word_at(frame, (function_of(frame) == 6 ? 10 : kWritesHead) + 2 * i);
}

/// In the order of inverter-modbus.md, section 1.4; what a write then still has to pass is the
/// map's. `readable(address)`: how many registers from there on are there in one piece.
/// `writable`: this client may write something of this unit; to others there is no such function.
template <class Readable>
constexpr Exception judge(std::span<const std::uint8_t> frame, const Readable& readable,
                          bool writable = false) {
  if (!is_read(frame) && !(writable && is_write(frame))) return Exception::illegal_function;
  const std::uint16_t quantity = registers_asked(frame);
  if (quantity == 0) return Exception::illegal_value;
  if (readable(address_of(frame)) < quantity) return Exception::illegal_address;
  return Exception::none;
}

}  // namespace cw::modbus

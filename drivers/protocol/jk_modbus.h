// SPDX-License-Identifier: Apache-2.0
// What goes over the RS485 line of JK's "inverter" boards: Modbus RTU, and records of 300 bytes
// that a write to a register makes a board send in front of its acknowledgement. Both ends of the
// wire use this: the driver (jk_modbus.cpp) and the simulated boards. No state, no heap, no clock.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "drivers/protocol/jk_record.h"
#include "drivers/protocol/protocol.h"

namespace cw::jk_modbus {

inline constexpr std::uint32_t kBaud = 115'200;
inline constexpr std::uint8_t kHighestAddress = 247;

inline constexpr std::uint8_t kRead = 0x03;
inline constexpr std::uint8_t kWrite = 0x10;
inline constexpr std::uint8_t kErrorBit = 0x80;

inline constexpr std::size_t kReadRequestSize = 8;  // and that of an acknowledgement
inline constexpr std::size_t kExceptionSize = 5;
/// Some adapters put zeros between a record and its acknowledgement. Other bytes there are the end
/// of a record that grew on its way, whatever its sum.
inline constexpr std::size_t kMostJunk = 4;
inline constexpr std::size_t kLongestFrame = jk_record::kSize + kMostJunk + kReadRequestSize;

/// The registers that make a board send a record. Their value does not matter.
struct Trigger {
  jk_record::Type type;
  std::uint16_t address;
};
inline constexpr std::array<Trigger, 3> kTriggers = {{
    {jk_record::Type::device, 0x161C},
    {jk_record::Type::settings, 0x161E},
    {jk_record::Type::status, 0x1620},
}};
constexpr std::uint16_t trigger_of(jk_record::Type type) {
  for (const Trigger& trigger : kTriggers)
    if (trigger.type == type) return trigger.address;
  return 0;
}
/// What a board sends in front of its acknowledgement of a write to this register, if it does. The
/// one-key presets (never sent by us) make it send the settings.
constexpr std::optional<jk_record::Type> record_of_register(std::uint16_t address) {
  for (const Trigger& trigger : kTriggers)
    if (trigger.address == address) return trigger.type;
  if (address == 0x160A || address == 0x160C || address == 0x160E) return jk_record::Type::settings;
  return std::nullopt;
}

/// CRC-16/Modbus (0xA001 from 0xFFFF); goes out low byte first.
std::uint16_t crc(std::span<const std::uint8_t> bytes);

enum class Kind : std::uint8_t {
  answer,  // a record and its acknowledgement
  record,  // a record, and behind it no acknowledgement: nobody knows whose it is
  acknowledgement,
  write_request,
  read_request,
  read_answer,
  exception,
};

/// One whole message. Spans point into the bytes it was found in.
struct Message {
  Kind kind = Kind::exception;
  std::size_t size = 0;
  std::uint8_t address = 0;                // of the board; meaningless of a record
  std::uint8_t function = 0;               // without the error bit
  std::uint16_t first = 0;                 // register; not of a read_answer or exception
  std::uint16_t count = 0;                 // of words; not of an exception
  std::uint8_t exception = 0;              // 1 function, 2 register, 3 value, 4 checksum
  std::span<const std::uint8_t> data{};    // of a write_request or read_answer, big-endian
  std::span<const std::uint8_t> record{};  // of an answer or a record: kSize bytes

  bool is_request() const { return kind == Kind::write_request || kind == Kind::read_request; }
};

/// Looks for a whole message at the start of `in`, of whomever. On `frame` it is in `message`;
/// anything else is what Protocol::feed has to answer with.
Fed open_message(std::span<const std::uint8_t> in, Message& message);

// --- requests and answers ------------------------------------------------------------------------

/// Makes a board send a record. Never type log: no register is known to be safe for it.
Request record_request(std::uint8_t address, jk_record::Type type);
/// Reads `words` registers; behind a read of n words goes on at address + 2n, as addresses of these
/// boards count bytes. More than kMostWords are refused by some boards with silence: absent.
inline constexpr std::uint16_t kMostWords = 32;
std::optional<Request> read_request(std::uint8_t address, std::uint16_t first, std::uint16_t words);
/// `data`: an even number of bytes, at least 2 and at most 32, big-endian.
std::optional<Request> write_request(std::uint8_t address, std::uint16_t first,
                                     std::span<const std::uint8_t> data);

/// A whole short message: address, function and `body`, with its checksum. For the simulated
/// boards: {first, count} is an acknowledgement, {code} with kErrorBit in the function an
/// exception, {size, data ...} the answer to a read. Returns its size; 0: `out` is too small.
std::size_t write_message(std::span<std::uint8_t> out, std::uint8_t address, std::uint8_t function,
                          std::span<const std::uint8_t> body);

}  // namespace cw::jk_modbus

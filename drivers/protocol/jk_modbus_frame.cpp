// SPDX-License-Identifier: Apache-2.0
// Finding, checking and building the messages of JK's RS485 line. A line that others talk on has to
// be cut into messages without knowing who spoke: what cannot be told from its length is told by
// its checksum. It looks at no value and keeps nothing.
#include <algorithm>

#include "drivers/protocol/jk_modbus.h"

namespace cw::jk_modbus {
namespace {

using namespace std::string_view_literals;
using Bytes = std::span<const std::uint8_t>;
using jk_record::kSize;
using jk_record::kStart;

constexpr std::size_t kMostWordsOfAnybody = 125;

std::uint16_t word(Bytes in, std::size_t at) {
  return static_cast<std::uint16_t>(in[at] << 8 | in[at + 1]);
}

/// True for an even data size that Modbus allows.
bool is_data_size(std::size_t size) {
  return size >= 2 && size <= 2 * kMostWordsOfAnybody && size % 2 == 0;
}

bool adds_up(Bytes message) {
  const std::size_t body = message.size() - 2;
  return crc(message.first(body)) == (message[body] | message[body + 1] << 8);
}

/// The first place at or behind `from` where a record may begin, as far as the bytes go; the size
/// of `in`: nowhere.
std::size_t find_mark(Bytes in, std::size_t from) {
  for (; from < in.size(); ++from) {
    const std::size_t there = std::min(kStart.size(), in.size() - from);
    if (std::equal(kStart.begin(), kStart.begin() + static_cast<std::ptrdiff_t>(there),
                   in.begin() + static_cast<std::ptrdiff_t>(from)))
      break;
  }
  return from;
}

bool is_function(std::uint8_t byte) {
  return byte == kRead || byte == kWrite || byte == (kRead | kErrorBit) ||
         byte == (kWrite | kErrorBit);
}

/// Something can begin here, as far as the bytes go.
bool may_begin(Bytes in) {
  if (find_mark(in, 0) == 0) return true;
  return in[0] <= kHighestAddress && (in.size() < 2 || is_function(in[1]));
}

Fed noise(Bytes in) {
  std::size_t skip = 1;
  while (skip < in.size() && !may_begin(in.subspan(skip))) ++skip;
  return {.consumed = skip, .heard = Heard::noise, .why = "nothing begins here"sv};
}

Fed found(const Message& message) { return {.consumed = message.size, .heard = Heard::frame}; }

// --- records -------------------------------------------------------------------------------------

bool is_acknowledgement(Bytes in) { return in[1] == kWrite && adds_up(in.first(kReadRequestSize)); }

void take_acknowledgement(Bytes in, Message& message) {
  message.address = in[0];
  message.function = kWrite;
  message.first = word(in, 2);
  message.count = word(in, 4);
}

Fed open_record(Bytes in, Message& message) {
  const std::size_t next_mark = find_mark(in, 1);
  if (in.size() < kSize && next_mark + kStart.size() <= in.size())
    return {.consumed = next_mark, .heard = Heard::malformed, .why = "a record that breaks off"sv};
  if (in.size() < kSize) return {};
  if (!jk_record::is_sound(in.first<kSize>()))
    return {.consumed = std::min(next_mark, kSize),
            .heard = Heard::bad_checksum,
            .why = "the checksum of the record does not match"sv};
  message = {.kind = Kind::answer, .size = kSize, .record = in.first(kSize)};
  const bool another = find_mark(in, kSize) + kStart.size() <= in.size();
  for (std::size_t junk = 0; junk <= kMostJunk; ++junk) {
    const std::size_t end = kSize + junk + kReadRequestSize;
    if (in.size() < end && !another) return {};
    if (in.size() < end) break;
    if (junk > 0 && in[kSize + junk - 1] != 0) break;
    if (!is_acknowledgement(in.subspan(kSize + junk))) continue;
    take_acknowledgement(in.subspan(kSize + junk), message);
    message.size = end;
    return found(message);
  }
  message.kind = Kind::record;
  return found(message);
}

// --- Modbus --------------------------------------------------------------------------------------

Fed open_write(Bytes in, Message& message) {
  if (in.size() < kReadRequestSize) return {};
  if (is_acknowledgement(in)) {
    message = {.kind = Kind::acknowledgement, .size = kReadRequestSize};
    take_acknowledgement(in, message);
    return found(message);
  }
  const std::size_t data = in[6];
  if (!is_data_size(data) || data != std::size_t{2} * word(in, 4)) return noise(in);
  const std::size_t size = 7 + data + 2;
  if (in.size() < size) return {};
  if (!adds_up(in.first(size)))
    return {.consumed = 1, .heard = Heard::bad_checksum, .why = "the checksum does not match"sv};
  message = {.kind = Kind::write_request, .size = size};
  take_acknowledgement(in, message);
  message.data = in.subspan(7, data);
  return found(message);
}

Fed open_read(Bytes in, Message& message) {
  if (in.size() < kReadRequestSize) return {};
  if (adds_up(in.first(kReadRequestSize))) {
    message = {.kind = Kind::read_request,
               .size = kReadRequestSize,
               .address = in[0],
               .function = kRead,
               .first = word(in, 2),
               .count = word(in, 4)};
    return found(message);
  }
  const std::size_t data = in[2];
  if (!is_data_size(data)) return noise(in);
  const std::size_t size = 3 + data + 2;
  if (in.size() < size) return {};
  if (!adds_up(in.first(size)))
    return {.consumed = 1, .heard = Heard::bad_checksum, .why = "the checksum does not match"sv};
  message = {.kind = Kind::read_answer,
             .size = size,
             .address = in[0],
             .function = kRead,
             .count = static_cast<std::uint16_t>(data / 2),
             .data = in.subspan(3, data)};
  return found(message);
}

Fed open_exception(Bytes in, Message& message) {
  if (in.size() < kExceptionSize) return {};
  if (!adds_up(in.first(kExceptionSize))) return noise(in);
  message = {.kind = Kind::exception,
             .size = kExceptionSize,
             .address = in[0],
             .function = static_cast<std::uint8_t>(in[1] & ~kErrorBit),
             .exception = in[2]};
  return found(message);
}

Fed open_modbus(Bytes in, Message& message) {
  if (in.size() < 2) return {};
  switch (in[1]) {
    case kRead: return open_read(in, message);
    case kWrite: return open_write(in, message);
    default: return open_exception(in, message);
  }
}

Request asking(std::uint8_t address, std::uint8_t function, Bytes body, Millis reply_within) {
  Request request;
  request.reply_within = reply_within;
  request.size = static_cast<std::uint8_t>(write_message(request.bytes, address, function, body));
  return request;
}

std::uint8_t high(std::uint16_t value) { return static_cast<std::uint8_t>(value >> 8); }
std::uint8_t low(std::uint16_t value) { return static_cast<std::uint8_t>(value); }

}  // namespace

std::uint16_t crc(Bytes bytes) {
  constexpr auto kOfByte = [] {
    std::array<std::uint16_t, 256> table{};
    for (unsigned i = 0; i < 256; ++i) {
      unsigned value = i;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0xA001 : 0);
      table[i] = static_cast<std::uint16_t>(value);
    }
    return table;
  }();
  std::uint16_t value = 0xFFFF;
  for (const std::uint8_t byte : bytes)
    value = static_cast<std::uint16_t>(value >> 8 ^ kOfByte[(value ^ byte) & 0xFF]);
  return value;
}

Fed open_message(Bytes in, Message& message) {
  if (in.empty()) return {};
  if (!may_begin(in)) return noise(in);
  const std::size_t mark = find_mark(in, 0);
  if (mark == 0 && in.size() >= kStart.size()) return open_record(in, message);
  if (mark == 0 && in.size() > 1) return {};
  const Fed fed = open_modbus(in, message);
  // Noise that looks like the head of a long message would hold up the record behind it.
  if (fed.heard == Heard::need_more && mark + kStart.size() <= in.size())
    return {.consumed = mark, .heard = Heard::noise, .why = "nothing begins here"sv};
  return fed;
}

Request record_request(std::uint8_t address, jk_record::Type type) {
  const std::uint16_t first = trigger_of(type);
  // A board answers within 40 ms. The times are those at which drivers in the field give up.
  const Millis patience{type == jk_record::Type::status ? 500 : 1000};
  return asking(address, kWrite,
                std::array<std::uint8_t, 7>{high(first), low(first), 0, 1, 2, 0, 0}, patience);
}

std::optional<Request> read_request(std::uint8_t address, std::uint16_t first,
                                    std::uint16_t words) {
  if (words == 0 || words > kMostWords) return std::nullopt;
  return asking(address, kRead,
                std::array<std::uint8_t, 4>{high(first), low(first), high(words), low(words)},
                Millis{500});
}

std::optional<Request> write_request(std::uint8_t address, std::uint16_t first, Bytes data) {
  constexpr std::size_t kMostData = 32;
  if (data.empty() || data.size() % 2 != 0 || data.size() > kMostData) return std::nullopt;
  const auto size = static_cast<std::uint8_t>(data.size());
  std::array<std::uint8_t, 5 + kMostData> body{high(first), low(first), 0,
                                               static_cast<std::uint8_t>(size / 2), size};
  std::copy(data.begin(), data.end(), body.begin() + 5);
  return asking(address, kWrite, Bytes{body}.first(std::size_t{5} + size), Millis{1000});
}

std::size_t write_message(std::span<std::uint8_t> out, std::uint8_t address, std::uint8_t function,
                          Bytes body) {
  const std::size_t size = 2 + body.size() + 2;
  if (out.size() < size) return 0;
  out[0] = address;
  out[1] = function;
  std::copy(body.begin(), body.end(), out.begin() + 2);
  const std::uint16_t check = crc(out.first(size - 2));
  out[size - 2] = low(check);
  out[size - 1] = high(check);
  return size;
}

}  // namespace cw::jk_modbus

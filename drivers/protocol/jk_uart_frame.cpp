// SPDX-License-Identifier: Apache-2.0
// The envelope of JK's "4E 57" frames: finding, checking and building them. It looks at no value
// inside the information part and keeps nothing.
#include <algorithm>
#include <cstring>

#include "drivers/protocol/jk_uart.h"

namespace cw::jk_uart {
namespace {

using namespace std::string_view_literals;

std::uint32_t two_bytes(std::span<const std::uint8_t> frame, std::size_t at) {
  return std::uint32_t{frame[at]} << 8 | frame[at + 1];
}
std::uint32_t four_bytes(std::span<const std::uint8_t> frame, std::size_t at) {
  return two_bytes(frame, at) << 16 | two_bytes(frame, at + 2);
}

void put_big_endian(std::span<std::uint8_t> out, std::uint32_t value) {
  for (std::size_t i = out.size(); i-- > 0; value >>= 8) out[i] = static_cast<std::uint8_t>(value);
}

/// What is at the front is no frame: drop one byte and all behind it that begin none.
Fed not_here(std::span<const std::uint8_t> in, Heard heard, std::string_view why) {
  std::size_t skip = 1;
  if (heard == Heard::noise)
    while (skip < in.size() && in[skip] != kStartFirst) ++skip;
  return {.consumed = skip, .heard = heard, .why = why};
}

Request around(Command command, std::span<const std::uint8_t> information) {
  Request request;
  request.size = static_cast<std::uint8_t>(
      write_frame(request.bytes, command, Source::pc, Transport::request, information));
  return request;
}

Request about(Command command, std::uint8_t id) { return around(command, {&id, 1}); }

}  // namespace

std::uint16_t checksum(std::span<const std::uint8_t> bytes) {
  // Eight bytes at a time: four 16-bit lanes, each the sum of two bytes, gathered in four 16-bit
  // lanes that are emptied before they can overflow.
  const auto lanes_of = [](const std::uint8_t* at) {
    constexpr std::uint64_t kLanes = 0x00FF'00FF'00FF'00FF;
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return (word & kLanes) + (word >> 8 & kLanes);
  };
  constexpr std::size_t kWords = 0xFFFF / (2 * 0xFF);  // that fill no lane
  constexpr std::size_t kMost = kWords * 8;
  static_assert(kLongestFrame < kMost);
  std::uint32_t sum = 0;
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), kMost));
    bytes = bytes.subspan(part.size());
    const std::uint8_t* at = part.data();
    std::size_t left = part.size();
    std::uint64_t lanes = 0;
    for (; left >= 32; left -= 32, at += 32)
      lanes += lanes_of(at) + lanes_of(at + 8) + lanes_of(at + 16) + lanes_of(at + 24);
    for (; left >= 8; left -= 8, at += 8) lanes += lanes_of(at);
    for (; left != 0; --left) sum += *at++;
    constexpr std::uint64_t kPairs = 0x0000'FFFF'0000'FFFF;
    const std::uint64_t pairs = (lanes & kPairs) + (lanes >> 16 & kPairs);
    sum += static_cast<std::uint32_t>(pairs) + static_cast<std::uint32_t>(pairs >> 32);
  }
  return static_cast<std::uint16_t>(sum);
}

Fed open_envelope(std::span<const std::uint8_t> in, Envelope& envelope) {
  if (in.empty()) return {};
  if (in[0] != kStartFirst) return not_here(in, Heard::noise, "no start mark"sv);
  if (in.size() < 2) return {};
  if (in[1] != kStartSecond) return not_here(in, Heard::noise, "no start mark"sv);
  if (in.size() < 4) return {};
  const std::size_t length = two_bytes(in, kLengthAt);
  if (length < kLengthLeast || length > kLengthMost)
    return not_here(in, Heard::noise, "impossible length"sv);
  // Noise that looks like a start would otherwise hold up the real frame behind it.
  if (in.size() > kTransportAt && (in[kSourceAt] > static_cast<std::uint8_t>(Source::pc) ||
                                   in[kTransportAt] > static_cast<std::uint8_t>(Transport::upload)))
    return not_here(in, Heard::noise, "impossible source or direction"sv);
  const std::size_t size = length + 2;
  if (in.size() < size) return {};
  const auto frame = in.first(size);
  const auto summed = frame.first(size - 4);
  if (checksum(summed) != two_bytes(frame, size - 2))
    return not_here(in, Heard::bad_checksum, "the checksum does not match"sv);
  if (summed.back() != kEndMark)
    return not_here(in, Heard::malformed, "no end mark before the checksum"sv);
  envelope = {
      .size = size,
      .command = frame[kCommandAt],
      .source = frame[kSourceAt],
      .transport = frame[kTransportAt],
      .terminal_number = four_bytes(frame, 4),
      .record_number = four_bytes(frame, size - kTrailerSize),
      .information = frame.subspan(kHeaderSize, size - kHeaderSize - kTrailerSize),
  };
  return {.consumed = size, .heard = Heard::frame};
}

std::size_t write_frame(std::span<std::uint8_t> out, Command command, Source source,
                        Transport transport, std::span<const std::uint8_t> information) {
  const std::size_t size = kHeaderSize + information.size() + kTrailerSize;
  if (size > kLongestFrame || size > out.size()) return 0;
  const auto frame = out.first(size);
  std::fill(frame.begin(), frame.end(), std::uint8_t{0});
  frame[0] = kStartFirst;
  frame[1] = kStartSecond;
  put_big_endian(frame.subspan(kLengthAt, 2), static_cast<std::uint32_t>(size - 2));
  frame[kCommandAt] = static_cast<std::uint8_t>(command);
  frame[kSourceAt] = static_cast<std::uint8_t>(source);
  frame[kTransportAt] = static_cast<std::uint8_t>(transport);
  std::copy(information.begin(), information.end(), frame.begin() + kHeaderSize);
  frame[size - 5] = kEndMark;
  put_big_endian(frame.last(2), checksum(frame.first(size - 4)));
  return size;
}

std::optional<std::span<const std::uint8_t>> find_data(std::span<const std::uint8_t> information,
                                                       std::uint8_t id) {
  while (!information.empty()) {
    const std::uint8_t found = information.front();
    information = information.subspan(1);
    std::size_t width = kWidths[found];
    if (found == kCells && !information.empty()) width = std::size_t{1} + information.front();
    if (width == 0 || width > information.size()) return std::nullopt;
    if (found == id) return information.first(width);
    information = information.subspan(width);
  }
  return std::nullopt;
}

Request read_all_request() { return about(Command::read_all, 0); }
Request read_one_request(std::uint8_t id) { return about(Command::read_one, id); }
Request activate_request() { return about(Command::activate, 0); }
Request password_request() { return about(Command::password, 0); }

std::optional<Request> write_request(std::uint8_t id, std::uint32_t raw) {
  const Slot* const slot = find_slot(id);
  if (slot == nullptr || slot->width == 0 || slot->width > 4) return std::nullopt;
  if (slot->form == Form::text || slot->form == Form::secret) return std::nullopt;
  if (slot->width < 4 && raw >> (8 * slot->width) != 0) return std::nullopt;
  std::array<std::uint8_t, 5> information{id};
  put_big_endian(std::span{information}.subspan(1, slot->width), raw);
  return around(Command::write, std::span{information}.first(std::size_t{1} + slot->width));
}

}  // namespace cw::jk_uart

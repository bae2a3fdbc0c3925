// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/pylontech_ascii.h"

#include "core/assert.h"

namespace cw::pylontech {
namespace {

constexpr std::size_t kHeadCharacters = 12;  // VER to LENGTH
constexpr std::size_t kChecksumCharacters = 4;
constexpr std::uint16_t kLengthMask = 0x0FFF;

std::optional<unsigned> digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return std::nullopt;
}

std::optional<std::uint16_t> number(std::string_view digits) {
  unsigned value = 0;
  for (const char c : digits) {
    const auto next = digit(c);
    if (!next) return std::nullopt;
    value = value << 4 | *next;
  }
  return static_cast<std::uint16_t>(value);
}

void append(std::string& out, std::uint16_t value, int digits) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kDigits[value >> shift & 15];
}

bool decode(std::string_view digits, std::vector<std::uint8_t>& bytes) {
  if (digits.size() % 2 != 0) return false;
  for (std::size_t at = 0; at < digits.size(); at += 2) {
    const auto byte = number(digits.substr(at, 2));
    if (!byte) return false;
    bytes.push_back(static_cast<std::uint8_t>(*byte));
  }
  return true;
}

Return judge(std::string_view text, Frame& frame) {
  const std::string_view body = text.substr(0, text.size() - kChecksumCharacters);
  if (number(text.substr(body.size())) != checksum(body)) return Return::checksum;
  const auto version = number(body.substr(0, 2));
  const auto kind = number(body.substr(4, 2));
  const auto command = number(body.substr(6, 2));
  const auto length = number(body.substr(8, 4));
  if (!version || !kind || !command || !length) return Return::format;
  frame.version = static_cast<std::uint8_t>(*version);
  frame.kind = static_cast<std::uint8_t>(*kind);
  frame.command = static_cast<std::uint8_t>(*command);
  if (length_field(*length & kLengthMask) != *length) return Return::length_checksum;
  const std::string_view information = body.substr(kHeadCharacters);
  if (information.size() != (*length & kLengthMask) || !decode(information, frame.information))
    return Return::format;
  return Return::normal;
}

}  // namespace

std::uint16_t checksum(std::string_view text) {
  unsigned sum = 0;
  for (const char c : text) sum += static_cast<unsigned char>(c);
  return static_cast<std::uint16_t>(-sum);
}

std::uint16_t length_field(std::size_t characters) {
  CW_ASSERT(characters <= kLengthMask);
  const std::size_t sum = (characters >> 8) + (characters >> 4 & 15) + (characters & 15);
  return static_cast<std::uint16_t>((16 - sum % 16) % 16 << 12 | characters);
}

Parsed parse(std::string_view text) {
  Parsed parsed;
  parsed.fault = Return::format;
  if (text.size() < kHeadCharacters + kChecksumCharacters) return parsed;
  const auto address = number(text.substr(2, 2));
  if (!address) return parsed;
  parsed.addressed = true;
  parsed.frame.address = static_cast<std::uint8_t>(*address);
  parsed.fault = judge(text, parsed.frame);
  return parsed;
}

std::string build(const Frame& frame) {
  CW_ASSERT(frame.information.size() <= kInformationMost);
  std::string line = "~";
  for (const std::uint8_t byte : {frame.version, frame.address, frame.kind, frame.command})
    append(line, byte, 2);
  append(line, length_field(2 * frame.information.size()), 4);
  for (const std::uint8_t byte : frame.information) append(line, byte, 2);
  append(line, checksum(std::string_view{line}.substr(1)), 4);
  return line += '\r';
}

std::optional<std::string_view> TextFinder::push(std::uint8_t byte) {
  if (byte == '~') {
    text_.clear();
    open_ = true;
    return std::nullopt;
  }
  if (!open_) return std::nullopt;
  if (byte == '\r') {
    open_ = false;
    return text_;
  }
  if (text_.size() == kLongest) {
    open_ = false;
    ++overlong_;
    return std::nullopt;
  }
  text_ += static_cast<char>(byte);
  return std::nullopt;
}

}  // namespace cw::pylontech

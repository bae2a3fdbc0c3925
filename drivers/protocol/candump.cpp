// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/candump.h"

namespace cw {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kNone = std::string_view::npos;

// substr() would throw, and a microcontroller has nothing that throws.
std::string_view from(std::string_view text, std::size_t at) {
  return {text.data() + at, text.size() - at};
}
std::string_view first(std::string_view text, std::size_t size) { return {text.data(), size}; }

/// Takes the next word off `text`; empty: there is none.
std::string_view take_word(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  std::size_t size = 0;
  while (size < text.size() && text[size] != ' ' && text[size] != '\t' && text[size] != '\r')
    ++size;
  const std::string_view word = first(text, size);
  text.remove_prefix(size);
  return word;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::uint32_t> hexadecimal(std::string_view text) {
  if (text.empty() || text.size() > 8) return std::nullopt;
  std::uint32_t number = 0;
  for (const char c : text) {
    if (digit(c) < 0) return std::nullopt;
    number = number << 4 | static_cast<std::uint32_t>(digit(c));
  }
  return number;
}

/// "(1436509052.249713)".
std::optional<std::int64_t> time_of(std::string_view word) {
  constexpr int kDecimals = 6;
  if (word.size() < 3 || !word.starts_with('(') || !word.ends_with(')')) return std::nullopt;
  std::int64_t time = 0;
  int decimals = -1;
  for (std::size_t i = 1; i + 1 < word.size(); ++i) {
    if (word[i] == '.' && decimals < 0) {
      decimals = 0;
      continue;
    }
    if (word[i] < '0' || word[i] > '9' || time > INT64_MAX / 100 || decimals == kDecimals)
      return std::nullopt;
    time = time * 10 + (word[i] - '0');
    if (decimals >= 0) ++decimals;
  }
  for (int i = decimals < 0 ? 0 : decimals; i < kDecimals; ++i) {
    if (time > INT64_MAX / 100) return std::nullopt;
    time *= 10;
  }
  return time;
}

/// Three digits are a standard identifier, eight an extended one or, with its flag, an error.
bool read_id(std::string_view text, CanFrame& frame) {
  const auto id = hexadecimal(text);
  if (!id || (text.size() != 3 && text.size() != 8)) return false;
  frame.extended = text.size() == 8 && (*id & kCanError) == 0;
  frame.error = text.size() == 8 && (*id & kCanError) != 0;
  if (frame.extended && *id > kCanIdMost) return false;
  if (!frame.extended && !frame.error && *id > kCanStandardIdMost) return false;
  frame.id = *id & kCanIdMost;
  return true;
}

bool add_byte(std::string_view digits, CanFrame& frame) {
  const auto byte = hexadecimal(digits);
  if (!byte || digits.size() != 2 || frame.length == frame.data.size()) return false;
  frame.data[frame.length++] = static_cast<std::uint8_t>(*byte);
  return true;
}

/// "2F4#1301D711", "2F4#R8", "2F4#13.01.D7.11".
std::string_view read_compact(std::string_view word, CanFrame& frame) {
  const std::size_t mark = word.find('#');
  if (!read_id(first(word, mark), frame))
    return "an identifier has three hexadecimal digits, or eight where it is extended"sv;
  std::string_view data = from(word, mark + 1);
  if (data.starts_with('#')) return "a CAN FD frame, which no board here sends"sv;
  if (data.starts_with('R')) {
    frame.remote = true;
    return {};
  }
  while (!data.empty()) {
    if (data.front() == '.' || data.front() == '_') data.remove_prefix(1);
    if (data.size() < 2 || !add_byte(first(data, 2), frame))
      return "up to eight bytes of two hexadecimal digits follow the #"sv;
    data.remove_prefix(2);
  }
  return {};
}

/// "2F4   [8]  13 01 D7 11 33 00 00 00"; `id` was taken.
std::string_view read_columns(std::string_view id, std::string_view rest, CanFrame& frame) {
  constexpr std::string_view kForm =
      "not a line of candump: write IDENTIFIER#DATA, like 2F4#1301D71133000000"sv;
  // With -x the direction and two marks stand before the identifier.
  if (id == "RX"sv || id == "TX"sv) {
    take_word(rest);
    take_word(rest);
    id = take_word(rest);
  }
  if (!read_id(id, frame)) return kForm;
  const std::string_view length = take_word(rest);
  if (length.size() != 3 || length[0] != '[' || length[2] != ']') return kForm;
  const int bytes = digit(length[1]);
  if (bytes < 0 || bytes > 8) return kForm;
  std::string_view word = take_word(rest);
  if (word == "remote"sv) {
    frame.remote = true;
    return {};
  }
  for (int i = 0; i < bytes; ++i, word = take_word(rest))
    if (!add_byte(word, frame)) return "fewer bytes than the number in brackets says"sv;
  return {};
}

}  // namespace

CandumpLine parse_candump(std::string_view line) {
  CandumpLine parsed;
  std::string_view word = take_word(line);
  if (word.starts_with('(')) {
    parsed.time_us = time_of(word);
    if (!parsed.time_us) {
      parsed.fault = "the time in brackets is no number of seconds"sv;
      return parsed;
    }
    word = take_word(line);
  }
  if (word.empty()) {
    parsed.fault = "no frame: write IDENTIFIER#DATA, like 2F4#1301D71133000000"sv;
    return parsed;
  }
  CanFrame frame;
  if (word.find('#') != kNone) {
    parsed.fault = read_compact(word, frame);
  } else {
    parsed.interface = word;
    word = take_word(line);
    parsed.fault =
        word.find('#') != kNone ? read_compact(word, frame) : read_columns(word, line, frame);
  }
  if (parsed.fault.empty()) parsed.frame = frame;
  return parsed;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "bridge/json.h"

#include <charconv>

namespace cw {

void append_decimal(std::string& out, std::int64_t count, unsigned decimals) {
  char digits[24];
  std::uint64_t magnitude = static_cast<std::uint64_t>(count);
  if (count < 0) {
    out.push_back('-');
    magnitude = 0 - magnitude;
  }
  const char* const end = std::to_chars(digits, digits + sizeof digits, magnitude).ptr;
  const auto length = static_cast<std::size_t>(end - digits);
  if (decimals == 0) {
    out.append(digits, length);
    return;
  }
  const std::size_t whole = length > decimals ? length - decimals : 0;
  if (whole == 0) out.push_back('0');
  out.append(digits, whole);
  out.push_back('.');
  if (length < decimals) out.append(decimals - length, '0');
  out.append(digits + whole, length - whole);
}

void JsonWriter::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (!first_) out_.push_back(',');
  first_ = false;
}

void JsonWriter::open(char bracket) {
  separate();
  out_.push_back(bracket);
  first_ = true;
}

void JsonWriter::close(char bracket) {
  out_.push_back(bracket);
  first_ = false;
}

void JsonWriter::key(std::string_view name) {
  text(name);
  out_.push_back(':');
  after_key_ = true;
}

void JsonWriter::null() { raw("null"); }
void JsonWriter::boolean(bool value) { raw(value ? "true" : "false"); }

void JsonWriter::integer(std::int64_t value) { decimal(value, 0); }

void JsonWriter::decimal(std::int64_t count, unsigned decimals) {
  separate();
  append_decimal(out_, count, decimals);
}

void JsonWriter::text(std::string_view value) {
  separate();
  out_.push_back('"');
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out_.push_back('\\');
      out_.push_back(c);
    } else if (byte < 0x20 || byte == 0x7F) {
      constexpr char hex[] = "0123456789abcdef";
      out_.append("\\u00");
      out_.push_back(hex[byte >> 4]);
      out_.push_back(hex[byte & 15]);
    } else {
      out_.push_back(c);
    }
  }
  out_.push_back('"');
}

void JsonWriter::quantity(std::optional<std::int32_t> count, Unit unit) {
  if (!count) return null();
  if (unit == Unit::flag) return boolean(*count != 0);
  decimal(*count, facts(unit).decimals);
}

void JsonWriter::raw(std::string_view json) {
  separate();
  out_.append(json);
}

}  // namespace cw

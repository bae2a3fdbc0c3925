// SPDX-License-Identifier: Apache-2.0
// Writes JSON into a string that keeps its memory, so a steady state allocates nothing. It cannot
// write NaN or a number that is not known: that is `null`.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/units.h"

namespace cw {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }

  /// Inside an object: the name of the value that follows.
  void key(std::string_view name);

  void null();
  void boolean(bool value);
  void integer(std::int64_t value);
  /// `count` / 10^decimals with exactly that many decimals.
  void decimal(std::int64_t count, unsigned decimals);
  void text(std::string_view value);
  /// `count` in its unit: 3301 mV is written 3.301; a flag as true or false; absent as null.
  void quantity(std::optional<std::int32_t> count, Unit unit);
  /// Already JSON.
  void raw(std::string_view json);

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();

  std::string& out_;
  bool first_ = true;
  bool after_key_ = false;
};

/// Appends `count` / 10^decimals with exactly that many decimals.
void append_decimal(std::string& out, std::int64_t count, unsigned decimals);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The native Modbus map as a document, from the same rows that make the registers.
#include <fmt/format.h>

#include <iterator>

#include "bridge/json.h"
#include "bridge/modbus/modbus_table.h"

namespace cw {
namespace {

using modbus::Encoding;
using modbus::kRows;
using modbus::Row;

constexpr Encoding kEncodings[] = {Encoding::number16, Encoding::number32, Encoding::bits32,
                                   Encoding::bits64, Encoding::text};

constexpr std::string_view kIntroduction =
    "# Modbus registers\n"
    "\n"
    "Packs are units 1, 2, ... in the order of the configuration; the bank is the unit of the\n"
    "option `bank_unit`. Every unit has the same registers, and holding registers (function 3) "
    "and\n"
    "input registers (function 4) show the same. Addresses count from 0, as they are on the wire.\n"
    "A value is the number in its registers times its scale, in the unit given. What is absent,\n"
    "stale or not part of a unit reads as not available, never as 0; a pack that is not heard is "
    "no\n"
    "error. SunSpec and the registers of a Victron GX are units with maps of their own.\n"
    "\n"
    "| request | answer |\n"
    "|---|---|\n"
    "| for a unit that does not exist | exception 0A (gateway: no path to it) |\n"
    "| before anything is known | exception 0B (gateway: target device failed to respond) |\n"
    "| any function but 3 and 4 | exception 01; nothing can be written |\n"
    "| of no or more than 125 registers, or of a wrong length | exception 03 |\n"
    "| that touches a register not listed here | exception 02 |\n"
    "| with a wrong protocol identifier or an impossible length | the connection is closed |\n"
    "\n";

std::string_view units_of(const Row& row) {
  switch (row.shown) {
    case modbus::Shown::both: return "all";
    case modbus::Shown::pack: return "packs";
    case modbus::Shown::bank: return "bank";
  }
  return "";
}

// "0.001": what the number is multiplied by; empty for a text or bits.
std::string scale_of(const Row& row) {
  if (row.encoding != Encoding::number32 && row.encoding != Encoding::number16) return "";
  std::string scale;
  append_decimal(scale, 1, facts(row.unit).decimals);
  return scale;
}

std::string range_of(const Row& row) {
  if (row.end() - row.first == 1) return fmt::format("{}", row.first);
  return fmt::format("{}–{}", row.first, row.end() - 1);
}

std::string length_of(const Row& row) {
  if (row.values == 1) return fmt::format("{}", row.length);
  return fmt::format("{} × {}", row.values, row.length);
}

void print_rows(std::string& out) {
  const auto to = std::back_inserter(out);
  out += "| registers | length | key | encoding | unit | scale | not available | in | title |\n";
  out += "|---|---|---|---|---|---|---|---|---|\n";
  for (const Row& row : kRows)
    fmt::format_to(to, "| {} | {} | `{}` | {} | {} | {} | {} | {} | {} |\n", range_of(row),
                   length_of(row), row.key, facts(row.encoding).name, facts(row.unit).symbol,
                   scale_of(row), facts(row.encoding).not_available, units_of(row), row.title);
}

void print_markdown(std::string& out) {
  const auto to = std::back_inserter(out);
  out += kIntroduction;
  print_rows(out);
  out += "\n\"32 × 2\" are 32 values of 2 registers each, one after the other.\n";
  out += "\n## Encodings\n\n| encoding | registers | not available |\n|---|---|---|\n";
  for (const Encoding encoding : kEncodings)
    fmt::format_to(to, "| {} | {} | {} |\n", facts(encoding).name, facts(encoding).meaning,
                   facts(encoding).not_available);
  out += "\n## Bits of `alarms`\n\n| bit | alarm |\n|---|---|\n";
  for (std::size_t bit = 0; bit < kAlarmCount; ++bit)
    fmt::format_to(to, "| {} | `{}` |\n", bit, kAlarmNames[bit]);
  out += "\n## Bits of `rules_tripped` and `rules_off`\n\n| bit | rule | opens |\n|---|---|---|\n";
  for (std::size_t bit = 0; bit < kRuleCount; ++bit)
    fmt::format_to(to, "| {} | `{}` | {} |\n", bit, kRules[bit].name, name(kRules[bit].opens));
}

void member(JsonWriter& json, std::string_view key, std::string_view value) {
  json.key(key);
  json.text(value);
}

void member(JsonWriter& json, std::string_view key, std::int64_t value) {
  json.key(key);
  json.integer(value);
}

void write_row(JsonWriter& json, const Row& row) {
  json.begin_object();
  member(json, "key", row.key);
  member(json, "register", row.first);
  member(json, "length", row.length);
  member(json, "values", row.values);
  member(json, "encoding", facts(row.encoding).name);
  member(json, "unit", facts(row.unit).symbol);
  json.key("decimals");
  if (scale_of(row).empty())
    json.null();
  else
    json.integer(facts(row.unit).decimals);
  json.key("flag");
  json.boolean(row.unit == Unit::flag);
  member(json, "not_available", facts(row.encoding).not_available);
  member(json, "in", units_of(row));
  member(json, "title", row.title);
  json.end_object();
}

void print_json(std::string& out) {
  JsonWriter json(out);
  json.begin_object();
  member(json, "map_version", modbus::kMapVersion);
  json.key("registers");
  json.begin_array();
  for (const Row& row : kRows) write_row(json, row);
  json.end_array();
  json.key("alarms");
  json.begin_array();
  for (const std::string_view alarm : kAlarmNames) json.text(alarm);
  json.end_array();
  json.key("rules");
  json.begin_array();
  for (const RuleRow& rule : kRules) json.text(rule.name);
  json.end_array();
  json.end_object();
  out.push_back('\n');
}

}  // namespace

void print_modbus_map(std::string& out, bool json) {
  if (json)
    print_json(out);
  else
    print_markdown(out);
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "daemon/configuration/toml_tree.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

namespace cw {
namespace {

// A line bounds how deep keys can nest, and so the recursion in the library.
constexpr std::size_t kLongestLine = 4096;
// No option lies deeper than three; what lies under an unknown key need not be known.
constexpr int kDeepest = 16;

TomlPlace place_of(const toml::source_region& region) {
  return {region.begin.line, region.begin.column};
}

TomlNode convert(const toml::node& node, int depth);

void convert_table(const toml::table& table, TomlNode& out, int depth) {
  out.kind = TomlNode::Kind::table;
  for (const auto& [key, value] : table)
    out.entries.push_back({std::string(key.str()), place_of(key.source()), convert(value, depth)});
  std::stable_sort(out.entries.begin(), out.entries.end(),
                   [](const TomlEntry& a, const TomlEntry& b) { return a.place < b.place; });
}

TomlNode convert(const toml::node& node, int depth) {
  TomlNode out;
  out.place = place_of(node.source());
  if (depth > kDeepest) return out;
  if (const auto* table = node.as_table()) {
    convert_table(*table, out, depth + 1);
  } else if (const auto* array = node.as_array()) {
    out.kind = TomlNode::Kind::array;
    for (const toml::node& element : *array) out.elements.push_back(convert(element, depth + 1));
  } else if (const auto* text = node.as_string()) {
    out.kind = TomlNode::Kind::text;
    out.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    out.kind = TomlNode::Kind::integer;
    out.integer = integer->get();
    out.text = fmt::format("{}", integer->get());
  } else if (const auto* number = node.as_floating_point()) {
    out.kind = TomlNode::Kind::number;
    out.text = fmt::format("{}", number->get());
  } else if (const auto* boolean = node.as_boolean()) {
    out.kind = TomlNode::Kind::boolean;
    out.boolean = boolean->get();
    out.text = out.boolean ? "true" : "false";
  } else {
    out.kind = TomlNode::Kind::date;
  }
  return out;
}

std::string_view line_of(std::string_view text, std::uint32_t line) {
  for (; line > 1; --line) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

/// The mistake nearly everybody makes once: a value with its unit, but without quotes.
std::string_view advice(std::string_view line) {
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return {};
  const auto value = line.find_first_not_of(" \t", equals + 1);
  if (value == std::string_view::npos || line[value] == '#') return "; write a value behind the =";
  if (std::string_view("\"'[{").find(line[value]) != std::string_view::npos) return {};
  return "; text and values with a unit are written in quotes";
}

TomlDocument refuse(TomlPlace place, std::string fault) {
  TomlDocument document;
  document.place = place;
  document.fault = std::move(fault);
  return document;
}

}  // namespace

const TomlEntry* TomlNode::find(std::string_view key) const {
  for (const TomlEntry& entry : entries)
    if (entry.key == key) return &entry;
  return nullptr;
}

std::string_view name(TomlNode::Kind kind) {
  constexpr std::string_view names[] = {"text",      "a whole number", "a number with a fraction",
                                        "a boolean", "a date",         "a list",
                                        "a table"};
  return names[static_cast<std::size_t>(kind)];
}

TomlDocument read_toml(std::string_view text) {
  if (text.size() > kLargestToml)
    return refuse({}, fmt::format("is larger than {} bytes: not a configuration", kLargestToml));
  std::uint32_t line = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end - begin > kLongestLine)
      return refuse({line, kLongestLine + 1},
                    fmt::format("the line is longer than {} bytes: break it", kLongestLine));
    begin = end + 1;
  }
  try {
    TomlDocument document;
    convert_table(toml::parse(text), document.root, 0);
    document.root.place = {1, 1};
    document.ok = true;
    return document;
  } catch (const toml::parse_error& error) {
    const TomlPlace place = place_of(error.source());
    return refuse(place, fmt::format("not valid TOML: {}{}", error.description(),
                                     advice(line_of(text, place.line))));
  }
}

}  // namespace cw

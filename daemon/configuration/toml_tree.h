// SPDX-License-Identifier: Apache-2.0
// A TOML document as a tree in file order, every key and value with its place. Knows the language,
// not what any key means.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cw {

struct TomlPlace {
  std::uint32_t line = 0;  // from 1
  std::uint32_t column = 0;
  friend constexpr bool operator<(TomlPlace a, TomlPlace b) {
    return a.line != b.line ? a.line < b.line : a.column < b.column;
  }
};

struct TomlEntry;

struct TomlNode {
  enum class Kind : std::uint8_t { text, integer, number, boolean, date, array, table };
  Kind kind = Kind::table;
  TomlPlace place;
  std::string text;  // text: its content; number: its digits
  std::int64_t integer = 0;
  bool boolean = false;
  std::vector<TomlNode> elements;  // array
  std::vector<TomlEntry> entries;  // table

  const TomlEntry* find(std::string_view key) const;
};

struct TomlEntry {
  std::string key;
  TomlPlace place;  // of the key
  TomlNode value;
};

/// "text", "a whole number", ...: for people.
std::string_view name(TomlNode::Kind kind);

struct TomlDocument {
  TomlNode root;
  bool ok = false;
  TomlPlace place;    // of the first fault of syntax
  std::string fault;  // what it is
};

/// Larger texts are refused: nobody writes that much by hand.
inline constexpr std::size_t kLargestToml = 1'048'576;

TomlDocument read_toml(std::string_view text);

}  // namespace cw

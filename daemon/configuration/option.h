// SPDX-License-Identifier: Apache-2.0
// What the rows of the option table are made of.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "core/units.h"

namespace cw {

enum class OptionType : std::uint8_t {
  text,
  name,            // of a pack, a relay, the gateway: also a topic level
  path,            // absolute
  topic,           // of MQTT, without wildcards
  word,            // one of a few
  quantity,        // text with a unit
  count,           // a whole number
  text_or_number,  // a name or a whole number
  boolean,
  names,   // a list of names
  counts,  // a whole number, or a list of them
  curve,   // a list of points: a measurement in `unit`, and how much of the full limit is left
};

enum class Need : std::uint8_t {
  required,   // without it the section is refused
  defaulted,  // `fallback` is read as if it stood in the file
  derived,    // `fallback` says, for people, what it is taken from
};

struct Option {
  std::string_view section;
  std::string_view key;
  OptionType type = OptionType::text;
  Unit unit = Unit::count;  // quantity
  std::int64_t lowest = 1;  // quantity and count: in `unit`;
  std::int64_t highest = std::numeric_limits<std::int64_t>::max();  // texts: length in bytes
  std::string_view words{};                                         // word: "observe control"
  Need need = Need::defaulted;
  std::string_view fallback{};  // without quotes
  std::string_view sentence;
  std::string_view example;  // as in the file, with quotes where they are needed
  bool aside = false;  // the sample file only mentions it: it does not go with the other examples
};

struct OptionSection {
  std::string_view name;
  bool repeated;      // [[name]]: any number of them
  bool takes_limits;  // protection and balance limits may stand in it
  std::string_view sentence;
};

/// Rows one after the other.
template <std::size_t N, std::size_t M>
constexpr std::array<Option, N + M> join(const std::array<Option, N>& first,
                                         const std::array<Option, M>& second) {
  std::array<Option, N + M> all{};
  for (std::size_t i = 0; i < N; ++i) all[i] = first[i];
  for (std::size_t i = 0; i < M; ++i) all[N + i] = second[i];
  return all;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The columns of the history: every scalar and every element of a series whose row in
// core/fields.h says `sampled`. It names and counts them; it never touches a file.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "core/fields.h"

namespace cw {

struct Column {
  std::optional<Series> series;  // none: a scalar
  std::uint8_t index = 0;        // row of kFields, or element of the series, from 0
};

inline constexpr std::size_t kColumnCount = [] {
  std::size_t count = 0;
  for (const auto& field : kFields) count += field.facts.history == History::sampled ? 1 : 0;
  for (const auto& series : kSeries)
    if (series.history == History::sampled) count += series.capacity;
  return count;
}();

inline constexpr auto kColumns = [] {
  std::array<Column, kColumnCount> columns{};
  std::size_t next = 0;
  for (std::size_t i = 0; i < kFieldCount; ++i)
    if (kFields[i].facts.history == History::sampled)
      columns[next++] = {std::nullopt, static_cast<std::uint8_t>(i)};
  for (std::size_t s = 0; s < kSeries.size(); ++s)
    for (std::size_t i = 0; i < kSeries[s].capacity; ++i)
      if (kSeries[s].history == History::sampled)
        columns[next++] = {static_cast<Series>(s), static_cast<std::uint8_t>(i)};
  return columns;
}();

constexpr Unit unit_of_column(const Column& column) {
  return column.series ? facts(*column.series).unit : kFields[column.index].unit;
}

/// How many counts make one of the unit people read: 1000 for millivolts.
std::int64_t counts_per_unit(Unit unit);

/// The name every interface uses: "voltage_V", "cell_voltage_07_V".
std::string shared_name(const Column& column);

/// The name of the stored integer, which says its step: "voltage_mV", "cell_voltage_07_mV".
std::string stored_name(const Column& column);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// SQL that follows the field table.
#include "storage/schema.h"

#include <fmt/format.h>

#include "storage/columns.h"

namespace cw {
namespace {

// Readable and sortable: 2026-01-31T12:00:00.250Z.
constexpr std::string_view kTimeText =
    "strftime('%Y-%m-%dT%H:%M:%fZ', {0}.time_ms / 1000.0, 'unixepoch')";

std::string time_text(std::string_view table) {
  return fmt::format(fmt::runtime(kTimeText), table);
}

}  // namespace

std::string samples_view() {
  std::string sql = fmt::format(
      "CREATE VIEW samples AS SELECT sample.time_ms AS time_ms, {} AS time, pack.name AS pack",
      time_text("sample"));
  for (const Column& column : kColumns) {
    const std::int64_t scale = counts_per_unit(unit_of_column(column));
    if (scale == 1)
      fmt::format_to(std::back_inserter(sql), ", {} AS {}", stored_name(column),
                     shared_name(column));
    else
      fmt::format_to(std::back_inserter(sql), ", {} / {}.0 AS {}", stored_name(column), scale,
                     shared_name(column));
  }
  return sql + " FROM sample JOIN pack ON pack.id = sample.pack";
}

std::string events_view() {
  return fmt::format(
      "CREATE VIEW events AS SELECT event.id AS id, event.time_ms AS time_ms, {} AS time, "
      "pack.name AS pack, kind, subject, value_counts * 1.0 / counts_per_unit AS value, "
      "limit_counts * 1.0 / counts_per_unit AS limit_value, unit, place, detail "
      "FROM event LEFT JOIN pack ON pack.id = event.pack",
      time_text("event"));
}

std::string insert_sample() {
  std::string names = "time_ms, pack";
  std::string values = "?1, ?2";
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    names += ", " + stored_name(kColumns[i]);
    values += fmt::format(", ?{}", i + 3);
  }
  return fmt::format("INSERT INTO sample ({}) VALUES ({}) ON CONFLICT DO NOTHING", names, values);
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// A table of measurements as CSV: a line of column names, then a line an instant. Every value must
// lie on the grid of its unit; nothing is rounded, skipped or guessed. Does no I/O.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/fields.h"

namespace cw {

/// What is wrong with a line, and where in it.
struct TraceFault {
  std::uint32_t column = 1;  // in bytes from 1; 1 as well where the line as a whole is wrong
  std::string message;
};

/// The columns are `t_s` (seconds, rising), the keys of kFields (`current_A`) and the elements of
/// kSeries (`cell_voltage_07_V`, `temperature_1_C`), in any order and any subset. An empty value is
/// one that was not heard. A flag is 0, 1, false or true.
class Trace {
 public:
  /// Understands the first line. All its faults; none: rows may follow.
  std::vector<TraceFault> read_header(std::string_view line);

  /// Sets the values of one row in `pack`, heard at the row's time. Where the table has no column
  /// cell_count, the cells are those that have columns.
  std::optional<TraceFault> read_row(std::string_view line, Pack& pack);

  /// Of the row that was read last.
  Instant now() const { return now_; }

 private:
  struct Column {
    enum class Kind : std::uint8_t { time, scalar, element } kind = Kind::time;
    Series series = Series::cell_voltage;
    std::uint8_t index = 0;  // row of kFields, or element of the series from 0
    std::string name;        // as written in the header
  };

  static std::optional<Column> find(std::string_view name);
  std::optional<TraceFault> add(std::string_view name, std::uint32_t at);
  std::optional<std::string> store(const Column& column, std::string_view text, Pack& pack);

  std::vector<Column> columns_;
  std::optional<std::int32_t> cells_;  // how many cell columns, if there is no cell_count
  Instant now_{};
  bool has_row_ = false;
};

}  // namespace cw

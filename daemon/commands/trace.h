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

/// What is no fault, but may not be what was meant.
struct TraceNote {
  std::uint32_t line;
  std::uint32_t column;
  std::string message;
};

/// What no BMS reports: what people and the installation do. Where a trace is silent: nothing.
struct Actions {
  bool button = false;         // pressed
  bool emergency = false;      // requested in this row
  bool heater_switch = false;  // there is a heater, and it may be used
};

/// The columns are `t_s` (seconds, rising), the keys of kFields (`current_A`), the elements of
/// kSeries (`cell_voltage_07_V`, `temperature_1_C`), alarms by name and the members of Actions, in
/// any order and any subset. An empty value is one that was not heard. A flag is 0, 1, false or
/// true. Alarms are heard together: all of a row or none, and one without a column is not raised.
class Trace {
 public:
  /// Understands the first line, which is line `number` of its file. All its faults; none: rows may
  /// follow.
  std::vector<TraceFault> read_header(std::string_view line, std::uint32_t number);

  /// Sets the values of one row in `pack`, heard at the row's time. Where the table has no column
  /// cell_count, the cells are those that have columns.
  std::optional<TraceFault> read_row(std::string_view line, std::uint32_t number, Pack& pack);

  /// Of the row that was read last.
  Instant now() const { return now_; }
  const Actions& actions() const { return actions_; }

  /// What was noticed since the last call.
  std::vector<TraceNote> take_notes();
  /// Which columns had values outside their plausible range so far, which judge() rejects.
  std::vector<TraceNote> implausible() const;

 private:
  struct Column {
    enum class Kind : std::uint8_t { time, scalar, element, alarm, action } kind = Kind::time;
    Series series = Series::cell_voltage;
    std::uint8_t index = 0;  // row of the kind's table, or element of the series from 0
    std::string name{};      // as written in the header

    std::uint32_t values = 0;       // that were not empty
    std::uint32_t implausible = 0;  // of them
    std::uint32_t first_line = 0;   // of the first implausible one
    std::uint32_t first_at = 0;
    bool overruled = false;  // it was told that the cells say something else
  };
  struct Word {
    std::string_view text;
    std::uint32_t at;  // of its first byte, from 1
  };

  static std::optional<Column> find(std::string_view name);
  static std::vector<Word> split(std::string_view line);
  std::optional<TraceFault> add(std::string_view name, std::uint32_t at);
  std::vector<TraceFault> count_cells();
  void note_alarms(std::uint32_t number);
  std::optional<TraceFault> read_time(const Word& word);
  std::optional<TraceFault> read_alarms(const std::vector<Word>& words, Pack& pack) const;
  std::optional<std::string> store(Column& column, const Word& word, std::uint32_t number,
                                   Pack& pack);
  void note_overruled(const std::vector<Word>& words, std::uint32_t number, const Pack& pack);

  std::vector<Column> columns_;
  std::optional<std::int32_t> cells_;  // how many cell columns, if there is no cell_count
  bool may_overrule_ = false;          // cells beside what follows from them
  Instant now_{};
  bool has_row_ = false;
  Actions actions_{};
  std::vector<TraceNote> notes_;
};

}  // namespace cw

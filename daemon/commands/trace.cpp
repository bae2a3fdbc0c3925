// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/measurements.h"
#include "daemon/configuration/quantity_text.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

constexpr std::string_view kTime = "t_s";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

struct Action {
  std::string_view name;
  bool Actions::*member;
};
constexpr Action kActions[] = {{"button", &Actions::button},
                               {"emergency", &Actions::emergency},
                               {"heater_switch", &Actions::heater_switch}};

// What derive() takes from the cells, whatever was sent.
constexpr std::uint8_t kFromCells[] = {index_of<&PackScalars::cell_voltage_max>(),
                                       index_of<&PackScalars::cell_voltage_min>(),
                                       index_of<&PackScalars::cell_voltage_mean>(),
                                       index_of<&PackScalars::cell_voltage_delta>(),
                                       index_of<&PackScalars::cell_voltage_max_index>(),
                                       index_of<&PackScalars::cell_voltage_min_index>()};

// The alarms that rules read.
constexpr Alarm kFlags[] = {Alarm::discharge_short_circuit, Alarm::charge_short_circuit,
                            Alarm::internal_communication};

std::string element_name(Series series, std::size_t i) {
  const SeriesFacts& row = facts(series);
  return fmt::format("{}_{:02}_{}", row.element_key, i + 1, facts(row.unit).suffix);
}

// `temperature_1_C` is as good as `temperature_01_C`.
std::string with_two_digits(std::string_view name) {
  std::string padded{name};
  for (std::size_t i = 1; i + 1 < name.size(); ++i)
    if (name[i - 1] == '_' && name[i] >= '0' && name[i] <= '9' && name[i + 1] == '_')
      return padded.insert(i, 1, '0');
  return padded;
}

std::vector<std::string> known_names() {
  std::vector<std::string> names{std::string{kTime}};
  for (const Field& field : kFields) names.emplace_back(field.facts.key);
  for (std::size_t s = 0; s < kSeries.size(); ++s)
    for (std::size_t i = 0; i < kSeries[s].capacity; ++i)
      names.push_back(element_name(static_cast<Series>(s), i));
  names.insert(names.end(), kAlarmNames.begin(), kAlarmNames.end());
  for (const Action& action : kActions) names.emplace_back(action.name);
  return names;
}

std::string unknown_column(std::string_view name) {
  const std::vector<std::string> names = known_names();
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view near = nearest(name, views);
  const std::string what = fmt::format("no column is called {}", in_quotes(name));
  if (!near.empty()) return fmt::format("{}; did you mean \"{}\"?", what, near);
  return what + "; `cellwarden shadow --help` says which columns there are";
}

struct Number {
  std::optional<std::int64_t> count;
  bool off_grid = false;  // a number, but between two counts
};

// Exactly `count` / 10^decimals, or nothing. 18 digits always fit.
Number parse_number(std::string_view text, unsigned decimals) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::int64_t count = 0;
  std::size_t digits = 0;
  std::optional<unsigned> after_point;
  bool off_grid = false;
  for (const char c : text) {
    if (c == '.' && !after_point) {
      after_point = 0;
      continue;
    }
    if (c < '0' || c > '9' || ++digits > 18) return {};
    if (after_point && ++*after_point > decimals) {
      off_grid = off_grid || c != '0';
      continue;
    }
    count = count * 10 + (c - '0');
  }
  if (digits == 0) return {};
  for (unsigned i = std::min(after_point.value_or(0), decimals); i < decimals; ++i) {
    if (count > INT64_MAX / 10) return {};
    count *= 10;
  }
  return {negative ? -count : count, off_grid};
}

std::string grid_of(Unit unit) {
  return facts(unit).decimals == 0 ? std::string{"whole numbers"}
                                   : fmt::format("steps of {}", number_text(1, unit));
}

// The fault in words, or the count in `count`.
std::optional<std::string> parse_count(std::string_view name, std::string_view text, Unit unit,
                                       std::int64_t& count) {
  if (unit == Unit::flag && (text == "true" || text == "false")) {
    count = text == "true" ? 1 : 0;
    return std::nullopt;
  }
  const Number number = parse_number(text, facts(unit).decimals);
  if (!number.count) return fmt::format("{}: {} is not a number", name, in_quotes(text));
  if (number.off_grid) return fmt::format("{}: {} is not in {}", name, text, grid_of(unit));
  if (unit == Unit::flag && *number.count != 0 && *number.count != 1)
    return fmt::format("{}: {} is neither 0 (false) nor 1 (true)", name, text);
  count = *number.count;
  return std::nullopt;
}

PlausibleRange range_of(bool scalar, std::uint8_t index, Series series) {
  if (!scalar) return plausible(series);
  return {kFields[index].facts.lowest, kFields[index].facts.highest};
}

}  // namespace

std::vector<Trace::Word> Trace::split(std::string_view line) {
  std::vector<Word> words;
  std::size_t begin = 0;
  while (true) {
    const std::size_t comma = std::min(line.find(',', begin), line.size());
    const std::string_view text = trimmed(line.substr(begin, comma - begin));
    const auto offset = text.empty() ? begin : static_cast<std::size_t>(text.data() - line.data());
    words.push_back({text, static_cast<std::uint32_t>(offset + 1)});
    if (comma == line.size()) return words;
    begin = comma + 1;
  }
}

std::optional<Trace::Column> Trace::find(std::string_view name) {
  const auto column = [name](Column::Kind kind, std::size_t index) {
    return Column{
        .kind = kind, .index = static_cast<std::uint8_t>(index), .name = std::string{name}};
  };
  if (name == kTime) return column(Column::Kind::time, 0);
  for (std::size_t i = 0; i < kFieldCount; ++i)
    if (kFields[i].facts.key == name) return column(Column::Kind::scalar, i);
  for (std::size_t i = 0; i < kAlarmCount; ++i)
    if (kAlarmNames[i] == name) return column(Column::Kind::alarm, i);
  for (std::size_t i = 0; i < std::size(kActions); ++i)
    if (kActions[i].name == name) return column(Column::Kind::action, i);
  const std::string padded = with_two_digits(name);
  for (std::size_t s = 0; s < kSeries.size(); ++s)
    for (std::size_t i = 0; i < kSeries[s].capacity; ++i)
      if (element_name(static_cast<Series>(s), i) == padded) {
        Column element = column(Column::Kind::element, i);
        element.series = static_cast<Series>(s);
        return element;
      }
  return std::nullopt;
}

std::optional<TraceFault> Trace::add(std::string_view name, std::uint32_t at) {
  const auto column = find(name);
  if (!column) return TraceFault{at, unknown_column(name)};
  const bool twice = std::any_of(columns_.begin(), columns_.end(), [&](const Column& other) {
    return other.kind == column->kind && other.series == column->series &&
           other.index == column->index;
  });
  if (twice) return TraceFault{at, fmt::format("a second column for {}", name)};
  columns_.push_back(*column);
  return std::nullopt;
}

std::vector<TraceFault> Trace::read_header(std::string_view line, std::uint32_t number) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // spreadsheets like to write it
  if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  std::vector<TraceFault> faults;
  for (const Word& word : split(line))
    if (auto fault = add(word.text, word.at)) faults.push_back(std::move(*fault));
  if (!faults.empty()) return faults;
  const bool has_time = std::any_of(columns_.begin(), columns_.end(), [](const Column& column) {
    return column.kind == Column::Kind::time;
  });
  if (!has_time) faults.push_back({1, "there is no column t_s with the time in seconds"});
  for (TraceFault& fault : count_cells()) faults.push_back(std::move(fault));
  note_alarms(number);
  return faults;
}

std::vector<TraceFault> Trace::count_cells() {
  bool has_cell_count = false;
  bool has_derived = false;
  std::array<bool, kMaxCells> has_cell{};
  for (const Column& column : columns_) {
    if (column.kind == Column::Kind::scalar) {
      has_cell_count |= column.index == index_of<&PackScalars::cell_count>();
      has_derived |= std::find(std::begin(kFromCells), std::end(kFromCells), column.index) !=
                     std::end(kFromCells);
    }
    if (column.kind == Column::Kind::element && column.series == Series::cell_voltage)
      has_cell[column.index] = true;
  }
  const auto end = std::find(has_cell.rbegin(), has_cell.rend(), true).base();
  const bool has_cells = end != has_cell.begin();
  may_overrule_ = has_cells && has_derived;
  if (has_cells && !has_cell_count) cells_ = static_cast<std::int32_t>(end - has_cell.begin());
  const auto gap = std::find(has_cell.begin(), end, false);
  if (gap == end) return {};
  const auto missing = static_cast<std::size_t>(gap - has_cell.begin());
  return {{1, fmt::format("there is no column {}: cells count from 1 without a gap",
                          element_name(Series::cell_voltage, missing))}};
}

// A word of alarms is heard as a whole. What it turns on and nobody gave should be known.
void Trace::note_alarms(std::uint32_t number) {
  const auto has_alarm = [this](std::optional<Alarm> alarm) {
    return std::any_of(columns_.begin(), columns_.end(), [alarm](const Column& column) {
      return column.kind == Column::Kind::alarm &&
             (!alarm || column.index == static_cast<std::uint8_t>(*alarm));
    });
  };
  if (!has_alarm(std::nullopt)) return;
  std::string missing;
  for (const Alarm alarm : kFlags)
    if (!has_alarm(alarm)) missing += fmt::format("{}{}", missing.empty() ? "" : ", ", name(alarm));
  if (!missing.empty())
    notes_.push_back({number, 1,
                      fmt::format("alarms are heard together: without a column, {} "
                                  "counts as not raised",
                                  missing)});
}

std::optional<std::string> Trace::store(Column& column, const Word& word, std::uint32_t number,
                                        Pack& pack) {
  const bool scalar = column.kind == Column::Kind::scalar;
  const Unit unit = scalar ? kFields[column.index].unit : facts(column.series).unit;
  std::int64_t wide = 0;
  if (auto fault = parse_count(column.name, word.text, unit, wide)) return fault;
  if (wide < INT32_MIN || wide > INT32_MAX)
    return fmt::format("{}: {} is too large", column.name, word.text);
  const auto count = static_cast<std::int32_t>(wide);
  ++column.values;
  if (!range_of(scalar, column.index, column.series).has(count) && ++column.implausible == 1) {
    column.first_line = number;
    column.first_at = word.at;
  }
  if (scalar) {
    kFields[column.index].store(pack.scalars, count, now_);
    return std::nullopt;
  }
  switch (column.series) {
    case Series::cell_voltage: pack.cell_voltage[column.index].set({count}, now_); break;
    case Series::wire_resistance: pack.wire_resistance[column.index].set({count}, now_); break;
    case Series::temperature: pack.temperature[column.index].set({count}, now_); break;
  }
  return std::nullopt;
}

std::optional<TraceFault> Trace::read_time(const Word& word) {
  const Instant before = now_;
  if (auto fault = parse_count(kTime, word.text, Unit::millisecond, now_.ms))
    return TraceFault{word.at, std::move(*fault)};
  if (has_row_ && now_ <= before)
    return TraceFault{word.at, fmt::format("t_s: {} is not after the row before, {}", word.text,
                                           number_text(before.ms, Unit::millisecond))};
  has_row_ = true;
  return std::nullopt;
}

std::optional<TraceFault> Trace::read_alarms(const std::vector<Word>& words, Pack& pack) const {
  AlarmSet alarms;
  bool heard = false;
  std::optional<std::size_t> silent;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].kind != Column::Kind::alarm) continue;
    if (words[i].text.empty()) {
      silent = i;
      continue;
    }
    heard = true;
    std::int64_t raised = 0;
    if (auto fault = parse_count(columns_[i].name, words[i].text, Unit::flag, raised))
      return TraceFault{words[i].at, std::move(*fault)};
    if (raised != 0) alarms.add(static_cast<Alarm>(columns_[i].index));
  }
  if (!heard) return std::nullopt;
  if (silent)
    return TraceFault{words[*silent].at,
                      fmt::format("{}: empty, but other alarms of this row are not: they are heard "
                                  "together",
                                  columns_[*silent].name)};
  pack.alarms.set(alarms, now_);
  return std::nullopt;
}

void Trace::note_overruled(const std::vector<Word>& words, std::uint32_t number, const Pack& pack) {
  Pack derived = pack;
  judge(derived);
  derive(derived, now_);
  for (const std::uint8_t index : kFromCells)
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      Column& column = columns_[i];
      if (column.kind != Column::Kind::scalar || column.index != index || column.overruled)
        continue;
      const Field& field = kFields[index];
      const auto given = field.fresh(pack.scalars, now_, {0});
      const auto is = field.fresh(derived.scalars, now_, {0});
      if (!given || !is || *given == *is) continue;
      column.overruled = true;
      notes_.push_back(
          {number, words[i].at,
           fmt::format("{} is {}, but {} by the cells: the cells count", column.name,
                       number_text(*given, field.unit), number_text(*is, field.unit))});
    }
}

std::optional<TraceFault> Trace::read_row(std::string_view line, std::uint32_t number, Pack& pack) {
  const std::vector<Word> words = split(line);
  if (words.size() != columns_.size())
    return TraceFault{1, fmt::format("{} values, but {} columns", words.size(), columns_.size())};
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (columns_[i].kind == Column::Kind::time)
      if (auto fault = read_time(words[i])) return fault;
  actions_ = {};
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    if (words[i].text.empty()) continue;
    std::optional<std::string> fault;
    if (column.kind == Column::Kind::scalar || column.kind == Column::Kind::element)
      fault = store(column, words[i], number, pack);
    if (column.kind == Column::Kind::action) {
      std::int64_t given = 0;
      fault = parse_count(column.name, words[i].text, Unit::flag, given);
      actions_.*kActions[column.index].member = given != 0;
    }
    if (fault) return TraceFault{words[i].at, std::move(*fault)};
  }
  if (cells_) pack.scalars.cell_count.set({*cells_}, now_);
  if (may_overrule_) note_overruled(words, number, pack);
  return read_alarms(words, pack);
}

std::vector<TraceNote> Trace::take_notes() { return std::exchange(notes_, {}); }

std::vector<TraceNote> Trace::implausible() const {
  std::vector<TraceNote> notes;
  for (const Column& column : columns_) {
    if (column.implausible == 0) continue;
    const bool scalar = column.kind == Column::Kind::scalar;
    const Unit unit = scalar ? kFields[column.index].unit : facts(column.series).unit;
    const PlausibleRange range = range_of(scalar, column.index, column.series);
    notes.push_back(
        {column.first_line, column.first_at,
         fmt::format("{}: {} of {} values, this one first, are not from {} to {} and "
                     "were taken for absent",
                     column.name, column.implausible, column.values,
                     number_text(range.lowest, unit), number_text(range.highest, unit))});
  }
  return notes;
}

}  // namespace cw

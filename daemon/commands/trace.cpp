// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/trace.h"

#include <fmt/format.h>

#include <algorithm>

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

struct Word {
  std::string_view text;
  std::uint32_t at;  // of its first byte, from 1
};

std::vector<Word> split(std::string_view line) {
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
  return names;
}

std::string unknown_column(std::string_view name) {
  const std::vector<std::string> names = known_names();
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view near = nearest(name, views);
  const std::string what = fmt::format("no column is called {}", in_quotes(name));
  if (!near.empty()) return fmt::format("{}; did you mean \"{}\"?", what, near);
  return what + "; columns are t_s and the keys that `cellwarden docs fields` lists";
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

}  // namespace

std::optional<Trace::Column> Trace::find(std::string_view name) {
  if (name == kTime) return Column{.kind = Column::Kind::time, .name = std::string{name}};
  for (std::size_t i = 0; i < kFieldCount; ++i)
    if (kFields[i].facts.key == name)
      return Column{.kind = Column::Kind::scalar,
                    .index = static_cast<std::uint8_t>(i),
                    .name = std::string{name}};
  const std::string padded = with_two_digits(name);
  for (std::size_t s = 0; s < kSeries.size(); ++s)
    for (std::size_t i = 0; i < kSeries[s].capacity; ++i)
      if (element_name(static_cast<Series>(s), i) == padded)
        return Column{.kind = Column::Kind::element,
                      .series = static_cast<Series>(s),
                      .index = static_cast<std::uint8_t>(i),
                      .name = std::string{name}};
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

std::vector<TraceFault> Trace::read_header(std::string_view line) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // spreadsheets like to write it
  if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  std::vector<TraceFault> faults;
  for (const Word& word : split(line))
    if (auto fault = add(word.text, word.at)) faults.push_back(std::move(*fault));
  if (!faults.empty()) return faults;

  bool has_time = false;
  bool has_cell_count = false;
  std::array<bool, kMaxCells> has_cell{};
  for (const Column& column : columns_) {
    has_time = has_time || column.kind == Column::Kind::time;
    has_cell_count = has_cell_count || (column.kind == Column::Kind::scalar &&
                                        column.index == index_of<&PackScalars::cell_count>());
    if (column.kind == Column::Kind::element && column.series == Series::cell_voltage)
      has_cell[column.index] = true;
  }
  if (!has_time) faults.push_back({1, "there is no column t_s with the time in seconds"});
  const auto end = std::find(has_cell.rbegin(), has_cell.rend(), true).base();
  const auto gap = std::find(has_cell.begin(), end, false);
  if (gap != end)
    faults.push_back(
        {1, fmt::format("there is no column {}: cells count from 1 without a gap",
                        element_name(Series::cell_voltage,
                                     static_cast<std::size_t>(gap - has_cell.begin())))});
  if (!has_cell_count && end != has_cell.begin())
    cells_ = static_cast<std::int32_t>(end - has_cell.begin());
  return faults;
}

std::optional<std::string> Trace::store(const Column& column, std::string_view text, Pack& pack) {
  const bool scalar = column.kind == Column::Kind::scalar;
  const Unit unit = scalar ? kFields[column.index].unit : facts(column.series).unit;
  std::int64_t wide = 0;
  if (auto fault = parse_count(column.name, text, unit, wide)) return fault;
  if (wide < INT32_MIN || wide > INT32_MAX)
    return fmt::format("{}: {} is too large", column.name, text);
  const auto count = static_cast<std::int32_t>(wide);
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

std::optional<TraceFault> Trace::read_row(std::string_view line, Pack& pack) {
  const std::vector<Word> words = split(line);
  if (words.size() != columns_.size())
    return TraceFault{1, fmt::format("{} values, but {} columns", words.size(), columns_.size())};

  const Instant before = now_;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].kind != Column::Kind::time) continue;
    if (auto fault = parse_count(kTime, words[i].text, Unit::millisecond, now_.ms))
      return TraceFault{words[i].at, std::move(*fault)};
    if (has_row_ && now_ <= before)
      return TraceFault{words[i].at,
                        fmt::format("t_s: {} is not after the row before, {}", words[i].text,
                                    number_text(before.ms, Unit::millisecond))};
  }
  has_row_ = true;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].kind == Column::Kind::time || words[i].text.empty()) continue;
    if (auto fault = store(columns_[i], words[i].text, pack))
      return TraceFault{words[i].at, std::move(*fault)};
  }
  if (cells_) pack.scalars.cell_count.set({*cells_}, now_);
  return std::nullopt;
}

}  // namespace cw

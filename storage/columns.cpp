// SPDX-License-Identifier: Apache-2.0
// Names of the history's columns, made from the keys of the field table.
#include "storage/columns.h"

#include <fmt/format.h>

namespace cw {
namespace {

/// The smallest step of a unit, as the last part of a column's name.
std::string_view step_suffix(Unit unit) {
  switch (unit) {
    case Unit::millivolt: return "mV";
    case Unit::milliamp: return "mA";
    case Unit::milliwatt: return "mW";
    case Unit::milliamp_hour: return "mAh";
    case Unit::micro_ohm: return "uohm";
    case Unit::decicelsius: return "dC";
    case Unit::centipercent: return "cpct";
    case Unit::second: return "s";
    case Unit::millisecond: return "ms";
    case Unit::microsecond: return "us";
    case Unit::count: return "";
    case Unit::flag: return "";
  }
  return "";
}

/// The key without its unit: "voltage", "cell_voltage_07".
std::string stem(const Column& column) {
  if (column.series)
    return fmt::format("{}_{:02}", facts(*column.series).element_key, column.index + 1);
  std::string_view key = kFields[column.index].facts.key;
  const std::string_view suffix = facts(kFields[column.index].unit).suffix;
  if (!suffix.empty()) key.remove_suffix(suffix.size() + 1);
  return std::string(key);
}

std::string with_suffix(std::string name, std::string_view suffix) {
  if (suffix.empty()) return name;
  return fmt::format("{}_{}", name, suffix);
}

}  // namespace

std::int64_t counts_per_unit(Unit unit) {
  std::int64_t scale = 1;
  for (unsigned i = 0; i < facts(unit).decimals; ++i) scale *= 10;
  return scale;
}

std::string shared_name(const Column& column) {
  return with_suffix(stem(column), facts(unit_of_column(column)).suffix);
}

std::string stored_name(const Column& column) {
  return with_suffix(stem(column), step_suffix(unit_of_column(column)));
}

}  // namespace cw

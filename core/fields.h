// SPDX-License-Identifier: Apache-2.0
// THE table: one row a value. JSON, MQTT and Home Assistant, the Modbus map, the history's columns
// and the printed documents are walks over these rows; adding a row changes all of them.
#pragma once
#include <array>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>

#include "core/pack.h"

namespace cw {

/// The MQTT topic a value travels on; the groups have intervals of their own.
enum class Group : std::uint8_t { state, cells, stats };

/// How Home Assistant shows a value. The strings are Home Assistant's own words.
struct HomeAssistant {
  enum class Platform : std::uint8_t { none, sensor, binary_sensor };
  Platform platform = Platform::none;
  std::string_view device_class{};  // empty: none
  std::string_view state_class{};   // empty: none
  bool diagnostic = false;
  bool enabled = true;
  std::uint8_t precision = 0;  // decimals shown (voltage's default of 0 would hide everything)
};

enum class History : std::uint8_t { none, sampled };

struct Facts {             // what a person writes
  std::string_view key;    // big end first, unit last; the same on every interface, for ever
  std::string_view title;  // English, without the device's name
  std::int32_t lowest;     // outside lowest..highest a reading is implausible
  std::int32_t highest;
  Group group;
  std::int32_t dead_band;  // a change smaller than this is not news to subscribers
  HomeAssistant home_assistant;
  std::uint16_t modbus;  // first register; the value takes two, big end first
  History history;
};

using FreshFunction = std::optional<std::int32_t> (*)(const PackScalars&, Instant now,
                                                      Millis max_age);
using JudgeFunction = void (*)(PackScalars&, std::int32_t lowest, std::int32_t highest);
using StoreFunction = void (*)(PackScalars&, std::int32_t count, Instant heard);
using HeardFunction = std::optional<Instant> (*)(const PackScalars&);

struct Field {
  Facts facts;
  Unit unit;            // deduced from the member, so it cannot disagree with it
  FreshFunction fresh;  // the value, if good and young enough
  JudgeFunction judge;  // rejects a good value outside the range
  StoreFunction store;  // sets the value (history replay, the bank)
  HeardFunction heard;  // when the value was heard, if it is good
};

template <class M>
struct MemberTraits;
template <class Q>
struct MemberTraits<Reading<Q> PackScalars::*> {
  using quantity = Q;
};
template <auto Member>
using quantity_of = typename MemberTraits<decltype(Member)>::quantity;

template <auto Member>
constexpr std::optional<std::int32_t> fresh_count(const PackScalars& scalars, Instant now,
                                                  Millis max_age) {
  if (auto value = (scalars.*Member).fresh(now, max_age)) return value->count;
  return std::nullopt;
}
template <auto Member>
constexpr void judge_count(PackScalars& scalars, std::int32_t lowest, std::int32_t highest) {
  auto& reading = scalars.*Member;
  if (const auto value = reading.fresh(reading.heard(), {0}))
    if (value->count < lowest || value->count > highest) reading.reject(reading.heard());
}
template <auto Member>
constexpr void store_count(PackScalars& scalars, std::int32_t count, Instant heard) {
  (scalars.*Member).set({count}, heard);
}
template <auto Member>
constexpr std::optional<Instant> heard_at(const PackScalars& scalars) {
  const auto& reading = scalars.*Member;
  if (reading.quality() != Quality::good) return std::nullopt;
  return reading.heard();
}

template <auto Member>
consteval Field row(Facts facts) {
  return {facts,
          unit_of<quantity_of<Member>>,
          &fresh_count<Member>,
          &judge_count<Member>,
          &store_count<Member>,
          &heard_at<Member>};
}

namespace table {
using P = PackScalars;
using enum HomeAssistant::Platform;
inline constexpr auto state = Group::state;
inline constexpr auto stats = Group::stats;
inline constexpr auto sampled = History::sampled;
inline constexpr auto not_kept = History::none;
inline constexpr std::string_view measurement = "measurement";
inline constexpr std::string_view increasing = "total_increasing";
}  // namespace table

// clang-format off
inline constexpr auto kFields = [] {
  using namespace table;
  return std::to_array<Field>({
  //                                 key                        title                        lowest      highest     group  dead-band  Home Assistant: platform, class, state class, diagnostic, enabled, precision   register history
  row<&P::voltage>(               {"voltage_V",               "Voltage",                      0,          150'000,    state,  20, {sensor, "voltage", measurement, false, true, 2},                 100, sampled}),
  row<&P::current>(               {"current_A",               "Current (+ = charging)",       -2'000'000, 2'000'000,  state, 200, {sensor, "current", measurement, false, true, 1},                 102, sampled}),
  row<&P::power>(                 {"power_W",                 "Power (+ = charging)",         -300'000'000, 300'000'000, state, 10'000, {sensor, "power", measurement, false, true, 0},             104, not_kept}),
  row<&P::soc>(                   {"soc_pct",                 "State of charge",              0,          10'000,     state, 100, {sensor, "battery", measurement, false, true, 0},                 106, sampled}),
  row<&P::soh>(                   {"soh_pct",                 "State of health",              0,          10'000,     stats, 100, {sensor, "", measurement, true, true, 0},                         108, sampled}),
  row<&P::capacity_nominal>(      {"capacity_nominal_Ah",     "Nominal capacity",             0,          2'000'000'000, stats, 100, {sensor, "", measurement, true, true, 1},                      110, not_kept}),
  row<&P::capacity_full>(         {"capacity_full_Ah",        "Full charge capacity",         0,          2'000'000'000, stats, 100, {sensor, "", measurement, true, true, 1},                      112, sampled}),
  row<&P::capacity_remaining>(    {"capacity_remaining_Ah",   "Remaining capacity",           0,          2'000'000'000, stats, 100, {sensor, "", measurement, false, true, 1},                     114, sampled}),
  row<&P::cycle_count>(           {"cycle_count",             "Cycle count",                  0,          100'000,    stats,   1, {sensor, "", increasing, true, true, 0},                          116, sampled}),
  row<&P::cycle_capacity>(        {"cycle_capacity_Ah",       "Charge throughput",            0,          2'147'483'647, stats, 1'000, {sensor, "", increasing, true, true, 0},                     118, sampled}),
  row<&P::runtime>(               {"runtime_s",               "BMS run time",                 0,          2'147'483'647, stats, 60, {},                                                             120, not_kept}),
  row<&P::cell_count>(            {"cell_count",              "Number of cells",              1,          32,         stats,   1, {sensor, "", "", true, true, 0},                                  122, not_kept}),
  row<&P::cell_voltage_max>(      {"cell_voltage_max_V",      "Cell voltage max",             0,          6'000,      state,   2, {sensor, "voltage", measurement, false, true, 3},                 124, not_kept}),
  row<&P::cell_voltage_min>(      {"cell_voltage_min_V",      "Cell voltage min",             0,          6'000,      state,   2, {sensor, "voltage", measurement, false, true, 3},                 126, not_kept}),
  row<&P::cell_voltage_mean>(     {"cell_voltage_mean_V",     "Cell voltage mean",            0,          6'000,      state,   2, {sensor, "voltage", measurement, true, false, 3},                 128, not_kept}),
  row<&P::cell_voltage_delta>(    {"cell_voltage_delta_V",    "Cell voltage difference",      0,          6'000,      state,   2, {sensor, "voltage", measurement, false, true, 3},                 130, not_kept}),
  row<&P::cell_voltage_max_index>({"cell_voltage_max_index",  "Highest cell",                 1,          32,         state,   1, {sensor, "", "", true, false, 0},                                 132, not_kept}),
  row<&P::cell_voltage_min_index>({"cell_voltage_min_index",  "Lowest cell",                  1,          32,         state,   1, {sensor, "", "", true, false, 0},                                 134, not_kept}),
  row<&P::mosfet_temperature>(    {"mosfet_temperature_C",    "MOSFET temperature",           -450,       1'500,      stats,   3, {sensor, "temperature", measurement, true, true, 1},              136, sampled}),
  row<&P::charge_mosfet>(         {"charge_mosfet",           "Charge MOSFET",                0,          1,          state,   1, {binary_sensor, "", "", false, true, 0},                          138, sampled}),
  row<&P::discharge_mosfet>(      {"discharge_mosfet",        "Discharge MOSFET",             0,          1,          state,   1, {binary_sensor, "", "", false, true, 0},                          140, sampled}),
  row<&P::precharge>(             {"precharge",               "Precharge",                    0,          1,          state,   1, {binary_sensor, "running", "", true, false, 0},                   142, not_kept}),
  row<&P::balancing>(             {"balancing",               "Balancing",                    0,          1,          state,   1, {binary_sensor, "running", "", true, true, 0},                    144, sampled}),
  row<&P::balance_current>(       {"balance_current_A",       "Balance current",              -20'000,    20'000,     state,  50, {sensor, "current", measurement, true, true, 2},                  146, not_kept}),
  row<&P::balance_action>(        {"balance_action",          "Balance action (0 idle, 1 taking, 2 giving)", 0, 2,      state,   1, {sensor, "", "", true, false, 0},                                 148, not_kept}),
  row<&P::heater>(                {"heater",                  "Heater",                       0,          1,          state,   1, {binary_sensor, "", "", true, false, 0},                          150, sampled}),
  row<&P::heater_current>(        {"heater_current_A",        "Heater current",               0,          100'000,    stats, 100, {sensor, "current", measurement, true, false, 1},                 152, not_kept}),
  row<&P::charger_plugged>(       {"charger_plugged",         "Charger plugged in",           0,          1,          state,   1, {binary_sensor, "plug", "", true, false, 0},                      154, not_kept}),
  row<&P::emergency_remaining>(   {"emergency_remaining_s",   "Emergency time left",          0,          86'400,     state,   1, {sensor, "duration", measurement, true, false, 0},                156, not_kept}),
  row<&P::charge_switch>(         {"charge_switch",           "Charge switch",                0,          1,          state,   1, {binary_sensor, "", "", true, true, 0},                           158, sampled}),
  row<&P::discharge_switch>(      {"discharge_switch",        "Discharge switch",             0,          1,          state,   1, {binary_sensor, "", "", true, true, 0},                           160, sampled}),
  row<&P::balance_switch>(        {"balance_switch",          "Balance switch",               0,          1,          state,   1, {binary_sensor, "", "", true, true, 0},                           162, sampled}),
  row<&P::soc_counted>(           {"soc_counted_pct",         "State of charge, counted",     0,          10'000,     stats, 100, {sensor, "", measurement, true, false, 1},                 164, not_kept}),
  row<&P::soc_difference>(        {"soc_difference_pct",      "State of charge less the counted one", -10'000, 10'000, stats, 100, {sensor, "", measurement, true, false, 1},                        166, not_kept}),
  });
}();
// clang-format on
inline constexpr std::size_t kFieldCount = kFields.size();
inline constexpr std::uint16_t kRegistersPerField = 2;

/// The values a pack has many of. An element's key is the table's key and its index from 1.
enum class Series : std::uint8_t { cell_voltage, wire_resistance, temperature };

struct SeriesFacts {
  std::string_view key;          // the JSON array
  std::string_view element_key;  // stem of one element: cell_voltage_07_V
  std::string_view title;        // of one element, before its number
  Unit unit;
  std::size_t capacity;
  std::int32_t lowest;
  std::int32_t highest;
  Group group;
  std::int32_t dead_band;
  HomeAssistant home_assistant;
  std::uint16_t modbus;  // first register; elements follow each other, two registers each
  History history;
};

// clang-format off
inline constexpr auto kSeries = [] {
  using namespace table;
  constexpr auto cells = Group::cells;
  return std::to_array<SeriesFacts>({
  // key                   element key        title              unit                capacity          lowest  highest     group  dead-band  Home Assistant                                    register history
  {"cell_voltage_V",      "cell_voltage",    "Cell",            Unit::millivolt,    kMaxCells,        0,      6'000,      cells,     2, {sensor, "voltage", measurement, true, true, 3},      300, sampled},
  {"wire_resistance_ohm", "wire_resistance", "Wire resistance", Unit::micro_ohm,    kMaxCells,        0,      10'000'000, cells, 1'000, {sensor, "", measurement, true, false, 4},            400, not_kept},
  {"temperature_C",       "temperature",     "Temperature",     Unit::decicelsius,  kMaxTemperatures, -450,   1'500,      stats,     3, {sensor, "temperature", measurement, false, true, 1}, 500, sampled},
  });
}();
// clang-format on

constexpr const SeriesFacts& facts(Series series) {
  return kSeries[static_cast<std::size_t>(series)];
}

/// Element `i` (from 0) of a series as a count in the series' unit, if good and young enough.
constexpr std::optional<std::int32_t> fresh_element(const Pack& pack, Series series, std::size_t i,
                                                    Instant now, Millis max_age) {
  const auto count = [&](const auto& readings) -> std::optional<std::int32_t> {
    if (i >= readings.size()) return std::nullopt;
    if (auto value = readings[i].fresh(now, max_age)) return value->count;
    return std::nullopt;
  };
  switch (series) {
    case Series::cell_voltage: return count(pack.cell_voltage);
    case Series::wire_resistance: return count(pack.wire_resistance);
    case Series::temperature: return count(pack.temperature);
  }
  return std::nullopt;
}

void no_such_field();  // never defined: reaching it ends constant evaluation

/// The row of a member; a misspelt member does not compile. Found by which row sees the member, as
/// g++ compares no addresses of functions at compile time with -fsanitize=undefined.
template <auto Member>
consteval std::uint8_t index_of() {
  PackScalars only;
  (only.*Member).set({1}, {1});
  for (std::uint8_t i = 0; i < kFieldCount; ++i)
    if (kFields[i].heard(only)) return i;
  no_such_field();
  return 0;
}

namespace proof {
consteval bool registers_are_apart() {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    for (std::size_t j = i + 1; j < kFieldCount; ++j) {
      const int gap = kFields[i].facts.modbus - kFields[j].facts.modbus;
      if (gap > -kRegistersPerField && gap < kRegistersPerField) return false;
    }
    for (const auto& series : kSeries) {
      const int offset = kFields[i].facts.modbus - series.modbus;
      if (offset > -kRegistersPerField && offset < static_cast<int>(2 * series.capacity))
        return false;
    }
  }
  return true;
}
consteval bool keys_are_unique() {
  for (std::size_t i = 0; i < kFieldCount; ++i)
    for (std::size_t j = i + 1; j < kFieldCount; ++j)
      if (kFields[i].facts.key == kFields[j].facts.key) return false;
  return true;
}
consteval bool keys_end_in_their_unit() {
  for (const auto& field : kFields) {
    const auto suffix = facts(field.unit).suffix;
    if (!suffix.empty() && !field.facts.key.ends_with(suffix)) return false;
  }
  return true;
}
static_assert(registers_are_apart());
static_assert(keys_are_unique());
static_assert(keys_end_in_their_unit());
static_assert(sizeof(PackScalars) == kFieldCount * sizeof(Reading<Millivolts>),
              "every member of PackScalars has one row");
}  // namespace proof

/// The columns that run; firmware that uses only these carries no text.
struct PlausibleRange {
  std::int32_t lowest, highest;
  constexpr bool has(std::int32_t count) const { return count >= lowest && count <= highest; }
};
struct JudgedField {
  JudgeFunction judge;
  PlausibleRange range;
};
inline constexpr auto kFresh = [] {
  std::array<FreshFunction, kFieldCount> column{};
  for (std::size_t i = 0; i < kFieldCount; ++i) column[i] = kFields[i].fresh;
  return column;
}();
inline constexpr auto kHeard = [] {
  std::array<HeardFunction, kFieldCount> column{};
  for (std::size_t i = 0; i < kFieldCount; ++i) column[i] = kFields[i].heard;
  return column;
}();
inline constexpr auto kJudged = [] {
  std::array<JudgedField, kFieldCount> column{};
  for (std::size_t i = 0; i < kFieldCount; ++i)
    column[i] = {kFields[i].judge, {kFields[i].facts.lowest, kFields[i].facts.highest}};
  return column;
}();
inline constexpr auto kSeriesRanges = [] {
  std::array<PlausibleRange, kSeries.size()> column{};
  for (std::size_t i = 0; i < kSeries.size(); ++i)
    column[i] = {kSeries[i].lowest, kSeries[i].highest};
  return column;
}();
constexpr const PlausibleRange& plausible(Series series) {
  return kSeriesRanges[static_cast<std::size_t>(series)];
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "core/measurements.h"

#include "core/fields.h"

namespace cw {
namespace {

struct Extremes {
  std::optional<Measurement> highest, lowest;
};

// Absent as a whole when one of the first `count` readings that should be there is not fresh.
template <class Readings>
Extremes extremes(const Readings& readings, std::size_t count, bool absent_is_unfitted, Instant now,
                  Millis max_age) {
  Extremes found;
  for (std::size_t i = 0; i < count; ++i) {
    if (absent_is_unfitted && readings[i].quality() == Quality::absent) continue;
    const auto value = readings[i].fresh(now, max_age);
    if (!value) return {};
    const Measurement here{value->count, static_cast<std::uint8_t>(i + 1)};
    if (!found.highest || here.value > found.highest->value) found.highest = here;
    if (!found.lowest || here.value < found.lowest->value) found.lowest = here;
  }
  return found;
}

Extremes cell_extremes(const Pack& pack, Instant now, Millis max_age) {
  const auto count = pack.scalars.cell_count.fresh(now, max_age);
  if (!count || count->count < 1 || count->count > static_cast<std::int32_t>(kMaxCells)) return {};
  return extremes(pack.cell_voltage, static_cast<std::size_t>(count->count), false, now, max_age);
}

bool any_cell_was_heard(const Pack& pack) {
  for (const auto& cell : pack.cell_voltage)
    if (cell.quality() != Quality::absent) return true;
  return false;
}

// What a device that never sends its cells one by one says about them. Both or none.
Extremes reported_extremes(const PackScalars& s, Instant now, Millis max_age) {
  const auto cell = [&](const Reading<Millivolts>& voltage,
                        const Reading<Count>& index) -> std::optional<Measurement> {
    const auto value = voltage.fresh(now, max_age);
    if (!value) return std::nullopt;
    const auto where = index.fresh(now, max_age);
    const bool known = where && where->count > 0 && where->count <= UINT8_MAX;
    return Measurement{value->count, static_cast<std::uint8_t>(known ? where->count : 0)};
  };
  const Extremes found{cell(s.cell_voltage_max, s.cell_voltage_max_index),
                       cell(s.cell_voltage_min, s.cell_voltage_min_index)};
  return found.highest && found.lowest ? found : Extremes{};
}

std::optional<Measurement> of_pack(std::optional<std::int32_t> count) {
  if (!count) return std::nullopt;
  return Measurement{*count, 0};
}

template <class Q>
void set_wide(Reading<Q>& reading, std::int64_t count, Instant now) {
  if (count < INT32_MIN || count > INT32_MAX) return reading.reject(now);
  reading.set({static_cast<std::int32_t>(count)}, now);
}

void derive_cells(Pack& pack, Instant now) {
  PackScalars& s = pack.scalars;
  const auto [highest, lowest] = cell_extremes(pack, now, {0});
  if (!highest || !lowest) return;
  std::int64_t sum = 0;
  const std::int32_t count = s.cell_count.fresh(now, {0})->count;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
    sum += pack.cell_voltage[i].fresh(now, {0})->count;
  s.cell_voltage_max.set({highest->value}, now);
  s.cell_voltage_min.set({lowest->value}, now);
  set_wide(s.cell_voltage_mean, (sum + count / 2) / count, now);
  set_wide(s.cell_voltage_delta, std::int64_t{highest->value} - lowest->value, now);
  s.cell_voltage_max_index.set({highest->where}, now);
  s.cell_voltage_min_index.set({lowest->where}, now);
}

bool sent_now(auto& reading, Instant now) {
  return reading.quality() != Quality::absent && reading.heard() == now;
}

}  // namespace

Measurements measure(const Pack& pack, Instant now, Millis max_age) {
  Measurements m;
  const auto put = [&m](Input input, std::optional<Measurement> value) {
    m.values[static_cast<std::size_t>(input)] = value;
  };
  const Extremes cells = any_cell_was_heard(pack) ? cell_extremes(pack, now, max_age)
                                                  : reported_extremes(pack.scalars, now, max_age);
  put(Input::highest_cell, cells.highest);
  put(Input::lowest_cell, cells.lowest);
  // The one count that cannot be negated is no current either: the rules stay blind.
  const auto current = pack.scalars.current.fresh(now, max_age);
  if (current && current->count != INT32_MIN) {
    put(Input::charge_current, Measurement{current->count, 0});
    put(Input::discharge_current, Measurement{-current->count, 0});
  }
  const Extremes battery = extremes(pack.temperature, kMaxTemperatures, true, now, max_age);
  put(Input::hottest_temperature, battery.highest);
  put(Input::coldest_temperature, battery.lowest);
  put(Input::mosfet_temperature,
      of_pack(fresh_count<&PackScalars::mosfet_temperature>(pack.scalars, now, max_age)));
  return m;
}

std::optional<MilliampHours> usable_capacity(const PackScalars& scalars, Instant now,
                                             Millis max_age) {
  for (const auto* reading : {&scalars.capacity_full, &scalars.capacity_nominal})
    if (const auto capacity = reading->fresh(now, max_age))
      if (capacity->count > 0) return capacity;
  return std::nullopt;
}

void derive(Pack& pack, Instant now) {
  PackScalars& s = pack.scalars;
  derive_cells(pack, now);
  const auto voltage = s.voltage.fresh(now, {0});
  const auto current = s.current.fresh(now, {0});
  if (voltage && current && !sent_now(s.power, now))
    set_wide(s.power, std::int64_t{voltage->count} * current->count / 1000, now);
  const auto soc = s.soc.fresh(now, {0});
  const auto capacity = usable_capacity(s, now, {0});
  if (soc && capacity && !sent_now(s.capacity_remaining, now))
    set_wide(s.capacity_remaining, std::int64_t{capacity->count} * soc->count / 10'000, now);
}

void judge(Pack& pack) {
  for (const JudgedField& field : kJudged)
    field.judge(pack.scalars, field.range.lowest, field.range.highest);
  const auto judge_all = [](auto& readings, const PlausibleRange& range) {
    for (auto& reading : readings)
      if (const auto value = reading.fresh(reading.heard(), {0}))
        if (!range.has(value->count)) reading.reject(reading.heard());
  };
  judge_all(pack.cell_voltage, plausible(Series::cell_voltage));
  judge_all(pack.wire_resistance, plausible(Series::wire_resistance));
  judge_all(pack.temperature, plausible(Series::temperature));
}

}  // namespace cw

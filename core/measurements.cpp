// SPDX-License-Identifier: Apache-2.0
#include "core/measurements.h"

#include <algorithm>

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
    const Measurement here{value->count, static_cast<std::uint8_t>(i + 1), readings[i].heard()};
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
    return Measurement{value->count, static_cast<std::uint8_t>(known ? where->count : 0),
                       voltage.heard()};
  };
  const Extremes found{cell(s.cell_voltage_max, s.cell_voltage_max_index),
                       cell(s.cell_voltage_min, s.cell_voltage_min_index)};
  return found.highest && found.lowest ? found : Extremes{};
}

template <class Q>
std::optional<Measurement> of_pack(const Reading<Q>& reading, Instant now, Millis max_age) {
  const auto value = reading.fresh(now, max_age);
  if (!value) return std::nullopt;
  return Measurement{value->count, 0, reading.heard()};
}

std::optional<Measurement> flag(const Reading<AlarmSet>& alarms, Alarm alarm, Instant now,
                                Millis max_age) {
  const auto set = alarms.fresh(now, max_age);
  if (!set) return std::nullopt;
  return Measurement{set->has(alarm) ? 1 : 0, 0, alarms.heard()};
}

// What a front end says of itself: that it is not heard, or that it acted by itself.
std::optional<Measurement> internal_fault(const Reading<AlarmSet>& alarms, Instant now,
                                          Millis max_age) {
  std::optional<Measurement> found;
  for (const Alarm alarm :
       {Alarm::internal_communication, Alarm::front_end_fault_a, Alarm::front_end_fault_b}) {
    const auto here = flag(alarms, alarm, now, max_age);
    if (!found || (here && here->value != 0)) found = here;
  }
  return found;
}

// How many cells are where a connected cell can be, whatever the board believes to have.
std::optional<Measurement> cells_in_range(const Pack& pack, Instant now, Millis max_age) {
  constexpr std::int32_t kLowest_mV = 1000;
  constexpr std::int32_t kHighest_mV = 5000;
  if (!any_cell_was_heard(pack)) return of_pack(pack.scalars.cell_count, now, max_age);
  std::optional<Measurement> found;
  for (const auto& cell : pack.cell_voltage) {
    const auto value = cell.fresh(now, max_age);
    if (!value) continue;
    if (!found) found = Measurement{0, 0, cell.heard()};
    found->heard = std::max(found->heard, cell.heard());
    if (value->count >= kLowest_mV && value->count <= kHighest_mV) ++found->value;
  }
  return found;
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

void put_cells(const Pack& pack, Instant now, Millis max_age, Measurements& m) {
  const Extremes cells = any_cell_was_heard(pack) ? cell_extremes(pack, now, max_age)
                                                  : reported_extremes(pack.scalars, now, max_age);
  if (const auto count = cells_in_range(pack, now, max_age)) m.set(Input::cells_in_range, *count);
  if (!cells.highest || !cells.lowest) return;
  m.set(Input::highest_cell, *cells.highest);
  m.set(Input::lowest_cell, *cells.lowest);
  m.set(Input::cell_difference, {cells.highest->value - cells.lowest->value, cells.highest->where,
                                 std::min(cells.highest->heard, cells.lowest->heard)});
}

// The one count that cannot be negated is no current either: the rules stay blind.
void put_currents(const Pack& pack, Instant now, Millis max_age, Measurements& m) {
  const bool flags_heard = pack.alarms.quality() != Quality::absent;
  const auto flagged = flag(pack.alarms, Alarm::discharge_short_circuit, now, max_age);
  if (const auto charge = flag(pack.alarms, Alarm::charge_short_circuit, now, max_age))
    m.set(Input::charge_short_circuit, *charge);
  if (flagged && flagged->value != 0) m.set(Input::short_circuit, {kFlagged, 0, flagged->heard});
  const auto current = of_pack(pack.scalars.current, now, max_age);
  if (!current || current->value == INT32_MIN) return;
  const Measurement discharge{-current->value, 0, current->heard};
  m.set(Input::charge_current, *current);
  m.set(Input::discharge_current, discharge);
  const bool not_flagged = flagged && flagged->value == 0;
  if (not_flagged || !flags_heard) m.set(Input::short_circuit, discharge);
}

// What many boards do not have is missed only after it was heard once.
std::uint32_t unfitted(const Pack& pack) {
  std::uint32_t found = 0;
  const auto unless = [&found](Input input, bool heard) {
    if (!heard) found |= std::uint32_t{1} << static_cast<unsigned>(input);
  };
  const bool flags = pack.alarms.quality() != Quality::absent;
  unless(Input::charge_short_circuit, flags);
  unless(Input::internal_fault, flags);
  unless(Input::short_circuit, flags || pack.scalars.current.quality() != Quality::absent);
  unless(Input::highest_wire_resistance,
         std::any_of(pack.wire_resistance.begin(), pack.wire_resistance.end(),
                     [](const auto& wire) { return wire.quality() != Quality::absent; }));
  return found;
}

}  // namespace

Measurements measure(const Pack& pack, Instant now, Millis max_age) {
  Measurements m;
  const auto put = [&m](Input input, std::optional<Measurement> value) {
    m.values[static_cast<std::size_t>(input)] = value;
  };
  const PackScalars& s = pack.scalars;
  put_cells(pack, now, max_age, m);
  put_currents(pack, now, max_age, m);
  const Extremes battery = extremes(pack.temperature, kMaxTemperatures, true, now, max_age);
  put(Input::hottest_temperature, battery.highest);
  put(Input::coldest_temperature, battery.lowest);
  put(Input::mosfet_temperature, of_pack(s.mosfet_temperature, now, max_age));
  put(Input::pack_voltage, of_pack(s.voltage, now, max_age));
  put(Input::highest_wire_resistance,
      extremes(pack.wire_resistance, kMaxCells, true, now, max_age).highest);
  put(Input::internal_fault, internal_fault(pack.alarms, now, max_age));
  m.unfitted = unfitted(pack);
  const auto charger = s.charger_plugged.fresh(now, max_age);
  m.wake = charger && charger->count;
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

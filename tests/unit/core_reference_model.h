// SPDX-License-Identifier: Apache-2.0
// The protections a second time, as a person would write them without a table: one block a rule,
// straight down. Written from the specification, not from the engine; it shares no code with it.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

namespace cw::reference {

using Time = std::int64_t;
using Value = std::optional<std::int32_t>;

// What is fresh now. `current` is positive while charging. A flag is 0 or 1.
struct Inputs {
  Value highest_cell, lowest_cell, current, hottest, coldest, mosfet;
  Value difference, pack_voltage, discharge_short_flag, charge_short_flag, wire, cells,
      internal_flag;
  Time cells_heard = 0;
  bool wake = false;  // a charger, or the button
  bool has_short_flag = true;
  bool has_charge_short_flag = true;
  bool has_wires = true;
  bool has_internal_flag = true;
};

struct Limits {
  Value cell_count;
  Value cell_high, cell_high_recovery, cell_high_delay;
  Value cell_low, cell_low_recovery, cell_low_delay;
  Value power_off;
  Value pack_high, pack_low;
  Value cell_difference;
  Value charge_current, charge_current_delay, charge_current_release;
  Value discharge_current, discharge_current_delay, discharge_current_release;
  Value short_current, short_delay, short_release;
  Value charge_hot, charge_hot_recovery, charge_cold, charge_cold_recovery;
  Value discharge_hot, discharge_hot_recovery, discharge_cold, discharge_cold_recovery;
  Value mosfet_hot, mosfet_hot_recovery;
  Value temperature_delay;
  Value wire;
};

// What one protection knows. `beyond_since` says how long the value has been too high (or too low).
struct Guard {
  bool off = false;
  bool open = true;
  bool by_limit = false;
  Time opened = 0;
  std::optional<Time> beyond_since;
  std::uint32_t trips = 0;
  std::int32_t seen = 0;     // the value that tripped it
  std::int32_t crossed = 0;  // the limit it crossed
  std::int32_t worst = 0;    // of this violation
  int samples = 0;
  Time last_sample = 0;
};

inline void turn_off(Guard& g) {
  g.off = true;
  g.open = false;
  g.by_limit = false;
  g.beyond_since.reset();
  g.samples = 0;
}

// It guards again: nothing was shown to be safe yet.
inline void turn_on(Guard& g) {
  if (g.off) g.open = true;
  g.off = false;
}

inline void close(Guard& g) {
  g.open = false;
  g.by_limit = false;
  g.beyond_since.reset();
  g.samples = 0;
}

inline void open_by_limit(Guard& g, std::int32_t value, std::int32_t limit, Time now) {
  g.open = true;
  g.by_limit = true;
  g.opened = now;
  g.seen = value;
  g.crossed = limit;
  g.trips = g.trips + 1;
}

// A protection for values that may be too high. A low limit is a high limit of the negated value.
// It is left below `recovery`, or `release_time` after it opened, whichever is given. `harmless`:
// whatever the value, it does not count.
inline void guard_against_high(Guard& g, Value value, std::int32_t limit, std::int32_t delay,
                               Value recovery, Value release_time, Time now,
                               bool harmless = false) {
  turn_on(g);
  const bool too_high = value && *value > limit && !harmless;

  if (g.open && value) {
    bool safe = !too_high;
    if (recovery && !harmless) safe = safe && *value < *recovery;
    if (release_time && g.by_limit) safe = now > g.opened && now - g.opened >= *release_time;
    if (safe) close(g);
  }

  if (g.by_limit) {
    if (value && *value > g.worst) g.worst = *value;
    return;
  }

  if (!too_high) {
    g.beyond_since.reset();
  } else if (!g.beyond_since) {
    g.beyond_since = now;
    g.worst = *value;
  } else if (*value > g.worst) {
    g.worst = *value;
  }

  if (!value) g.open = true;
  if (too_high && now - *g.beyond_since >= delay) open_by_limit(g, *value, limit, now);
}

// The number of cells must be the right one; three different samples in a row that it is not.
inline void guard_against_other(Guard& g, Value value, Time heard, std::int32_t right, Time now) {
  turn_on(g);
  const bool wrong = value && *value != right;

  if (g.open && value && !wrong) close(g);

  if (g.by_limit) {
    if (value && *value < g.worst) g.worst = *value;
    return;
  }

  if (!wrong) {
    g.beyond_since.reset();
    g.samples = 0;
  } else if (g.samples == 0) {
    g.beyond_since = now;
    g.worst = *value;
    g.samples = 1;
    g.last_sample = heard;
  } else {
    if (*value < g.worst) g.worst = *value;
    if (heard != g.last_sample) g.samples = g.samples + 1;
    g.last_sample = heard;
  }

  if (!value) g.open = true;
  if (g.samples >= 3) open_by_limit(g, *value, right, now);
}

inline Value negated(Value value) { return value ? Value{-*value} : Value{}; }

// The flag of a board is a short circuit whatever the current, and no flag is no current too many.
constexpr std::int32_t kMoreThanAnyCurrent = INT32_MAX;

inline Value short_circuit_of(const Inputs& in) {
  if (in.discharge_short_flag && *in.discharge_short_flag != 0) return kMoreThanAnyCurrent;
  if (in.has_short_flag && !in.discharge_short_flag) return {};
  return negated(in.current);
}

class Model {
 public:
  Guard cell_high, cell_low, charge_current, discharge_current, charge_hot, charge_cold,
      discharge_hot, discharge_cold, mosfet_hot, pack_high, pack_low, power_off, short_circuit,
      charge_short_circuit, cell_difference, wire, cell_count, internal;
  bool may_charge = false;
  bool may_discharge = false;
  bool may_balance = false;

  void step(const Inputs& in, const Limits& at, Time now) {
    if (restarted_) count_releases_from(now);
    restarted_ = false;
    cells(in, at, now);
    currents(in, at, now);
    temperatures(in, at, now);
    board(in, at, now);

    may_charge = !cell_high.open && !charge_current.open && !charge_hot.open && !charge_cold.open &&
                 !mosfet_hot.open && !pack_high.open && !power_off.open &&
                 !charge_short_circuit.open && !cell_count.open && !internal.open;
    may_discharge = !cell_low.open && !discharge_current.open && !discharge_hot.open &&
                    !discharge_cold.open && !mosfet_hot.open && !pack_low.open && !power_off.open &&
                    !short_circuit.open && !cell_count.open && !internal.open;
    may_balance = !wire.open && !cell_count.open && !internal.open;
  }

  // The power went and came: what a limit opened stays open, the rest must be shown to be safe.
  void restart() {
    restarted_ = true;
    for (Guard* g : all()) {
      g->off = false;
      g->open = true;
      g->beyond_since.reset();
      g->samples = 0;
    }
  }

 private:
  bool restarted_ = false;

  std::array<Guard*, 18> all() {
    return {&cell_high,   &cell_low,      &charge_current, &discharge_current,    &charge_hot,
            &charge_cold, &discharge_hot, &discharge_cold, &mosfet_hot,           &pack_high,
            &pack_low,    &power_off,     &short_circuit,  &charge_short_circuit, &cell_difference,
            &wire,        &cell_count,    &internal};
  }

  void count_releases_from(Time now) {
    for (Guard* g : all()) g->opened = now;
  }

  void cells(const Inputs& in, const Limits& at, Time now) {
    if (at.cell_high && at.cell_high_recovery && at.cell_high_delay)
      guard_against_high(cell_high, in.highest_cell, *at.cell_high, *at.cell_high_delay,
                         at.cell_high_recovery, {}, now);
    else
      turn_off(cell_high);

    if (at.cell_low && at.cell_low_recovery && at.cell_low_delay)
      guard_against_high(cell_low, negated(in.lowest_cell), -*at.cell_low, *at.cell_low_delay,
                         negated(at.cell_low_recovery), {}, now);
    else
      turn_off(cell_low);

    // At the power-off voltage the board is off, and not only below it.
    if (at.power_off && at.cell_low_recovery && at.cell_low_delay)
      guard_against_high(power_off, negated(in.lowest_cell), -*at.power_off - 1, *at.cell_low_delay,
                         power_off.by_limit ? negated(at.cell_low_recovery) : Value{}, {}, now,
                         in.wake);
    else
      turn_off(power_off);

    if (at.pack_high && at.cell_high_recovery && at.cell_high_delay && at.cell_count)
      guard_against_high(pack_high, in.pack_voltage, *at.pack_high, *at.cell_high_delay,
                         *at.cell_high_recovery * *at.cell_count, {}, now);
    else
      turn_off(pack_high);

    if (at.pack_low && at.cell_low_recovery && at.cell_low_delay && at.cell_count)
      guard_against_high(pack_low, negated(in.pack_voltage), -*at.pack_low, *at.cell_low_delay,
                         -*at.cell_low_recovery * *at.cell_count, {}, now);
    else
      turn_off(pack_low);

    if (at.cell_difference && at.cell_high_delay)
      guard_against_high(cell_difference, in.difference, *at.cell_difference, *at.cell_high_delay,
                         at.cell_difference, {}, now);
    else
      turn_off(cell_difference);

    if (at.cell_count)
      guard_against_other(cell_count, in.cells, in.cells_heard, *at.cell_count, now);
    else
      turn_off(cell_count);
  }

  void currents(const Inputs& in, const Limits& at, Time now) {
    if (at.charge_current && at.charge_current_delay && at.charge_current_release)
      guard_against_high(charge_current, in.current, *at.charge_current, *at.charge_current_delay,
                         {}, at.charge_current_release, now);
    else
      turn_off(charge_current);

    if (at.discharge_current && at.discharge_current_delay && at.discharge_current_release)
      guard_against_high(discharge_current, negated(in.current), *at.discharge_current,
                         *at.discharge_current_delay, {}, at.discharge_current_release, now);
    else
      turn_off(discharge_current);

    // The front end waits the microseconds; where it has none, it does not protect at all.
    const bool protects = at.short_delay && *at.short_delay != 0 && at.short_release;

    // The current alone is enough to guard against, flag or not.
    if (protects)
      guard_against_high(short_circuit, short_circuit_of(in),
                         at.short_current.value_or(kMoreThanAnyCurrent - 1), 0, {},
                         at.short_release, now);
    else
      turn_off(short_circuit);

    if (protects && (in.has_charge_short_flag || charge_short_circuit.by_limit))
      guard_against_high(charge_short_circuit, in.charge_short_flag, 0, 0, {}, at.short_release,
                         now);
    else
      turn_off(charge_short_circuit);
  }

  void temperatures(const Inputs& in, const Limits& at, Time now) {
    if (at.charge_hot && at.charge_hot_recovery && at.temperature_delay)
      guard_against_high(charge_hot, in.hottest, *at.charge_hot, *at.temperature_delay,
                         at.charge_hot_recovery, {}, now);
    else
      turn_off(charge_hot);

    if (at.charge_cold && at.charge_cold_recovery && at.temperature_delay)
      guard_against_high(charge_cold, negated(in.coldest), -*at.charge_cold, *at.temperature_delay,
                         negated(at.charge_cold_recovery), {}, now);
    else
      turn_off(charge_cold);

    if (at.discharge_hot && at.discharge_hot_recovery && at.temperature_delay)
      guard_against_high(discharge_hot, in.hottest, *at.discharge_hot, *at.temperature_delay,
                         at.discharge_hot_recovery, {}, now);
    else
      turn_off(discharge_hot);

    if (at.discharge_cold && at.discharge_cold_recovery && at.temperature_delay)
      guard_against_high(discharge_cold, negated(in.coldest), -*at.discharge_cold,
                         *at.temperature_delay, negated(at.discharge_cold_recovery), {}, now);
    else
      turn_off(discharge_cold);

    if (at.mosfet_hot && at.mosfet_hot_recovery && at.temperature_delay)
      guard_against_high(mosfet_hot, in.mosfet, *at.mosfet_hot, *at.temperature_delay,
                         at.mosfet_hot_recovery, {}, now);
    else
      turn_off(mosfet_hot);
  }

  // What only some boards have is guarded once they have shown it.
  void board(const Inputs& in, const Limits& at, Time now) {
    if (at.wire && (in.has_wires || wire.by_limit))
      guard_against_high(wire, in.wire, *at.wire, 0, at.wire, {}, now);
    else
      turn_off(wire);

    if (in.has_internal_flag || internal.by_limit)
      guard_against_high(internal, in.internal_flag, 0, 0, {}, {}, now);
    else
      turn_off(internal);
  }
};

}  // namespace cw::reference

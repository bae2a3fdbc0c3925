// SPDX-License-Identifier: Apache-2.0
// The protections a second time, as a person would write them without a table: one block a rule,
// straight down. Written from the specification, not from the engine; it shares no code with it.
#pragma once
#include <cstdint>
#include <optional>

namespace cw::reference {

using Time = std::int64_t;
using Value = std::optional<std::int32_t>;

struct Inputs {
  Value highest_cell, lowest_cell, current, hottest, coldest, mosfet;
};

struct Limits {
  std::int32_t cell_high, cell_high_recovery, cell_high_delay;
  std::int32_t cell_low, cell_low_recovery, cell_low_delay;
  std::int32_t charge_current, charge_current_delay, charge_current_release;
  std::int32_t discharge_current, discharge_current_delay, discharge_current_release;
  std::int32_t charge_hot, charge_hot_recovery, charge_cold, charge_cold_recovery;
  std::int32_t discharge_hot, discharge_hot_recovery, discharge_cold, discharge_cold_recovery;
  std::int32_t mosfet_hot, mosfet_hot_recovery;
  std::int32_t temperature_delay;
};

// What one protection knows. `beyond_since` says how long the value has been too high (or too low).
struct Guard {
  bool open = true;
  bool by_limit = false;
  Time opened = 0;
  std::optional<Time> beyond_since;
  std::uint32_t trips = 0;
  std::int32_t seen = 0;   // the value that tripped it
  std::int32_t worst = 0;  // of this violation
};

// A protection for values that may be too high. A low limit is a high limit of the negated value.
// It is left below `recovery`, or `release_time` after it opened, whichever is given.
inline void guard_against_high(Guard& g, Value value, std::int32_t limit, std::int32_t delay,
                               std::optional<std::int32_t> recovery,
                               std::optional<std::int32_t> release_time, Time now) {
  const bool too_high = value && *value > limit;

  if (g.open && value) {
    bool safe = !too_high;
    if (recovery) safe = safe && *value < *recovery;
    if (release_time && g.by_limit) safe = now - g.opened >= *release_time;
    if (safe) {
      g.open = false;
      g.by_limit = false;
      g.beyond_since.reset();
    }
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
  if (too_high && now - *g.beyond_since >= delay) {
    g.open = true;
    g.by_limit = true;
    g.opened = now;
    g.seen = *value;
    g.trips = g.trips + 1;
  }
}

inline Value negated(Value value) { return value ? Value{-*value} : Value{}; }

class Model {
 public:
  Guard cell_high, cell_low, charge_current, discharge_current, charge_hot, charge_cold,
      discharge_hot, discharge_cold, mosfet_hot;
  bool may_charge = false;
  bool may_discharge = false;

  void step(const Inputs& in, const Limits& at, Time now) {
    guard_against_high(cell_high, in.highest_cell, at.cell_high, at.cell_high_delay,
                       at.cell_high_recovery, {}, now);
    guard_against_high(cell_low, negated(in.lowest_cell), -at.cell_low, at.cell_low_delay,
                       -at.cell_low_recovery, {}, now);
    guard_against_high(charge_current, in.current, at.charge_current, at.charge_current_delay, {},
                       at.charge_current_release, now);
    guard_against_high(discharge_current, negated(in.current), at.discharge_current,
                       at.discharge_current_delay, {}, at.discharge_current_release, now);
    guard_against_high(charge_hot, in.hottest, at.charge_hot, at.temperature_delay,
                       at.charge_hot_recovery, {}, now);
    guard_against_high(charge_cold, negated(in.coldest), -at.charge_cold, at.temperature_delay,
                       -at.charge_cold_recovery, {}, now);
    guard_against_high(discharge_hot, in.hottest, at.discharge_hot, at.temperature_delay,
                       at.discharge_hot_recovery, {}, now);
    guard_against_high(discharge_cold, negated(in.coldest), -at.discharge_cold,
                       at.temperature_delay, -at.discharge_cold_recovery, {}, now);
    guard_against_high(mosfet_hot, in.mosfet, at.mosfet_hot, at.temperature_delay,
                       at.mosfet_hot_recovery, {}, now);

    may_charge = !cell_high.open && !charge_current.open && !charge_hot.open && !charge_cold.open &&
                 !mosfet_hot.open;
    may_discharge = !cell_low.open && !discharge_current.open && !discharge_hot.open &&
                    !discharge_cold.open && !mosfet_hot.open;
  }
};

}  // namespace cw::reference

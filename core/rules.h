// SPDX-License-Identifier: Apache-2.0
// The protections as a table: every rule is one row, and one engine (core/protection.h) runs them
// all. docs/protections.md is printed from it.
#pragma once
#include <array>
#include <cstddef>
#include <string_view>

#include "core/measurements.h"

namespace cw {

/// The order is the order of kRules and of the bits in Decision; append only.
enum class Rule : std::uint8_t {
  cell_overvoltage,
  cell_undervoltage,
  charge_overcurrent,
  discharge_overcurrent,
  charge_overtemperature,
  charge_undertemperature,
  discharge_overtemperature,
  discharge_undertemperature,
  mosfet_overtemperature,
  pack_overvoltage,
  pack_undervoltage,
  power_off,
  short_circuit,
  charge_short_circuit,
  cell_voltage_difference,
  wire_resistance,
  cell_count_mismatch,
  internal_communication,
};

/// What a rule can withhold: a set of bits.
enum class Switches : std::uint8_t {
  none = 0,
  charge = 1,
  discharge = 2,
  both = 3,
  balance = 4,
  all = 7,
};
constexpr Switches operator|(Switches a, Switches b) {
  return static_cast<Switches>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}
constexpr bool contains(Switches all, Switches part) {
  return (static_cast<std::uint8_t>(all) & static_cast<std::uint8_t>(part)) ==
         static_cast<std::uint8_t>(part);
}

constexpr std::string_view name(Switches switches) {
  constexpr std::string_view names[] = {"none",
                                        "charge",
                                        "discharge",
                                        "both",
                                        "balance",
                                        "charge and balance",
                                        "discharge and balance",
                                        "all"};
  return names[static_cast<std::size_t>(switches)];
}

/// Which values violate the limit. Strict where the manual says "exceeds" or "is lower than",
/// inclusive where it says "reaches".
enum class Direction : std::uint8_t { above, below, at_or_below, unequal };

/// Where a limit comes from.
enum class Source : std::uint8_t {
  parameter,
  parameter_times_cells,  // a cell's parameter, for the pack
  parameter_or_none,      // not known: no current is too high, only the board's flag counts
  zero,                   // a flag: anything but 0
};

struct Limit {
  Parameter parameter{};  // unless `zero`
  Source source = Source::parameter;
};

/// How long a violation must last, without a break, before the rule trips.
enum class Wait : std::uint8_t {
  delay,        // the time in `delay`
  at_once,      // the first step; `delay` plays no part
  in_hardware,  // the first step, because the front end has waited the microseconds in `delay`
                // already; where these are 0 or not known the rule is off
  samples,      // three different samples in a row
};
inline constexpr std::uint8_t kSamples = 3;

/// How a tripped rule is left: by a value inside the recovery limit, or by time alone.
enum class Release : std::uint8_t { by_recovery, by_time };

/// What else is true of a rule: a set of bits.
enum Trait : std::uint8_t {
  kPlain = 0,
  kCritical = 1,  // its switch opens at once, under whatever load
  kWoken = 2,     // a charger or the button leaves it, and keeps it from tripping; before it
                  // tripped by its limit, any value inside the limit leaves it
  kAbsolute = 4,  // the operator's emergency does not override it in the guard
};

struct RuleRow {
  std::string_view name;
  Input reads;
  Direction direction;
  Limit limit;
  Wait wait;
  Parameter delay;  // for Wait::delay and Wait::in_hardware
  Release release;
  Limit leave;  // by_recovery: the recovery limit, strictly; by_time: how long after the trip
  Switches opens;
  std::uint8_t code;  // the error code of the manual; 0: it has none
  Alarm alarm;
  Unit unit;  // of what it reads
  std::uint8_t traits = kPlain;

  constexpr bool is(Trait trait) const { return (traits & trait) != 0; }
};

// Source: the manual, section 5.3.2 and its error codes; the 12P guide. A direct limit is one that
// the violation crosses, the `leave` column is where it is left.
// clang-format off
inline constexpr auto kRules = std::to_array<RuleRow>({
    {"cell_overvoltage", Input::highest_cell, Direction::above, {Parameter::cell_overvoltage}, Wait::delay, Parameter::cell_overvoltage_delay, Release::by_recovery, {Parameter::cell_overvoltage_recovery}, Switches::charge, 2, Alarm::cell_overvoltage, Unit::millivolt, kCritical | kAbsolute},
    {"cell_undervoltage", Input::lowest_cell, Direction::below, {Parameter::cell_undervoltage}, Wait::delay, Parameter::cell_undervoltage_delay, Release::by_recovery, {Parameter::cell_undervoltage_recovery}, Switches::discharge, 1, Alarm::cell_undervoltage, Unit::millivolt},
    {"charge_overcurrent", Input::charge_current, Direction::above, {Parameter::charge_overcurrent}, Wait::delay, Parameter::charge_overcurrent_delay, Release::by_time, {Parameter::charge_overcurrent_release}, Switches::charge, 3, Alarm::charge_overcurrent, Unit::milliamp},
    {"discharge_overcurrent", Input::discharge_current, Direction::above, {Parameter::discharge_overcurrent}, Wait::delay, Parameter::discharge_overcurrent_delay, Release::by_time, {Parameter::discharge_overcurrent_release}, Switches::discharge, 3, Alarm::discharge_overcurrent, Unit::milliamp},
    {"charge_overtemperature", Input::hottest_temperature, Direction::above, {Parameter::charge_overtemperature}, Wait::delay, Parameter::temperature_delay, Release::by_recovery, {Parameter::charge_overtemperature_recovery}, Switches::charge, 5, Alarm::charge_overtemperature, Unit::decicelsius},
    {"charge_undertemperature", Input::coldest_temperature, Direction::below, {Parameter::charge_undertemperature}, Wait::delay, Parameter::temperature_delay, Release::by_recovery, {Parameter::charge_undertemperature_recovery}, Switches::charge, 5, Alarm::charge_undertemperature, Unit::decicelsius},
    {"discharge_overtemperature", Input::hottest_temperature, Direction::above, {Parameter::discharge_overtemperature}, Wait::delay, Parameter::temperature_delay, Release::by_recovery, {Parameter::discharge_overtemperature_recovery}, Switches::discharge, 5, Alarm::discharge_overtemperature, Unit::decicelsius},
    {"discharge_undertemperature", Input::coldest_temperature, Direction::below, {Parameter::discharge_undertemperature}, Wait::delay, Parameter::temperature_delay, Release::by_recovery, {Parameter::discharge_undertemperature_recovery}, Switches::discharge, 5, Alarm::discharge_undertemperature, Unit::decicelsius},
    {"mosfet_overtemperature", Input::mosfet_temperature, Direction::above, {Parameter::mosfet_overtemperature}, Wait::delay, Parameter::temperature_delay, Release::by_recovery, {Parameter::mosfet_overtemperature_recovery}, Switches::both, 4, Alarm::mosfet_overtemperature, Unit::decicelsius, kCritical},
    {"pack_overvoltage", Input::pack_voltage, Direction::above, {Parameter::pack_overvoltage}, Wait::delay, Parameter::cell_overvoltage_delay, Release::by_recovery, {Parameter::cell_overvoltage_recovery, Source::parameter_times_cells}, Switches::charge, 2, Alarm::pack_overvoltage, Unit::millivolt, kCritical},
    {"pack_undervoltage", Input::pack_voltage, Direction::below, {Parameter::pack_undervoltage}, Wait::delay, Parameter::cell_undervoltage_delay, Release::by_recovery, {Parameter::cell_undervoltage_recovery, Source::parameter_times_cells}, Switches::discharge, 1, Alarm::pack_undervoltage, Unit::millivolt},
    {"power_off", Input::lowest_cell, Direction::at_or_below, {Parameter::power_off_voltage}, Wait::delay, Parameter::cell_undervoltage_delay, Release::by_recovery, {Parameter::cell_undervoltage_recovery}, Switches::both, 1, Alarm::cell_undervoltage, Unit::millivolt, kWoken},
    {"short_circuit", Input::short_circuit, Direction::above, {Parameter::short_circuit_current, Source::parameter_or_none}, Wait::in_hardware, Parameter::short_circuit_delay, Release::by_time, {Parameter::short_circuit_release}, Switches::discharge, 6, Alarm::discharge_short_circuit, Unit::milliamp, kCritical | kAbsolute},
    {"charge_short_circuit", Input::charge_short_circuit, Direction::above, {{}, Source::zero}, Wait::in_hardware, Parameter::short_circuit_delay, Release::by_time, {Parameter::short_circuit_release}, Switches::charge, 6, Alarm::charge_short_circuit, Unit::flag, kCritical | kAbsolute},
    {"cell_voltage_difference", Input::cell_difference, Direction::above, {Parameter::cell_voltage_difference}, Wait::delay, Parameter::cell_overvoltage_delay, Release::by_recovery, {Parameter::cell_voltage_difference}, Switches::none, 0, Alarm::cell_voltage_difference, Unit::millivolt},
    {"wire_resistance", Input::highest_wire_resistance, Direction::above, {Parameter::wire_resistance_max}, Wait::at_once, {}, Release::by_recovery, {Parameter::wire_resistance_max}, Switches::balance, 8, Alarm::wire_resistance, Unit::micro_ohm},
    {"cell_count_mismatch", Input::cells_in_range, Direction::unequal, {Parameter::cell_count}, Wait::samples, {}, Release::by_recovery, {Parameter::cell_count}, Switches::all, 9, Alarm::cell_count_mismatch, Unit::count},
    {"internal_communication", Input::internal_fault, Direction::above, {{}, Source::zero}, Wait::at_once, {}, Release::by_recovery, {{}, Source::zero}, Switches::all, 7, Alarm::internal_communication, Unit::flag, kCritical},
});
// clang-format on
inline constexpr std::size_t kRuleCount = kRules.size();

namespace proof {
consteval bool in_unit(const Limit& limit, Unit unit) {
  return limit.source == Source::zero || facts(limit.parameter).unit == unit;
}
consteval bool every_rule_reads_limits_in_its_own_units() {
  for (const RuleRow& rule : kRules) {
    const Unit leave = rule.release == Release::by_time ? Unit::millisecond : rule.unit;
    if (!in_unit(rule.limit, rule.unit) || !in_unit(rule.leave, leave)) return false;
    const Unit wait = facts(rule.delay).unit;
    if (rule.wait == Wait::delay && wait != Unit::millisecond) return false;
    if (rule.wait == Wait::in_hardware && wait != Unit::microsecond) return false;
  }
  return true;
}
static_assert(every_rule_reads_limits_in_its_own_units());
static_assert(kRuleCount == static_cast<std::size_t>(Rule::internal_communication) + 1);
static_assert(kRuleCount <= 32, "Decision has a bit a rule");
}  // namespace proof

// The two places that know what a direction means.
constexpr bool is_beyond(Direction direction, std::int32_t value, std::int32_t limit) {
  switch (direction) {
    case Direction::above: return value > limit;
    case Direction::below: return value < limit;
    case Direction::at_or_below: return value <= limit;
    case Direction::unequal: return value != limit;
  }
  return true;
}
constexpr bool is_inside(Direction direction, std::int32_t value, std::int32_t limit) {
  switch (direction) {
    case Direction::above: return value < limit;
    case Direction::below:
    case Direction::at_or_below: return value > limit;
    case Direction::unequal: return value == limit;
  }
  return false;
}

/// Whether the rule reads `parameter` at all.
constexpr bool reads(const RuleRow& rule, Parameter parameter) {
  const bool waits = rule.wait == Wait::delay || rule.wait == Wait::in_hardware;
  return (rule.limit.source != Source::zero && rule.limit.parameter == parameter) ||
         (rule.leave.source != Source::zero && rule.leave.parameter == parameter) ||
         (waits && rule.delay == parameter) ||
         (rule.leave.source == Source::parameter_times_cells && parameter == Parameter::cell_count);
}

constexpr const RuleRow& row_of(Rule rule) { return kRules[static_cast<std::size_t>(rule)]; }

/// The numbers of a rule, out of a set of parameters.
struct RuleLimits {
  std::int32_t limit = 0;
  Millis delay{};
  std::int32_t leave = 0;  // by_recovery: the recovery limit; by_time: milliseconds after the trip
};

namespace detail {
// A cell's limit for a pack of as many cells as are configured; absent if that is not known.
constexpr std::optional<std::int32_t> times_cells(std::optional<std::int32_t> cell,
                                                  const ParameterSet& parameters) {
  const auto cells = parameters.get(Parameter::cell_count);
  if (!cell || !cells) return std::nullopt;
  return *cell * *cells;  // at most 4.5 V times 32
}

constexpr std::optional<std::int32_t> resolve(const Limit& limit, const ParameterSet& parameters) {
  const auto value = parameters.get(limit.parameter);
  switch (limit.source) {
    case Source::parameter: return value;
    case Source::parameter_times_cells: return times_cells(value, parameters);
    case Source::parameter_or_none: return value.value_or(kFlagged - 1);
    case Source::zero: return 0;
  }
  return std::nullopt;
}

// Nothing: the rule waits for something that is not known, or is turned off by it.
constexpr std::optional<Millis> delay_of(const RuleRow& rule, const ParameterSet& parameters) {
  const auto value = parameters.get(rule.delay);
  switch (rule.wait) {
    case Wait::delay: return value ? std::optional{Millis{*value}} : std::nullopt;
    case Wait::in_hardware: return value.value_or(0) > 0 ? std::optional{Millis{0}} : std::nullopt;
    case Wait::at_once:
    case Wait::samples: return Millis{0};
  }
  return std::nullopt;
}

}  // namespace detail

/// A value or a limit of a rule as it is shown: a flag of the board is no number.
constexpr std::optional<std::int32_t> shown(std::int32_t count, Unit unit) {
  if (unit == Unit::milliamp && count >= kFlagged - 1) return std::nullopt;
  return count;
}

/// Nothing if the rule cannot work with these parameters: it is off.
constexpr std::optional<RuleLimits> limits_of(const RuleRow& rule, const ParameterSet& parameters) {
  const auto limit = detail::resolve(rule.limit, parameters);
  const auto delay = detail::delay_of(rule, parameters);
  const auto leave = detail::resolve(rule.leave, parameters);
  if (!limit || !delay || !leave) return std::nullopt;
  return RuleLimits{*limit, *delay, *leave};
}

}  // namespace cw

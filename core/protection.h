// SPDX-License-Identifier: Apache-2.0
// Every protection is one row; one engine runs them all. No I/O, no clock, no heap: step() is a
// function of its state, the measurements, the limits and the time. It decides; it never acts.
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
};

enum class Switches : std::uint8_t { none = 0, charge = 1, discharge = 2, both = 3 };
constexpr Switches operator|(Switches a, Switches b) {
  return static_cast<Switches>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}
constexpr bool contains(Switches all, Switches part) {
  return (static_cast<std::uint8_t>(all) & static_cast<std::uint8_t>(part)) ==
         static_cast<std::uint8_t>(part);
}

constexpr std::string_view name(Switches switches) {
  constexpr std::string_view names[] = {"none", "charge", "discharge", "both"};
  return names[static_cast<std::size_t>(switches)];
}

enum class Direction : std::uint8_t { above, below };

/// How a tripped rule is left: by a value inside the recovery limit, or by time alone.
enum class Release : std::uint8_t { by_recovery, by_time };

struct RuleRow {
  std::string_view name;
  Input reads;
  Direction direction;  // strictly above or below the limit is a violation
  Parameter limit;
  Parameter delay;  // a violation must last this long without a break
  Release release;
  Parameter leave;  // by_recovery: the recovery limit, strictly; by_time: how long after the trip
  Switches opens;
  std::uint8_t code;  // the error code of the manual
  Alarm alarm;
  Unit unit;  // of what it reads
};

// Source: the manual's parameter descriptions; docs/protections.md is printed from these rows.
// clang-format off
inline constexpr auto kRules = std::to_array<RuleRow>({
    {"cell_overvoltage", Input::highest_cell, Direction::above, Parameter::cell_overvoltage, Parameter::cell_overvoltage_delay, Release::by_recovery, Parameter::cell_overvoltage_recovery, Switches::charge, 2, Alarm::cell_overvoltage, Unit::millivolt},
    {"cell_undervoltage", Input::lowest_cell, Direction::below, Parameter::cell_undervoltage, Parameter::cell_undervoltage_delay, Release::by_recovery, Parameter::cell_undervoltage_recovery, Switches::discharge, 1, Alarm::cell_undervoltage, Unit::millivolt},
    {"charge_overcurrent", Input::charge_current, Direction::above, Parameter::charge_overcurrent, Parameter::charge_overcurrent_delay, Release::by_time, Parameter::charge_overcurrent_release, Switches::charge, 3, Alarm::charge_overcurrent, Unit::milliamp},
    {"discharge_overcurrent", Input::discharge_current, Direction::above, Parameter::discharge_overcurrent, Parameter::discharge_overcurrent_delay, Release::by_time, Parameter::discharge_overcurrent_release, Switches::discharge, 3, Alarm::discharge_overcurrent, Unit::milliamp},
    {"charge_overtemperature", Input::hottest_temperature, Direction::above, Parameter::charge_overtemperature, Parameter::temperature_delay, Release::by_recovery, Parameter::charge_overtemperature_recovery, Switches::charge, 5, Alarm::charge_overtemperature, Unit::decicelsius},
    {"charge_undertemperature", Input::coldest_temperature, Direction::below, Parameter::charge_undertemperature, Parameter::temperature_delay, Release::by_recovery, Parameter::charge_undertemperature_recovery, Switches::charge, 5, Alarm::charge_undertemperature, Unit::decicelsius},
    {"discharge_overtemperature", Input::hottest_temperature, Direction::above, Parameter::discharge_overtemperature, Parameter::temperature_delay, Release::by_recovery, Parameter::discharge_overtemperature_recovery, Switches::discharge, 5, Alarm::discharge_overtemperature, Unit::decicelsius},
    {"discharge_undertemperature", Input::coldest_temperature, Direction::below, Parameter::discharge_undertemperature, Parameter::temperature_delay, Release::by_recovery, Parameter::discharge_undertemperature_recovery, Switches::discharge, 5, Alarm::discharge_undertemperature, Unit::decicelsius},
    {"mosfet_overtemperature", Input::mosfet_temperature, Direction::above, Parameter::mosfet_overtemperature, Parameter::temperature_delay, Release::by_recovery, Parameter::mosfet_overtemperature_recovery, Switches::both, 4, Alarm::mosfet_overtemperature, Unit::decicelsius},
});
// clang-format on
inline constexpr std::size_t kRuleCount = kRules.size();

namespace proof {
consteval bool every_rule_reads_limits_in_its_own_units() {
  for (const RuleRow& rule : kRules) {
    const Unit leave = rule.release == Release::by_time ? Unit::millisecond : rule.unit;
    if (facts(rule.limit).unit != rule.unit || facts(rule.leave).unit != leave) return false;
    if (facts(rule.delay).unit != Unit::millisecond) return false;
  }
  return true;
}
static_assert(every_rule_reads_limits_in_its_own_units());
static_assert(kRuleCount == static_cast<std::size_t>(Rule::mosfet_overtemperature) + 1);
static_assert(kRuleCount <= 32, "Decision has a bit a rule");
}  // namespace proof

/// Life of a rule. `off`: its limit is not known, so it guards nothing (and says so).
enum class Phase : std::uint8_t { off, clear, pending, tripped, releasing };
/// Why a rule is tripped. `start`: not yet shown to be safe. `blind`: no fresh value.
enum class Cause : std::uint8_t { none, start, blind, limit };

constexpr std::string_view name(Phase phase) {
  constexpr std::string_view names[] = {"off", "clear", "pending", "tripped", "releasing"};
  return names[static_cast<std::size_t>(phase)];
}
constexpr std::string_view name(Cause cause) {
  constexpr std::string_view names[] = {"none", "start", "no fresh value", "limit"};
  return names[static_cast<std::size_t>(cause)];
}

/// A rule that is tripped because it started or went blind, and then sees a violation last for its
/// delay, is tripped by its limit from then on: the evidence counts, not what came first.
struct RuleState {
  Phase phase = Phase::tripped;
  Cause cause = Cause::start;
  bool blind = false;       // no fresh value in the last step, whatever the cause
  bool violated = false;    // the value is beyond the limit, without a break since `began`
  Instant since{};          // when this phase began: with cause `limit`, when the rule acted
  Instant began{};          // when the violation began: the running one, or the one that tripped
  Measurement evidence{};   // what it saw when it tripped (cause `limit`)
  std::int32_t limit = 0;   // the limit it crossed (cause `limit`)
  std::int32_t worst = 0;   // worst value since `began`; meaningful while violated or cause `limit`
  std::uint32_t trips = 0;  // trips by limit since the start
};

struct Decision {
  Switches open = Switches::both;
  std::uint32_t tripped = (std::uint32_t{1} << kRuleCount) - 1;  // bit n: rule n holds its switches
  std::uint32_t off = 0;  // bit n: rule n guards nothing, because its limits are not known

  constexpr bool allows(Switches s) const {
    return (static_cast<std::uint8_t>(open) & static_cast<std::uint8_t>(s)) == 0;
  }
  constexpr bool is_tripped(Rule rule) const {
    return (tripped >> static_cast<unsigned>(rule) & 1) != 0;
  }
  friend constexpr bool operator==(const Decision&, const Decision&) = default;
};

/// How the engine begins: a supervisor shows that it is safe before it closes anything; a board
/// (the simulated one) starts closed, as real ones do.
enum class Start : std::uint8_t { tripped, clear };

class Protection {
 public:
  Protection() = default;  // tripped
  explicit Protection(Start start);

  /// Runs every rule once. `limits` may change between steps. Even if it breaks the orderings of
  /// core/validation.h, no rule is left by recovery while its limit is crossed.
  Decision step(const Measurements& measurements, const ParameterSet& limits, Instant now);

  const Decision& decision() const { return decision_; }
  const RuleState& state(Rule rule) const { return states_[static_cast<std::size_t>(rule)]; }

 private:
  std::array<RuleState, kRuleCount> states_{};
  Decision decision_{};
  bool stepped_ = false;
};

}  // namespace cw

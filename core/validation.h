// SPDX-License-Identifier: Apache-2.0
// Which rules a set of parameters breaks: orderings between two of them, and bounds of one. That a
// value makes sense at all is kept by ParameterSet itself. Rules whose parameters are not known do
// not apply.
#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <tuple>

#include "core/models.h"
#include "core/parameters.h"

namespace cw {

/// `lower` must be strictly below `upper`. Source: the manual, appendix II, and captured settings.
struct Ordering {
  Parameter lower;
  Parameter upper;
  friend constexpr bool operator==(const Ordering&, const Ordering&) = default;
};

// clang-format off
inline constexpr auto kOrderings = std::to_array<Ordering>({
    // The manual, appendix II: over-voltage > its recovery > under-voltage recovery > under-voltage
    // > power-off. The second half repeats the chain for boards that do not tell every link of it.
    {Parameter::power_off_voltage,                  Parameter::cell_undervoltage},
    {Parameter::cell_undervoltage,                  Parameter::cell_undervoltage_recovery},
    {Parameter::cell_undervoltage_recovery,         Parameter::cell_overvoltage_recovery},
    {Parameter::cell_overvoltage_recovery,          Parameter::cell_overvoltage},
    {Parameter::cell_undervoltage,                  Parameter::cell_overvoltage},
    {Parameter::power_off_voltage,                  Parameter::cell_overvoltage},
    {Parameter::pack_undervoltage,                  Parameter::pack_overvoltage},
    // The manual, appendix II: the same for temperatures.
    {Parameter::charge_undertemperature,            Parameter::charge_undertemperature_recovery},
    {Parameter::charge_undertemperature_recovery,   Parameter::charge_overtemperature_recovery},
    {Parameter::charge_overtemperature_recovery,    Parameter::charge_overtemperature},
    {Parameter::charge_undertemperature_recovery,   Parameter::charge_overtemperature},
    {Parameter::charge_undertemperature,            Parameter::charge_overtemperature},
    {Parameter::discharge_undertemperature,         Parameter::discharge_undertemperature_recovery},
    {Parameter::discharge_undertemperature_recovery, Parameter::discharge_overtemperature_recovery},
    {Parameter::discharge_overtemperature_recovery, Parameter::discharge_overtemperature},
    {Parameter::discharge_undertemperature_recovery, Parameter::discharge_overtemperature},
    {Parameter::discharge_undertemperature,         Parameter::discharge_overtemperature},
    // Without it the rule could never be left, or would be left while it is violated.
    {Parameter::mosfet_overtemperature_recovery,    Parameter::mosfet_overtemperature},
    // Observed in every captured settings block, documented nowhere; boards refuse the rest.
    {Parameter::cell_undervoltage,                  Parameter::soc_0_voltage},
    {Parameter::soc_0_voltage,                      Parameter::cell_undervoltage_recovery},
    {Parameter::cell_overvoltage_recovery,          Parameter::soc_100_voltage},
    {Parameter::soc_100_voltage,                    Parameter::request_charge_voltage},
    {Parameter::request_charge_voltage,             Parameter::cell_overvoltage},
    {Parameter::request_float_voltage,              Parameter::request_charge_voltage},
    // Our own: balancing that starts above the over-voltage limit never helps a cell below it.
    {Parameter::balance_start,                      Parameter::cell_overvoltage},
});
// clang-format on

constexpr std::span<const Ordering> all_orderings() { return kOrderings; }

/// The orderings that `set` breaks, in table order.
struct Violations {
  std::array<Ordering, 32> rules{};
  std::size_t count = 0;
};
static_assert(kOrderings.size() <= std::tuple_size_v<decltype(Violations::rules)>);

constexpr Violations validate(const ParameterSet& set) {
  Violations found;
  for (const Ordering& ordering : kOrderings) {
    const auto lower = set.get(ordering.lower);
    const auto upper = set.get(ordering.upper);
    if (lower && upper && *lower >= *upper) found.rules[found.count++] = ordering;
  }
  return found;
}

/// The range boards accept when they are written to; the app refuses what lies beyond.
struct WriteRange {
  Parameter parameter;
  std::int32_t lowest;
  std::int32_t highest;
  bool writable = true;  // false: the board shows it and keeps it to itself
};

// Source: the manual, appendix II, where it is narrower than what a board may report. A parameter
// without a row has the range of kParameters; what the model alone limits has its highest from
// there.
// clang-format off
inline constexpr auto kWriteRanges = [] {
  using enum Parameter;
  return std::to_array<WriteRange>({
    {cell_count,                               2,          32},  // most: the model's
    {capacity,                             5'000,   2'000'000},
    {cell_overvoltage,                     1'200,       4'350},
    {cell_overvoltage_recovery,            1'200,       4'350},
    {cell_overvoltage_delay,               1'000,      60'000},  // the 4E57 document
    {cell_undervoltage,                    1'200,       4'350},
    {cell_undervoltage_recovery,           1'200,       4'350},
    {cell_undervoltage_delay,              1'000,      60'000},  // the 4E57 document
    {power_off_voltage,                    1'200,       4'350},
    {charge_overcurrent,                   1'000,   1'000'000},  // most: the model's
    {charge_overcurrent_delay,             2'000,     600'000},
    {charge_overcurrent_release,           2'000,     600'000},
    {discharge_overcurrent,                1'000,   1'000'000},  // most: the model's
    {discharge_overcurrent_delay,          2'000,     600'000},
    {discharge_overcurrent_release,        2'000,     600'000},
    {short_circuit_delay,                      0,   1'000'000},  // 0: off
    {short_circuit_release,                2'000,     600'000},
    {balance_start,                        1'200,       4'250},
    {balance_trigger,                          3,       1'000},
    {balance_current_max,                    300,      10'000},  // most: the model's
    {charge_overtemperature,                 300,         800},
    {charge_overtemperature_recovery,        300,         800},
    {charge_undertemperature,               -300,         200},
    {charge_undertemperature_recovery,      -300,         200},
    {discharge_overtemperature,              300,         800},
    {discharge_overtemperature_recovery,     300,         800},
    {discharge_undertemperature,            -300,         200},  // not in the app: as for charging
    {discharge_undertemperature_recovery,   -300,         200},
    {mosfet_overtemperature,                 500,       1'100, false},
    {mosfet_overtemperature_recovery,        500,       1'100, false},
    {soc_0_voltage,                        1'200,       4'350},  // as for the other cell voltages
    {soc_100_voltage,                      1'200,       4'350},
    {request_charge_voltage,               1'200,       4'350},
    {request_float_voltage,                1'200,       4'350},
  });
}();
// clang-format on

/// What bounds a value.
enum class Bound : std::uint8_t {
  lowest,             // the write range
  highest,            // the write range
  read_only,          // boards take no other value
  protection_off,     // 0 switches a protection off, which a policy may not
  chemistry,          // the most a cell of this chemistry takes
  model,              // the most the board carries
  model_fewest,       // the fewest cells the board is made for
  tenth_of_capacity,  // what the manual recommends for balancing
};

/// Worth a word, and allowed all the same.
constexpr bool is_warning(Bound bound) {
  return bound == Bound::model_fewest || bound == Bound::tenth_of_capacity;
}

/// A value beyond a bound.
struct Breach {
  Parameter parameter{};
  std::int32_t value = 0;  // in the unit of the parameter
  Bound bound{};
  std::int32_t limit = 0;  // the nearest value that is right; 0 where the bound has none
  friend constexpr bool operator==(const Breach&, const Breach&) = default;
};

class Breaches {
 public:
  constexpr void add(const Breach& breach) { list_[count_++] = breach; }
  constexpr std::size_t size() const { return count_; }
  constexpr const Breach& operator[](std::size_t i) const { return list_[i]; }
  constexpr const Breach* begin() const { return list_.data(); }
  constexpr const Breach* end() const { return list_.data() + count_; }

 private:
  // A write breaks at most one end of every range; the rest bounds six parameters once.
  std::array<Breach, kWriteRanges.size() + 8> list_{};
  std::size_t count_ = 0;
};

/// What is known about the battery and its board. Bounds of what is not known do not apply.
struct Plant {
  std::optional<Chemistry> chemistry;
  const Model* model = nullptr;
};

/// The most a cell is ever charged to; a higher limit means that the chemistry is not this one.
/// Our own choice.
constexpr Millivolts highest_cell_voltage(Chemistry chemistry) {
  switch (chemistry) {
    case Chemistry::lfp: return {3'700};
    case Chemistry::li_ion: return {4'300};
    case Chemistry::lto: return {2'850};
  }
  return {0};
}

/// The bounds that limits of the gateway's own break; validate() has the orderings.
Breaches check_policy(const ParameterSet& policy, const Plant& plant);

/// The bounds that `changes` break, if they are written to a board that now has `settings`.
Breaches check_write(const ParameterSet& changes, const ParameterSet& settings, const Plant& plant);
/// The orderings that `changes` would break on that board; those it breaks already and that have
/// nothing to do with the changes are not among them.
Violations validate_write(const ParameterSet& changes, const ParameterSet& settings);

/// The voltage at which no cell of the pack is charged further. Nothing unless the number of cells
/// and their over-voltage limit are known.
std::optional<Millivolts> full_voltage(const ParameterSet& set);

/// What a heater takes at a voltage, rounded up: never less than in truth.
struct HeaterLoad {
  std::int64_t current_mA;
  std::int64_t power_mW;
};
/// `resistance` must be above 0.
HeaterLoad heater_load(MicroOhms resistance, Millivolts voltage);

/// The model's output carries no such load, or the board has none. Without a model (nullptr): what
/// most boards with a heater carry.
bool exceeds(const HeaterLoad& load, const Model* model);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Which rules a set of parameters breaks: orderings between two of them. Ranges are kept by
// ParameterSet itself. Rules whose parameters are not both known do not apply.
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <tuple>

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

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "daemon/configuration/parameter_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/assert.h"
#include "daemon/configuration/quantity_text.h"

namespace cw {
namespace {

std::size_t decimals(const std::string& number) {
  const auto point = number.find('.');
  return point == std::string::npos ? 0 : number.size() - point - 1;
}

std::string with_decimals(std::string number, std::size_t wanted) {
  const std::size_t present = decimals(number);
  if (present == 0 && wanted != 0) number += '.';
  return number.append(wanted - present, '0');
}

std::string board_name(const Plant& plant) {
  const bool named = plant.model != nullptr && !plant.model->name.empty();
  return named ? fmt::format("a {}", plant.model->name) : "this board";
}

std::string watts(std::int64_t milliwatts) {
  return number_text(milliwatts, Unit::milliwatt) + " W";
}

std::string carried(const Model* model) {
  const HeaterLimits limits = model == nullptr ? HeaterLimits{} : model->heater_limits;
  std::string text = quantity_text(limits.current.count, Unit::milliamp);
  if (limits.power.count != 0) text += " and " + watts(limits.power.count);
  return text;
}

}  // namespace

std::string violation_text(const Ordering& broken, const ParameterSet& set) {
  const auto lower = set.get(broken.lower);
  const auto upper = set.get(broken.upper);
  CW_ASSERT(lower && upper);
  const std::string low = number_text(*lower, facts(broken.lower).unit);
  const std::string high = number_text(*upper, facts(broken.upper).unit);
  const std::size_t finer = std::max(decimals(low), decimals(high));
  return fmt::format("{} {} must be below {} {}", facts(broken.lower).key,
                     with_decimals(low, finer), facts(broken.upper).key,
                     with_decimals(high, finer));
}

std::string bound_text(const Breach& breach, const Plant& plant) {
  const std::string limit = quantity_text(breach.limit, facts(breach.parameter).unit);
  switch (breach.bound) {
    case Bound::lowest: return fmt::format("is below {}, the least boards accept", limit);
    case Bound::highest: return fmt::format("is above {}, the most boards accept", limit);
    case Bound::read_only: return "cannot be written: boards keep this limit to themselves";
    case Bound::protection_off:
      return fmt::format("switches the protection off: write at least {}", limit);
    case Bound::chemistry:
      return fmt::format("is above {}, the most a cell of chemistry {} takes", limit,
                         plant.chemistry ? name(*plant.chemistry) : "unknown");
    case Bound::model:
      return fmt::format("is above {}, the most {} takes", limit, board_name(plant));
    case Bound::model_fewest:
      return fmt::format("is below {}, the fewest {} is made for", limit, board_name(plant));
    case Bound::tenth_of_capacity:
      return fmt::format("is above {}, a tenth of the capacity an hour: more than is recommended",
                         limit);
  }
  return {};
}

std::string breach_text(const Breach& breach, const Plant& plant) {
  const ParameterFacts& row = facts(breach.parameter);
  return fmt::format("{} {} {}", row.key, number_text(breach.value, row.unit),
                     bound_text(breach, plant));
}

std::vector<std::string> policy_faults(const ParameterSet& policy, const Plant& plant) {
  std::vector<std::string> faults;
  const Violations violations = validate(policy);
  for (std::size_t i = 0; i < violations.count; ++i)
    faults.push_back(violation_text(violations.rules[i], policy));
  for (const Breach& breach : check_policy(policy, plant))
    if (!is_warning(breach.bound)) faults.push_back(breach_text(breach, plant));
  return faults;
}

std::string heater_fault(MicroOhms resistance, Millivolts full, const Model* model) {
  const HeaterLoad load = heater_load(resistance, full);
  if (!exceeds(load, model)) return {};
  const std::string taken = fmt::format(
      "heater_resistance_ohm {} takes {} A and {} at {}",
      number_text(resistance.count, Unit::micro_ohm), number_text(load.current_mA, Unit::milliamp),
      watts(load.power_mW), quantity_text(full.count, Unit::millivolt));
  const Plant plant{std::nullopt, model};
  if (model != nullptr && model->heater == Fitted::no)
    return fmt::format("{}: {} has no output for a heater", taken, board_name(plant));
  return fmt::format("{}: {} carries at most {}", taken, board_name(plant), carried(model));
}

}  // namespace cw

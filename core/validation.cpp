// SPDX-License-Identifier: Apache-2.0
#include "core/validation.h"

#include "core/assert.h"

namespace cw {
namespace {

void check_most(const ParameterSet& set, Parameter parameter, std::int32_t most, Bound bound,
                Breaches& found) {
  const auto value = set.get(parameter);
  if (value && *value > most) found.add({parameter, *value, bound, most});
}

void check_model(const ParameterSet& set, const Plant& plant, Breaches& found) {
  const Model& model = *plant.model;
  // Li-ion has the widest range of all.
  const CellRange& range = cells(model, plant.chemistry.value_or(Chemistry::li_ion));
  check_most(set, Parameter::cell_count, range.most, Bound::model, found);
  const auto count = set.get(Parameter::cell_count);
  if (count && *count < range.fewest)
    found.add({Parameter::cell_count, *count, Bound::model_fewest, range.fewest});
  if (const Milliamps most = current_limit_most(model); most.count != 0) {
    check_most(set, Parameter::charge_overcurrent, most.count, Bound::model, found);
    check_most(set, Parameter::discharge_overcurrent, most.count, Bound::model, found);
  }
  if (model.balance_current.count != 0)
    check_most(set, Parameter::balance_current_max, model.balance_current.count, Bound::model,
               found);
}

// What holds for limits of the gateway's own and for those of a board.
void check_plant(const ParameterSet& set, const Plant& plant, Breaches& found) {
  if (plant.chemistry)
    check_most(set, Parameter::cell_overvoltage, highest_cell_voltage(*plant.chemistry).count,
               Bound::chemistry, found);
  if (plant.model != nullptr) check_model(set, plant, found);
}

void check_balance_current(const ParameterSet& set, std::optional<std::int32_t> capacity,
                           Breaches& found) {
  if (capacity)
    check_most(set, Parameter::balance_current_max, *capacity / 10, Bound::tenth_of_capacity,
               found);
}

void check_range(const WriteRange& range, std::int32_t value, Breaches& found) {
  if (!range.writable)
    found.add({range.parameter, value, Bound::read_only, 0});
  else if (value < range.lowest)
    found.add({range.parameter, value, Bound::lowest, range.lowest});
  else if (value > range.highest)
    found.add({range.parameter, value, Bound::highest, range.highest});
}

ParameterSet laid_over(ParameterSet settings, const ParameterSet& changes) {
  for (std::size_t i = 0; i < kParameterCount; ++i)
    if (const auto value = changes.get(static_cast<Parameter>(i)))
      settings.set(static_cast<Parameter>(i), *value);
  return settings;
}

constexpr std::int64_t divided_up(std::int64_t dividend, std::int64_t divisor) {
  return (dividend + divisor - 1) / divisor;
}

}  // namespace

Breaches check_policy(const ParameterSet& policy, const Plant& plant) {
  Breaches found;
  if (policy.get(Parameter::short_circuit_delay) == 0)
    found.add({Parameter::short_circuit_delay, 0, Bound::protection_off, 1});
  check_plant(policy, plant, found);
  check_balance_current(policy, policy.get(Parameter::capacity), found);
  return found;
}

Breaches check_write(const ParameterSet& changes, const ParameterSet& settings,
                     const Plant& plant) {
  Breaches found;
  for (const WriteRange& range : kWriteRanges)
    if (const auto value = changes.get(range.parameter)) check_range(range, *value, found);
  check_plant(changes, plant, found);
  check_balance_current(changes, laid_over(settings, changes).get(Parameter::capacity), found);
  return found;
}

Violations validate_write(const ParameterSet& changes, const ParameterSet& settings) {
  Violations found;
  const Violations all = validate(laid_over(settings, changes));
  for (std::size_t i = 0; i < all.count; ++i)
    if (changes.get(all.rules[i].lower) || changes.get(all.rules[i].upper))
      found.rules[found.count++] = all.rules[i];
  return found;
}

std::optional<Millivolts> full_voltage(const ParameterSet& set) {
  const auto count = set.get(Parameter::cell_count);
  const auto limit = set.get(Parameter::cell_overvoltage);
  if (!count || !limit) return std::nullopt;
  return Millivolts{*count * *limit};
}

HeaterLoad heater_load(MicroOhms resistance, Millivolts voltage) {
  CW_ASSERT(resistance.count > 0);
  // mV * 10^6 / µΩ is mA; mV * mV / µΩ is W.
  const std::int64_t volts = voltage.count;
  return {divided_up(volts * 1'000'000, resistance.count),
          divided_up(volts * volts * 1'000, resistance.count)};
}

bool exceeds(const HeaterLoad& load, const Model* model) {
  if (model != nullptr && model->heater == Fitted::no) return true;
  const HeaterLimits limits = model == nullptr ? HeaterLimits{} : model->heater_limits;
  return (limits.current.count != 0 && load.current_mA > limits.current.count) ||
         (limits.power.count != 0 && load.power_mW > limits.power.count);
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "core/bms.h"

namespace cw {
namespace {

template <class Q>
std::optional<Q> as(const std::optional<Measurement>& measurement) {
  if (!measurement) return std::nullopt;
  return Q{measurement->value};
}

bool tells(const Protection& protection, std::size_t rule) {
  const RuleState& state = protection.state(static_cast<Rule>(rule));
  return (protection.decision().tripped >> rule & 1) != 0 &&
         (state.cause == Cause::limit || state.cause == Cause::blind);
}

}  // namespace

AlarmSet alarms_of(const Protection& protection) {
  AlarmSet alarms;
  for (std::size_t i = 0; i < kRuleCount; ++i)
    if (tells(protection, i)) alarms.add(kRules[i].alarm);
  return alarms;
}

std::uint16_t error_codes_of(const Protection& protection) {
  std::uint16_t codes = 0;
  for (std::size_t i = 0; i < kRuleCount; ++i)
    if (tells(protection, i) && kRules[i].code != 0)
      codes = static_cast<std::uint16_t>(codes | 1U << kRules[i].code);
  return codes;
}

const BmsOutputs& Bms::step(const BmsInputs& inputs, const ParameterSet& settings, Instant now) {
  Measurements seen = inputs.measurements;
  seen.wake = seen.wake || inputs.charger || inputs.button;
  const Decision before = protection_.decision();
  const Decision decision = protection_.step(seen, settings, now);
  count_charge(before, inputs, settings, now);
  balancer_.step(seen, settings, inputs.balance_switch && decision.allows(Switches::balance),
                 options_.balance_most, now);
  heater_.step(protection_, seen, settings, options_.heater && inputs.heater_switch,
               {inputs.charger, count_.soc()}, now);
  const bool stirred =
      inputs.charger || inputs.button || (inputs.communication && options_.communication_wakes);
  sleep_.step(as<Milliamps>(seen[Input::charge_current]), stirred, now);
  switch_outputs(inputs, now);
  return outputs_;
}

void Bms::count_charge(const Decision& before, const BmsInputs& inputs,
                       const ParameterSet& settings, Instant now) {
  const auto tripped_now = [&](Rule rule) {
    return protection_.state(rule).cause == Cause::limit && !before.is_tripped(rule) &&
           protection_.decision().is_tripped(rule);
  };
  const Measurements& seen = inputs.measurements;
  count_.step({.current = as<Milliamps>(seen[Input::charge_current]),
               .voltage = as<Millivolts>(seen[Input::pack_voltage]),
               .highest_cell = as<Millivolts>(seen[Input::highest_cell]),
               .overvoltage = tripped_now(Rule::cell_overvoltage),
               .undervoltage = tripped_now(Rule::cell_undervoltage)},
              settings, now);
}

void Bms::switch_outputs(const BmsInputs& inputs, Instant now) {
  const Decision& decision = protection_.decision();
  const bool emergency = emergency_.active(now);
  const bool on = emergency || !decision.is_tripped(Rule::power_off);
  outputs_.charge = emergency || (inputs.charge_switch && decision.allows(Switches::charge));
  outputs_.discharge =
      emergency || (inputs.discharge_switch && decision.allows(Switches::discharge));
  outputs_.heater = on && heater_.is_on();
  outputs_.balance = on ? balancer_.balance() : Balance{};
  outputs_.on = on;
  outputs_.asleep = options_.sleeps && on && sleep_.asleep(now);
  outputs_.emergency_remaining = emergency_.remaining(now);
  outputs_.alarms = alarms_of(protection_);
  if (heater_.is_at_fault()) outputs_.alarms.add(Alarm::heater_fault);
  outputs_.error_codes = error_codes_of(protection_);
}

void Bms::restart(Start start) {
  protection_ = Protection(start);
  balancer_ = {};
  heater_ = {};
  emergency_ = {};
  sleep_ = {};
  outputs_ = {};
}

}  // namespace cw

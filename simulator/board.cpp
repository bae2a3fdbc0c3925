// SPDX-License-Identifier: Apache-2.0
#include "simulator/board.h"

#include <algorithm>
#include <cmath>

#include "core/assert.h"

namespace cw::simulator {
namespace {

constexpr std::int64_t kHour_ms = 3'600'000;
constexpr Millis kStartUp{16'000};               // jk-uart-4e57 section 5
constexpr std::int64_t kBalanceHalf_ms = 1000;   // how long it takes, and then gives
constexpr std::int32_t kBoardMost_mA = 200'000;  // the largest board of the catalogue

std::int32_t rounded(double value) { return static_cast<std::int32_t>(std::lround(value)); }

Milliamps to_step(double amps, Milliamps step) {
  return {rounded(amps * 1000 / step.count) * step.count};
}

/// What JK boards raise for a rule: they do not tell temperatures apart by direction of current.
Alarm board_alarm(Alarm alarm) {
  switch (alarm) {
    case Alarm::charge_overtemperature:
    case Alarm::discharge_overtemperature: return Alarm::battery_overtemperature;
    case Alarm::charge_undertemperature:
    case Alarm::discharge_undertemperature: return Alarm::battery_undertemperature;
    default: return alarm;
  }
}

/// Whole amperes, as the wire carries them.
std::int32_t current_limit(std::int64_t milliamps) {
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(milliamps / 1000 * 1000, 1000, kBoardMost_mA));
}

}  // namespace

ParameterSet board_settings(Chemistry chemistry, Generation generation, std::size_t cells,
                            MilliampHours capacity) {
  ParameterSet set = preset_of(chemistry, generation).values;
  const auto count = static_cast<std::int32_t>(cells);
  bool good = set.set(Parameter::cell_count, count);
  good &= set.set(Parameter::capacity, capacity.count);
  good &= set.set(Parameter::charge_overcurrent, current_limit(capacity.count / 2));
  good &= set.set(Parameter::discharge_overcurrent, current_limit(capacity.count));
  good &= set.set(Parameter::balance_current_max, 2000);
  const auto times_cells = [&](Parameter cell) {  // in steps of 10 mV, as the wire carries it
    return set.get(cell).value_or(0) * count / 10 * 10;
  };
  good &= set.set(Parameter::pack_overvoltage, times_cells(Parameter::cell_overvoltage));
  good &= set.set(Parameter::pack_undervoltage, times_cells(Parameter::cell_undervoltage));
  good &= set.set(Parameter::current_calibration, 1000);
  good &= set.set(Parameter::board_address, 1);
  constexpr std::int32_t codes[] = {0, 1, 2};  // jk-uart-4e57, slot AF
  good &= set.set(Parameter::chemistry_code, codes[static_cast<std::size_t>(chemistry)]);
  good &= set.set(Parameter::dedicated_charger, 0);
  CW_ASSERT(good);
  return set;
}

Board::Board(const BoardOptions& options, Instant now)
    : settings_(options.settings),
      current_step_(options.current_step),
      counts_(options.counts),
      starting_up_(options.starting_up),
      cycles_at_start_(options.cycles),
      powered_(now),
      sampled_(now) {
  pack_.identity = options.identity;
  remaining_mAms_ = full_mAms() / 10'000 * options.soc.count;
}

std::int64_t Board::full_mAms() const {
  return std::int64_t{settings_.get(Parameter::capacity).value_or(0)} * kHour_ms;
}

void Board::restart(Instant now) {
  protection_ = Protection(Start::clear);
  balance_ = {};
  powered_ = now;
  starting_up_ = true;
}

bool Board::write(Parameter parameter, std::int32_t value) {
  return settings_.set(parameter, value);
}

void Board::sample(const Sensed& sensed, Instant now) {
  count_charge(now);  // of the span since the last sample, with the current measured then
  measure_all(sensed, now);
  const Decision before = protection_.decision();
  Measurements seen = measure(pack_, now, {0});
  // Its own alarms are no evidence to it, and its front end has no flags.
  const bool current = seen[Input::discharge_current].has_value();
  seen.set(Input::short_circuit, current ? *seen[Input::discharge_current] : Measurement{});
  seen.set(Input::charge_short_circuit, {});
  seen.set(Input::internal_fault, {});
  const Decision decision = protection_.step(seen, settings_, now);
  const auto tripped_now = [&](Rule rule) {
    return decision.is_tripped(rule) && !before.is_tripped(rule);
  };
  if (counts_ && tripped_now(Rule::cell_overvoltage)) remaining_mAms_ = full_mAms();
  if (counts_ && tripped_now(Rule::cell_undervoltage)) remaining_mAms_ = 0;
  switch_mosfets(now);
  decide_balance(now);
  tell_charge(now);
  raise_alarms(now);
  pack_.parameters = settings_;
  pack_.parameters_heard = now;
  sampled_ = now;
}

bool Board::permits(double amps) const {
  const Decision& decision = protection_.decision();
  if (amps > 0) return is_on(Switch::charge) && decision.allows(Switches::charge);
  if (amps < 0) return is_on(Switch::discharge) && decision.allows(Switches::discharge);
  return true;
}

void Board::measure_all(const Sensed& sensed, Instant now) {
  PackScalars& s = pack_.scalars;
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < sensed.cell_count; ++i) {
    const Millivolts cell{rounded(sensed.cell_voltage_V[i] * 1000)};
    pack_.cell_voltage[i].set(cell, now);
    sum += cell.count;
  }
  s.cell_count.set({static_cast<std::int32_t>(sensed.cell_count)}, now);
  s.voltage.set({sum}, now);
  s.current.set(to_step(sensed.current_A, current_step_), now);
  for (std::size_t i = 0; i < kSensors; ++i)
    pack_.temperature[i].set({rounded(sensed.temperature_C[i] * 10)}, now);
  s.mosfet_temperature.set({rounded(sensed.mosfet_temperature_C * 10)}, now);
}

void Board::switch_mosfets(Instant now) {
  PackScalars& s = pack_.scalars;
  s.charge_mosfet.set({permits(1)}, now);
  s.discharge_mosfet.set({permits(-1)}, now);
  s.charge_switch.set({is_on(Switch::charge)}, now);
  s.discharge_switch.set({is_on(Switch::discharge)}, now);
  s.balance_switch.set({is_on(Switch::balance)}, now);
}

// Takes from the highest cell for a while, then gives to the lowest: one converter, two cells.
void Board::decide_balance(Instant now) {
  PackScalars& s = pack_.scalars;
  const Measurements m = measure(pack_, now, {0});
  const auto highest = m[Input::highest_cell];
  const auto lowest = m[Input::lowest_cell];
  const auto start = settings_.get(Parameter::balance_start);
  const auto trigger = settings_.get(Parameter::balance_trigger);
  const bool on = is_on(Switch::balance) && highest && lowest && start && trigger &&
                  highest->value > *start && highest->value - lowest->value > *trigger;
  if (!on) {
    balance_ = {};
  } else {
    const bool take = now.ms / kBalanceHalf_ms % 2 == 0;
    const auto action = take ? BalanceAction::taking : BalanceAction::giving;
    if (balance_.action != action) {
      balance_.action = action;
      balance_.cell = static_cast<std::size_t>(take ? highest->where : lowest->where) - 1;
    }
    balance_.amps = settings_.get(Parameter::balance_current_max).value_or(0) / 1000.0;
  }
  const std::int32_t sign = balance_.action == BalanceAction::taking ? -1 : 1;
  s.balancing.set({on}, now);
  s.balance_action.set({static_cast<std::int32_t>(balance_.action)}, now);
  s.balance_current.set({sign * rounded(balance_.amps * 1000)}, now);
}

void Board::count_charge(Instant now) {
  if (!counts_) return;
  const auto current = pack_.scalars.current.fresh(sampled_, {0});
  if (!current) return;  // nothing was measured yet
  const std::int64_t moved_mAms = std::int64_t{current->count} * (now.ms - sampled_.ms);
  remaining_mAms_ = std::clamp<std::int64_t>(remaining_mAms_ + moved_mAms, 0, full_mAms());
  if (moved_mAms < 0) discharged_mAms_ -= moved_mAms;
}

void Board::tell_charge(Instant now) {
  PackScalars& s = pack_.scalars;
  const std::int64_t full_mAh = full_mAms() / kHour_ms;
  const std::int64_t discharged_mAh = discharged_mAms_ / kHour_ms;
  const bool blank = starting_up_ && now < powered_ + kStartUp;
  const std::int64_t soc = full_mAms() == 0 ? 0 : remaining_mAms_ / (full_mAms() / 10'000);
  const std::int64_t cycles =
      cycles_at_start_.count + discharged_mAh / std::max<std::int64_t>(full_mAh, 1);
  const std::int64_t throughput_mAh = cycles_at_start_.count * full_mAh + discharged_mAh;
  s.soc.set({blank ? 0 : static_cast<std::int32_t>(std::min<std::int64_t>(soc, 10'000))}, now);
  s.cycle_count.set({blank ? 0 : static_cast<std::int32_t>(cycles)}, now);
  s.cycle_capacity.set({static_cast<std::int32_t>(throughput_mAh)}, now);
  s.capacity_nominal.set({static_cast<std::int32_t>(full_mAh)}, now);
  s.capacity_full.set({static_cast<std::int32_t>(full_mAh)}, now);
  s.capacity_remaining.set({static_cast<std::int32_t>(remaining_mAms_ / kHour_ms)}, now);
  s.runtime.set({static_cast<std::int32_t>((now.ms - powered_.ms) / 1000)}, now);
  derive(pack_, now);
}

void Board::raise_alarms(Instant now) {
  AlarmSet alarms;
  for (std::size_t i = 0; i < kRuleCount; ++i)
    if (protection_.decision().is_tripped(static_cast<Rule>(i)))
      alarms.add(board_alarm(kRules[i].alarm));
  const PackScalars& s = pack_.scalars;
  const auto raise_if = [&](Alarm alarm, const auto& reading, Parameter limit, bool above) {
    const auto value = reading.fresh(now, {0});
    const auto bound = settings_.get(limit);
    if (!value || !bound) return;
    if (above ? value->count > *bound : value->count < *bound) alarms.add(alarm);
  };
  raise_if(Alarm::low_capacity, s.soc, Parameter::low_capacity_alarm, false);
  raise_if(Alarm::cell_voltage_difference, s.cell_voltage_delta, Parameter::cell_voltage_difference,
           true);
  raise_if(Alarm::pack_overvoltage, s.voltage, Parameter::pack_overvoltage, true);
  raise_if(Alarm::pack_undervoltage, s.voltage, Parameter::pack_undervoltage, false);
  pack_.alarms.set(alarms, now);
}

}  // namespace cw::simulator

// SPDX-License-Identifier: Apache-2.0
#include "simulator/board.h"

#include <algorithm>
#include <cmath>

#include "core/assert.h"

namespace cw::simulator {
namespace {

constexpr Millis kStartUp{16'000};               // jk-uart-4e57 section 5
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
      bms_({.heater = options.heater,
            .sleeps = options.sleeps,
            .charge = {{options.settings.get(Parameter::capacity).value_or(0)}, options.soc, {}}},
           Start::clear),
      current_step_(options.current_step),
      soc_at_start_(options.soc),
      cycles_at_start_(options.cycles),
      counts_(options.counts),
      has_heater_(options.heater),
      starting_up_(options.starting_up),
      powered_(now) {
  pack_.identity = options.identity;
}

void Board::restart(Instant now) {
  bms_.restart(Start::clear);
  powered_ = now;
  starting_up_ = true;
}

bool Board::write(Parameter parameter, std::int32_t value) {
  return settings_.set(parameter, value);
}

void Board::sample(const Sensed& sensed, Instant now) {
  measure_all(sensed, now);
  bms_.step(inputs(sensed, now), settings_, now);
  tell_switches(now);
  tell_charge(now);
  tell_alarms(now);
  pack_.parameters = settings_;
  pack_.parameters_heard = now;
}

bool Board::permits(double amps) const {
  if (amps > 0) return closes(Switches::charge);
  if (amps < 0) return closes(Switches::discharge);
  return true;
}

bool Board::closes(Switches which) const {
  const bool charge = which == Switches::charge;
  if (charge ? misbehaviour_.charge_open : misbehaviour_.discharge_open) return false;
  if (misbehaviour_.protection_off) return is_on(charge ? Switch::charge : Switch::discharge);
  return charge ? bms_.outputs().charge : bms_.outputs().discharge;
}

Transfer Board::transfer() const {
  const Balance& balance = bms_.outputs().balance;
  if (balance.action == BalanceAction::idle) return {};
  return {balance.action, std::size_t{balance.cell()} - 1,
          std::abs(balance.current.count) / 1000.0};
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

BmsInputs Board::inputs(const Sensed& sensed, Instant now) {
  BmsInputs in;
  in.measurements = measure(pack_, now, {0});
  // Its own alarms are no evidence to it: its front end's flags are.
  in.measurements.unfitted = 0;
  const auto discharging = in.measurements[Input::discharge_current];
  const std::int32_t discharge_mA = discharging ? discharging->value : 0;
  in.measurements.set(Input::short_circuit,
                      {sensed.short_circuit ? kFlagged : discharge_mA, 0, now});
  in.measurements.set(Input::charge_short_circuit, {sensed.charge_short_circuit ? 1 : 0, 0, now});
  in.measurements.set(Input::internal_fault, {sensed.internal_fault ? 1 : 0, 0, now});
  in.measurements.set(Input::highest_wire_resistance, {0, 0, now});
  in.charge_switch = is_on(Switch::charge);
  in.discharge_switch = is_on(Switch::discharge);
  in.balance_switch = is_on(Switch::balance);
  in.charger = sensed.charger;
  in.button = pressed_;
  in.communication = asked_;
  pressed_ = asked_ = false;
  return in;
}

void Board::tell_switches(Instant now) {
  PackScalars& s = pack_.scalars;
  const BmsOutputs& out = bms_.outputs();
  s.charge_mosfet.set({closes(Switches::charge)}, now);
  s.discharge_mosfet.set({closes(Switches::discharge)}, now);
  s.charge_switch.set({is_on(Switch::charge)}, now);
  s.discharge_switch.set({is_on(Switch::discharge)}, now);
  s.balance_switch.set({is_on(Switch::balance)}, now);
  s.balancing.set({out.balance.action != BalanceAction::idle}, now);
  s.balance_action.set({static_cast<std::int32_t>(out.balance.action)}, now);
  s.balance_current.set(out.balance.current, now);
  s.emergency_remaining.set(out.emergency_remaining, now);
  if (has_heater_) s.heater.set({out.heater}, now);
}

void Board::tell_charge(Instant now) {
  PackScalars& s = pack_.scalars;
  const ChargeCount& count = bms_.charge();
  const bool blank = starting_up_ && now < powered_ + kStartUp;
  const std::int32_t full_mAh = count.full().count;
  const CentiPercent soc = counts_ ? count.soc() : soc_at_start_;
  const MilliampHours remaining =
      counts_
          ? count.remaining()
          : MilliampHours{static_cast<std::int32_t>(std::int64_t{full_mAh} * soc.count / 10'000)};
  const std::int64_t throughput_mAh =
      std::int64_t{cycles_at_start_.count} * full_mAh + count.discharged().count;
  s.soc.set(blank ? CentiPercent{} : soc, now);
  s.cycle_count.set(blank ? Count{} : cycles_at_start_ + count.full_charges(), now);
  s.cycle_capacity.set(
      {static_cast<std::int32_t>(std::min<std::int64_t>(throughput_mAh, INT32_MAX))}, now);
  s.capacity_nominal.set({settings_.get(Parameter::capacity).value_or(0)}, now);
  s.capacity_full.set({full_mAh}, now);
  s.capacity_remaining.set(remaining, now);
  s.runtime.set({static_cast<std::int32_t>((now.ms - powered_.ms) / 1000)}, now);
  derive(pack_, now);
}

void Board::tell_alarms(Instant now) {
  AlarmSet alarms = misbehaviour_.protection_off ? AlarmSet{} : bms_.outputs().alarms;
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    const Alarm alarm = kRules[i].alarm;
    if (!alarms.has(alarm) || board_alarm(alarm) == alarm) continue;
    alarms.remove(alarm);
    alarms.add(board_alarm(alarm));
  }
  const auto low = settings_.get(Parameter::low_capacity_alarm);
  const auto soc = pack_.scalars.soc.fresh(now, {0});
  if (low && soc && soc->count < *low) alarms.add(Alarm::low_capacity);
  pack_.alarms.set(alarms, now);
}

}  // namespace cw::simulator

// SPDX-License-Identifier: Apache-2.0
// Settings, and what a pack and its board do under them, at random: near every limit, with silence,
// flags, chargers, and sensors that were never there.
#pragma once
#include "core/presets.h"
#include "core/protection.h"
#include "tests/unit/core_random.h"
#include "tests/unit/core_reference_model.h"

namespace cw {

inline reference::Limits limits_of(const ParameterSet& set) {
  const auto get = [&set](Parameter parameter) { return set.get(parameter); };
  using enum Parameter;
  return {
      .cell_count = get(cell_count),
      .cell_high = get(cell_overvoltage),
      .cell_high_recovery = get(cell_overvoltage_recovery),
      .cell_high_delay = get(cell_overvoltage_delay),
      .cell_low = get(cell_undervoltage),
      .cell_low_recovery = get(cell_undervoltage_recovery),
      .cell_low_delay = get(cell_undervoltage_delay),
      .power_off = get(power_off_voltage),
      .pack_high = get(pack_overvoltage),
      .pack_low = get(pack_undervoltage),
      .cell_difference = get(cell_voltage_difference),
      .charge_current = get(charge_overcurrent),
      .charge_current_delay = get(charge_overcurrent_delay),
      .charge_current_release = get(charge_overcurrent_release),
      .discharge_current = get(discharge_overcurrent),
      .discharge_current_delay = get(discharge_overcurrent_delay),
      .discharge_current_release = get(discharge_overcurrent_release),
      .short_current = get(short_circuit_current),
      .short_delay = get(short_circuit_delay),
      .short_release = get(short_circuit_release),
      .charge_hot = get(charge_overtemperature),
      .charge_hot_recovery = get(charge_overtemperature_recovery),
      .charge_cold = get(charge_undertemperature),
      .charge_cold_recovery = get(charge_undertemperature_recovery),
      .discharge_hot = get(discharge_overtemperature),
      .discharge_hot_recovery = get(discharge_overtemperature_recovery),
      .discharge_cold = get(discharge_undertemperature),
      .discharge_cold_recovery = get(discharge_undertemperature_recovery),
      .mosfet_hot = get(mosfet_overtemperature),
      .mosfet_hot_recovery = get(mosfet_overtemperature_recovery),
      .temperature_delay = get(temperature_delay),
      .wire = get(wire_resistance_max),
  };
}

// A preset, and what no preset has; some of it some boards lack.
inline ParameterSet random_settings(Dice& dice) {
  const auto presets = all_presets();
  const int last = static_cast<int>(presets.size()) - 1;
  ParameterSet set = presets[static_cast<std::size_t>(dice.between(0, last))].values;
  const auto cell = [&set](Parameter parameter) { return set.get(parameter).value(); };
  set.set(Parameter::cell_count, 8);
  set.set(Parameter::pack_overvoltage, cell(Parameter::cell_overvoltage) * 8 - 100);
  set.set(Parameter::pack_undervoltage, cell(Parameter::cell_undervoltage) * 8 + 100);
  set.set(Parameter::wire_resistance_max, 200'000);
  if (dice.once_in(2)) set.set(Parameter::short_circuit_current, 70'000);
  if (dice.once_in(2)) {  // so that many happen in one trace
    set.set(Parameter::charge_overcurrent_release, 7'000);
    set.set(Parameter::discharge_overcurrent_release, 7'000);
    set.set(Parameter::short_circuit_release, 7'000);
    set.set(Parameter::charge_overcurrent_delay, 2'000);
    set.set(Parameter::discharge_overcurrent_delay, 2'000);
  }
  return set;
}

// Another value near that of `usual`, or none at all.
inline void change_one(ParameterSet& set, const ParameterSet& usual, Dice& dice) {
  const auto last = static_cast<int>(kParameterCount) - 1;
  const auto parameter = static_cast<Parameter>(dice.between(0, last));
  const auto value = usual.get(parameter);
  if (!value) return;
  if (dice.once_in(4)) return set.forget(parameter);
  if (dice.once_in(3)) {
    set = usual;
    return;
  }
  switch (facts(parameter).unit) {
    case Unit::millisecond: set.set(parameter, dice.between(0, 2 * *value)); break;
    case Unit::microsecond: set.set(parameter, dice.between(0, 1)); break;
    case Unit::count: set.set(parameter, *value + dice.between(-1, 1)); break;
    default: set.set(parameter, *value + dice.between(-40, 40));
  }
}

// A value that lives near its limits, stays for a while, and is sometimes not heard.
class Wanderer {
 public:
  Wanderer(std::int32_t lowest, std::int32_t highest)
      : lowest_(lowest), highest_(highest), value_(lowest / 2 + highest / 2) {}

  std::optional<std::int32_t> next(Dice& dice) {
    if (dice.once_in(25)) value_ = dice.between(lowest_, highest_);
    if (dice.once_in(8)) value_ += dice.between(-3, 3);
    if (dice.once_in(silent_ ? 3 : 200)) silent_ = !silent_;
    if (silent_) return std::nullopt;
    return value_;
  }

 private:
  std::int32_t lowest_, highest_, value_;
  bool silent_ = false;
};

// A flag: mostly not set, sometimes not heard, and not there before it was heard at all.
class RareFlag {
 public:
  std::optional<std::int32_t> next(Dice& dice) {
    if (!fitted_) fitted_ = dice.once_in(1'000);
    if (fitted_ && dice.once_in(9'000)) fitted_ = false;  // another board
    if (dice.once_in(set_ ? 4 : 150)) set_ = !set_;
    if (dice.once_in(silent_ ? 3 : 300)) silent_ = !silent_;
    if (!fitted_ || silent_) return std::nullopt;
    return set_ ? 1 : 0;
  }
  bool fitted() const { return fitted_; }

 private:
  bool fitted_ = false;
  bool set_ = false;
  bool silent_ = false;
};

// Around every limit of the settings and its recovery, with room on both sides.
class Walk {
 public:
  explicit Walk(const reference::Limits& at)
      : highest_cell_(*at.cell_high_recovery - 30, *at.cell_high + 30),
        lowest_cell_(*at.power_off - 30, *at.cell_low_recovery + 30),
        current_(-*at.discharge_current - 50'000, *at.charge_current + 9'000),
        hottest_(*at.charge_hot_recovery - 20, *at.discharge_hot + 20),
        coldest_(*at.discharge_cold - 20, *at.charge_cold_recovery + 20),
        mosfet_(*at.mosfet_hot_recovery - 20, *at.mosfet_hot + 20),
        difference_(*at.cell_difference - 20, *at.cell_difference + 20),
        pack_(*at.pack_low - 200, *at.pack_high + 200),
        wire_(199'990, 200'010),
        cells_(6, 9) {}

  reference::Inputs next(Dice& dice, std::int64_t now) {
    if (dice.once_in(300)) full_ = !full_;
    if (dice.once_in(charger_ ? 20 : 200)) charger_ = !charger_;
    if (dice.once_in(2'000)) has_wires_ = !has_wires_;
    if (dice.once_in(3)) {
      counted_ = full_ ? std::optional{8} : cells_.next(dice);
      counted_at_ = now;
    }
    return {.highest_cell = highest_cell_.next(dice),
            .lowest_cell = lowest_cell_.next(dice),
            .current = current_.next(dice),
            .hottest = hottest_.next(dice),
            .coldest = coldest_.next(dice),
            .mosfet = mosfet_.next(dice),
            .difference = difference_.next(dice),
            .pack_voltage = pack_.next(dice),
            .discharge_short_flag = discharge_short_.next(dice),
            .charge_short_flag = charge_short_.next(dice),
            .wire = has_wires_ ? wire_.next(dice) : std::nullopt,
            .cells = counted_,
            .internal_flag = internal_.next(dice),
            .cells_heard = counted_at_,
            .wake = charger_,
            .has_short_flag = discharge_short_.fitted(),
            .has_charge_short_flag = charge_short_.fitted(),
            .has_wires = has_wires_,
            .has_internal_flag = internal_.fitted()};
  }

 private:
  Wanderer highest_cell_, lowest_cell_, current_, hottest_, coldest_, mosfet_, difference_, pack_,
      wire_, cells_;
  RareFlag discharge_short_, charge_short_, internal_;
  std::optional<std::int32_t> counted_;
  std::int64_t counted_at_ = 0;
  bool full_ = true;
  bool charger_ = false;
  bool has_wires_ = false;
};

inline Measurements measurements_of(const reference::Inputs& in, std::int64_t now) {
  Measurements seen;
  const auto put = [&](Input input, reference::Value value) {
    if (value) seen.set(input, {*value, 0, {now}});
  };
  const auto fit = [&seen](Input input, bool fitted) {
    if (!fitted) seen.unfitted |= std::uint32_t{1} << static_cast<unsigned>(input);
  };
  put(Input::highest_cell, in.highest_cell);
  put(Input::lowest_cell, in.lowest_cell);
  put(Input::cell_difference, in.difference);
  put(Input::charge_current, in.current);
  put(Input::discharge_current, reference::negated(in.current));
  put(Input::hottest_temperature, in.hottest);
  put(Input::coldest_temperature, in.coldest);
  put(Input::mosfet_temperature, in.mosfet);
  put(Input::pack_voltage, in.pack_voltage);
  put(Input::short_circuit, reference::short_circuit_of(in));
  put(Input::charge_short_circuit, in.charge_short_flag);
  put(Input::highest_wire_resistance, in.wire);
  put(Input::internal_fault, in.internal_flag);
  if (in.cells) seen.set(Input::cells_in_range, {*in.cells, 0, {in.cells_heard}});
  fit(Input::charge_short_circuit, in.has_charge_short_flag);
  fit(Input::highest_wire_resistance, in.has_wires);
  fit(Input::internal_fault, in.has_internal_flag);
  seen.wake = in.wake;
  return seen;
}

}  // namespace cw

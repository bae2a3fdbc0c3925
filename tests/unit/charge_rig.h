// SPDX-License-Identifier: Apache-2.0
// A bank of packs for the tests of charge control: healthy until a test says otherwise.
#pragma once
#include <vector>

#include "core/charge_control.h"
#include "core/picture.h"

namespace cw {

/// What a pack reports. Nothing of it is ever healthy by itself: what is absent was never heard.
struct ReportedPack {
  std::int32_t age_ms = 0;
  std::int32_t voltage_mV = 53'200;
  std::int32_t cell_min_mV = 3'322;
  std::int32_t cell_max_mV = 3'331;
  std::vector<std::int32_t> cells_mV;  // in place of the extremes
  std::optional<std::int32_t> temperature_min_dC = 231;
  std::optional<std::int32_t> temperature_max_dC = 252;
  std::optional<std::int32_t> mosfet_dC = 310;
  std::int32_t current_mA = 0;
  std::optional<std::int32_t> remaining_mAh = 213'900;
  std::optional<std::int32_t> capacity_mAh = 280'000;
  std::optional<bool> charge_on = true;
  std::optional<bool> discharge_on = true;
  std::optional<std::int32_t> board_charge_mA = 200'000;
  std::optional<std::int32_t> board_discharge_mA = 200'000;
  AlarmSet alarms;
};

/// Nothing is fitted that a rule without limits could miss.
inline Measurements nothing_fitted() {
  Measurements seen;
  seen.unfitted = UINT32_MAX;
  return seen;
}

/// A guard without limits: every rule is off, nothing is withheld.
inline Protection idle_guard() {
  Protection guard{Start::clear};
  guard.step(nothing_fitted(), {}, {});
  return guard;
}

/// A guard that holds `charge` (a cell above 3.65 V) or nothing, by its limit; after a delay it is
/// about to.
inline Protection guard_tripped(std::int32_t cell_mV, std::int32_t delay_ms = 0) {
  ParameterSet limits;
  limits.set(Parameter::cell_overvoltage, 3'650);
  limits.set(Parameter::cell_overvoltage_recovery, 3'550);
  limits.set(Parameter::cell_overvoltage_delay, delay_ms);
  Measurements seen = nothing_fitted();
  seen.unfitted &= ~(1U << static_cast<unsigned>(Input::highest_cell));
  seen.set(Input::highest_cell, {cell_mV, 3, {}});
  Protection guard{Start::clear};
  guard.step(seen, limits, {});
  return guard;
}

inline void report(PackState& state, const ReportedPack& pack, Instant now,
                   std::int32_t cell_count = 16) {
  const Instant heard{now.ms - pack.age_ms};
  PackScalars& s = state.pack.scalars;
  const auto set = [heard](auto& reading, const auto& value) {
    if (value)
      reading.set({static_cast<std::int32_t>(*value)}, heard);
    else
      reading.clear();
  };
  state.link.link = Link::up;
  state.link.last_frame = heard;
  s.voltage.set({pack.voltage_mV}, heard);
  s.current.set({pack.current_mA}, heard);
  s.cell_count.set({cell_count}, heard);
  s.cell_voltage_max.set({pack.cell_max_mV}, heard);
  s.cell_voltage_min.set({pack.cell_min_mV}, heard);
  s.cell_voltage_max_index.set({7}, heard);
  s.cell_voltage_min_index.set({2}, heard);
  for (std::size_t i = 0; i < pack.cells_mV.size(); ++i)
    state.pack.cell_voltage[i].set({pack.cells_mV[i]}, heard);
  set(state.pack.temperature[0], pack.temperature_min_dC);
  set(state.pack.temperature[1], pack.temperature_max_dC);
  set(s.mosfet_temperature, pack.mosfet_dC);
  set(s.capacity_remaining, pack.remaining_mAh);
  set(s.capacity_full, pack.capacity_mAh);
  set(s.charge_mosfet, pack.charge_on);
  set(s.discharge_mosfet, pack.discharge_on);
  state.pack.alarms.set(pack.alarms, heard);
  const auto parameter = [&](Parameter which, std::optional<std::int32_t> value) {
    if (value)
      state.pack.parameters.set(which, *value);
    else
      state.pack.parameters.forget(which);
  };
  parameter(Parameter::charge_overcurrent, pack.board_charge_mA);
  parameter(Parameter::discharge_overcurrent, pack.board_discharge_mA);
}

/// Standard packs of 16 cells, 280 Ah, 150 A to charge and 200 A to discharge.
struct ChargeRig {
  explicit ChargeRig(std::size_t count, ChargeSettings set = {})
      : settings(set),
        own(count, {.cells = 16,
                    .charge_current = Milliamps{150'000},
                    .discharge_current = Milliamps{200'000}}),
        reported(count),
        states(count),
        packs(count),
        control(settings, own, states) {
    for (PackState& pack : packs) {
      pack.max_age = {5'000};
      pack.guard = idle_guard();
    }
  }

  /// Every pack that is not silent reports, and the control steps.
  const BankRequest& step() {
    for (std::size_t i = 0; i < packs.size(); ++i)
      if (i >= silent.size() || !silent[i]) report(packs[i], reported[i], now, own[i].cells);
    return control.step(packs, orders, now, wall_ms + now.ms);
  }
  /// Seconds of one step each.
  const BankRequest& run(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      now = now + Millis{1'000};
      step();
    }
    return control.request();
  }
  void silence(std::size_t pack) {
    silent.resize(packs.size());
    silent[pack] = true;
  }

  ChargeSettings settings;
  std::vector<ChargePackSettings> own;
  std::vector<ReportedPack> reported;
  std::vector<ChargePackState> states;
  std::vector<PackState> packs;
  std::vector<bool> silent;
  BankOrders orders;
  Instant now{1'000'000};
  std::int64_t wall_ms = 1'800'000'000'000;
  ChargeControl control;
};

}  // namespace cw

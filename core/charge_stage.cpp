// SPDX-License-Identifier: Apache-2.0
#include "core/charge_stage.h"

#include <algorithm>

namespace cw {
namespace {

constexpr std::int64_t kDay_ms = 86'400'000;
constexpr std::int64_t kYear_ms = 365 * kDay_ms;
constexpr std::int64_t kYearsMost = 10;

Millivolts times(Millivolts cell, std::uint8_t cells) { return {cell.count * cells}; }

bool is_tail(const StageInput& input, const ChargeSettings& settings) {
  if (!input.current || !input.capacity) return false;
  const std::int64_t most =
      std::int64_t{input.capacity->count} * settings.tail_permille_per_hour / 1000;
  return input.current->count <= most;
}

// A counter that says less when the battery is full is wrong, and counts on from there.
CentiPercent used_below(CentiPercent peak, CentiPercent bulk_again) {
  return peak >= bulk_again ? bulk_again : peak + bulk_again - CentiPercent{10'000};
}

}  // namespace

void StageMachine::restore(const ChargeMemory& memory) { memory_ = memory; }

void StageMachine::enter(ChargeStage stage, Instant now) {
  memory_.stage = stage;
  since_ = now;
  peak_soc_.reset();
  high_.forget();
  low_.forget();
  tail_.forget();
}

void StageMachine::step(const StageInput& input, const ChargeSettings& settings, Instant now,
                        std::int64_t wall_ms) {
  if (!started_) {
    started_ = true;
    since_ = now;
    // A float that was restored goes on falling where it was; when it began is when it was full.
    if (full()) {
      const std::int64_t ago = memory_.last_full_wall_ms
                                   ? std::max<std::int64_t>(0, wall_ms - *memory_.last_full_wall_ms)
                                   : kDay_ms;
      since_ = {now.ms - ago};
    }
  }
  step_days(settings, wall_ms);
  switch (memory_.stage) {
    case ChargeStage::bulk: step_bulk(input, settings, now); break;
    case ChargeStage::absorption: step_absorption(input, settings, now, wall_ms); break;
    case ChargeStage::floating: step_float(input, settings, now); break;
  }
  if (!input.full_charge_ordered) order_served_ = false;
}

void StageMachine::step_bulk(const StageInput& input, const ChargeSettings& settings, Instant now) {
  const Millivolts enter_at =
      times(settings.absorption_voltage, input.cells) - settings.absorption_enter_below;
  const bool high = input.voltage && *input.voltage >= enter_at;
  if (high_.step(high, settings.absorption_enter_after, now)) enter(ChargeStage::absorption, now);
}

void StageMachine::step_absorption(const StageInput& input, const ChargeSettings& settings,
                                   Instant now, std::int64_t wall_ms) {
  if (!input.voltage) {
    low_.forget();
    tail_.forget();
    return;
  }
  const Millivolts leave_at =
      times(settings.absorption_voltage, input.cells) - settings.absorption_leave_below;
  if (low_.step(*input.voltage < leave_at, settings.absorption_leave_after, now))
    return enter(ChargeStage::bulk, now);
  const bool tail = tail_.step(is_tail(input, settings), settings.tail_for, now);
  const bool even =
      input.cell_difference && *input.cell_difference <= settings.full_cell_difference;
  const bool done = tail && even && now >= since_ + settings.absorption_least;
  if (!done && now < since_ + settings.absorption_most) return;
  enter(ChargeStage::floating, now);
  memory_.last_full_wall_ms = wall_ms;
  order_served_ = input.full_charge_ordered;
  step_days(settings, wall_ms);
}

void StageMachine::step_float(const StageInput& input, const ChargeSettings& settings,
                              Instant now) {
  if (input.soc) peak_soc_ = std::max(peak_soc_.value_or(*input.soc), *input.soc);
  const bool used = input.soc && *input.soc < used_below(*peak_soc_, settings.bulk_again_soc);
  const bool ordered = input.full_charge_ordered && !order_served_;
  const bool wanted = (due_ || ordered) && input.charging_possible;
  // Whatever the state of charge says: at such a voltage nothing is full.
  const bool low = input.voltage && *input.voltage < times(settings.nominal_voltage, input.cells);
  const bool empty = low_.step(low, settings.absorption_leave_after, now);
  if (used || wanted || empty) enter(ChargeStage::bulk, now);
}

void StageMachine::step_days(const ChargeSettings& settings, std::int64_t wall_ms) {
  // A clock that was not set yet, or was set back, has written what cannot be.
  const auto cannot_be = [&](const std::optional<std::int64_t>& time) {
    return time && (*time > wall_ms || wall_ms - *time > kYearsMost * kYear_ms);
  };
  if (cannot_be(memory_.last_full_wall_ms)) memory_.last_full_wall_ms.reset();
  if (cannot_be(memory_.watched_since_wall_ms)) memory_.watched_since_wall_ms.reset();
  if (!memory_.last_full_wall_ms && !memory_.watched_since_wall_ms)
    memory_.watched_since_wall_ms = wall_ms;
  const std::int64_t last =
      memory_.last_full_wall_ms ? *memory_.last_full_wall_ms : *memory_.watched_since_wall_ms;
  const auto over = [&](std::int32_t days) { return wall_ms - last >= days * kDay_ms; };
  due_ = over(settings.full_charge_due_days);
  wanted_ = over(settings.full_charge_wanted_days);
}

Millivolts StageMachine::voltage(std::uint8_t cells, const ChargeSettings& settings,
                                 Instant now) const {
  const Millivolts top = times(settings.absorption_voltage, cells);
  if (!full()) return top;
  const Millivolts low = times(settings.float_voltage, cells);
  const std::int64_t fallen = std::int64_t{settings.voltage_rise_per_second.count} *
                              std::max<std::int64_t>(0, now.ms - since_.ms) / 1000;
  return {static_cast<std::int32_t>(std::max<std::int64_t>(low.count, top.count - fallen))};
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "core/charge_pack.h"

#include <algorithm>

#include "core/picture.h"

namespace cw {
namespace {

constexpr std::int32_t kSumTolerance_mV = 1'000;

bool any_cell_was_heard(const Pack& pack) {
  return std::any_of(pack.cell_voltage.begin(), pack.cell_voltage.end(),
                     [](const auto& cell) { return cell.quality() != Quality::absent; });
}

void note(CellsSeen& seen, Millivolts voltage, std::uint8_t where, Instant heard,
          Millivolts ceiling, bool first) {
  const Measurement here{voltage.count, where, heard};
  if (first || here.value > seen.highest.value) seen.highest = here;
  if (first || here.value < seen.lowest.value) seen.lowest = here;
  if (first || heard < seen.heard) seen.heard = heard;
  seen.over_ceiling_mV += std::max<std::int32_t>(0, voltage.count - ceiling.count);
}

// Nothing unless every cell has a young value, and together they make the pack's voltage.
std::optional<CellsSeen> single_cells(const Pack& pack, std::size_t count, Millivolts ceiling,
                                      Instant now, Millis max_age) {
  CellsSeen seen;
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto voltage = pack.cell_voltage[i].fresh(now, max_age);
    if (!voltage) return std::nullopt;
    note(seen, *voltage, static_cast<std::uint8_t>(i + 1), pack.cell_voltage[i].heard(), ceiling,
         i == 0);
    sum += voltage->count;
  }
  const auto voltage = pack.scalars.voltage.fresh(now, max_age);
  if (voltage &&
      (voltage->count - sum > kSumTolerance_mV || sum - voltage->count > kSumTolerance_mV))
    return std::nullopt;
  return seen;
}

std::optional<CellsSeen> reported_cells(const PackScalars& s, Millivolts ceiling, Instant now,
                                        Millis max_age) {
  const auto highest = s.cell_voltage_max.fresh(now, max_age);
  const auto lowest = s.cell_voltage_min.fresh(now, max_age);
  if (!highest || !lowest || *highest < *lowest) return std::nullopt;
  const auto where = [&](const Reading<Count>& index) {
    const auto cell = index.fresh(now, max_age);
    const bool known = cell && cell->count > 0 && cell->count <= static_cast<int>(kMaxCells);
    return static_cast<std::uint8_t>(known ? cell->count : 0);
  };
  CellsSeen seen;
  note(seen, *highest, where(s.cell_voltage_max_index), s.cell_voltage_max.heard(), ceiling, true);
  note(seen, *lowest, where(s.cell_voltage_min_index), s.cell_voltage_min.heard(), ceiling, false);
  return seen;
}

std::optional<CellsSeen> cells_of(const Pack& pack, const ChargePackSettings& settings,
                                  Millivolts ceiling, Instant now, Millis max_age) {
  const auto count = pack.scalars.cell_count.fresh(now, max_age);
  if (count && settings.cells != 0 && count->count != settings.cells) return std::nullopt;
  if (!any_cell_was_heard(pack)) return reported_cells(pack.scalars, ceiling, now, max_age);
  if (!count || count->count < 1 || count->count > static_cast<std::int32_t>(kMaxCells))
    return std::nullopt;
  return single_cells(pack, static_cast<std::size_t>(count->count), ceiling, now, max_age);
}

// A sensor that was never heard is not fitted; one that was must be young.
std::optional<TemperaturesSeen> temperatures_of(const Pack& pack, Instant now, Millis max_age) {
  TemperaturesSeen seen;
  for (std::size_t i = 0; i < kMaxTemperatures; ++i) {
    const auto& reading = pack.temperature[i];
    if (reading.quality() == Quality::absent) continue;
    const auto value = reading.fresh(now, max_age);
    if (!value) return std::nullopt;
    const Measurement here{value->count, static_cast<std::uint8_t>(i + 1), reading.heard()};
    const bool first = seen.sensors == 0;
    if (first || here.value > seen.hottest.value) seen.hottest = here;
    if (first || here.value < seen.coldest.value) seen.coldest = here;
    if (first || here.heard < seen.heard) seen.heard = here.heard;
    seen.sum += here.value;
    ++seen.sensors;
  }
  if (seen.sensors == 0) return std::nullopt;
  return seen;
}

template <class T>
void keep(std::optional<T>& known, const std::optional<T>& value) {
  if (value) known = value;
}

template <class Q>
void keep(std::optional<Seen<Q>>& known, const Reading<Q>& reading, Instant now, Millis max_age) {
  if (const auto value = reading.fresh(now, max_age)) known = Seen<Q>{*value, reading.heard()};
}

// The board's own setting, or what our guard would trip at, if that is less.
std::optional<Milliamps> over_current(const PackState& state, Parameter parameter) {
  const auto board = state.pack.parameters.get(parameter);
  const auto policy = state.policy.get(parameter);
  if (!board && !policy) return std::nullopt;
  return Milliamps{std::min(board.value_or(INT32_MAX), policy.value_or(INT32_MAX))};
}

// A guard that trips because values got old adds nothing: age discounts the limits by itself.
bool counts(const PackState& state, Rule rule, Switches direction, bool fresh) {
  if (!contains(row_of(rule).opens, direction)) return false;
  if (!state.guard.decision().is_tripped(rule)) return false;
  return fresh || state.guard.state(rule).cause == Cause::limit;
}

void observe_guard(FlowSeen& flow, const PackState& state, Switches direction, bool fresh) {
  flow.withheld = contains(state.withheld, direction);
  flow.forbidden = fresh && !state.guard.decision().allows(direction);
  flow.why = {.cause = LimitCause::protection};
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    const auto rule = static_cast<Rule>(i);
    if (!counts(state, rule, direction, fresh)) continue;
    flow.forbidden = true;
    const RuleState& held = state.guard.state(rule);
    if (held.cause != Cause::limit) continue;
    flow.why.where = held.evidence.where;
    flow.why.value = shown(held.evidence.value, row_of(rule).unit);
    flow.why.unit = row_of(rule).unit;
    return;
  }
}

void observe_flow(FlowSeen& flow, const PackState& state, Flow which, Instant now) {
  const bool charge = which == Flow::charge;
  const bool fresh = state.fresh(now);
  const auto& s = state.pack.scalars;
  const auto closed =
      (charge ? s.charge_mosfet : s.discharge_mosfet).fresh(now, state.usable_age(now));
  const bool apart = contains(state.apart, charge ? Switches::charge : Switches::discharge);
  if (flow.apart) flow.closed.reset();  // that was our relay; its board has to say it anew
  if (closed) flow.closed = closed->count != 0;
  // Behind an open relay of its own it is off the bus, whatever its board does.
  if (apart) flow.closed = false;
  flow.apart = apart;
  const Parameter over = charge ? Parameter::charge_overcurrent : Parameter::discharge_overcurrent;
  flow.setting_is_ours = state.policy.get(over).value_or(INT32_MAX) <
                         state.pack.parameters.get(over).value_or(INT32_MAX);
  keep(flow.board_setting, over_current(state, charge ? Parameter::charge_overcurrent
                                                      : Parameter::discharge_overcurrent));
  observe_guard(flow, state, charge ? Switches::charge : Switches::discharge, fresh);
}

// What inverters are to know of besides what the board reports.
void observe_alarms(ChargeInput& known, const PackState& state) {
  known.held = known.foreseen = {};
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    const auto rule = static_cast<Rule>(i);
    const RuleState& now = state.guard.state(rule);
    if (state.guard.decision().is_tripped(rule) && now.cause == Cause::limit)
      known.held.add(row_of(rule).alarm);
    if (now.phase == Phase::pending) known.foreseen.add(row_of(rule).alarm);
  }
  const auto& missed = state.divergences[static_cast<std::size_t>(Divergence::missed_trip)];
  if (missed.raised && missed.evidence.rule)
    known.foreseen.add(row_of(*missed.evidence.rule).alarm);
}

// How old the oldest of what limits need is.
Millis age_of(const ChargeInput& known, const PackState& state, Instant now) {
  Instant oldest = state.link.last_frame;
  if (known.cells) oldest = std::min(oldest, known.cells->heard);
  if (known.temperatures) oldest = std::min(oldest, known.temperatures->heard);
  if (known.mosfet) oldest = std::min(oldest, known.mosfet->heard);
  const std::int64_t age = now.ms - oldest.ms;
  return {static_cast<std::int32_t>(std::clamp<std::int64_t>(age, 0, INT32_MAX))};
}

template <class T>
void drop_if_old(std::optional<T>& known, Instant now, Millis lost_after) {
  if (known && now > known->heard + lost_after) known.reset();
}

// The charge of a pack that is silent stays as it was last told: it is old by its frames alone.
void drop_old(ChargeInput& known, Instant last_frame, Instant now, Millis lost_after) {
  drop_if_old(known.cells, now, lost_after);
  drop_if_old(known.temperatures, now, lost_after);
  drop_if_old(known.mosfet, now, lost_after);
  drop_if_old(known.voltage, now, lost_after);
  drop_if_old(known.current, now, lost_after);
  drop_if_old(known.soh, now, lost_after);
  drop_if_old(known.cycles, now, lost_after);
  drop_if_old(known.alarms, now, lost_after);
  drop_if_old(known.soc, last_frame, lost_after);
  drop_if_old(known.remaining, last_frame, lost_after);
}

Presence presence_of(const ChargeInput& known, const PackState& state,
                     const ChargeSettings& settings, Instant started, Instant now) {
  if (state.link.link == Link::unheard)
    return now > started + settings.start_grace ? Presence::lost : Presence::awaited;
  if (now > state.link.last_frame + settings.lost_after) return Presence::lost;
  return state.fresh(now) && known.age <= state.max_age ? Presence::fresh : Presence::stale;
}

}  // namespace

void observe(ChargeInput& known, const PackState& state, const ChargePackSettings& pack,
             const ChargeSettings& settings, Instant started, Instant now) {
  const Millis max_age = state.usable_age(now);
  const PackScalars& s = state.pack.scalars;
  keep(known.cells, cells_of(state.pack, pack, settings.ceiling_voltage, now, max_age));
  keep(known.temperatures, temperatures_of(state.pack, now, max_age));
  if (const auto mosfet = s.mosfet_temperature.fresh(now, max_age))
    known.mosfet = Measurement{mosfet->count, 0, s.mosfet_temperature.heard()};
  known.mosfet_fitted = s.mosfet_temperature.quality() != Quality::absent;
  keep(known.voltage, s.voltage, now, max_age);
  keep(known.current, s.current, now, max_age);
  keep(known.soc, s.soc, now, max_age);
  keep(known.soh, s.soh, now, max_age);
  keep(known.remaining, s.capacity_remaining, now, max_age);
  keep(known.cycles, s.cycle_count, now, max_age);
  keep(known.alarms, state.pack.alarms, now, max_age);
  keep(known.capacity, usable_capacity(s, now, max_age));
  if (!known.capacity) known.capacity = pack.capacity;
  observe_flow(known.charge, state, Flow::charge, now);
  observe_flow(known.discharge, state, Flow::discharge, now);
  observe_alarms(known, state);
  drop_old(known, state.link.last_frame, now, settings.lost_after);
  known.age = age_of(known, state, now);
  known.presence = presence_of(known, state, settings, started, now);
}

}  // namespace cw

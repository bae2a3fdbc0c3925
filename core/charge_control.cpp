// SPDX-License-Identifier: Apache-2.0
#include "core/charge_control.h"

#include <algorithm>

#include "core/assert.h"
#include "core/bank_measured.h"
#include "core/picture.h"

namespace cw {
namespace {

constexpr std::int32_t kRidePercent = 50;  // of the last limits, when nothing is heard

// One night and the day after it. What was seen before says little about how warm a pack is now.
constexpr Millis kWakeLongest{24 * 3'600'000};

std::uint8_t fewest_cells(std::span<const ChargePackSettings> packs) {
  std::uint8_t cells = packs.empty() ? 0 : packs.front().cells;
  for (const ChargePackSettings& pack : packs) cells = std::min(cells, pack.cells);
  return cells;
}

std::uint8_t most_cells(std::span<const ChargePackSettings> packs) {
  std::uint8_t cells = 0;
  for (const ChargePackSettings& pack : packs) cells = std::max(cells, pack.cells);
  return cells;
}

bool any_is_stale(std::span<const ChargePackState> packs) {
  return std::any_of(packs.begin(), packs.end(), [](const ChargePackState& pack) {
    return pack.input.presence == Presence::stale;
  });
}

bool all_are(std::span<const ChargePackState> packs, Presence presence) {
  return std::all_of(packs.begin(), packs.end(),
                     [&](const ChargePackState& pack) { return pack.input.presence == presence; });
}

bool any_is_heard(std::span<const ChargePackState> packs) {
  return std::any_of(packs.begin(), packs.end(),
                     [](const ChargePackState& pack) { return pack.input.is_heard(); });
}

// In the flat middle of the curve and at a mild temperature: nothing can go wrong for a while.
bool is_calm(const ChargeInput& pack, const ChargeSettings& settings) {
  return pack.cells && pack.temperatures &&
         pack.cells->lowest.value >= settings.ride_cell_least.count &&
         pack.cells->highest.value <= settings.ride_cell_most.count &&
         pack.temperatures->coldest.value >= settings.ride_temperature_least.count &&
         pack.temperatures->hottest.value <= settings.ride_temperature_most.count;
}

// It hardly carries anything, and nothing is wrong with it.
bool is_idle(const ChargePackState& pack, const ChargeSettings& settings) {
  const ChargeInput& input = pack.input;
  if (!input.current || !input.capacity) return false;
  const bool alarmed = input.alarms && input.alarms->value.any();
  const std::int32_t current = input.current->value.count;
  return std::max(current, -current) <= settings.wake_idle_most.count && !alarmed &&
         !input.held.any() && !input.foreseen.any();
}

LimitReason bank_reason(LimitCause cause) { return {.cause = cause}; }

LimitReason bank_reason(LimitCause cause, Milliamps value) {
  return {.cause = cause, .value = value.count, .unit = Unit::milliamp};
}

// No heard pack takes current this way: whose switch is open, or that none is heard.
LimitReason nobody_takes_part(std::span<const ChargePackState> packs) {
  for (std::size_t i = 0; i < packs.size(); ++i)
    if (packs[i].input.is_heard())
      return {.cause = LimitCause::protection, .pack = static_cast<std::uint8_t>(i + 1)};
  return bank_reason(LimitCause::all_lost);
}

}  // namespace

ChargeControl::ChargeControl(const ChargeSettings& settings,
                             std::span<const ChargePackSettings> packs,
                             std::span<ChargePackState> states)
    : settings_(settings), packs_(packs), states_(states) {
  CW_ASSERT(packs.size() == states.size());
  CW_ASSERT(packs.size() <= UINT8_MAX);
  request_.cells = fewest_cells(packs);
  request_.packs = static_cast<std::uint8_t>(packs.size());
  request_.packs_offline = request_.packs;
  request_.charge_voltage_most = {settings.absorption_voltage.count * request_.cells};
  request_.nominal_voltage = {settings.nominal_voltage.count * request_.cells};
  request_.charge_voltage.value = {settings.float_voltage.count * request_.cells};
}

const BankRequest& ChargeControl::step(std::span<const PackState> packs, const BankOrders& orders,
                                       Instant now, std::int64_t wall_ms) {
  CW_ASSERT(packs.size() == states_.size());
  if (!started_) started_ = now;
  observe_packs(packs, now);
  step_voice(now);
  step_measured(now);
  step_window(orders);
  if (request_.voice == Voice::silent && !blind_since_) return request_;  // nothing was ever heard
  request_.charge_current = step_current(Flow::charge, orders, now);
  request_.discharge_current = step_current(Flow::discharge, orders, now);
  remember_calm();
  step_flags(orders, now, wall_ms);
  step_voltages(now);
  return request_;
}

void ChargeControl::observe_packs(std::span<const PackState> packs, Instant now) {
  for (std::size_t i = 0; i < packs.size(); ++i) {
    ChargePackState& state = states_[i];
    const auto number = static_cast<std::uint8_t>(i + 1);
    observe(state.input, packs[i], packs_[i], settings_, *started_, now);
    state.contradictions = check_charge(settings_, packs[i].pack.parameters, number);
    for (const Flow flow : {Flow::charge, Flow::discharge}) {
      FlowState& way = state.of(flow);
      way.now = pack_limit(flow, state.input, state.seen, packs_[i], settings_, packs[i].max_age,
                           number, !state.contradictions.empty());
      if (state.input.is_heard()) way.last = way.now;
    }
    watch_current(state);
  }
  update_shares(Flow::charge, states_, now);
  update_shares(Flow::discharge, states_, now);
}

void ChargeControl::step_voice(Instant now) {
  const bool first = request_.voice == Voice::silent && !blind_since_;
  const bool any_fresh = std::any_of(
      states_.begin(), states_.end(),
      [](const ChargePackState& pack) { return pack.input.presence == Presence::fresh; });
  if (first && !any_fresh) return;
  if (any_is_heard(states_)) {
    if (request_.voice != Voice::speaking && !any_fresh) return;
    request_.voice = Voice::speaking;
    blind_since_.reset();
    return;
  }
  if (!blind_since_) blind_since_ = now;
  const Millis longest{std::max(settings_.blind_for.count, settings_.ride_through.count)};
  const bool ends = now >= *blind_since_ + longest;
  request_.voice = is_waking(now) ? Voice::speaking : ends ? Voice::silent : Voice::blind;
}

// A board that sleeps because nothing was asked of it is woken by a charge, and only by that. Who
// was in the middle of everything and at rest may be asleep; whoever else is silent is not trusted.
bool ChargeControl::is_waking(Instant now) const {
  if (!blind_since_ || wake_current_.count == 0) return false;
  const std::int64_t blind_ms = now.ms - blind_since_->ms;
  return blind_ms >= settings_.wake_every.count && blind_ms < kWakeLongest.count &&
         blind_ms % settings_.wake_every.count < settings_.wake_for.count;
}

// So much that each that is heard could take it alone, of those that may still be on the bus.
Milliamps ChargeControl::wake_current(Milliamps most) const {
  Milliamps least = most;
  for (const ChargePackState& pack : states_) {
    if (!pack.input.is_heard()) continue;
    if (!is_calm(pack.input, settings_) || !is_idle(pack, settings_)) return {};
    if (pack.input.charge.apart) continue;
    const std::int64_t part =
        std::int64_t{pack.input.capacity->count} * settings_.wake_permille_per_hour / 1000;
    least =
        std::min({least, Milliamps{static_cast<std::int32_t>(part)}, pack.charge.now.unaged.value});
  }
  return least;
}

// What is gone on with when nobody is heard any more begins when all are heard just now. Whoever
// goes on alone can only make less of it: the others were not seen to follow.
void ChargeControl::remember_calm() {
  const bool all = all_are(states_, Presence::fresh);
  const bool well = std::all_of(states_.begin(), states_.end(), [&](const ChargePackState& pack) {
    return !pack.input.is_heard() || is_calm(pack.input, settings_);
  });
  calm_ = well && (all || calm_);
  wake_current_ = wake_current(all ? full_limit(Flow::charge, states_) : wake_current_);
  if (!any_is_heard(states_) || any_is_stale(states_)) return;
  calm_charge_ = request_.charge_current.value;
  calm_discharge_ = request_.discharge_current.value;
}

// While nothing is heard the last values stay.
void ChargeControl::step_measured(Instant now) {
  if (any_is_heard(states_)) {
    const std::optional<CentiPercent> told = request_.measured.soc;
    request_.measured = measure_bank(states_);
    soc_ = request_.measured.soc;
    request_.measured.soc =
        reported_.step(soc_, stage_.full(), request_.discharge_current.value.count > 0, now);
    if (!soc_) request_.measured.soc = told;
  }
  count_packs(request_, states_, settings_.alarm_if_any);
  // An inverter that sees an alarm would not charge; the warning stays.
  if (is_waking(now)) request_.alarms.remove(Alarm::internal_communication);
}

void ChargeControl::step_window(const BankOrders& orders) {
  request_.soc_min = std::max(settings_.soc_min, orders.soc_min.value_or(settings_.soc_min));
  request_.soc_max = std::min(settings_.soc_max, orders.soc_max.value_or(settings_.soc_max));
}

BankLimit<Milliamps> ChargeControl::step_current(Flow flow, const BankOrders& orders, Instant now) {
  const bool charge = flow == Flow::charge;
  const BankLimit<Milliamps> target = current_bounds(flow, orders, now).limit();
  const auto most = charge ? settings_.charge_current_most : settings_.discharge_current_most;
  const Milliamps full = std::min(full_limit(flow, states_), most.value_or(Milliamps{INT32_MAX}));
  Slew& slew = charge ? charge_ : discharge_;
  const std::int64_t from_zero =
      std::int64_t{full.count} * settings_.rise_from_zero_permille / 1000;
  // Nothing rises while a pack is not heard just now.
  const bool held = any_is_stale(states_) && slew.output() < target.value.count;
  const Milliamps out{
      slew.step(held ? slew.output() : target.value.count,
                {.hold = settings_.rise_after,
                 .per_second = settings_.rise_per_second.count,
                 .from_zero = is_waking(now) ? 0 : static_cast<std::int32_t>(from_zero)},
                now)};
  if (out == target.value) return target;
  return {.value = out,
          .reason = bank_reason(held ? LimitCause::stale_data : LimitCause::rising),
          .next_value = target.value,
          .next = target.reason};
}

bool ChargeControl::is_riding(Instant now) const {
  return calm_ && blind_since_ && now < *blind_since_ + settings_.ride_through;
}

Bounds<Milliamps> ChargeControl::current_bounds(Flow flow, const BankOrders& orders, Instant now) {
  const bool charge = flow == Flow::charge;
  Bounds<Milliamps> bounds = shared_limit(flow, states_);
  if (!bounds.any()) {
    const Milliamps last = charge ? calm_charge_ : calm_discharge_;
    const auto half = static_cast<std::int32_t>(std::int64_t{last.count} * kRidePercent / 100);
    if (charge && is_waking(now))
      bounds.add(wake_current_, bank_reason(LimitCause::waking));
    else
      bounds.add(is_riding(now) ? Milliamps{half} : Milliamps{}, nobody_takes_part(states_));
  }
  const auto most = charge ? settings_.charge_current_most : settings_.discharge_current_most;
  if (most) bounds.add(*most, bank_reason(LimitCause::bank_setting, *most));
  add_window(bounds, flow);
  add_orders(bounds, orders, now);
  return bounds;
}

// The whole range is no window: of all values the state of charge is the least reliable.
void ChargeControl::add_window(Bounds<Milliamps>& bounds, Flow flow) {
  const bool charge = flow == Flow::charge;
  const bool bound = charge ? request_.soc_max.count < 10'000 : request_.soc_min.count > 0;
  if (!bound) return;
  const auto soc = soc_with_lost(states_);
  if (!soc) return bounds.add({}, bank_reason(LimitCause::unknown));
  const std::int32_t seen = charge ? soc_high_.worse_above(soc->count, kSocPlay_centi)
                                   : soc_low_.worse_below(soc->count, kSocPlay_centi);
  const bool beyond = charge ? seen >= request_.soc_max.count : seen <= request_.soc_min.count;
  if (!beyond) return;
  bounds.add({}, {.cause = LimitCause::charge_state, .value = seen, .unit = Unit::centipercent});
}

void ChargeControl::add_orders(Bounds<Milliamps>& bounds, const BankOrders& orders, Instant now) {
  if (orders.disconnect) bounds.add({}, bank_reason(LimitCause::request));
  if (orders.joining_pack == 0) return;
  CW_ASSERT(orders.joining_pack <= states_.size());
  std::optional<Instant>& asked = states_[orders.joining_pack - 1U].zero_asked;
  if (!asked || now >= *asked + settings_.join_again_after) asked = now;
  if (now < *asked + settings_.join_zero_most)
    bounds.add({}, {.cause = LimitCause::joining, .pack = orders.joining_pack});
}

void ChargeControl::step_flags(const BankOrders& orders, Instant now, std::int64_t wall_ms) {
  const bool speaking = request_.voice == Voice::speaking;
  const bool hearing = speaking && !blind_since_;
  if (hearing) {
    const BankMeasured& bank = request_.measured;
    const auto lowest = bank.cell_min ? std::optional{bank.cell_min->value} : std::nullopt;
    force_.step(soc_, lowest, settings_, now);
    stage_.step({.cells = request_.cells,
                 .voltage = bank.voltage,
                 .current = bank.current,
                 .cell_difference = worst_cell_difference(states_),
                 .soc = soc_,
                 .capacity = bank.capacity,
                 .charging_possible = request_.charge_current.value.count > 0,
                 .full_charge_ordered = orders.full_charge},
                settings_, now, wall_ms);
  }
  request_.stage = stage_.stage();
  request_.charge_enabled = speaking && request_.charge_current.value.count > 0;
  request_.discharge_enabled = speaking && request_.discharge_current.value.count > 0;
  // Some inverters obey these bits and not the limit: none is set while charging is forbidden.
  request_.force_charge = request_.charge_enabled && force_.on();
  request_.full_charge_wanted =
      request_.charge_enabled && (stage_.full_charge_wanted() || orders.full_charge);
  request_.full = hearing && stage_.full();
}

void ChargeControl::step_voltages(Instant now) {
  const Millivolts empty{settings_.discharge_voltage.count * most_cells(packs_)};
  request_.discharge_voltage = {.value = empty,
                                .reason = {.cause = LimitCause::bank_setting,
                                           .value = settings_.discharge_voltage.count,
                                           .unit = Unit::millivolt}};
  request_.charge_voltage = !blind_since_
                                ? voltage_.step(stage_.voltage(request_.cells, settings_, now),
                                                request_.cells, states_, settings_, now)
                                : voltage_.step_blind(request_.cells, settings_, now);
}

}  // namespace cw

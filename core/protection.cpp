// SPDX-License-Identifier: Apache-2.0
#include "core/protection.h"

namespace cw {
namespace {

struct Limits {
  std::int32_t limit;
  Millis delay;
  std::int32_t leave;  // by_recovery: the recovery limit; by_time: milliseconds after the trip
};

// The one place that knows where the numbers of a rule come from.
std::optional<Limits> limits_of(const RuleRow& rule, const ParameterSet& parameters) {
  const auto limit = parameters.get(rule.limit);
  const auto delay = parameters.get(rule.delay);
  const auto leave = parameters.get(rule.leave);
  if (!limit || !delay || !leave) return std::nullopt;
  return Limits{*limit, {*delay}, *leave};
}

// The one place that knows what a direction means.
bool beyond(Direction direction, std::int32_t value, std::int32_t limit) {
  return direction == Direction::above ? value > limit : value < limit;
}

bool inside(Direction direction, std::int32_t value, std::int32_t limit) {
  return direction == Direction::above ? value < limit : value > limit;
}

struct Verdict {  // one rule's look at this step's measurements
  bool blind;
  bool violated;
  bool recovered;  // never together with violated, whatever the limits
};

Verdict look(const RuleRow& rule, const std::optional<Measurement>& input, const Limits& limits) {
  if (!input) return {.blind = true, .violated = false, .recovered = false};
  const bool violated = beyond(rule.direction, input->value, limits.limit);
  const bool recovered = !violated && (rule.release == Release::by_time ||
                                       inside(rule.direction, input->value, limits.leave));
  return {.blind = false, .violated = violated, .recovered = recovered};
}

bool holds_open(const RuleState& state) {
  return state.phase == Phase::tripped || state.phase == Phase::releasing;
}

void enter(RuleState& state, Phase phase, Cause cause, Instant now) {
  state.phase = phase;
  state.cause = cause;
  state.since = now;
}

bool may_leave(const RuleState& state, const Verdict& verdict, const Limits& limits, Instant now) {
  if (state.phase != Phase::releasing) return verdict.recovered;
  return !verdict.blind && now >= state.since + Millis{limits.leave};
}

void release(RuleState& state, Instant now) {
  enter(state, Phase::clear, Cause::none, now);
  state.violated = false;  // if the cause is still there, another delay starts
}

void note_worst(const RuleRow& rule, RuleState& state, std::int32_t value) {
  if (beyond(rule.direction, value, state.worst)) state.worst = value;
}

// Follows the running violation; a break of one step ends it.
void watch(const RuleRow& rule, RuleState& state, const Verdict& verdict,
           const std::optional<Measurement>& input, Instant now) {
  if (verdict.violated && !state.violated) {
    state.began = now;
    state.worst = input->value;
  }
  state.violated = verdict.violated;
  if (verdict.violated) note_worst(rule, state, input->value);
}

void trip(const RuleRow& rule, RuleState& state, const Measurement& value, const Limits& limits,
          Instant now) {
  // A timed rule waits for the clock from here on, any other for its recovery limit.
  const bool timed = rule.release == Release::by_time;
  enter(state, timed ? Phase::releasing : Phase::tripped, Cause::limit, now);
  state.evidence = value;
  state.limit = limits.limit;
  ++state.trips;
}

void run(const RuleRow& rule, RuleState& state, const std::optional<Measurement>& input,
         const Limits& limits, Instant now) {
  // Its limits became known: it must be shown to be safe.
  if (state.phase == Phase::off) enter(state, Phase::tripped, Cause::start, now);
  const Verdict verdict = look(rule, input, limits);
  state.blind = verdict.blind;
  if (holds_open(state) && may_leave(state, verdict, limits, now)) release(state, now);
  if (state.cause == Cause::limit) {
    if (input) note_worst(rule, state, input->value);
    return;
  }
  watch(rule, state, verdict, input, now);
  if (state.violated && now >= state.began + limits.delay)
    return trip(rule, state, *input, limits, now);
  if (holds_open(state)) return;
  if (verdict.blind) return enter(state, Phase::tripped, Cause::blind, now);
  const Phase phase = state.violated ? Phase::pending : Phase::clear;
  if (phase != state.phase) enter(state, phase, Cause::none, now);
}

void switch_off(RuleState& state, Instant now) {
  if (state.phase != Phase::off) enter(state, Phase::off, Cause::none, now);
  state.violated = false;
}

}  // namespace

Protection::Protection(Start start) {
  if (start == Start::tripped) return;
  for (RuleState& state : states_) state = {.phase = Phase::clear, .cause = Cause::none};
  decision_ = {.open = Switches::none, .tripped = 0};
}

Decision Protection::step(const Measurements& measurements, const ParameterSet& limits,
                          Instant now) {
  if (!stepped_)
    for (RuleState& state : states_) state.since = now;
  stepped_ = true;
  Decision decision{.open = Switches::none, .tripped = 0};
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    const RuleRow& rule = kRules[i];
    RuleState& state = states_[i];
    const std::uint32_t bit = std::uint32_t{1} << i;
    if (const auto known = limits_of(rule, limits)) {
      run(rule, state, measurements[rule.reads], *known, now);
    } else {
      switch_off(state, now);
      decision.off |= bit;
    }
    if (!holds_open(state)) continue;
    decision.open = decision.open | rule.opens;
    decision.tripped |= bit;
  }
  decision_ = decision;
  return decision;
}

}  // namespace cw

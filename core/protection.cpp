// SPDX-License-Identifier: Apache-2.0
#include "core/protection.h"

#include <algorithm>

namespace cw {
namespace {

// What the rule waits for to be left. A flag is left when it is gone.
bool recovers(const RuleRow& rule, std::int32_t value, const RuleLimits& limits) {
  if (rule.release == Release::by_time || rule.leave.source == Source::zero) return true;
  return is_inside(rule.direction, value, limits.leave);
}

struct Verdict {  // one rule's look at this step's measurements
  bool blind;
  bool violated;
  bool recovered;  // never together with violated, whatever the limits
};

Verdict look(const RuleRow& rule, const std::optional<Measurement>& input, bool wake,
             const RuleLimits& limits) {
  if (!input) return {.blind = true, .violated = false, .recovered = false};
  if (wake && rule.is(kWoken)) return {.blind = false, .violated = false, .recovered = true};
  const bool violated = is_beyond(rule.direction, input->value, limits.limit);
  const bool recovered = !violated && recovers(rule, input->value, limits);
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

// Of a rule that is left by time; never in the very moment it tripped.
Instant release_time(const RuleState& state, const RuleLimits& limits) {
  return state.since + Millis{std::max<std::int32_t>(limits.leave, 1)};
}

// A rule that a charger leaves must not keep one away from a pack that is low, but that it never
// saw below its limit.
bool may_leave(const RuleRow& rule, const RuleState& state, const Verdict& verdict,
               const RuleLimits& limits, Instant now) {
  if (rule.is(kWoken) && state.cause != Cause::limit) return !verdict.blind && !verdict.violated;
  if (state.phase != Phase::releasing) return verdict.recovered;
  return !verdict.blind && now >= release_time(state, limits);
}

void release(RuleState& state, Instant now) {
  enter(state, Phase::clear, Cause::none, now);
  state.violated = false;  // if the cause is still there, another delay starts
  state.samples = 0;
}

void note_worst(const RuleRow& rule, RuleState& state, std::int32_t value) {
  const bool worse = rule.direction == Direction::above ? value > state.worst : value < state.worst;
  if (worse) state.worst = value;
}

// Follows the running violation; a break of one step ends it.
void watch(const RuleRow& rule, RuleState& state, const Verdict& verdict,
           const std::optional<Measurement>& input, Instant now) {
  if (verdict.violated && !state.violated) {
    state.began = now;
    state.worst = input->value;
    state.samples = 0;
  }
  state.violated = verdict.violated;
  if (!verdict.violated) return;
  note_worst(rule, state, input->value);
  if (state.samples == 0 || (state.samples < kSamples && input->heard != state.sample)) {
    ++state.samples;
    state.sample = input->heard;
  }
}

bool lasted(const RuleRow& rule, const RuleState& state, const RuleLimits& limits, Instant now) {
  if (rule.wait == Wait::samples) return state.samples >= kSamples;
  return now >= state.began + limits.delay;
}

void trip(const RuleRow& rule, RuleState& state, const Measurement& value, const RuleLimits& limits,
          Instant now) {
  // A timed rule waits for the clock from here on, any other for its recovery limit.
  const bool timed = rule.release == Release::by_time;
  enter(state, timed ? Phase::releasing : Phase::tripped, Cause::limit, now);
  state.evidence = value;
  state.limit = limits.limit;
  ++state.trips;
}

void run(const RuleRow& rule, RuleState& state, const std::optional<Measurement>& input, bool wake,
         const RuleLimits& limits, Instant now) {
  // Its limits became known: it must be shown to be safe.
  if (state.phase == Phase::off) enter(state, Phase::tripped, Cause::start, now);
  const Verdict verdict = look(rule, input, wake, limits);
  state.blind = verdict.blind;
  if (holds_open(state) && may_leave(rule, state, verdict, limits, now)) release(state, now);
  if (state.cause == Cause::limit) {
    if (input) note_worst(rule, state, input->value);
    return;
  }
  watch(rule, state, verdict, input, now);
  if (state.violated && lasted(rule, state, limits, now))
    return trip(rule, state, *input, limits, now);
  if (holds_open(state)) return;
  if (verdict.blind) return enter(state, Phase::tripped, Cause::blind, now);
  const Phase phase = state.violated ? Phase::pending : Phase::clear;
  if (phase != state.phase) enter(state, phase, Cause::none, now);
}

// What tripped by its limit was measured once, also before a restart: now it is only not heard.
bool guards(const RuleRow& rule, const RuleState& state, const Measurements& measurements) {
  return measurements.is_fitted(rule.reads) || state.cause == Cause::limit;
}

void switch_off(RuleState& state, Instant now) {
  if (state.phase != Phase::off) enter(state, Phase::off, Cause::none, now);
  state.violated = false;
  state.samples = 0;
}

// Of a rule that is not off. Nothing: only a measurement can move it.
std::optional<Instant> next_due(const RuleRow& rule, const RuleState& state,
                                const RuleLimits& limits) {
  if (state.blind) return std::nullopt;
  if (state.phase == Phase::releasing) return release_time(state, limits);
  const bool waits = state.violated && state.cause != Cause::limit && rule.wait != Wait::samples;
  if (waits) return state.began + limits.delay;
  return std::nullopt;
}

}  // namespace

Protection::Protection(Start start) {
  if (start == Start::tripped) return;
  for (RuleState& state : states_) state = {.phase = Phase::clear, .cause = Cause::none};
  decision_ = {.open = Switches::none, .tripped = 0};
}

Protection::Protection(const ProtectionMemory& memory) {
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    const RuleMemory& rule = memory[i];
    states_[i].trips = rule.trips;
    if (!rule.tripped) continue;
    const bool timed = kRules[i].release == Release::by_time;
    states_[i].phase = timed ? Phase::releasing : Phase::tripped;
    states_[i].cause = Cause::limit;
    states_[i].evidence = rule.evidence;
    states_[i].limit = rule.limit;
    states_[i].worst = rule.worst;
  }
}

ProtectionMemory Protection::memory() const {
  ProtectionMemory memory;
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    const RuleState& state = states_[i];
    memory[i].trips = state.trips;
    if (state.cause != Cause::limit) continue;
    const Measurement timeless{state.evidence.value, state.evidence.where, {}};
    memory[i] = {true, timeless, state.limit, state.worst, state.trips};
  }
  return memory;
}

std::optional<Instant> Protection::next_due(const ParameterSet& limits) const {
  std::optional<Instant> first;
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    if (states_[i].phase == Phase::off) continue;
    const auto known = limits_of(kRules[i], limits);
    const auto due = known ? cw::next_due(kRules[i], states_[i], *known) : std::nullopt;
    if (due && (!first || *due < *first)) first = due;
  }
  return first;
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
    const auto known = limits_of(rule, limits);
    if (known && guards(rule, state, measurements)) {
      run(rule, state, measurements[rule.reads], measurements.wake, *known, now);
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

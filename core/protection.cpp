// SPDX-License-Identifier: Apache-2.0
#include "core/protection.h"

namespace cw {
namespace {

struct Verdict {  // one rule's look at this step's measurements
  bool blind;
  bool violated;
  bool recovered;
};

bool beyond(Direction direction, std::int32_t value, std::int32_t limit) {
  return direction == Direction::above ? value > limit : value < limit;
}

bool inside(Direction direction, std::int32_t value, std::int32_t limit) {
  return direction == Direction::above ? value < limit : value > limit;
}

Verdict look(const RuleRow& rule, const std::optional<Measurement>& input, std::int32_t limit,
             std::int32_t leave) {
  if (!input) return {.blind = true, .violated = false, .recovered = false};
  const bool violated = beyond(rule.direction, input->value, limit);
  const bool recovered = rule.release == Release::by_recovery
                             ? inside(rule.direction, input->value, leave)
                             : !violated;
  return {.blind = false, .violated = violated, .recovered = recovered};
}

void enter(RuleState& state, Phase phase, Instant now) {
  state.phase = phase;
  state.since = now;
}

void trip_blind(RuleState& state, Instant now) {
  enter(state, Phase::tripped, now);
  state.cause = Cause::blind;
  state.began = now;
}

void trip(const RuleRow& rule, RuleState& state, const Measurement& value, std::int32_t limit,
          Instant now) {
  // A timed rule waits for the clock from here on, any other for its recovery limit.
  enter(state, rule.release == Release::by_time ? Phase::releasing : Phase::tripped, now);
  state.cause = Cause::limit;
  state.evidence = value;
  state.limit = limit;
  ++state.trips;
}

void note_worst(const RuleRow& rule, RuleState& state, const std::optional<Measurement>& input) {
  if (input && beyond(rule.direction, input->value, state.worst)) state.worst = input->value;
}

void leave_if_over(RuleState& state, const Verdict& verdict, std::int32_t leave, Instant now) {
  const bool over = state.phase == Phase::releasing
                        ? !verdict.blind && now >= state.since + Millis{leave}
                        : verdict.recovered;
  if (!over) return;
  enter(state, Phase::clear, now);
  state.cause = Cause::none;
}

struct Limits {
  std::int32_t limit, delay, leave;
};

void run(const RuleRow& rule, RuleState& state, const std::optional<Measurement>& input,
         const Limits& limits, Instant now) {
  const Verdict verdict = look(rule, input, limits.limit, limits.leave);
  if (state.phase == Phase::off) {  // its limit became known: it must be shown to be safe
    enter(state, Phase::tripped, now);
    state.cause = Cause::start;
  }
  if (state.phase == Phase::tripped || state.phase == Phase::releasing) {
    note_worst(rule, state, input);
    leave_if_over(state, verdict, limits.leave, now);
    if (state.phase != Phase::clear) return;
  }
  if (verdict.blind) return trip_blind(state, now);
  if (!verdict.violated) {
    if (state.phase == Phase::pending) enter(state, Phase::clear, now);
    return;
  }
  if (state.phase == Phase::clear) {
    enter(state, Phase::pending, now);
    state.began = now;
    state.worst = input->value;
  }
  note_worst(rule, state, input);
  if (now >= state.since + Millis{limits.delay}) trip(rule, state, *input, limits.limit, now);
}

bool holds_open(const RuleState& state) {
  return state.phase == Phase::tripped || state.phase == Phase::releasing;
}

}  // namespace

Protection::Protection(Start start) {
  if (start == Start::tripped) return;
  for (RuleState& state : states_) state = {.phase = Phase::clear, .cause = Cause::none};
  decision_ = {.open = Switches::none, .tripped = 0};
}

Decision Protection::step(const Measurements& measurements, const ParameterSet& limits,
                          Instant now) {
  Decision decision{.open = Switches::none, .tripped = 0};
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    const RuleRow& rule = kRules[i];
    RuleState& state = states_[i];
    const auto limit = limits.get(rule.limit);
    const auto delay = limits.get(rule.delay);
    const auto leave = limits.get(rule.leave);
    if (!limit || !delay || !leave) {
      if (state.phase != Phase::off) enter(state, Phase::off, now);
      state.cause = Cause::none;
      continue;
    }
    run(rule, state, measurements[rule.reads], {*limit, *delay, *leave}, now);
    if (!holds_open(state)) continue;
    decision.open = decision.open | rule.opens;
    decision.tripped |= std::uint32_t{1} << i;
  }
  decision_ = decision;
  return decision;
}

}  // namespace cw

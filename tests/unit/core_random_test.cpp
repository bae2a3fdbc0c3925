// SPDX-License-Identifier: Apache-2.0
// The engine against the reference model on random traces, with everything that can happen to it:
// silence, sensors that were never there, limits that change, chargers, restarts.
#include <gtest/gtest.h>

#include "tests/unit/core_random_walk.h"

namespace cw {
namespace {

// A value of the model, in which low limits are high ones of the negated value, as the engine has
// it; a limit that is reached is one count beyond.
std::int32_t as_engine(const RuleRow& row, std::int32_t value) {
  const bool low = row.direction == Direction::below || row.direction == Direction::at_or_below;
  return low ? -value : value;
}
std::int32_t limit_as_engine(const RuleRow& row, std::int32_t limit) {
  return as_engine(row, limit) - (row.direction == Direction::at_or_below ? 1 : 0);
}

// The same state, told in both models' words. Empty: they agree.
const char* difference(const Protection& engine, Rule rule, const reference::Guard& guard) {
  const RuleState& state = engine.state(rule);
  const RuleRow& row = row_of(rule);
  if (engine.decision().is_tripped(rule) != guard.open) return "open";
  if ((state.phase == Phase::off) != guard.off) return "off";
  if ((state.cause == Cause::limit) != guard.by_limit) return "cause";
  if (state.trips != guard.trips) return "trips";
  if (guard.by_limit && state.evidence.value != as_engine(row, guard.seen)) return "evidence";
  if (guard.by_limit && state.limit != limit_as_engine(row, guard.crossed)) return "limit";
  if (guard.by_limit && state.worst != as_engine(row, guard.worst)) return "worst";
  if (guard.by_limit && state.since.ms != guard.opened) return "since";
  if (!guard.beyond_since) return "";
  if (state.began.ms != *guard.beyond_since) return "began";
  if (state.worst != as_engine(row, guard.worst)) return "worst so far";
  return "";
}

std::string difference(const Protection& engine, const reference::Model& model) {
  const reference::Guard* const guards[] = {&model.cell_high,       &model.cell_low,
                                            &model.charge_current,  &model.discharge_current,
                                            &model.charge_hot,      &model.charge_cold,
                                            &model.discharge_hot,   &model.discharge_cold,
                                            &model.mosfet_hot,      &model.pack_high,
                                            &model.pack_low,        &model.power_off,
                                            &model.short_circuit,   &model.charge_short_circuit,
                                            &model.cell_difference, &model.wire,
                                            &model.cell_count,      &model.internal};
  static_assert(std::size(guards) == kRuleCount, "the reference model lacks a rule");
  for (std::size_t i = 0; i < kRuleCount; ++i)
    if (const auto what = difference(engine, static_cast<Rule>(i), *guards[i]); *what != '\0')
      return std::string{kRules[i].name} + ": " + what;
  if (engine.decision().allows(Switches::charge) != model.may_charge) return "charge";
  if (engine.decision().allows(Switches::discharge) != model.may_discharge) return "discharge";
  if (engine.decision().allows(Switches::balance) != model.may_balance) return "balance";
  return "";
}

TEST(ProtectionOnRandomTraces, AgreesWithTheReferenceModelAtEveryStep) {
  constexpr int kSteps = 20'000;
  const std::uint64_t first_seed = seed();
  std::array<std::uint64_t, kRuleCount> trips{};
  for (int trace = 0; trace < kRandomSteps / kSteps; ++trace) {
    Dice dice{first_seed + static_cast<std::uint64_t>(trace)};
    const ParameterSet usual = random_settings(dice);
    ParameterSet limits = usual;
    Walk walk{limits_of(limits)};
    Protection engine;
    reference::Model model;
    std::int64_t now = dice.between(0, 1'000'000'000) * std::int64_t{5};
    for (int step = 0; step < kSteps; ++step) {
      now += dice.once_in(50) ? dice.between(0, 100'000) : dice.between(0, 1'000);
      if (dice.once_in(500)) change_one(limits, usual, dice);
      if (dice.once_in(1'000)) {
        engine = Protection(engine.memory());
        model.restart();
      }
      const reference::Inputs in = walk.next(dice, now);
      engine.step(measurements_of(in, now), limits, {now});
      model.step(in, limits_of(limits), now);
      ASSERT_EQ(difference(engine, model), "")
          << "seed " << first_seed << " trace " << trace << " step " << step << " time " << now;
    }
    for (std::size_t i = 0; i < kRuleCount; ++i)
      trips[i] += engine.state(static_cast<Rule>(i)).trips;
  }
  // The traces are worth something: every rule does trip in them, and often.
  for (std::size_t i = 0; i < kRuleCount; ++i)
    EXPECT_GT(trips[i], std::uint64_t{kRandomSteps} / 10'000) << kRules[i].name;
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The engine against a second model on random traces, and the promise that matters most: no switch
// stays allowed for longer than delay + max_age + one step after the last evidence that it is safe.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "core/presets.h"
#include "core/protection.h"
#include "tests/unit/core_reference_model.h"

namespace cw {
namespace {

std::uint64_t seed() {
  if (const char* given = std::getenv("CW_SEED")) return std::strtoull(given, nullptr, 10);
  return std::random_device{}();
}

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::int32_t between(std::int32_t lowest, std::int32_t highest) {
    return std::uniform_int_distribution<std::int32_t>{lowest, highest}(engine_);
  }
  bool once_in(int n) { return between(1, n) == 1; }

 private:
  std::mt19937_64 engine_;
};

reference::Limits limits_of(const ParameterSet& set) {
  const auto get = [&set](Parameter parameter) { return set.get(parameter).value(); };
  using enum Parameter;
  return {
      .cell_high = get(cell_overvoltage),
      .cell_high_recovery = get(cell_overvoltage_recovery),
      .cell_high_delay = get(cell_overvoltage_delay),
      .cell_low = get(cell_undervoltage),
      .cell_low_recovery = get(cell_undervoltage_recovery),
      .cell_low_delay = get(cell_undervoltage_delay),
      .charge_current = get(charge_overcurrent),
      .charge_current_delay = get(charge_overcurrent_delay),
      .charge_current_release = get(charge_overcurrent_release),
      .discharge_current = get(discharge_overcurrent),
      .discharge_current_delay = get(discharge_overcurrent_delay),
      .discharge_current_release = get(discharge_overcurrent_release),
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
  };
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

struct Walk {
  Wanderer highest_cell, lowest_cell, current, hottest, coldest, mosfet;

  reference::Inputs next(Dice& dice) {
    return {highest_cell.next(dice), lowest_cell.next(dice), current.next(dice),
            hottest.next(dice),      coldest.next(dice),     mosfet.next(dice)};
  }
};

// Around every limit of the preset and its recovery, with room on both sides.
Walk walk_around(const reference::Limits& at) {
  return {{at.cell_high_recovery - 30, at.cell_high + 30},
          {at.cell_low - 30, at.cell_low_recovery + 30},
          {-at.discharge_current - 9'000, at.charge_current + 9'000},
          {at.charge_hot_recovery - 20, at.discharge_hot + 20},
          {at.discharge_cold - 20, at.charge_cold_recovery + 20},
          {at.mosfet_hot_recovery - 20, at.mosfet_hot + 20}};
}

Measurements measurements_of(const reference::Inputs& in) {
  Measurements seen;
  const auto put = [&seen](Input input, std::optional<std::int32_t> value) {
    if (value) seen.values[static_cast<std::size_t>(input)] = Measurement{*value, 0};
  };
  put(Input::highest_cell, in.highest_cell);
  put(Input::lowest_cell, in.lowest_cell);
  put(Input::charge_current, in.current);
  put(Input::discharge_current, reference::negated(in.current));
  put(Input::hottest_temperature, in.hottest);
  put(Input::coldest_temperature, in.coldest);
  put(Input::mosfet_temperature, in.mosfet);
  return seen;
}

// The same state, told in both models' words. Empty: they agree.
std::string difference(const Protection& engine, Rule rule, const reference::Guard& guard) {
  const RuleState& state = engine.state(rule);
  const RuleRow& row = kRules[static_cast<std::size_t>(rule)];
  const std::int32_t sign = row.direction == Direction::above ? 1 : -1;
  if (engine.decision().is_tripped(rule) != guard.open) return "open";
  if ((state.cause == Cause::limit) != guard.by_limit) return "cause";
  if (state.trips != guard.trips) return "trips";
  if (guard.by_limit && state.evidence.value != sign * guard.seen) return "evidence";
  if (guard.by_limit && state.since.ms != guard.opened) return "since";
  if (guard.beyond_since && state.began.ms != *guard.beyond_since) return "began";
  if (guard.beyond_since && state.worst != sign * guard.worst) return "worst";
  return "";
}

std::string difference(const Protection& engine, const reference::Model& model) {
  const reference::Guard* const guards[] = {
      &model.cell_high,         &model.cell_low,       &model.charge_current,
      &model.discharge_current, &model.charge_hot,     &model.charge_cold,
      &model.discharge_hot,     &model.discharge_cold, &model.mosfet_hot};
  static_assert(std::size(guards) == kRuleCount, "the reference model lacks a rule");
  for (std::size_t i = 0; i < kRuleCount; ++i)
    if (const auto what = difference(engine, static_cast<Rule>(i), *guards[i]); !what.empty())
      return std::string{kRules[i].name} + ": " + what;
  if (engine.decision().allows(Switches::charge) != model.may_charge) return "charge";
  if (engine.decision().allows(Switches::discharge) != model.may_discharge) return "discharge";
  return "";
}

TEST(ProtectionOnRandomTraces, AgreesWithTheReferenceModelAtEveryStep) {
  const std::uint64_t first_seed = seed();
  std::printf("seed %llu (repeat with CW_SEED)\n", static_cast<unsigned long long>(first_seed));
  constexpr int kTraces = 60;
  constexpr int kSteps = 20'000;
  std::uint64_t trips = 0;
  for (int trace = 0; trace < kTraces; ++trace) {
    Dice dice{first_seed + static_cast<std::uint64_t>(trace)};
    const auto presets = all_presets();
    ParameterSet limits = presets[static_cast<std::size_t>(trace) % presets.size()].values;
    Walk walk = walk_around(limits_of(limits));
    Protection engine;
    reference::Model model;
    std::int64_t now = dice.between(0, 1'000'000'000) * std::int64_t{5};
    for (int step = 0; step < kSteps; ++step) {
      now += dice.once_in(50) ? dice.between(0, 100'000) : dice.between(0, 1'000);
      if (dice.once_in(5'000)) limits.set(Parameter::temperature_delay, dice.between(0, 9'000));
      const reference::Inputs in = walk.next(dice);
      engine.step(measurements_of(in), limits, {now});
      model.step(in, limits_of(limits), now);
      ASSERT_EQ(difference(engine, model), "")
          << "seed " << first_seed << " trace " << trace << " step " << step << " time " << now;
    }
    for (std::size_t i = 0; i < kRuleCount; ++i) trips += engine.state(static_cast<Rule>(i)).trips;
  }
  // The traces are worth something: rules do trip in them, and often.
  EXPECT_GT(trips, std::uint64_t{kTraces} * 100);
}

// A pack whose readings arrive one by one, late or never, and the true time of the last evidence.
class UnreliablePack {
 public:
  static constexpr std::size_t kCells = 4;
  static constexpr std::size_t kSensors = 2;

  explicit UnreliablePack(const ParameterSet& limits) : limits_(limits) {}

  // One turn: some readings are heard anew.
  void hear(Dice& dice, Instant now) {
    now_ = now;
    if (dice.once_in(300)) talkative_ = dice.between(2, 60);
    pack_.scalars.cell_count.set({static_cast<std::int32_t>(kCells)}, now);
    for (auto& cell : cells_) hear_one(dice, cell, 3'300, 2'500, 3'700);
    for (auto& sensor : sensors_) hear_one(dice, sensor, 200, -300, 650);
    hear_one(dice, current_, 0, -60'000, 40'000);
    hear_one(dice, mosfet_, 300, 250, 1'000);
    for (std::size_t i = 0; i < kCells; ++i) pack_.cell_voltage[i] = cells_[i].millivolts;
    for (std::size_t i = 0; i < kSensors; ++i) pack_.temperature[i] = sensors_[i].decicelsius;
    pack_.scalars.current = current_.milliamps;
    pack_.scalars.mosfet_temperature = mosfet_.decicelsius;
  }

  const Pack& pack() const { return pack_; }

  // When everything `rule` depends on was last known to be inside its limit, each part for itself.
  Instant last_safe(Rule rule) const {
    switch (kRules[static_cast<std::size_t>(rule)].reads) {
      case Input::highest_cell:
      case Input::lowest_cell: return earliest(cells_, rule);
      case Input::hottest_temperature:
      case Input::coldest_temperature: return earliest(sensors_, rule);
      case Input::charge_current:
      case Input::discharge_current: return current_.safe[static_cast<std::size_t>(rule)];
      case Input::mosfet_temperature: return mosfet_.safe[static_cast<std::size_t>(rule)];
    }
    return {};
  }

 private:
  struct Source {
    Reading<Millivolts> millivolts;
    Reading<Milliamps> milliamps;
    Reading<DeciCelsius> decicelsius;
    std::array<Instant, kRuleCount> safe{};
    std::int32_t value = 0;
    bool wild = false;
  };

  void hear_one(Dice& dice, Source& source, std::int32_t calm, std::int32_t lowest,
                std::int32_t highest) {
    if (dice.once_in(source.wild ? 60 : 400)) source.wild = !source.wild;
    if (!source.wild)
      source.value = calm;
    else if (dice.once_in(20))
      source.value = dice.between(lowest, highest);
    if (!dice.once_in(talkative_)) return;
    if (dice.once_in(100)) {
      source.millivolts.reject(now_);
      source.milliamps.reject(now_);
      source.decicelsius.reject(now_);
      return;
    }
    source.millivolts.set({source.value}, now_);
    source.milliamps.set({source.value}, now_);
    source.decicelsius.set({source.value}, now_);
    for (std::size_t i = 0; i < kRuleCount; ++i)
      if (is_safe(kRules[i], source.value)) source.safe[i] = now_;
  }

  bool is_safe(const RuleRow& row, std::int32_t value) const {
    const std::int32_t limit = limits_.get(row.limit).value();
    if (row.reads == Input::discharge_current) value = -value;
    return row.direction == Direction::above ? value <= limit : value >= limit;
  }

  // A source that was never heard is not fitted. (Cells are, but a pack that lacks one is blind.)
  template <class Sources>
  static Instant earliest(const Sources& sources, Rule rule) {
    Instant found{INT64_MAX};
    for (const Source& source : sources)
      if (source.millivolts.quality() != Quality::absent)
        found = std::min(found, source.safe[static_cast<std::size_t>(rule)]);
    return found == Instant{INT64_MAX} ? Instant{} : found;
  }

  const ParameterSet& limits_;
  Pack pack_;
  std::array<Source, kCells> cells_;
  std::array<Source, kSensors> sensors_;
  Source current_, mosfet_;
  Instant now_{};
  int talkative_ = 5;  // a reading arrives once in so many turns
};

TEST(ProtectionOnRandomTraces,
     AllowsNoSwitchLongerThanDelayAndMaxAgeAndOneStepAfterTheLastEvidence) {
  const std::uint64_t first_seed = seed();
  std::printf("seed %llu (repeat with CW_SEED)\n", static_cast<unsigned long long>(first_seed));
  constexpr Millis kStep{100};
  constexpr Millis kMaxAge{3'000};
  ParameterSet limits = preset_of(Chemistry::lfp, Generation::gateway).values;
  limits.set(Parameter::charge_overcurrent_release, 7'000);  // so that many happen
  limits.set(Parameter::discharge_overcurrent_release, 7'000);
  std::uint64_t allowed_steps = 0;
  std::uint64_t held_steps = 0;
  for (std::uint64_t trace = 0; trace < 20; ++trace) {
    Dice dice{first_seed + trace};
    UnreliablePack source{limits};
    Protection engine;
    std::array<Instant, kRuleCount> released{};  // a timed release is a reason of its own
    Instant now{dice.between(1, 1'000'000) * std::int64_t{100}};
    for (int step = 0; step < 20'000; ++step, now = now + kStep) {
      source.hear(dice, now);
      const Decision before = engine.decision();
      const Decision decision = engine.step(measure(source.pack(), now, kMaxAge), limits, now);
      (decision.open == Switches::none ? allowed_steps : held_steps) += 1;
      for (std::size_t i = 0; i < kRuleCount; ++i) {
        const auto rule = static_cast<Rule>(i);
        if (decision.is_tripped(rule)) continue;
        if (before.is_tripped(rule) && kRules[i].release == Release::by_time) released[i] = now;
        const Millis delay{limits.get(kRules[i].delay).value()};
        const Instant evidence = std::max(source.last_safe(rule), released[i]);
        ASSERT_LE(now, evidence + delay + kMaxAge + kStep)
            << kRules[i].name << " seed " << first_seed << " trace " << trace << " step " << step;
      }
    }
  }
  EXPECT_GT(allowed_steps, 10'000u) << "the traces must leave room for closing";
  EXPECT_GT(held_steps, 10'000u) << "and for opening";
}

}  // namespace
}  // namespace cw

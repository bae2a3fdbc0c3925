// SPDX-License-Identifier: Apache-2.0
// The promise that matters most: no switch stays allowed for longer than delay + max_age + one step
// after the last evidence that it is safe. Shown from raw readings on, which come late or never.
#include <gtest/gtest.h>

#include "core/presets.h"
#include "core/protection.h"
#include "tests/unit/core_random.h"

namespace cw {
namespace {

constexpr Millis kStep{100};
constexpr Millis kMaxAge{3'000};

// When a value was last heard to be inside the limit of each rule.
using SafeTimes = std::array<Instant, kRuleCount>;

bool is_safe(const RuleRow& row, std::int32_t value, std::int32_t limit) {
  switch (row.direction) {
    case Direction::above: return value <= limit;
    case Direction::below: return value >= limit;
    case Direction::at_or_below: return value > limit;
    case Direction::unequal: return value == limit;
  }
  return false;
}

// One sensor: calm for most of the time, wild for a while, heard now and then, sometimes nonsense.
struct Source {
  std::int32_t calm, lowest, highest;
  Reading<Count> heard{};
  SafeTimes safe{};
  std::int32_t value = 0;
  bool wild = false;

  void live(Dice& dice) {
    if (dice.once_in(wild ? 60 : 2'000)) wild = !wild;
    if (!wild)
      value = calm;
    else if (dice.once_in(20))
      value = dice.between(lowest, highest);
  }
  bool hear(Dice& dice, Instant now, int talkative) {
    live(dice);
    if (!dice.once_in(talkative)) return false;
    if (dice.once_in(300)) {
      heard.reject(now);
      return true;
    }
    heard.set({value}, now);
    return true;
  }
  bool is_fitted() const { return heard.quality() != Quality::absent; }
  template <class Q>
  Reading<Q> as() const {
    Reading<Q> reading;
    if (heard.quality() == Quality::good)
      reading.set({heard.fresh(heard.heard(), {0})->count}, heard.heard());
    if (heard.quality() == Quality::implausible) reading.reject(heard.heard());
    return reading;
  }
};

// A pack whose readings arrive one by one, late or never.
class UnreliablePack {
 public:
  static constexpr std::size_t kCells = 4;

  explicit UnreliablePack(const ParameterSet& limits) : limits_(limits) {
    for (Source& cell : cells_) cell = {3'300, 2'400, 3'700};
    for (Source& sensor : sensors_) sensor = {200, -300, 650};
    for (Source& wire : wires_) wire = {50'000, 40'000, 210'000};
  }

  void hear(Dice& dice, Instant now) {
    now_ = now;
    if (dice.once_in(300)) talkative_ = dice.between(2, 60);
    if (dice.once_in(400)) drop_or_restore(dice);
    pack_.scalars.cell_count.set({static_cast<std::int32_t>(kCells)}, now);
    bool cell_heard = false;
    for (Source& cell : cells_) cell_heard |= listen(dice, cell);
    any_cell_heard_ |= cell_heard;
    if (cell_heard) judge_cells();
    if (!any_cell_heard_) cells_are_safe_for(Rule::cell_count_mismatch);  // the board's word counts
    for (Source& sensor : sensors_) listen(dice, sensor);
    for (Source& wire : wires_) listen(dice, wire);
    for (Source* one : {&current_, &mosfet_, &voltage_}) listen(dice, *one);
    hear_flags(dice);
    write_pack();
  }

  const Pack& pack() const { return pack_; }

  // When everything `rule` depends on was last known to be right, each part for itself.
  Instant last_safe(Rule rule) const {
    const auto i = static_cast<std::size_t>(rule);
    switch (kRules[i].reads) {
      case Input::highest_cell: return earliest(cells_, i);
      case Input::lowest_cell:
        return rule == Rule::power_off ? std::max(earliest(cells_, i), charger_)
                                       : earliest(cells_, i);
      case Input::hottest_temperature:
      case Input::coldest_temperature: return earliest(sensors_, i);
      case Input::highest_wire_resistance: return earliest(wires_, i);
      case Input::charge_current:
      case Input::discharge_current: return current_.safe[i];
      case Input::short_circuit:
        return flags_.is_fitted() ? std::min(current_.safe[i], flags_.safe[i]) : current_.safe[i];
      case Input::mosfet_temperature: return mosfet_.safe[i];
      case Input::pack_voltage: return voltage_.safe[i];
      case Input::cell_difference:
      case Input::cells_in_range: return cells_safe_[i];
      case Input::charge_short_circuit:
      case Input::internal_fault: return flags_.safe[i];
    }
    return {};
  }

 private:
  bool listen(Dice& dice, Source& source) {
    if (!source.hear(dice, now_, talkative_)) return false;
    const auto value = source.heard.fresh(now_, {0});
    if (!value) return true;
    for (std::size_t i = 0; i < kRuleCount; ++i) {
      const auto limits = limits_of(kRules[i], limits_);
      const bool discharging =
          kRules[i].reads == Input::discharge_current || kRules[i].reads == Input::short_circuit;
      const std::int32_t seen = discharging ? -value->count : value->count;
      if (limits && is_safe(kRules[i], seen, limits->limit)) source.safe[i] = now_;
    }
    return true;
  }

  // A wire that falls off reads as no voltage at all.
  void drop_or_restore(Dice& dice) {
    const auto last = static_cast<int>(kCells) - 1;
    Source& cell = cells_[static_cast<std::size_t>(dice.between(0, last))];
    for (Source& each : cells_) each.calm = 3'300;
    if (dice.once_in(4)) cell.calm = 0;
  }

  // What is known of all cells together, from those that are not too old.
  void judge_cells() {
    std::int32_t highest = INT32_MIN;
    std::int32_t lowest = INT32_MAX;
    std::int32_t connected = 0;
    bool complete = true;
    for (const Source& cell : cells_) {
      const auto value = cell.heard.fresh(now_, kMaxAge);
      complete = complete && value;
      if (!value) continue;
      highest = std::max(highest, value->count);
      lowest = std::min(lowest, value->count);
      if (value->count >= 1'000 && value->count <= 5'000) ++connected;
    }
    if (complete && highest - lowest <= limits_.get(Parameter::cell_voltage_difference).value())
      cells_are_safe_for(Rule::cell_voltage_difference);
    if (connected == static_cast<std::int32_t>(kCells))
      cells_are_safe_for(Rule::cell_count_mismatch);
  }

  void cells_are_safe_for(Rule rule) { cells_safe_[static_cast<std::size_t>(rule)] = now_; }

  void hear_flags(Dice& dice) {
    if (dice.once_in(2'000)) flags_.value = dice.between(0, 7);
    if (dice.once_in(30)) flags_.value = 0;
    if (dice.once_in(talkative_)) {
      flags_.heard.set({flags_.value}, now_);
      const auto safe_without = [this](Rule rule, std::int32_t bit) {
        if ((flags_.value & bit) == 0) flags_.safe[static_cast<std::size_t>(rule)] = now_;
      };
      safe_without(Rule::short_circuit, 1);
      safe_without(Rule::charge_short_circuit, 2);
      safe_without(Rule::internal_communication, 4);
    }
    if (!dice.once_in(40)) return;
    const bool plugged = dice.once_in(4);
    pack_.scalars.charger_plugged.set({plugged}, now_);
    if (plugged) charger_ = now_;
  }

  void write_pack() {
    for (std::size_t i = 0; i < kCells; ++i) pack_.cell_voltage[i] = cells_[i].as<Millivolts>();
    for (std::size_t i = 0; i < sensors_.size(); ++i)
      pack_.temperature[i] = sensors_[i].as<DeciCelsius>();
    for (std::size_t i = 0; i < wires_.size(); ++i)
      pack_.wire_resistance[i] = wires_[i].as<MicroOhms>();
    pack_.scalars.current = current_.as<Milliamps>();
    pack_.scalars.mosfet_temperature = mosfet_.as<DeciCelsius>();
    pack_.scalars.voltage = voltage_.as<Millivolts>();
    if (!flags_.is_fitted()) return;
    AlarmSet alarms;
    const std::int32_t set = flags_.heard.fresh(flags_.heard.heard(), {0})->count;
    if ((set & 1) != 0) alarms.add(Alarm::discharge_short_circuit);
    if ((set & 2) != 0) alarms.add(Alarm::charge_short_circuit);
    if ((set & 4) != 0) alarms.add(Alarm::internal_communication);
    pack_.alarms.set(alarms, flags_.heard.heard());
  }

  // A source that was never heard is not fitted. (Cells are, but a pack that lacks one is blind.)
  template <class Sources>
  static Instant earliest(const Sources& sources, std::size_t rule) {
    Instant found{INT64_MAX};
    for (const Source& source : sources)
      if (source.is_fitted()) found = std::min(found, source.safe[rule]);
    return found == Instant{INT64_MAX} ? Instant{} : found;
  }

  const ParameterSet& limits_;
  Pack pack_;
  std::array<Source, kCells> cells_{};
  std::array<Source, 2> sensors_{};
  std::array<Source, kCells> wires_{};
  Source current_{0, -110'000, 40'000};
  Source mosfet_{300, 250, 1'000};
  Source voltage_{13'200, 10'000, 14'700};
  Source flags_{0, 0, 0};
  SafeTimes cells_safe_{};
  bool any_cell_heard_ = false;
  Instant charger_{};
  Instant now_{};
  int talkative_ = 5;  // a reading arrives once in so many turns
};

ParameterSet limits_of_the_pack() {
  ParameterSet set = preset_of(Chemistry::lfp, Generation::gateway).values;
  set.set(Parameter::cell_count, UnreliablePack::kCells);
  set.set(Parameter::pack_overvoltage, 14'300);
  set.set(Parameter::pack_undervoltage, 10'600);
  set.set(Parameter::wire_resistance_max, 200'000);
  set.set(Parameter::short_circuit_current, 100'000);
  for (const Parameter release :
       {Parameter::charge_overcurrent_release, Parameter::discharge_overcurrent_release,
        Parameter::short_circuit_release})
    set.set(release, 7'000);  // so that many happen
  return set;
}

// How long the rule may wait: of samples, each may be as old as a value may be.
Millis wait_of(const RuleRow& row, const ParameterSet& limits) {
  if (row.wait == Wait::samples) return {(kSamples - 1) * kMaxAge.count};
  return limits_of(row, limits).value().delay;
}

struct Tally {
  std::uint64_t allowed = 0;
  std::uint64_t tripped = 0;
};

TEST(ProtectionOnRandomTraces,
     AllowsNoSwitchLongerThanDelayAndMaxAgeAndOneStepAfterTheLastEvidence) {
  constexpr int kSteps = 20'000;
  const std::uint64_t first_seed = seed();
  const ParameterSet limits = limits_of_the_pack();
  std::array<Tally, kRuleCount> tally{};
  std::uint64_t all_allowed = 0;
  for (int trace = 0; trace < kRandomSteps / kSteps / 4; ++trace) {
    Dice dice{first_seed + static_cast<std::uint64_t>(trace)};
    UnreliablePack source{limits};
    Protection engine;
    SafeTimes released{};  // a timed release is a reason of its own
    Instant now{dice.between(1, 1'000'000) * std::int64_t{100}};
    for (int step = 0; step < kSteps; ++step, now = now + kStep) {
      source.hear(dice, now);
      const Decision before = engine.decision();
      const Decision decision = engine.step(measure(source.pack(), now, kMaxAge), limits, now);
      if (decision.allows(Switches::all)) ++all_allowed;
      for (std::size_t i = 0; i < kRuleCount; ++i) {
        const auto rule = static_cast<Rule>(i);
        if ((decision.off >> i & 1) != 0) continue;  // the board was never heard to measure it
        if (decision.is_tripped(rule)) {
          ++tally[i].tripped;
          continue;
        }
        ++tally[i].allowed;
        if (before.is_tripped(rule) && kRules[i].release == Release::by_time) released[i] = now;
        const Instant evidence = std::max(source.last_safe(rule), released[i]);
        ASSERT_LE(now, evidence + wait_of(kRules[i], limits) + kMaxAge + kStep)
            << kRules[i].name << " seed " << first_seed << " trace " << trace << " step " << step;
      }
    }
  }
  const std::uint64_t enough = std::uint64_t{kRandomSteps} / 4 / 50;
  EXPECT_GT(all_allowed, enough) << "the traces must leave room for closing";
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    EXPECT_GT(tally[i].allowed, enough) << kRules[i].name;
    EXPECT_GT(tally[i].tripped, enough) << kRules[i].name;
  }
}

}  // namespace
}  // namespace cw

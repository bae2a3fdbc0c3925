// SPDX-License-Identifier: Apache-2.0
// What the what-if tool promises whatever the trace: outputs never change without a line that
// explains it, and it decides what the daemon's guard decides. Over random traces, in virtual time.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <sstream>

#include "bridge/json.h"
#include "core/presets.h"
#include "daemon/commands/shadow.h"
#include "daemon/gateway.h"

namespace cw {
namespace {

constexpr int kRows = 2'000;  // a trace

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  int between(int lowest, int highest) {
    return std::uniform_int_distribution<int>{lowest, highest}(engine_);
  }
  bool once_in(int n) { return between(1, n) == 1; }

 private:
  std::mt19937_64 engine_;
};

// Limits near each other, so that a random walk meets all of them.
ParameterSet limits() {
  ParameterSet set = find_preset("lfp")->values;
  set.set(Parameter::cell_count, 2);
  set.set(Parameter::pack_overvoltage, 7'300);
  set.set(Parameter::pack_undervoltage, 5'200);
  set.set(Parameter::wire_resistance_max, 200'000);
  set.set(Parameter::heater_discharge_soc_min, 3'000);
  for (const Parameter delay :
       {Parameter::charge_overcurrent_delay, Parameter::discharge_overcurrent_delay,
        Parameter::charge_overcurrent_release, Parameter::discharge_overcurrent_release,
        Parameter::short_circuit_release})
    set.set(delay, 5'000);
  return set;
}

/// A table that wanders through all limits: its columns, and one row after the other.
class RandomTrace {
 public:
  static constexpr std::string_view kColumns =
      "t_s,cell_voltage_01_V,cell_voltage_02_V,voltage_V,current_A,temperature_1_C,"
      "mosfet_temperature_C,wire_resistance_01_ohm,soc_pct,capacity_full_Ah,charger_plugged,"
      "charge_switch,discharge_switch,balance_switch,heater_switch,button,emergency,"
      "discharge_short_circuit,charge_short_circuit,internal_communication";

  /// With `holes` values are absent now and then; without, every row is complete.
  RandomTrace(unsigned seed, bool holes) : dice_(seed), holes_(holes) {}

  std::string row() {
    now_ms_ += dice_.once_in(50) ? dice_.between(60'000, 1'900'000) : dice_.between(100, 2'500);
    // Slowly enough that the daemon takes none of it for a disturbance.
    wander(cell_mV_, 60, 2'300, 3'750);
    wander(temperature_dC_, 60, -250, 600);
    wander(mosfet_dC_, 60, 0, 1'100);
    const int difference_mV = dice_.between(0, 1) * dice_.between(0, 340);
    std::string out = fixed(now_ms_, 3);
    add(out, fixed(cell_mV_, 3));
    add(out, fixed(cell_mV_ - difference_mV, 3));
    add(out, fixed(2 * cell_mV_ - difference_mV, 3));
    add(out, std::to_string(dice_.between(-60, 45)));
    add(out, fixed(temperature_dC_, 1));
    add(out, fixed(mosfet_dC_, 1));
    add(out, dice_.once_in(20) ? "0.3" : "0.05");
    add(out, "50");
    add(out, "100");
    add(out, dice_.once_in(3) ? "1" : "0");
    for (int i = 0; i < 3; ++i) add(out, dice_.once_in(15) ? "0" : "1");  // switches
    add(out, dice_.once_in(4) ? "0" : "1");                               // heater_switch
    add(out, dice_.once_in(20) ? "1" : "0");                              // button
    add(out, dice_.once_in(100) ? "1" : "0");                             // emergency
    const bool heard = !holes_ || !dice_.once_in(20);
    for (int i = 0; i < 3; ++i) out += !heard ? "," : dice_.once_in(30) ? ",1" : ",0";
    return out;
  }

 private:
  void wander(int& value, int step, int lowest, int highest) {
    value = std::clamp(value + dice_.between(-step, step), lowest, highest);
  }
  void add(std::string& out, const std::string& value) {
    out += ',';
    if (!holes_ || !dice_.once_in(30)) out += value;
  }
  static std::string fixed(std::int64_t count, unsigned decimals) {
    std::string text;
    append_decimal(text, count, decimals);
    return text;
  }

  Dice dice_;
  bool holes_;
  std::int64_t now_ms_ = 0;
  int cell_mV_ = 3'300;
  int temperature_dC_ = 200;
  int mosfet_dC_ = 300;
};

struct Outputs {
  std::string charge, discharge, balance, heater;
  friend bool operator==(const Outputs&, const Outputs&) = default;
};

Outputs outputs_of(const Bms& bms) {
  const auto text = [](bool on) { return std::string{on ? "1" : "0"}; };
  const BmsOutputs& outputs = bms.outputs();
  return {text(outputs.charge), text(outputs.discharge),
          text(outputs.balance.action != BalanceAction::idle), text(outputs.heater)};
}

/// What was said in one row: who spoke, and the outputs on every line.
struct Said {
  std::set<std::string> subjects;
  std::vector<Outputs> outputs;

  bool any_of(std::initializer_list<const char*> names) const {
    return std::any_of(names.begin(), names.end(),
                       [this](const char* name) { return subjects.count(name) != 0; });
  }
  bool any_rule_that_opens(Switches switches) const {
    return std::any_of(kRules.begin(), kRules.end(), [&](const RuleRow& rule) {
      return contains(rule.opens, switches) && subjects.count(std::string{rule.name}) != 0;
    });
  }
};

Said understand(const std::string& text) {
  Said said;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> words;
    std::istringstream rest{line};
    for (std::string word; std::getline(rest, word, ',');) words.push_back(word);
    EXPECT_EQ(words.size(), 11u) << line;
    if (words.size() != 11) continue;
    said.subjects.insert(words[1]);
    said.outputs.push_back({words[7], words[8], words[9], words[10]});
  }
  return said;
}

class RandomShadow : public testing::TestWithParam<unsigned> {};

TEST_P(RandomShadow, ChangesNoOutputWithoutALineThatExplainsIt) {
  RandomTrace random{GetParam(), true};
  Trace trace;
  ASSERT_TRUE(trace.read_header(RandomTrace::kColumns, 1).empty());
  Shadow shadow{limits()};
  Pack pack;
  std::optional<Outputs> before;
  Decision decided{};
  std::array<int, 4> changes{};  // an output that never moved would prove nothing
  for (std::uint32_t i = 0; i < kRows; ++i) {
    const std::string row = random.row();
    ASSERT_FALSE(trace.read_row(row, i + 2, pack)) << row;
    std::string out;
    shadow.step(pack, trace.actions(), trace.now(), out);
    const Said said = understand(out);
    const Outputs after = outputs_of(shadow.bms());
    for (const Outputs& told : said.outputs) ASSERT_EQ(told, after) << out;
    if (before && before->charge != after.charge) {
      ++changes[0];
      ASSERT_TRUE(said.any_rule_that_opens(Switches::charge) ||
                  said.any_of({"charge_switch", "emergency"}))
          << row << "\n"
          << out;
    }
    if (before && before->discharge != after.discharge) {
      ++changes[1];
      ASSERT_TRUE(said.any_rule_that_opens(Switches::discharge) ||
                  said.any_of({"discharge_switch", "emergency"}))
          << row << "\n"
          << out;
    }
    if (before && before->balance != after.balance) {
      ++changes[2];
      ASSERT_TRUE(said.any_of({"balance"})) << row << "\n" << out;
    }
    if (before && before->heater != after.heater) {
      ++changes[3];
      ASSERT_TRUE(said.any_of({"heater"})) << row << "\n" << out;
    }
    const Decision& decision = shadow.bms().protection().decision();
    for (std::size_t rule = 0; rule < kRuleCount; ++rule) {
      const std::uint32_t bit = std::uint32_t{1} << rule;
      if (((decision.tripped ^ decided.tripped) & bit) == 0 &&
          ((decision.off ^ decided.off) & bit) == 0)
        continue;
      ASSERT_EQ(said.subjects.count(std::string{kRules[rule].name}), 1u)
          << kRules[rule].name << "\n"
          << row << "\n"
          << out;
    }
    decided = decision;
    before = after;
  }
  for (const int count : changes) EXPECT_GT(count, 3);
}

void expect_same(const Protection& guard, const Protection& shadow, const std::string& row) {
  EXPECT_EQ(guard.decision(), shadow.decision()) << row;
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    const RuleState& a = guard.state(static_cast<Rule>(i));
    const RuleState& b = shadow.state(static_cast<Rule>(i));
    const auto facts = [](const RuleState& state) {
      return std::tuple{state.phase,          state.cause, state.blind, state.violated,
                        state.samples,        state.since, state.began, state.evidence.value,
                        state.evidence.where, state.limit, state.worst, state.trips};
    };
    EXPECT_TRUE(facts(a) == facts(b)) << kRules[i].name << "\n" << row;
  }
}

// The same rows as frames of a pack in the daemon. Only the daemon smooths: in a complete trace
// that moves slowly it finds nothing to leave out.
TEST_P(RandomShadow, DecidesWhatTheGuardOfTheDaemonDecides) {
  Configuration configuration;
  PackConfiguration one;
  one.name = "bench";
  one.protocol = find_protocol("jk-uart");
  one.stale_after = {0};
  one.policy = limits();
  configuration.packs.push_back(one);
  Gateway gateway{configuration};

  RandomTrace random{GetParam(), false};
  Trace trace;
  Trace again;
  ASSERT_TRUE(trace.read_header(RandomTrace::kColumns, 1).empty());
  ASSERT_TRUE(again.read_header(RandomTrace::kColumns, 1).empty());
  Shadow shadow{limits()};
  Pack pack;
  LinkStatus link;
  for (std::uint32_t i = 0; i < kRows && !HasFailure(); ++i) {
    const std::string row = random.row();
    ASSERT_FALSE(trace.read_row(row, i + 2, pack)) << row;
    // A button is nothing a BMS reports: the guard knows of none.
    Actions actions = trace.actions();
    actions.button = false;
    std::string out;
    shadow.step(pack, actions, trace.now(), out);

    PackState& state = gateway.store().pack(0);
    ASSERT_FALSE(again.read_row(row, i + 2, state.pack)) << row;
    link.link = Link::up;
    link.last_frame = again.now();
    gateway.on_frame(0, again.now());
    gateway.on_link(0, link, again.now());
    gateway.end_turn(again.now(), 0);
    expect_same(state.guard, shadow.bms().protection(), row);
  }
  std::uint32_t trips = 0;
  for (std::size_t i = 0; i < kRuleCount; ++i)
    trips += shadow.bms().protection().state(static_cast<Rule>(i)).trips;
  EXPECT_GT(trips, 20u);
}

INSTANTIATE_TEST_SUITE_P(Seed, RandomShadow, testing::Range(1u, 9u));

}  // namespace
}  // namespace cw

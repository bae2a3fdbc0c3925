// SPDX-License-Identifier: Apache-2.0
// All protections together: what the switches may do.
#include "tests/unit/core_rule_rig.h"

namespace cw {
namespace {

Measurements all_safe(std::int64_t ms = 0) {
  Measurements seen;
  const auto put = [&seen, ms](Input input, std::int32_t value) {
    seen.set(input, {value, 1, {kStart.ms + ms}});
  };
  put(Input::highest_cell, 3'301);
  put(Input::lowest_cell, 3'299);
  put(Input::charge_current, 1'000);
  put(Input::discharge_current, -1'000);
  put(Input::hottest_temperature, 250);
  put(Input::coldest_temperature, 240);
  put(Input::mosfet_temperature, 300);
  put(Input::pack_voltage, 52'800);
  put(Input::cell_difference, 2);
  put(Input::short_circuit, -1'000);
  put(Input::charge_short_circuit, 0);
  put(Input::highest_wire_resistance, 60'000);
  put(Input::cells_in_range, 16);
  put(Input::internal_fault, 0);
  return seen;
}

TEST(Protection, AllowsEverySwitchOnceEveryRuleIsShownToBeSafe) {
  Protection engine;
  const Decision decision = engine.step(all_safe(), every_limit(), kStart);
  EXPECT_TRUE(decision.allows(Switches::all));
  EXPECT_EQ(decision.tripped, 0u);
  EXPECT_EQ(decision.off, 0u);
}

TEST(Protection, OneMissingInputOpensOnlyWhatDependsOnIt) {
  for (std::size_t input = 0; input < kInputCount; ++input) {
    Protection engine;
    engine.step(all_safe(), every_limit(), kStart);
    Measurements seen = all_safe(1);
    seen.values[input].reset();
    const Decision decision = engine.step(seen, every_limit(), {kStart.ms + 1});
    Switches open = Switches::none;
    std::uint32_t tripped = 0;
    for (std::size_t i = 0; i < kRuleCount; ++i) {
      if (kRules[i].reads != static_cast<Input>(input)) continue;
      open = open | kRules[i].opens;
      tripped |= std::uint32_t{1} << i;
    }
    EXPECT_EQ(decision.open, open) << name(static_cast<Input>(input));
    EXPECT_EQ(decision.tripped, tripped) << name(static_cast<Input>(input));
    EXPECT_NE(tripped, 0u) << name(static_cast<Input>(input)) << " is read by no rule";
  }
}

TEST(Protection, StaysOpenAsLongAsAnyRuleHoldsIt) {
  Protection engine;
  Measurements hot_and_full = all_safe();
  hot_and_full.set(Input::highest_cell, {3'650, 7, kStart});
  hot_and_full.set(Input::hottest_temperature, {600, 2, kStart});
  engine.step(all_safe(), every_limit(), kStart);
  engine.step(hot_and_full, every_limit(), {kStart.ms + 1});
  Decision decision = engine.step(hot_and_full, every_limit(), {kStart.ms + 3'001});
  EXPECT_EQ(decision.open, Switches::both);
  hot_and_full.set(Input::hottest_temperature, {250, 2, kStart});
  decision = engine.step(hot_and_full, every_limit(), {kStart.ms + 3'002});
  EXPECT_EQ(decision.open, Switches::charge) << "the cell alone still holds charging";
  EXPECT_TRUE(decision.is_tripped(Rule::cell_overvoltage));
  EXPECT_FALSE(decision.is_tripped(Rule::charge_overtemperature));
}

TEST(Protection, OfABoardWithoutFlagsWiresOrPackLimitsAllowsWhatTheOthersAllow) {
  const ParameterSet& preset = preset_of(Chemistry::lfp, Generation::gateway).values;
  Measurements seen = all_safe();
  for (const Input input :
       {Input::charge_short_circuit, Input::internal_fault, Input::highest_wire_resistance}) {
    seen.values[static_cast<std::size_t>(input)].reset();
    seen.unfitted |= std::uint32_t{1} << static_cast<unsigned>(input);
  }
  Protection engine;
  const Decision decision = engine.step(seen, preset, kStart);
  EXPECT_TRUE(decision.allows(Switches::all));
  for (const Rule rule :
       {Rule::charge_short_circuit, Rule::internal_communication, Rule::wire_resistance,
        Rule::pack_overvoltage, Rule::pack_undervoltage, Rule::cell_count_mismatch})
    EXPECT_EQ(decision.off >> static_cast<unsigned>(rule) & 1, 1u) << row_of(rule).name;
}

TEST(Protection, AnAlarmAloneOpensNothing) {
  Protection engine;
  engine.step(all_safe(), every_limit(), kStart);
  Measurements seen = all_safe(1);
  seen.set(Input::cell_difference, {400, 3, {kStart.ms + 1}});
  engine.step(seen, every_limit(), {kStart.ms + 1});
  const Decision decision = engine.step(seen, every_limit(), {kStart.ms + 3'001});
  EXPECT_TRUE(decision.is_tripped(Rule::cell_voltage_difference));
  EXPECT_TRUE(decision.allows(Switches::all));
}

TEST(Protection, IsAFunctionOfWhatItIsGiven) {
  Protection a;
  Protection b;
  for (int i = 0; i < 100; ++i) {
    Measurements seen = all_safe(i * 100);
    if (i % 7 == 0) seen.values[static_cast<std::size_t>(i) % kInputCount].reset();
    EXPECT_EQ(a.step(seen, every_limit(), {kStart.ms + i * 100}),
              b.step(seen, every_limit(), {kStart.ms + i * 100}));
  }
}

}  // namespace
}  // namespace cw

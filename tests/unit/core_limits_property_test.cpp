// SPDX-License-Identifier: Apache-2.0
// What changing a limit can never do: a wider one opens nothing earlier, a refused one nothing at
// all.
#include <gtest/gtest.h>

#include "tests/unit/core_random_walk.h"

namespace cw {
namespace {

// Where a parameter is wider: it trips later, or is left sooner.
struct Wider {
  Parameter parameter;
  int sign;
};
using enum Parameter;
constexpr Wider kWider[] = {
    {cell_overvoltage, +1},
    {cell_overvoltage_recovery, +1},
    {cell_overvoltage_delay, +1},
    {cell_undervoltage, -1},
    {cell_undervoltage_recovery, -1},
    {cell_undervoltage_delay, +1},
    {power_off_voltage, -1},
    {pack_overvoltage, +1},
    {pack_undervoltage, -1},
    {cell_voltage_difference, +1},
    {charge_overcurrent, +1},
    {charge_overcurrent_delay, +1},
    {discharge_overcurrent, +1},
    {discharge_overcurrent_delay, +1},
    {short_circuit_current, +1},
    {charge_overtemperature, +1},
    {charge_overtemperature_recovery, +1},
    {charge_undertemperature, -1},
    {charge_undertemperature_recovery, -1},
    {discharge_overtemperature, +1},
    {discharge_overtemperature_recovery, +1},
    {discharge_undertemperature, -1},
    {discharge_undertemperature_recovery, -1},
    {mosfet_overtemperature, +1},
    {mosfet_overtemperature_recovery, +1},
    {temperature_delay, +1},
    {wire_resistance_max, +1},
};

ParameterSet widened(const ParameterSet& set, Dice& dice) {
  ParameterSet wide = set;
  for (const Wider& row : kWider) {
    const auto value = set.get(row.parameter);
    if (!value || dice.once_in(2)) continue;
    const bool time = facts(row.parameter).unit == Unit::millisecond;
    wide.set(row.parameter, *value + row.sign * dice.between(0, time ? 3'000 : 20));
  }
  return wide;
}

// The rules that hold their switches under the wide limits though they do not under the narrow
// ones. A rule that is left by time may, once it tripped later: only its first trip is compared.
std::string opened_by_width(const Protection& narrow, const Protection& wide) {
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    const auto rule = static_cast<Rule>(i);
    const bool timed = kRules[i].release == Release::by_time;
    if (timed && narrow.state(rule).trips > 0) continue;
    if (wide.decision().is_tripped(rule) && !narrow.decision().is_tripped(rule))
      return std::string{kRules[i].name};
  }
  return "";
}

TEST(ProtectionOnRandomTraces, AWiderLimitNeverOpensAnythingEarlier) {
  constexpr int kSteps = 2'000;
  const std::uint64_t first_seed = seed();
  std::uint64_t closed_by_width = 0;
  for (int trace = 0; trace < kRandomSteps / kSteps / 2; ++trace) {
    Dice dice{first_seed + static_cast<std::uint64_t>(trace)};
    const ParameterSet limits = random_settings(dice);
    const ParameterSet wide_limits = widened(limits, dice);
    Walk walk{limits_of(limits)};
    Protection narrow;
    Protection wide;
    std::int64_t now = 1'000'000;
    for (int step = 0; step < kSteps; ++step) {
      now += dice.between(0, 1'000);
      const Measurements seen = measurements_of(walk.next(dice, now), now);
      narrow.step(seen, limits, {now});
      wide.step(seen, wide_limits, {now});
      ASSERT_EQ(opened_by_width(narrow, wide), "")
          << "seed " << first_seed << " trace " << trace << " step " << step;
      if (narrow.decision().tripped != wide.decision().tripped) ++closed_by_width;
    }
  }
  EXPECT_GT(closed_by_width, std::uint64_t{kRandomSteps} / 100) << "width must make a difference";
}

TEST(ProtectionOnRandomTraces, AParameterThatIsRefusedChangesNothing) {
  const std::uint64_t first_seed = seed();
  Dice dice{first_seed};
  const ParameterSet limits = random_settings(dice);
  ParameterSet asked = limits;
  Walk walk{limits_of(limits)};
  Protection untouched;
  Protection written;
  std::int64_t now = 1'000'000;
  for (int step = 0; step < 20'000; ++step) {
    now += dice.between(0, 1'000);
    const int last = static_cast<int>(kParameterCount) - 1;
    const auto parameter = static_cast<Parameter>(dice.between(0, last));
    const ParameterFacts& row = facts(parameter);
    const bool low = dice.once_in(2);
    ASSERT_FALSE(asked.set(parameter, low ? dice.between(INT32_MIN, row.lowest - 1)
                                          : dice.between(row.highest + 1, INT32_MAX)))
        << row.key;
    ASSERT_EQ(asked, limits) << row.key;
    const Measurements seen = measurements_of(walk.next(dice, now), now);
    ASSERT_EQ(untouched.step(seen, limits, {now}), written.step(seen, asked, {now}));
    ASSERT_EQ(untouched.memory(), written.memory());
  }
}

}  // namespace
}  // namespace cw

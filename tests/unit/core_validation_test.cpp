// SPDX-License-Identifier: Apache-2.0
// The bounds of one parameter: what a board accepts, what its model carries, what the gateway
// refuses. The orderings between two are in core_values_test.cpp.
#include "core/validation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace cw {
namespace {

using enum Parameter;

ParameterSet with(Parameter parameter, std::int32_t value) {
  ParameterSet set;
  EXPECT_TRUE(set.set(parameter, value)) << facts(parameter).key;
  return set;
}

// One breach, or none.
std::optional<Breach> only(const Breaches& found) {
  EXPECT_LE(found.size(), 1u);
  if (found.size() == 0) return std::nullopt;
  return found[0];
}

// Appendix II of the manual, from the document. Temperatures in 0.1 °C, times in ms or µs.
struct Range {
  Parameter parameter;
  std::int32_t lowest, highest;
};
// clang-format off
const Range kAppendix[] = {
    {cell_count, 2, 32},
    {capacity, 5'000, 2'000'000},
    {balance_trigger, 3, 1'000},
    {cell_undervoltage, 1'200, 4'350},
    {cell_undervoltage_recovery, 1'200, 4'350},
    {cell_overvoltage, 1'200, 4'350},
    {cell_overvoltage_recovery, 1'200, 4'350},
    {power_off_voltage, 1'200, 4'350},
    {charge_overcurrent, 1'000, 1'000'000},
    {charge_overcurrent_delay, 2'000, 600'000},
    {charge_overcurrent_release, 2'000, 600'000},
    {discharge_overcurrent, 1'000, 1'000'000},
    {discharge_overcurrent_delay, 2'000, 600'000},
    {discharge_overcurrent_release, 2'000, 600'000},
    {short_circuit_delay, 0, 1'000'000},
    {short_circuit_release, 2'000, 600'000},
    {balance_current_max, 300, 10'000},
    {balance_start, 1'200, 4'250},
    {charge_overtemperature, 300, 800},
    {charge_overtemperature_recovery, 300, 800},
    {discharge_overtemperature, 300, 800},
    {discharge_overtemperature_recovery, 300, 800},
    {charge_undertemperature, -300, 200},
    {charge_undertemperature_recovery, -300, 200},
    {discharge_undertemperature, -300, 200},
    {discharge_undertemperature_recovery, -300, 200},
};
// clang-format on

std::string name_of_range(const testing::TestParamInfo<Range>& info) {
  return std::string{facts(info.param.parameter).key};
}

class EveryWriteRange : public testing::TestWithParam<Range> {};

TEST_P(EveryWriteRange, TakesBothEndsAndRefusesWhatLiesBeyond) {
  const auto [parameter, lowest, highest] = GetParam();
  EXPECT_FALSE(only(check_write(with(parameter, lowest), {}, {})));
  EXPECT_FALSE(only(check_write(with(parameter, highest), {}, {})));
  if (lowest > facts(parameter).lowest) {
    EXPECT_EQ(only(check_write(with(parameter, lowest - 1), {}, {})),
              (Breach{parameter, lowest - 1, Bound::lowest, lowest}));
  }
  if (highest < facts(parameter).highest) {
    EXPECT_EQ(only(check_write(with(parameter, highest + 1), {}, {})),
              (Breach{parameter, highest + 1, Bound::highest, highest}));
  }
}

INSTANTIATE_TEST_SUITE_P(Writes, EveryWriteRange, testing::ValuesIn(kAppendix), name_of_range);

TEST(WriteRanges, LieInsideWhatABoardMayReport) {
  for (const WriteRange& range : kWriteRanges) {
    EXPECT_GE(range.lowest, facts(range.parameter).lowest) << facts(range.parameter).key;
    EXPECT_LE(range.highest, facts(range.parameter).highest) << facts(range.parameter).key;
    EXPECT_LT(range.lowest, range.highest) << facts(range.parameter).key;
  }
}

TEST(WriteRanges, TakeEveryPresetOfABoardButItsTransistorLimits) {
  for (const Preset& preset : all_presets())
    for (const Breach& breach : check_write(preset.values, {}, {preset.chemistry}))
      EXPECT_EQ(breach.bound, Bound::read_only)
          << preset.name << " " << facts(breach.parameter).key;
}

TEST(Write, OfTransistorLimitsIsRefusedWhateverTheValue) {
  for (const Parameter parameter : {mosfet_overtemperature, mosfet_overtemperature_recovery})
    EXPECT_EQ(only(check_write(with(parameter, 900), {}, {})),
              (Breach{parameter, 900, Bound::read_only, 0}));
}

TEST(Write, MaySwitchTheShortCircuitProtectionOff) {
  EXPECT_FALSE(only(check_write(with(short_circuit_delay, 0), {}, {})));
}

TEST(Policy, MayNotSwitchTheShortCircuitProtectionOff) {
  EXPECT_EQ(only(check_policy(with(short_circuit_delay, 0), {})),
            (Breach{short_circuit_delay, 0, Bound::protection_off, 1}));
  EXPECT_FALSE(only(check_policy(with(short_circuit_delay, 1), {})));
}

TEST(Policy, MayReactFasterThanAnyBoardAndSetItsOwnTransistorLimit) {
  ParameterSet policy = with(charge_overcurrent_delay, 0);
  policy.set(mosfet_overtemperature, 850);
  EXPECT_FALSE(only(check_policy(policy, {})));
}

// The orderings as the documents have them, from the document: appendix II, what every captured
// settings block keeps, and our own two.
const Ordering kDocumented[] = {
    {cell_overvoltage_recovery, cell_overvoltage},
    {cell_undervoltage_recovery, cell_overvoltage_recovery},
    {cell_undervoltage, cell_undervoltage_recovery},
    {power_off_voltage, cell_undervoltage},
    {charge_overtemperature_recovery, charge_overtemperature},
    {charge_undertemperature_recovery, charge_overtemperature_recovery},
    {charge_undertemperature, charge_undertemperature_recovery},
    {discharge_overtemperature_recovery, discharge_overtemperature},
    {cell_undervoltage, soc_0_voltage},
    {soc_0_voltage, cell_undervoltage_recovery},
    {cell_overvoltage_recovery, soc_100_voltage},
    {soc_100_voltage, request_charge_voltage},
    {request_charge_voltage, cell_overvoltage},
    {request_float_voltage, request_charge_voltage},
    {mosfet_overtemperature_recovery, mosfet_overtemperature},
    {balance_start, cell_overvoltage},
};

TEST(Orderings, ContainEveryOneOfTheDocuments) {
  for (const Ordering& documented : kDocumented)
    EXPECT_NE(std::find(kOrderings.begin(), kOrderings.end(), documented), kOrderings.end())
        << facts(documented.lower).key << " below " << facts(documented.upper).key;
}

struct Ceiling {
  Chemistry chemistry;
  std::int32_t millivolts;
};
std::string name_of_ceiling(const testing::TestParamInfo<Ceiling>& info) {
  const std::string word{name(info.param.chemistry)};
  return word.substr(0, word.find('-'));
}

class EveryChemistry : public testing::TestWithParam<Ceiling> {};

TEST_P(EveryChemistry, HasACeilingForPolicyAndForWrites) {
  const Plant plant{GetParam().chemistry};
  const std::int32_t highest = GetParam().millivolts;
  EXPECT_FALSE(only(check_policy(with(cell_overvoltage, highest), plant)));
  const Breach beyond{cell_overvoltage, highest + 1, Bound::chemistry, highest};
  EXPECT_EQ(only(check_policy(with(cell_overvoltage, highest + 1), plant)), beyond);
  EXPECT_EQ(only(check_write(with(cell_overvoltage, highest + 1), {}, plant)), beyond);
}

INSTANTIATE_TEST_SUITE_P(Policy, EveryChemistry,
                         testing::Values(Ceiling{Chemistry::lfp, 3'700},
                                         Ceiling{Chemistry::li_ion, 4'300},
                                         Ceiling{Chemistry::lto, 2'850}),
                         name_of_ceiling);

// What a model carries, for every model.

std::string name_of_model(const testing::TestParamInfo<Model>& info) {
  return std::string{info.param.name};
}

class EveryModelsBounds : public testing::TestWithParam<Model> {};

TEST_P(EveryModelsBounds, AllowItsMostAndNothingAbove) {
  const Model& model = GetParam();
  const Plant plant{Chemistry::lfp, &model};
  const auto is_the_most = [&](Parameter parameter, std::int32_t most, std::int32_t step) {
    EXPECT_FALSE(only(check_policy(with(parameter, most), plant))) << facts(parameter).key;
    if (most >= facts(parameter).highest) return;
    const Breach beyond{parameter, most + step, Bound::model, most};
    EXPECT_EQ(only(check_policy(with(parameter, most + step), plant)), beyond);
    EXPECT_EQ(only(check_write(with(parameter, most + step), {}, plant)), beyond);
  };
  is_the_most(cell_count, model.lfp.most, 1);
  is_the_most(charge_overcurrent, current_limit_most(model).count, 1);
  is_the_most(discharge_overcurrent, current_limit_most(model).count, 1);
  is_the_most(balance_current_max, model.balance_current.count, 1);
}

TEST_P(EveryModelsBounds, WarnOfFewerCellsThanTheSheetsGive) {
  const Model& model = GetParam();
  for (const Chemistry chemistry : {Chemistry::lfp, Chemistry::li_ion, Chemistry::lto}) {
    const std::int32_t fewest = cells(model, chemistry).fewest;
    EXPECT_FALSE(only(check_policy(with(cell_count, fewest), {chemistry, &model})));
    const auto warning = only(check_policy(with(cell_count, fewest - 1), {chemistry, &model}));
    EXPECT_EQ(warning, (Breach{cell_count, fewest - 1, Bound::model_fewest, fewest}));
    EXPECT_TRUE(is_warning(warning->bound));
  }
}

INSTANTIATE_TEST_SUITE_P(Models, EveryModelsBounds,
                         testing::ValuesIn(all_models().begin(), all_models().end()),
                         name_of_model);

TEST(Policy, OfABoardWhoseNameSaysNoCurrentIsBoundByTheRestOfItsName) {
  const Model balancer = find_model("JK-B2A24S").model;
  const Plant plant{std::nullopt, &balancer};
  EXPECT_FALSE(only(check_policy(with(discharge_overcurrent, 500'000), plant)));
  EXPECT_EQ(only(check_policy(with(balance_current_max, 2'001), plant)),
            (Breach{balance_current_max, 2'001, Bound::model, 2'000}));
  EXPECT_EQ(only(check_policy(with(cell_count, 25), plant)),
            (Breach{cell_count, 25, Bound::model, 24}));
}

TEST(Policy, IsWarnedOfABalanceCurrentAboveATenthOfTheCapacity) {
  ParameterSet policy = with(capacity, 10'000);
  policy.set(balance_current_max, 1'000);
  EXPECT_FALSE(only(check_policy(policy, {})));
  policy.set(balance_current_max, 1'001);
  const auto warning = only(check_policy(policy, {}));
  EXPECT_EQ(warning, (Breach{balance_current_max, 1'001, Bound::tenth_of_capacity, 1'000}));
  EXPECT_TRUE(is_warning(warning->bound));
}

TEST(Write, IsHeldAgainstTheSettingsItMeets) {
  ParameterSet settings = with(cell_overvoltage, 3'600);
  settings.set(cell_overvoltage_recovery, 3'400);
  const Violations found = validate_write(with(cell_overvoltage_recovery, 3'600), settings);
  ASSERT_EQ(found.count, 1u);
  EXPECT_EQ(found.rules[0].upper, cell_overvoltage);
  EXPECT_EQ(validate_write(with(cell_overvoltage_recovery, 3'599), settings).count, 0u);
}

TEST(Write, IsNotBlamedForWhatTheBoardBreaksAlready) {
  ParameterSet settings = with(cell_overvoltage, 3'400);
  settings.set(cell_overvoltage_recovery, 3'400);
  EXPECT_EQ(validate(settings).count, 1u);
  EXPECT_EQ(validate_write(with(charge_overtemperature, 600), settings).count, 0u);
}

// Heating: what flows at the full pack's voltage.

TEST(Heater, LoadIsCurrentAndPowerAtTheFullPacksVoltage) {
  ParameterSet set = with(cell_count, 16);
  EXPECT_FALSE(full_voltage(set)) << "without a limit nobody knows what full is";
  set.set(cell_overvoltage, 3'650);
  EXPECT_EQ(full_voltage(set), Millivolts{58'400});
  const HeaterLoad load = heater_load({20'000'000}, {58'400});  // 20 ohm
  EXPECT_EQ(load.current_mA, 2'920);
  EXPECT_EQ(load.power_mW, 170'528);
}

TEST(Heater, LoadIsRoundedUpAndNeverOverflows) {
  const HeaterLoad third = heater_load({3'000'000}, {1'000});
  EXPECT_EQ(third.current_mA, 334);
  EXPECT_EQ(third.power_mW, 334);
  const HeaterLoad largest = heater_load({1}, {150'000});
  EXPECT_EQ(largest.current_mA, 150'000'000'000);
  EXPECT_EQ(largest.power_mW, 22'500'000'000'000);
}

bool carries(std::string_view model, std::int64_t current_mA, std::int64_t power_mW) {
  const Model found = find_model(model).model;
  return !exceeds({current_mA, power_mW}, &found);
}

TEST(Heater, IsBoundByCurrentAndByPowerOfItsModel) {
  EXPECT_TRUE(carries("B2A24S20P", 3'000, 200'000));
  EXPECT_FALSE(carries("B2A24S20P", 3'001, 100'000));
  EXPECT_FALSE(carries("B2A24S20P", 1'000, 200'001));
  EXPECT_TRUE(carries("B2A8S20P", 3'000, 100'000));
  EXPECT_FALSE(carries("B2A8S20P", 3'000, 100'001));
  EXPECT_FALSE(carries("B2A8S20P", 3'001, 50'000));
  EXPECT_TRUE(carries("BD4A24S12PH", 10'000, 800'000)) << "the guide states no power";
  EXPECT_FALSE(carries("BD4A24S12PH", 10'001, 100'000));
  EXPECT_FALSE(carries("BD6A24S8P", 1, 1)) << "it has no heater";
  EXPECT_TRUE(exceeds({3'001, 1}, nullptr)) << "without a model: what most boards carry";
}

}  // namespace
}  // namespace cw

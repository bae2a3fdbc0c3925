// SPDX-License-Identifier: Apache-2.0
// Every value of every preset against the maker's documents and captured settings, and every point
// in which these contradict each other. Expectations are written from the documents, never from our
// own tables.
#include "core/presets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/board_preset.h"
#include "core/validation.h"

namespace cw {
namespace {

using enum Parameter;

// What a family of boards has, by chemistry, in the unit of the parameter's row.
struct DocumentRow {
  Parameter parameter;
  int li_ion, lfp, lto;
};
using DocumentTable = std::vector<DocumentRow>;

// clang-format off

// The column "preset" of our parameter document: boards with firmware up to 10.
const DocumentTable kBoard10 = {
    {balance_trigger,                     10,     10,     10},
    {cell_undervoltage,                 2900,   2600,   1800},
    {cell_undervoltage_recovery,        3200,   3000,   2000},
    {cell_overvoltage,                  4200,   3600,   2700},
    {cell_overvoltage_recovery,         4100,   3400,   2400},
    {power_off_voltage,                 2800,   2500,   1700},
    {charge_overcurrent,               25000,  25000,  25000},
    {charge_overcurrent_delay,         30000,  30000,  30000},
    {charge_overcurrent_release,       60000,  60000,  60000},
    {discharge_overcurrent,            40000,  40000,  40000},  // the model's; smallest: 4P
    {discharge_overcurrent_delay,     300000, 300000, 300000},
    {discharge_overcurrent_release,    60000,  60000,  60000},
    {short_circuit_delay,               1500,   1500,   1500},
    {short_circuit_release,            60000,  60000,  60000},
    {balance_current_max,                400,    400,    400},  // the model's; smallest: D4A
    {balance_start,                     3000,   3000,   2000},
    {charge_overtemperature,             700,    700,    600},
    {charge_overtemperature_recovery,    600,    600,    550},
    {discharge_overtemperature,          700,    700,    600},
    {discharge_overtemperature_recovery, 600,    600,    550},
    {charge_undertemperature,           -200,   -200,   -200},
    {charge_undertemperature_recovery,  -100,   -100,   -100},
    {mosfet_overtemperature,             900,    900,    900},
    {mosfet_overtemperature_recovery,    700,    700,    700},
    // Limits of the board that the app does not show.
    {cell_overvoltage_delay,            5000,   5000,   5000},
    {cell_undervoltage_delay,           5000,   5000,   5000},
    {cell_voltage_difference,            300,    300,    300},
    {temperature_difference,             200,    200,    200},
    {discharge_undertemperature,        -200,   -200,   -200},
    {discharge_undertemperature_recovery, -100, -100,   -100},
    {box_overtemperature,               1000,   1000,   1000},
    {box_overtemperature_recovery,      1000,   1000,   1000},
    {low_capacity_alarm,                2000,   2000,   2000},
    {sleep_delay,                         10,     10,     10},
    {temperature_delay,                 3000,   3000,   3000},  // no document: our own choice
};

// Firmware 11: the table of newer firmware, and the limits of boards from 11.5 on.
const DocumentTable kBoard11 = {
    {cell_undervoltage,                 2820,   2600,   1800},
    {cell_undervoltage_recovery,        2850,   2650,   1850},
    {cell_overvoltage,                  4200,   3600,   2700},
    {cell_overvoltage_recovery,         4180,   3550,   2640},
    {power_off_voltage,                 2800,   2500,   1700},
    {balance_start,                     3000,   3000,   2000},
    {mosfet_overtemperature,            1000,   1000,   1000},
    {mosfet_overtemperature_recovery,    800,    800,    800},
    {charge_overcurrent_delay,         30000,  30000,  30000},
    {discharge_overcurrent_delay,     300000, 300000, 300000},
    {cell_overvoltage_delay,            3000,   3000,   3000},
    {cell_undervoltage_delay,           3000,   3000,   3000},
    {box_overtemperature,                700,    700,    700},
    {box_overtemperature_recovery,       600,    600,    600},
};

// Firmware 15.30: the same table, and the settings captured from a PB1A16S15P.
const DocumentTable kBoard15 = {
    {cell_undervoltage,                 2820,   2580,   1800},
    {cell_undervoltage_recovery,        2850,   2620,   1850},
    {cell_overvoltage,                  4200,   3650,   2700},
    {cell_overvoltage_recovery,         4170,   3580,   2640},
    {power_off_voltage,                 2800,   2500,   1700},
    {balance_start,                     3000,   3000,   2000},
    {balance_trigger,                     10,     10,     10},
    {mosfet_overtemperature,            1000,   1000,   1000},
    {mosfet_overtemperature_recovery,    800,    800,    800},
    {charge_overcurrent_delay,          3000,   3000,   3000},
    {discharge_overcurrent_delay,     300000, 300000, 300000},
    {short_circuit_delay,               1500,   1500,   1500},
    {short_circuit_release,             5000,   5000,   5000},
    {soc_100_voltage,                   4180,   3590,   2650},
    {soc_0_voltage,                     2840,   2600,   1840},
    {request_charge_voltage,            4190,   3600,   2680},
    {request_float_voltage,             4100,   3500,   2550},
    {discharge_overcurrent,           100000, 100000, 100000},  // the model's; smallest: 10P
    {balance_current_max,               1000,   1000,   1000},  // the model's; smallest: 1A
};

// The column "gateway default where different". What depends on the capacity is further down.
const DocumentTable kGateway = {
    {discharge_overcurrent_delay,      30000,  30000,  30000},
    {balance_start,                     3000,   3400,   2000},
    {charge_overtemperature,             700,    550,    600},
    {charge_overtemperature_recovery,    600,    500,    550},
    {discharge_overtemperature,          700,    550,    600},
    {discharge_overtemperature_recovery, 600,    500,    550},
    {charge_undertemperature,              0,      0,   -200},
    {charge_undertemperature_recovery,    50,     50,   -100},
    {cell_overvoltage_delay,            3000,   3000,   3000},  // as newer boards
    {cell_undervoltage_delay,           3000,   3000,   3000},
};
// clang-format on

// From the first to the last: the last table that has a row for a parameter counts.
std::vector<const DocumentTable*> tables_of(Generation generation) {
  switch (generation) {
    case Generation::gateway: return {&kBoard10, &kGateway};
    case Generation::board_10: return {&kBoard10};
    case Generation::board_11: return {&kBoard10, &kBoard11};
    case Generation::board_15: return {&kBoard10, &kBoard11, &kBoard15};
  }
  return {};
}

struct PresetCell {
  const Preset* preset;
  Parameter parameter;
  int expected;
};

std::vector<PresetCell> every_cell() {
  std::vector<PresetCell> cells;
  for (const Preset& preset : all_presets()) {
    const std::size_t first = cells.size();
    for (const DocumentTable* table : tables_of(preset.generation))
      for (const DocumentRow& row : *table) {
        const int value = preset.chemistry == Chemistry::lfp      ? row.lfp
                          : preset.chemistry == Chemistry::li_ion ? row.li_ion
                                                                  : row.lto;
        const auto known =
            std::find_if(cells.begin() + static_cast<std::ptrdiff_t>(first), cells.end(),
                         [&](const PresetCell& cell) { return cell.parameter == row.parameter; });
        if (known != cells.end())
          known->expected = value;
        else
          cells.push_back({&preset, row.parameter, value});
      }
  }
  return cells;
}

std::string name_of_cell(const testing::TestParamInfo<PresetCell>& info) {
  std::string name =
      std::string{info.param.preset->name} + "__" + std::string{facts(info.param.parameter).key};
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class EveryPresetCell : public testing::TestWithParam<PresetCell> {};

TEST_P(EveryPresetCell, IsWhatTheDocumentsSay) {
  EXPECT_EQ(GetParam().preset->values.get(GetParam().parameter), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Presets, EveryPresetCell, testing::ValuesIn(every_cell()), name_of_cell);

// Of what can be written to a board at all: not one value more than in the tables above.
TEST(Presets, SayNothingThatNoDocumentSays) {
  const std::vector<PresetCell> cells = every_cell();
  for (const Preset& preset : all_presets())
    for (const WriteRange& range : kWriteRanges) {
      const bool documented = std::any_of(cells.begin(), cells.end(), [&](const PresetCell& cell) {
        return cell.preset == &preset && cell.parameter == range.parameter;
      });
      EXPECT_EQ(preset.values.get(range.parameter).has_value(), documented)
          << preset.name << " " << facts(range.parameter).key;
    }
}

// Contradictions between the documents, by their number in our collection of them.

struct Resolution {
  const char* name;
  std::int64_t (*found)();
  std::int64_t right;
};

std::int64_t of(std::string_view preset, Parameter parameter) {
  return find_preset(preset)->values.get(parameter).value();
}
std::int64_t lowest_write(Parameter parameter) {
  for (const WriteRange& range : kWriteRanges)
    if (range.parameter == parameter) return range.lowest;
  return 0;
}
std::int64_t highest_write(Parameter parameter) {
  for (const WriteRange& range : kWriteRanges)
    if (range.parameter == parameter) return range.highest;
  return 0;
}
std::int64_t balance_current_of(std::string_view model, std::string_view version) {
  Identity identity;
  identity.model.assign(model);
  identity.software_version.assign(version);
  return preset_for(identity, Chemistry::lfp)->get(balance_current_max).value();
}

// clang-format off
const Resolution kResolutions[] = {
    {"P1_LFP_under_voltage_is_2_6_V", [] { return of("jk-10-lfp", cell_undervoltage); }, 2600},
    {"P1_LFP_under_voltage_of_firmware_15_is_2_58_V", [] { return of("jk-15-lfp", cell_undervoltage); }, 2580},
    {"P2_LFP_under_voltage_recovery_is_3_0_V", [] { return of("jk-10-lfp", cell_undervoltage_recovery); }, 3000},
    {"P2_of_firmware_11_it_is_2_65_V", [] { return of("jk-11-lfp", cell_undervoltage_recovery); }, 2650},
    {"P3_LFP_over_voltage_recovery_is_3_4_V", [] { return of("jk-10-lfp", cell_overvoltage_recovery); }, 3400},
    {"P4_LFP_power_off_is_2_5_V", [] { return of("jk-10-lfp", power_off_voltage); }, 2500},
    {"P5_charge_overcurrent_waits_30_s", [] { return of("jk-10-lfp", charge_overcurrent_delay); }, 30000},
    {"P6_discharge_overcurrent_waits_300_s_on_boards", [] { return of("jk-10-lfp", discharge_overcurrent_delay); }, 300000},
    {"P6_and_30_s_in_the_gateway", [] { return of("lfp", discharge_overcurrent_delay); }, 30000},
    {"P7_boards_stop_charging_above_70_degrees", [] { return of("jk-10-lfp", charge_overtemperature); }, 700},
    {"P7_and_start_again_below_60", [] { return of("jk-10-lfp", charge_overtemperature_recovery); }, 600},
    {"P7_LTO_boards_stop_above_60", [] { return of("jk-10-lto", discharge_overtemperature); }, 600},
    {"P7_LTO_boards_start_again_below_55", [] { return of("jk-10-lto", charge_overtemperature_recovery); }, 550},
    {"P7_the_gateway_stops_LFP_above_55", [] { return of("lfp", charge_overtemperature); }, 550},
    {"P8_boards_charge_LFP_down_to_minus_20", [] { return of("jk-10-lfp", charge_undertemperature); }, -200},
    {"P8_and_again_above_minus_10", [] { return of("jk-10-lfp", charge_undertemperature_recovery); }, -100},
    {"P8_the_gateway_charges_LFP_down_to_0", [] { return of("lfp", charge_undertemperature); }, 0},
    {"P8_the_gateway_charges_LFP_again_above_5", [] { return of("lfp", charge_undertemperature_recovery); }, 50},
    {"P9_transistors_stop_at_90", [] { return of("jk-10-lfp", mosfet_overtemperature); }, 900},
    {"P9_and_start_again_at_70", [] { return of("jk-10-lfp", mosfet_overtemperature_recovery); }, 700},
    {"P9_of_firmware_11_at_100", [] { return of("jk-11-lfp", mosfet_overtemperature); }, 1000},
    {"P10_balancing_starts_at_3_0_V", [] { return of("jk-10-lfp", balance_start); }, 3000},
    {"P10_of_LTO_at_2_0_V", [] { return of("jk-10-lto", balance_start); }, 2000},
    {"P11_balance_current_is_the_models", [] { return balance_current_of("JK_B2A24S20P", "10.07"); }, 2000},
    {"P11_in_the_gateway_at_most_a_tenth_of_the_capacity",
     [] { return std::int64_t{gateway_preset(Chemistry::lfp, MilliampHours{3'000}).get(balance_current_max).value()}; }, 300},
    {"P12_delays_are_written_from_2_s", [] { return lowest_write(charge_overcurrent_delay); }, 2000},
    {"P12_delays_are_written_up_to_600_s", [] { return highest_write(discharge_overcurrent_delay); }, 600000},
    {"P12_releases_are_written_up_to_600_s", [] { return highest_write(discharge_overcurrent_release); }, 600000},
    {"P13_short_circuit_waits_1500_us", [] { return of("jk-10-li-ion", short_circuit_delay); }, 1500},
    {"P14_short_circuit_is_left_after_60_s", [] { return of("jk-10-lfp", short_circuit_release); }, 60000},
    {"P14_of_firmware_15_after_5_s", [] { return of("jk-15-lfp", short_circuit_release); }, 5000},
    {"P15_Li_ion_under_voltage_is_2_9_V", [] { return of("jk-10-li-ion", cell_undervoltage); }, 2900},
    {"P15_its_recovery_is_3_2_V", [] { return of("jk-10-li-ion", cell_undervoltage_recovery); }, 3200},
    {"P15_of_firmware_11_it_is_2_82_V", [] { return of("jk-11-li-ion", cell_undervoltage); }, 2820},
    {"P16_classic_boards_leave_the_factory_with_Li_ion",
     [] { return static_cast<std::int64_t>(facts(find_model("JK_B2A24S20P").model.family).factory); }, static_cast<std::int64_t>(Chemistry::li_ion)},
    {"P16_inverter_boards_leave_the_factory_with_LFP",
     [] { return static_cast<std::int64_t>(facts(find_model("JK_PB2A16S20P").model.family).factory); }, static_cast<std::int64_t>(Chemistry::lfp)},
    {"P17_the_button_described_as_ternary_is_Li_ion", [] { return of("jk-10-li-ion", cell_overvoltage); }, 4200},
    {"P18_LFP_balances_above_10_mV", [] { return of("jk-10-lfp", balance_trigger); }, 10},
    {"P18_the_gateway_at_50_Ah_above_10_mV",
     [] { return std::int64_t{gateway_preset(Chemistry::lfp, MilliampHours{50'000}).get(balance_trigger).value()}; }, 10},
    {"P18_the_gateway_above_50_Ah_above_5_mV",
     [] { return std::int64_t{gateway_preset(Chemistry::lfp, MilliampHours{50'001}).get(balance_trigger).value()}; }, 5},
    {"P19_two_cells_may_be_written", [] { return lowest_write(cell_count); }, 2},
    {"P19_and_reported", [] { return std::int64_t{facts(cell_count).lowest}; }, 2},
    {"P20_low_temperature_is_written_from_minus_30", [] { return lowest_write(charge_undertemperature); }, -300},
    {"P20_low_temperature_is_written_up_to_20", [] { return highest_write(charge_undertemperature_recovery); }, 200},
    {"P20_and_reported_from_minus_45", [] { return std::int64_t{facts(charge_undertemperature).lowest}; }, -450},
};
// clang-format on

std::string name_of_resolution(const testing::TestParamInfo<Resolution>& info) {
  return info.param.name;
}

class PresetContradiction : public testing::TestWithParam<Resolution> {};

TEST_P(PresetContradiction, IsResolvedAsWritten) {
  EXPECT_EQ(GetParam().found(), GetParam().right);
}

INSTANTIATE_TEST_SUITE_P(Presets, PresetContradiction, testing::ValuesIn(kResolutions),
                         name_of_resolution);

// Which preset a board carries.

TEST(Generation, FollowsTheMajorVersion) {
  for (const std::string_view old : {"1.0", "6.1.3S", "7.1.0H", "10.07", "10.08"})
    EXPECT_EQ(generation_of(old), Generation::board_10) << old;
  for (const std::string_view eleven : {"11.17", "11.262H", "11.51"})
    EXPECT_EQ(generation_of(eleven), Generation::board_11) << eleven;
  for (const std::string_view newer : {"14.20", "15.30", "V15.41", "19.27"})
    EXPECT_EQ(generation_of(newer), Generation::board_15) << newer;
}

TEST(Generation, IsUnknownWhereNobodyHasSeenTheVersion) {
  for (const std::string_view text : {"", "12.01", "13.9", "11", "11_X", "V", "16ZMUB00-211026A",
                                      "NW_1_0_0", ".5", "4294967306.1"})
    EXPECT_FALSE(generation_of(text)) << text;
}

Identity identity(std::string_view model, std::string_view version) {
  Identity identity;
  identity.model.assign(model);
  identity.software_version.assign(version);
  return identity;
}

TEST(BoardPreset, HasTheCurrentsOfItsModel) {
  const auto values = preset_for(identity("JK_B2A24S20P", "11.51"), Chemistry::lfp);
  ASSERT_TRUE(values);
  EXPECT_EQ(values->get(discharge_overcurrent), 200'000);
  EXPECT_EQ(values->get(charge_overcurrent), 25'000) << "the button's 25 A on every board";
  EXPECT_EQ(values->get(balance_current_max), 2'000);
  EXPECT_EQ(values->get(cell_undervoltage_recovery), 2'650) << "firmware 11";
  EXPECT_FALSE(values->get(cell_count));
  EXPECT_FALSE(values->get(capacity));
}

TEST(BoardPreset, OfAModelNobodyKnowsIsThatOfTheSmallest) {
  EXPECT_EQ(preset_for(identity("", "10.07"), Chemistry::lto), find_preset("jk-10-lto")->values);
}

TEST(BoardPreset, IsNotGuessedWithoutAVersion) {
  EXPECT_FALSE(preset_for(identity("JK_B2A24S20P", ""), Chemistry::lfp));
}

TEST(BoardPreset, OfEveryModelKeepsTheOrderingsAndTheModelsOwnBounds) {
  for (const Model& model : all_models())
    for (const Chemistry chemistry : {Chemistry::lfp, Chemistry::li_ion, Chemistry::lto})
      for (const std::string_view version : {"10.07", "11.51", "15.30"}) {
        const auto values = preset_for(identity(model.name, version), chemistry);
        ASSERT_TRUE(values);
        EXPECT_EQ(validate(*values).count, 0u) << model.name;
        EXPECT_EQ(check_policy(*values, {chemistry, &model}).size(), 0u) << model.name;
      }
}

TEST(GatewayPreset, IsThePresetWhereTheCapacityIsNotKnown) {
  EXPECT_EQ(gateway_preset(Chemistry::lfp, std::nullopt), find_preset("lfp")->values);
}

}  // namespace
}  // namespace cw

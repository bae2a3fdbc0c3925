// SPDX-License-Identifier: Apache-2.0
// The catalogue against the maker's documents, row by row, and every point in which these
// contradict each other. Expectations are written from the documents, never from our own table.
#include <gtest/gtest.h>

#include <string>

#include "core/error_code.h"
#include "core/models.h"
#include "core/pack.h"
#include "core/protection.h"

namespace cw {
namespace {

Model model(std::string_view name) {
  const FoundModel found = find_model(name);
  EXPECT_EQ(found.match, ModelMatch::exact) << name;
  return found.model;
}

// Units as in the sheets: mA, µΩ, and A for the rest. 0: the sheet gives none.
struct SheetRow {
  std::string_view name;
  CellRange li_ion, lfp, lto;
  int balance_mA, resistance_uohm, continuous_A, peak_A, setting_from_A, setting_to_A;
  std::string_view options;
};

// clang-format off
const SheetRow kSheet[] = {
    {"BD4A17S4P", {7, 17}, {8, 17}, {12, 17}, 400, 2800, 40, 60, 10, 40, "CAN"},
    {"BD4A20S4P", {7, 20}, {8, 20}, {12, 20}, 400, 2800, 40, 60, 10, 40, "CAN"},
    {"BD4A24S4P", {7, 24}, {8, 24}, {12, 24}, 400, 2800, 40, 60, 10, 40, "CAN"},
    {"BD6A17S6P", {7, 17}, {8, 17}, {12, 17}, 600, 1530, 60, 100, 10, 60, "CAN"},
    {"BD6A20S6P", {7, 20}, {8, 20}, {12, 20}, 600, 1530, 60, 100, 10, 60, "CAN"},
    {"BD6A24S6P", {7, 24}, {8, 24}, {12, 24}, 600, 1530, 60, 100, 10, 60, "CAN"},
    {"BD6A17S8P", {7, 17}, {8, 17}, {12, 17}, 600, 1200, 80, 150, 10, 80, "CAN"},
    {"BD6A20S8P", {7, 20}, {8, 20}, {12, 20}, 600, 1200, 80, 150, 10, 80, "CAN"},
    {"BD6A24S8P", {7, 24}, {8, 24}, {12, 24}, 600, 1200, 80, 150, 10, 80, "CAN"},
    {"BD6A20S10P", {7, 20}, {8, 20}, {12, 20}, 600, 1000, 100, 200, 10, 100, "CAN, heat"},
    {"BD6A24S10P", {7, 24}, {8, 24}, {12, 24}, 600, 1000, 100, 200, 10, 100, "CAN, heat"},
    {"BD6A20S12P", {7, 20}, {8, 20}, {12, 20}, 600, 650, 120, 250, 10, 120, "CAN, heat"},
    {"BD6A24S12P", {7, 24}, {8, 24}, {12, 24}, 600, 650, 120, 250, 10, 120, "CAN, heat"},
    {"B1A17S12P", {7, 17}, {8, 17}, {12, 17}, 1000, 650, 120, 250, 10, 120, "CAN, heat"},
    {"B1A20S12P", {7, 20}, {8, 20}, {12, 20}, 1000, 650, 120, 250, 10, 120, "CAN, heat"},
    {"BD4A20S12P", {7, 20}, {8, 20}, {14, 20}, 400, 900, 120, 240, 0, 0, "H, C, R"},
    {"BD4A24S12P", {7, 24}, {8, 24}, {14, 24}, 400, 900, 120, 240, 0, 0, "H, C, R"},
    {"BD6A20S15P", {7, 20}, {8, 20}, {12, 20}, 600, 650, 150, 300, 10, 150, "CAN, heat"},
    {"BD6A24S15P", {7, 24}, {8, 24}, {12, 24}, 600, 650, 150, 300, 10, 150, "CAN, heat"},
    {"B1A20S15P", {7, 20}, {8, 20}, {12, 20}, 1000, 650, 150, 300, 10, 150, "CAN, heat"},
    {"B1A24S15P", {7, 24}, {8, 24}, {12, 24}, 1000, 650, 150, 300, 10, 150, "CAN, heat"},
    {"B2A24S15P", {7, 24}, {8, 24}, {12, 24}, 2000, 470, 150, 300, 10, 150, "CAN, heat"},
    {"B2A20S20P", {7, 20}, {8, 20}, {12, 20}, 2000, 470, 200, 350, 10, 200, "CAN, heat"},
    {"B2A24S20P", {7, 24}, {8, 24}, {12, 24}, 2000, 470, 200, 350, 10, 200, "CAN, heat"},
    {"BD4A8S4P", {3, 8}, {4, 8}, {6, 8}, 400, 2800, 40, 60, 10, 40, "CAN (S1: heat)"},
    {"B1A8S10P", {3, 8}, {4, 8}, {6, 8}, 1000, 300, 100, 200, 10, 100, "CAN, heat"},
    {"B1A8S20P", {3, 8}, {4, 8}, {6, 8}, 1000, 300, 200, 350, 10, 200, "CAN, heat"},
    {"B2A8S20P", {3, 8}, {4, 8}, {6, 8}, 2000, 300, 200, 350, 10, 200, "CAN, heat (100 W)"},
    {"B2A25SRP", {8, 25}, {8, 25}, {12, 25}, 2000, 0, 1000, 0, 10, 1000, "RS485 + CAN standard"},
    {"B5A25S60P", {8, 25}, {8, 25}, {12, 25}, 5000, 0, 500, 0, 10, 600, "RS485 + CAN standard"},
    {"PB1A16S10P", {8, 16}, {8, 16}, {8, 16}, 1000, 0, 100, 0, 0, 0, "PB"},
    {"PB1A16S15P", {8, 16}, {8, 16}, {8, 16}, 1000, 0, 150, 0, 0, 0, "PB"},
    {"PB1A16S20P", {8, 16}, {8, 16}, {8, 16}, 1000, 0, 200, 0, 0, 0, "PB"},
    {"PB2A16S15P", {8, 16}, {8, 16}, {8, 16}, 2000, 0, 150, 0, 0, 0, "PB"},
    {"PB2A16S20P", {8, 16}, {8, 16}, {8, 16}, 2000, 0, 200, 0, 0, 0, "PB"},
};
// clang-format on

std::string name_of_row(const testing::TestParamInfo<SheetRow>& info) {
  return std::string{info.param.name};
}

class EveryModel : public testing::TestWithParam<SheetRow> {};

TEST_P(EveryModel, CarriesWhatItsSheetSays) {
  const SheetRow& sheet = GetParam();
  const Model found = model(sheet.name);
  EXPECT_EQ(found.name, sheet.name);
  EXPECT_EQ(cells(found, Chemistry::li_ion), sheet.li_ion);
  EXPECT_EQ(cells(found, Chemistry::lfp), sheet.lfp);
  EXPECT_EQ(cells(found, Chemistry::lto), sheet.lto);
  EXPECT_EQ(found.balance_current.count, sheet.balance_mA);
  EXPECT_EQ(found.main_resistance.count, sheet.resistance_uohm);
  EXPECT_EQ(found.continuous_current.count, sheet.continuous_A * 1'000);
  EXPECT_EQ(found.peak_current.count, sheet.peak_A * 1'000);
  EXPECT_EQ(found.setting_lowest.count, sheet.setting_from_A * 1'000);
  EXPECT_EQ(found.setting_highest.count, sheet.setting_to_A * 1'000);
}

struct Options {
  std::string_view words;  // as in the sheets
  Fitted can, rs485, heater;
};
const Options kOptions[] = {
    {"CAN", Fitted::option, Fitted::yes, Fitted::no},
    {"CAN, heat", Fitted::option, Fitted::yes, Fitted::option},
    {"CAN, heat (100 W)", Fitted::option, Fitted::yes, Fitted::option},
    {"CAN (S1: heat)", Fitted::option, Fitted::yes, Fitted::no},
    {"H, C, R", Fitted::option, Fitted::option, Fitted::option},
    {"RS485 + CAN standard", Fitted::yes, Fitted::yes, Fitted::no},
    {"PB", Fitted::yes, Fitted::yes, Fitted::unknown},
};

TEST_P(EveryModel, HasTheOptionsOfItsSheet) {
  const SheetRow& sheet = GetParam();
  const Model found = model(sheet.name);
  bool known = false;
  for (const Options& options : kOptions) {
    if (options.words != sheet.options) continue;
    known = true;
    EXPECT_EQ(found.can, options.can);
    EXPECT_EQ(found.rs485, options.rs485);
    EXPECT_EQ(found.heater, options.heater);
  }
  EXPECT_TRUE(known) << sheet.options;
}

// As firmware says it, new and old, and as the 12P guide writes it.
TEST_P(EveryModel, IsFoundByEverySpellingOfItsName) {
  const std::string name{GetParam().name};
  std::string with_dash = name;
  with_dash.insert(with_dash.find('S') + 1, "-");
  for (const std::string& spelling : {name, "JK-" + name, "JK_" + name, "JK-" + with_dash}) {
    const FoundModel found = find_model(spelling);
    EXPECT_EQ(found.match, ModelMatch::exact) << spelling;
    EXPECT_EQ(found.model.name, name) << spelling;
  }
}

TEST_P(EveryModel, WithAllItsSuffixesHasThemFitted) {
  const FoundModel found = find_model("JK_" + std::string{GetParam().name} + "HCR");
  EXPECT_EQ(found.match, ModelMatch::exact);
  EXPECT_EQ(found.model.heater, Fitted::yes);
  EXPECT_EQ(found.model.can, Fitted::yes);
  EXPECT_EQ(found.model.rs485, Fitted::yes);
}

INSTANTIATE_TEST_SUITE_P(Models, EveryModel, testing::ValuesIn(kSheet), name_of_row);

TEST(Models, AreThoseOfTheSheetsAndNoOthers) { EXPECT_EQ(all_models().size(), std::size(kSheet)); }

// Names.

TEST(ModelName, OfABoardNobodyHasSeenStillSaysWhatItCarries) {
  const FoundModel found = find_model("JK_B3A16S25P");
  EXPECT_EQ(found.match, ModelMatch::by_name);
  EXPECT_EQ(found.model.name, "");
  EXPECT_EQ(found.model.balance_current.count, 3'000);
  EXPECT_EQ(found.model.lfp, (CellRange{2, 16}));
  EXPECT_EQ(found.model.continuous_current.count, 250'000);
  EXPECT_EQ(current_limit_most(found.model).count, 250'000);
  EXPECT_EQ(found.model.peak_current.count, 0) << "not stated by the name";
  EXPECT_EQ(found.model.main_resistance.count, 0);
  EXPECT_EQ(found.model.port, Port::unknown);
  EXPECT_EQ(found.model.can, Fitted::unknown);
}

TEST(ModelName, OfANewerBoardSeenInTheFieldIsReadWithItsSuffix) {
  const FoundModel found = find_model("JK_B2A8S30P-HCR");
  EXPECT_EQ(found.match, ModelMatch::by_name);
  EXPECT_EQ(found.model.continuous_current.count, 300'000);
  EXPECT_EQ(found.model.heater, Fitted::yes);
  EXPECT_EQ(found.model.can, Fitted::yes);
  EXPECT_EQ(found.model.rs485, Fitted::yes);
}

TEST(ModelName, WithoutACurrentIsABalancer) {
  const FoundModel found = find_model("JK-B2A24S");
  EXPECT_EQ(found.match, ModelMatch::by_name);
  EXPECT_EQ(found.model.balance_current.count, 2'000);
  EXPECT_EQ(found.model.lto.most, 24);
  EXPECT_EQ(found.model.continuous_current.count, 0);
  EXPECT_EQ(current_limit_most(found.model).count, 0) << "no limit is known, so none is checked";
}

TEST(ModelName, OfTheInverterFamilyBeginsWithPB) {
  const FoundModel found = find_model("JK_PB3A16S30P");
  EXPECT_EQ(found.match, ModelMatch::by_name);
  EXPECT_EQ(found.model.family, Family::inverter);
  EXPECT_EQ(facts(found.model.family).factory, Chemistry::lfp);
}

TEST(ModelName, SuffixesMakeAnOptionACertainty) {
  EXPECT_EQ(find_model("JK-BD4A24S-12P").model.heater, Fitted::option);
  EXPECT_EQ(find_model("JK-BD4A24S-12PH").model.heater, Fitted::yes);
  EXPECT_EQ(find_model("JK-BD4A24S-12PH").model.can, Fitted::option);
  EXPECT_EQ(find_model("JK-BD4A24S-12PC").model.can, Fitted::yes);
  EXPECT_EQ(find_model("JK-BD4A24S-12PR").model.rs485, Fitted::yes);
}

TEST(ModelName, ThatIsNoneIsUnknownAndSaysNothing) {
  for (const std::string_view text :
       {"", "JK", "JK_", "JK-BMS", "JKB2A24S20P", "B2A24S20", "B2A24S20PX", "B2A24S20P-", "B2A24S-",
        "B0A24S20P", "B2A1S20P", "B2A33S20P", "B2A24S0P", "BXA24S20P", "garage", "JK_B2A24S1000P",
        "JK_B4294967298A24S20P", "JK_B2A24S20P "}) {
    const FoundModel found = find_model(text);
    EXPECT_EQ(found.match, ModelMatch::unknown) << text;
    EXPECT_EQ(found.model.continuous_current.count, 0) << text;
    EXPECT_EQ(found.model.balance_current.count, 0) << text;
  }
}

// Contradictions between the documents, by their number in our collection of them.

struct Resolution {
  const char* name;  // C3_..., as a test is called
  std::int64_t (*found)();
  std::int64_t right;
};

template <class Enum>
std::int64_t number(Enum value) {
  return static_cast<std::int64_t>(value);
}

// clang-format off
const Resolution kResolutions[] = {
    // S0's second table is shifted by a column from B1A24S15P on.
    {"C1_B1A24S15P_balances_with_1_A", [] { return std::int64_t{model("B1A24S15P").balance_current.count}; }, 1'000},
    {"C1_B2A24S15P_has_470_microohms", [] { return std::int64_t{model("B2A24S15P").main_resistance.count}; }, 470},
    {"C1_B2A20S20P_peaks_at_350_A", [] { return std::int64_t{model("B2A20S20P").peak_current.count}; }, 350'000},
    {"C1_BD4A8S4P_carries_40_A_not_100", [] { return std::int64_t{model("BD4A8S4P").continuous_current.count}; }, 40'000},
    {"C1_B1A8S10P_carries_100_A_not_200", [] { return std::int64_t{model("B1A8S10P").continuous_current.count}; }, 100'000},
    {"C1_B2A8S20P_carries_200_A_not_1000", [] { return std::int64_t{model("B2A8S20P").continuous_current.count}; }, 200'000},
    {"C2_BD6A20S12P_is_a_board_of_its_own", [] { return std::int64_t{model("BD6A20S12P").balance_current.count}; }, 600},
    {"C2_BD6A24S12P_is_a_board_of_its_own", [] { return std::int64_t{model("BD6A24S12P").balance_current.count}; }, 600},
    {"C2_B1A17S12P_is_a_board_of_its_own", [] { return std::int64_t{model("B1A17S12P").balance_current.count}; }, 1'000},
    {"C2_B1A20S12P_is_a_board_of_its_own", [] { return std::int64_t{model("B1A20S12P").balance_current.count}; }, 1'000},
    {"C2_BD4A20S12P_is_a_board_of_its_own", [] { return std::int64_t{model("BD4A20S12P").balance_current.count}; }, 400},
    {"C2_BD4A24S12P_is_a_board_of_its_own", [] { return std::int64_t{model("BD4A24S12P").balance_current.count}; }, 400},
    {"C3_B1AxxS12P_balances_with_1_A", [] { return std::int64_t{model("B1A17S12P").balance_current.count}; }, 1'000},
    {"C4_B1A20S12P_adjusts_up_to_120_A", [] { return std::int64_t{model("B1A20S12P").setting_highest.count}; }, 120'000},
    {"C5_B1A20S12P_has_650_microohms", [] { return std::int64_t{model("B1A20S12P").main_resistance.count}; }, 650},
    {"C5_B1A20S12P_peaks_at_250_A", [] { return std::int64_t{model("B1A20S12P").peak_current.count}; }, 250'000},
    {"C5_BD4A24S12P_has_900_microohms", [] { return std::int64_t{model("BD4A24S12P").main_resistance.count}; }, 900},
    {"C5_BD4A24S12P_peaks_at_240_A", [] { return std::int64_t{model("BD4A24S12P").peak_current.count}; }, 240'000},
    {"C6_B1A20S12P_takes_12_LTO_cells", [] { return std::int64_t{model("B1A20S12P").lto.fewest}; }, 12},
    {"C6_BD4A20S12P_takes_14_LTO_cells", [] { return std::int64_t{model("BD4A20S12P").lto.fewest}; }, 14},
    {"C7_BD4A24S4P_has_no_heater", [] { return number(model("BD4A24S4P").heater); }, number(Fitted::no)},
    {"C7_BD6A20S6P_has_no_heater", [] { return number(model("BD6A20S6P").heater); }, number(Fitted::no)},
    {"C7_BD6A20S8P_has_no_heater", [] { return number(model("BD6A20S8P").heater); }, number(Fitted::no)},
    {"C7_BD6A20S10P_may_have_a_heater", [] { return number(model("BD6A20S10P").heater); }, number(Fitted::option)},
    {"C8_B2A24S20P_heats_with_3_A", [] { return std::int64_t{model("B2A24S20P").heater_limits.current.count}; }, 3'000},
    {"C8_B2A24S20P_heats_with_200_W", [] { return std::int64_t{model("B2A24S20P").heater_limits.power.count}; }, 200'000},
    {"C8_B2A8S20P_heats_with_100_W", [] { return std::int64_t{model("B2A8S20P").heater_limits.power.count}; }, 100'000},
    {"C8_BD4A24S12P_heats_with_10_A", [] { return std::int64_t{model("BD4A24S12P").heater_limits.current.count}; }, 10'000},
    {"C9_6P_is_136_mm_long", [] { return std::int64_t{model("BD6A17S6P").size.length}; }, 1'360},
    {"C9_8P_is_83_mm_wide", [] { return std::int64_t{model("BD6A24S8P").size.width}; }, 830},
    {"C9_8P_is_17_6_mm_high", [] { return std::int64_t{model("BD6A24S8P").size.height}; }, 176},
    {"C10_10P_is_20_4_mm_high", [] { return std::int64_t{model("BD6A20S10P").size.height}; }, 204},
    {"C10_20P_is_20_4_mm_high", [] { return std::int64_t{model("B2A24S20P").size.height}; }, 204},
    {"C11_cells_are_measured_to_5_mV", [] { return std::int64_t{kCellAccuracy.count}; }, 5},
    {"C12_B5A25S60P_carries_500_A", [] { return std::int64_t{model("B5A25S60P").continuous_current.count}; }, 500'000},
    {"C12_B5A25S60P_adjusts_up_to_600_A", [] { return std::int64_t{model("B5A25S60P").setting_highest.count}; }, 600'000},
    {"C12_B5A25S60P_accepts_600_A", [] { return std::int64_t{current_limit_most(model("B5A25S60P")).count}; }, 600'000},
    {"C13_125_245_is_12_cells", [] { return std::int64_t{model("BD4A24S4P").lto.fewest}; }, 12},
    {"C13_125_245_is_24_cells", [] { return std::int64_t{model("BD4A24S4P").lto.most}; }, 24},
    {"C13_35_85_is_3_cells", [] { return std::int64_t{model("B2A8S20P").li_ion.fewest}; }, 3},
    {"C13_128_258_is_12_cells", [] { return std::int64_t{model("B2A25SRP").lto.fewest}; }, 12},
    {"C13_0_64_is_600_mA", [] { return std::int64_t{model("BD6A24S8P").balance_current.count}; }, 600},
    {"C13_1_is_a_stroke_and_no_resistance", [] { return std::int64_t{model("B2A25SRP").main_resistance.count}; }, 0},
    {"C14_boards_work_from_minus_30", [] { return std::int64_t{kOperatingColdest.count}; }, -300},
    {"C14_boards_work_up_to_70", [] { return std::int64_t{kOperatingHottest.count}; }, 700},
    {"C15_classic_boards_wake_at_5_V", [] { return std::int64_t{facts(model("B2A24S20P").family).charger_above.count}; }, 5'000},
    {"C15_the_guides_board_wakes_at_2_V", [] { return std::int64_t{facts(model("BD4A24S12P").family).charger_above.count}; }, 2'000},
    {"C16_as_many_sensors_as_a_device_tells", [] { return number(kMaxTemperatures); }, 5},
    {"C17_classic_boards_have_one_bus", [] { return number(facts(model("B2A24S20P").family).one_bus); }, 1},
    {"C17_25_cells_have_both", [] { return number(facts(model("B2A25SRP").family).one_bus); }, 0},
    {"C18_8_cells_have_no_lowest_supply", [] { return std::int64_t{facts(model("B2A8S20P").family).supply_lowest.count}; }, 0},
    {"C18_25_cells_have_no_highest_supply", [] { return std::int64_t{facts(model("B2A25SRP").family).supply_highest.count}; }, 0},
    {"C18_7_to_24_cells_want_20_V", [] { return std::int64_t{facts(model("B2A24S20P").family).supply_lowest.count}; }, 20'000},
    {"C19_B2A25SRP_has_a_split_port", [] { return number(model("B2A25SRP").port); }, number(Port::split)},
    {"C19_B5A25S60P_has_a_split_port", [] { return number(model("B5A25S60P").port); }, number(Port::split)},
    {"C19_all_others_have_a_common_port", [] { return number(model("B2A24S20P").port); }, number(Port::common)},
};
// clang-format on

std::string name_of_resolution(const testing::TestParamInfo<Resolution>& info) {
  return info.param.name;
}

class CatalogueContradiction : public testing::TestWithParam<Resolution> {};

TEST_P(CatalogueContradiction, IsResolvedAsWritten) {
  EXPECT_EQ(GetParam().found(), GetParam().right);
}

INSTANTIATE_TEST_SUITE_P(Models, CatalogueContradiction, testing::ValuesIn(kResolutions),
                         name_of_resolution);

// Error codes.

struct CodeRow {
  int code;
  const char* sentence;  // the manual, FAQ
  Alarm alarm;
};
const CodeRow kManual[] = {
    {1, "Monomer over discharge alarm", Alarm::cell_undervoltage},
    {2, "Monomer overcharge alarm", Alarm::cell_overvoltage},
    {3, "Overcurrent alarm", Alarm::charge_overcurrent},
    {3, "Overcurrent alarm", Alarm::discharge_overcurrent},
    {4, "MOS over temperature alarm", Alarm::mosfet_overtemperature},
    {5, "CELL over temperature alarm", Alarm::charge_overtemperature},
    {5, "CELL over temperature alarm", Alarm::discharge_overtemperature},
    {6, "Short circuit alarm", Alarm::discharge_short_circuit},
    {6, "Short circuit alarm", Alarm::charge_short_circuit},
    {7, "Internal communication abnormal alarm", Alarm::internal_communication},
    {8, "Alarm of excessive equalizing resistance", Alarm::wire_resistance},
    {9, "Drop string", Alarm::cell_count_mismatch},
};

TEST(ErrorCodes, AreThoseOfTheManual) {
  EXPECT_EQ(kErrorCodes.size(), 9u);
  for (const CodeRow& row : kManual) {
    EXPECT_EQ(error_code_of(row.alarm), row.code) << row.sentence;
    EXPECT_EQ(kErrorCodes[static_cast<std::size_t>(row.code) - 1].sentence, row.sentence);
  }
}

TEST(ErrorCodes, NoAlarmHasTwo) {
  std::uint64_t seen = 0;
  for (const ErrorCode& row : kErrorCodes)
    for (const Alarm alarm : row.alarms()) {
      const auto bit = std::uint64_t{1} << static_cast<unsigned>(alarm);
      EXPECT_EQ(seen & bit, 0u) << name(alarm);
      seen |= bit;
    }
}

TEST(ErrorCodes, AlarmsTheManualDoesNotKnowHaveNone) {
  for (const Alarm alarm :
       {Alarm::cell_voltage_difference, Alarm::current_sensor, Alarm::low_capacity})
    EXPECT_FALSE(error_code_of(alarm)) << name(alarm);
}

TEST(ErrorCodes, OfTheRulesAreThoseOfTheirAlarms) {
  for (const RuleRow& rule : kRules)
    EXPECT_EQ(error_code_of(rule.alarm).value_or(0), rule.code) << rule.name;
}

}  // namespace
}  // namespace cw

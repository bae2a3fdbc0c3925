// SPDX-License-Identifier: Apache-2.0
// The boards of the make JK as data: what each carries, for how many cells of which kind. A board
// says its model; one the catalogue does not have still says much by its name.
// Sources: the specification sheets (S0, S1), the manual (S2), the 12P guide (S4), the manual of
// the inverter family (PB). Where they contradict each other: tests/unit/core_models_test.cpp.
#pragma once
#include <array>
#include <span>
#include <string_view>

#include "core/presets.h"

namespace cw {

struct CellRange {
  std::uint8_t fewest = 0;
  std::uint8_t most = 0;
  friend constexpr bool operator==(const CellRange&, const CellRange&) = default;
};

/// option: ordered with or without, and the name does not tell. unknown: no document tells.
enum class Fitted : std::uint8_t { unknown, no, option, yes };
constexpr std::string_view name(Fitted fitted) {
  constexpr std::string_view names[] = {"unknown", "no", "option", "yes"};
  return names[static_cast<std::size_t>(fitted)];
}

/// common: charge and discharge through the same two terminals. split: a terminal of their own.
enum class Port : std::uint8_t { unknown, common, split };
constexpr std::string_view name(Port port) {
  constexpr std::string_view names[] = {"unknown", "common", "split"};
  return names[static_cast<std::size_t>(port)];
}

/// What a heater's output carries. 0: not stated.
struct HeaterLimits {
  Milliamps current{3'000};   // S1, S2
  Milliwatts power{200'000};  // S1, S2
  friend constexpr bool operator==(const HeaterLimits&, const HeaterLimits&) = default;
};

/// In 0.1 mm; 0: not stated.
struct BoardSize {
  std::uint16_t length = 0, width = 0, height = 0;
  friend constexpr bool operator==(const BoardSize&, const BoardSize&) = default;
};

/// Boards that share what the sheets do not list by model.
enum class Family : std::uint8_t { classic, eight_cells, relay, guide_12p, inverter };

struct FamilyFacts {
  std::string_view title;
  Millivolts supply_lowest;   // informational: no check on a measured voltage. 0: not stated
  Millivolts supply_highest;  // 0: not stated
  Millivolts charger_above;   // a charger wakes the board this far above the pack; 0: not stated
  bool one_bus;               // RS485 or CAN or GPS, as they share a port
  Chemistry factory;          // the preset it leaves the factory with
};

// clang-format off
inline constexpr auto kFamilies = std::to_array<FamilyFacts>({
    {"classic, 7 to 24 cells",   {20'000}, {100'000}, {5'000}, true,  Chemistry::li_ion},  // S2
    {"classic, up to 8 cells",   {0},      {0},       {5'000}, true,  Chemistry::li_ion},  // 20 V cannot be meant
    {"relay and 500 A, 25 cells", {0},     {0},       {5'000}, false, Chemistry::li_ion},  // nor 100 V for 25 cells
    {"12P guide",                {20'000}, {100'000}, {2'000}, false, Chemistry::li_ion},  // S4
    {"inverter (PB)",            {20'000}, {70'000},  {0},     false, Chemistry::lfp},     // PB
});
// clang-format on
constexpr const FamilyFacts& facts(Family family) {
  return kFamilies[static_cast<std::size_t>(family)];
}

/// Of every board, the stricter of what the documents say.
inline constexpr Millivolts kCellAccuracy{5};          // S0, S1; others promise 3
inline constexpr DeciCelsius kOperatingColdest{-300};  // S4, PB; S2 promises -40
inline constexpr DeciCelsius kOperatingHottest{700};

/// Currents are the same for charge and discharge. Where a number is 0, no document states it.
struct Model {
  std::string_view name;  // "B2A24S20P": no "JK-", no suffix; empty: not in the catalogue
  CellRange li_ion, lfp, lto;
  Milliamps balance_current;
  MicroOhms main_resistance;  // of the whole path, cables not included
  Milliamps continuous_current;
  Milliamps peak_current;    // for two minutes
  Milliamps setting_lowest;  // over-current limit as the sheets offer it; boards take 1 A too
  Milliamps setting_highest;
  Fitted can = Fitted::unknown;
  Fitted rs485 = Fitted::unknown;
  Fitted heater = Fitted::unknown;
  HeaterLimits heater_limits{};  // where no heater is stated: the usual ones
  Port port = Port::unknown;
  Family family = Family::classic;
  BoardSize size{};
  std::string_view sources;
};

constexpr const CellRange& cells(const Model& model, Chemistry chemistry) {
  switch (chemistry) {
    case Chemistry::lfp: return model.lfp;
    case Chemistry::li_ion: return model.li_ion;
    case Chemistry::lto: return model.lto;
  }
  return model.lfp;
}

/// The most an over-current limit may be; 0: not known.
constexpr Milliamps current_limit_most(const Model& model) {
  return model.setting_highest.count != 0 ? model.setting_highest : model.continuous_current;
}

std::span<const Model> all_models();

/// exact: a row of the catalogue. by_name: only what the name itself says, the rest is not stated.
/// unknown: no name of a board at all.
enum class ModelMatch : std::uint8_t { unknown, by_name, exact };
constexpr std::string_view name(ModelMatch match) {
  constexpr std::string_view names[] = {"unknown", "by name", "exact"};
  return names[static_cast<std::size_t>(match)];
}

struct FoundModel {
  ModelMatch match = ModelMatch::unknown;
  Model model{};  // its name lives as long as the program
};

/// `text` as a device says it or a person writes it: "JK_B2A24S20P", "JK-BD4A24S-12PHCR",
/// "B2A24S20P", "JK-B2A24S" (which says no current). Suffixes H (heating), C (CAN) and R (RS485)
/// make the option a certainty.
FoundModel find_model(std::string_view text);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The presets as tables: one full column set for the oldest generation, and for each later user
// only the lines in which it differs. Sources: the JK manual (S2) with its appendices, the 12P
// guide (S4), settings captured from boards (F), the PB manual (PB). Never used over what a device
// says.
#include "core/presets.h"

#include <array>
#include <cstddef>

#include "core/protection.h"
#include "core/validation.h"

namespace cw {
namespace {

struct Line {
  Parameter parameter;
  std::int32_t li_ion, lfp, lto;  // counts in the unit of the parameter's row
};

using enum Parameter;

// clang-format off
// Boards with firmware up to 10 after the one-key button: appendix II of the manual. Where a value
// is the model's own, the smallest board of the family stands for all: too early, never too late.
constexpr auto kBoard10 = std::to_array<Line>({
    //                                  Li-ion      LFP      LTO   unit, source
    {cell_undervoltage,                     2'900,   2'600,   1'800},  // mV, S2 II; LFP also S4, F
    {cell_undervoltage_recovery,            3'200,   3'000,   2'000},  // mV, S2 II
    {cell_undervoltage_delay,               5'000,   5'000,   5'000},  // ms, F: up to 11.26
    {cell_overvoltage,                      4'200,   3'600,   2'700},  // mV, S2 II
    {cell_overvoltage_recovery,             4'100,   3'400,   2'400},  // mV, S2 II
    {cell_overvoltage_delay,                5'000,   5'000,   5'000},  // ms, F: up to 11.26
    {power_off_voltage,                     2'800,   2'500,   1'700},  // mV, S2 II, F
    {cell_voltage_difference,                 300,     300,     300},  // mV, F
    {charge_overcurrent,                   25'000,  25'000,  25'000},  // mA, S2 II
    {charge_overcurrent_delay,             30'000,  30'000,  30'000},  // ms, S2 I, S4, F; II: 60 s
    {charge_overcurrent_release,           60'000,  60'000,  60'000},  // ms, S2 II
    {discharge_overcurrent,                40'000,  40'000,  40'000},  // mA, BD4AxxS4P, S0-S2
    {discharge_overcurrent_delay,         300'000, 300'000, 300'000},  // ms, S2 II, S4, F
    {discharge_overcurrent_release,        60'000,  60'000,  60'000},  // ms, S2 II
    {short_circuit_delay,                   1'500,   1'500,   1'500},  // µs, S2 II, F
    {short_circuit_release,                60'000,  60'000,  60'000},  // ms, S2 II
    {balance_start,                         3'000,   3'000,   2'000},  // mV, F; not S2 II's 1.5 V
    {balance_trigger,                          10,      10,      10},  // mV, S2 II
    {balance_current_max,                     400,     400,     400},  // mA, BD4AxxS4P, S0-S2
    {charge_overtemperature,                  700,     700,     600},  // 0.1 °C, S2 II, S4, F
    {charge_overtemperature_recovery,         600,     600,     550},  // 0.1 °C, S2 II
    {charge_undertemperature,                -200,    -200,    -200},  // 0.1 °C, F, PB (factory)
    {charge_undertemperature_recovery,       -100,    -100,    -100},  // 0.1 °C, F, PB
    {discharge_overtemperature,               700,     700,     600},  // 0.1 °C, S2 II, S4, F
    {discharge_overtemperature_recovery,      600,     600,     550},  // 0.1 °C, S2 II
    {discharge_undertemperature,             -200,    -200,    -200},  // 0.1 °C, F
    {discharge_undertemperature_recovery,    -100,    -100,    -100},  // 0.1 °C, F
    {mosfet_overtemperature,                  900,     900,     900},  // 0.1 °C, S2 II, F
    {mosfet_overtemperature_recovery,         700,     700,     700},  // 0.1 °C, S2 II, F
    {temperature_delay,                     3'000,   3'000,   3'000},  // ms, our choice
    {box_overtemperature,                   1'000,   1'000,   1'000},  // 0.1 °C, F
    {box_overtemperature_recovery,          1'000,   1'000,   1'000},  // 0.1 °C, F
    {temperature_difference,                  200,     200,     200},  // 0.1 °C, F
    {low_capacity_alarm,                    2'000,   2'000,   2'000},  // 0.01 %, F
    {sleep_delay,                              10,      10,      10},  // s, F
});

// Firmware 11, where it differs from 10.
constexpr auto kBoard11 = std::to_array<Line>({
    {cell_undervoltage,                     2'820,   2'600,   1'800},  // mV, F 11.51, S4
    {cell_undervoltage_recovery,            2'850,   2'650,   1'850},  // mV, F 11.51, PB
    {cell_undervoltage_delay,               3'000,   3'000,   3'000},  // ms, F 11.51
    {cell_overvoltage,                      4'200,   3'600,   2'700},  // mV, F 11.51, PB
    {cell_overvoltage_recovery,             4'180,   3'550,   2'640},  // mV, F 11.51, PB
    {cell_overvoltage_delay,                3'000,   3'000,   3'000},  // ms, F 11.51
    {mosfet_overtemperature,                1'000,   1'000,   1'000},  // 0.1 °C, F 11.51
    {mosfet_overtemperature_recovery,         800,     800,     800},  // 0.1 °C, F 11.51
    {box_overtemperature,                     700,     700,     700},  // 0.1 °C, F 11.51
    {box_overtemperature_recovery,            600,     600,     600},  // 0.1 °C, F 11.51
});

// Firmware 15 (the inverter family, PB), where it differs from 11.
constexpr auto kBoard15 = std::to_array<Line>({
    {cell_undervoltage,                     2'820,   2'580,   1'800},  // mV, F 15.30
    {cell_undervoltage_recovery,            2'850,   2'620,   1'850},  // mV, F 15.30
    {cell_overvoltage,                      4'200,   3'650,   2'700},  // mV, F 15.30
    {cell_overvoltage_recovery,             4'170,   3'580,   2'640},  // mV, F 15.30
    {charge_overcurrent_delay,              3'000,   3'000,   3'000},  // ms, F 15.30
    {discharge_overcurrent,               100'000, 100'000, 100'000},  // mA, PB1A16S10P
    {short_circuit_release,                 5'000,   5'000,   5'000},  // ms, F 15.30
    {balance_current_max,                   1'000,   1'000,   1'000},  // mA, PB1A16S10P
    {soc_0_voltage,                         2'840,   2'600,   1'840},  // mV, F 15.30
    {soc_100_voltage,                       4'180,   3'590,   2'650},  // mV, F 15.30
    {request_charge_voltage,                4'190,   3'600,   2'680},  // mV, F 15.30
    {request_float_voltage,                 4'100,   3'500,   2'550},  // mV, F 15.30
});

// The gateway's own, where it is more careful than firmware 10: a second opinion that copies the
// factory settings has nothing to add.
constexpr auto kGateway = std::to_array<Line>({
    {cell_undervoltage_delay,               3'000,   3'000,   3'000},  // ms, as newer boards
    {cell_overvoltage_delay,                3'000,   3'000,   3'000},  // ms, as newer boards
    {discharge_overcurrent_delay,          30'000,  30'000,  30'000},  // ms, S2 I: before the board
    {balance_start,                         3'000,   3'400,   2'000},  // mV, LFP: our choice
    {charge_overtemperature,                  700,     550,     600},  // 0.1 °C, LFP: S2 II, text
    {charge_overtemperature_recovery,         600,     500,     550},  // 0.1 °C, LFP: S2 II, text
    {charge_undertemperature,                   0,       0,    -200},  // 0.1 °C, S2 I: no plating
    {charge_undertemperature_recovery,         50,      50,    -100},  // 0.1 °C, S2 I
    {discharge_overtemperature,               700,     550,     600},  // 0.1 °C, LFP: S2 II, text
    {discharge_overtemperature_recovery,      600,     500,     550},  // 0.1 °C, LFP: S2 II, text
});
// clang-format on

constexpr std::int32_t value_of(const Line& line, Chemistry chemistry) {
  switch (chemistry) {
    case Chemistry::lfp: return line.lfp;
    case Chemistry::li_ion: return line.li_ion;
    case Chemistry::lto: return line.lto;
  }
  return 0;
}

// True if every value is in its parameter's range.
constexpr bool lay(ParameterSet& set, std::span<const Line> lines, Chemistry chemistry) {
  bool good = true;
  for (const Line& line : lines) good &= set.set(line.parameter, value_of(line, chemistry));
  return good;
}

consteval bool every_value_is_in_range(std::span<const Line> lines) {
  ParameterSet scratch;
  return lay(scratch, lines, Chemistry::lfp) && lay(scratch, lines, Chemistry::li_ion) &&
         lay(scratch, lines, Chemistry::lto);
}
static_assert(every_value_is_in_range(kBoard10));
static_assert(every_value_is_in_range(kBoard11));
static_assert(every_value_is_in_range(kBoard15));
static_assert(every_value_is_in_range(kGateway));

consteval ParameterSet values(Chemistry chemistry, Generation generation) {
  ParameterSet set;
  lay(set, kBoard10, chemistry);
  if (generation == Generation::gateway) lay(set, kGateway, chemistry);
  if (generation == Generation::board_11 || generation == Generation::board_15)
    lay(set, kBoard11, chemistry);
  if (generation == Generation::board_15) lay(set, kBoard15, chemistry);
  return set;
}

consteval Preset preset(std::string_view name, std::string_view title, Chemistry chemistry,
                        Generation generation) {
  return {name, title, chemistry, generation, values(chemistry, generation)};
}

// clang-format off
constexpr auto kPresets = [] {
  using enum Chemistry;
  using enum Generation;
  return std::to_array<Preset>({
      preset("lfp",          "Cautious defaults for LiFePO4",              lfp,    gateway),
      preset("li-ion",       "Cautious defaults for NMC, NCA and LCO",     li_ion, gateway),
      preset("lto",          "Cautious defaults for lithium titanate",     lto,    gateway),
      preset("jk-10-lfp",    "JK firmware 10 and older, LFP button",       lfp,    board_10),
      preset("jk-10-li-ion", "JK firmware 10 and older, Li-ion button",    li_ion, board_10),
      preset("jk-10-lto",    "JK firmware 10 and older, LTO button",       lto,    board_10),
      preset("jk-11-lfp",    "JK firmware 11, LFP button",                 lfp,    board_11),
      preset("jk-11-li-ion", "JK firmware 11, Li-ion button",              li_ion, board_11),
      preset("jk-11-lto",    "JK firmware 11, LTO button",                 lto,    board_11),
      preset("jk-15-lfp",    "JK inverter boards, firmware 15, LFP button",    lfp,    board_15),
      preset("jk-15-li-ion", "JK inverter boards, firmware 15, Li-ion button", li_ion, board_15),
      preset("jk-15-lto",    "JK inverter boards, firmware 15, LTO button",    lto,    board_15),
  });
}();
// clang-format on

consteval bool every_preset_obeys_the_orderings() {
  for (const Preset& preset : kPresets)
    if (validate(preset.values).count != 0) return false;
  return true;
}
// What only one board in many has, or only this very pack, is in no preset.
constexpr bool is_the_packs_own(Parameter parameter) {
  return parameter == cell_count || parameter == capacity || parameter == pack_overvoltage ||
         parameter == pack_undervoltage || parameter == wire_resistance_max;
}
consteval bool every_rule_has_its_parameters() {
  for (const Preset& preset : kPresets)
    for (const RuleRow& rule : kRules)
      if (!limits_of(rule, preset.values) && !is_the_packs_own(rule.limit.parameter)) return false;
  return true;
}
consteval bool none_sets_what_is_the_packs_own() {
  for (const Preset& preset : kPresets)
    if (preset.values.get(cell_count) || preset.values.get(capacity)) return false;
  return true;
}
// What preset_of() counts on: three rows a generation, in the order of the two enums.
consteval bool rows_are_in_the_order_of_the_enums() {
  for (std::size_t i = 0; i < kPresets.size(); ++i)
    if (static_cast<std::size_t>(kPresets[i].generation) != i / 3 ||
        static_cast<std::size_t>(kPresets[i].chemistry) != i % 3)
      return false;
  return true;
}
static_assert(rows_are_in_the_order_of_the_enums());
static_assert(every_preset_obeys_the_orderings());
static_assert(every_rule_has_its_parameters());
static_assert(none_sets_what_is_the_packs_own());

}  // namespace

std::span<const Preset> all_presets() { return kPresets; }

const Preset* find_preset(std::string_view name) {
  for (const Preset& preset : kPresets)
    if (preset.name == name) return &preset;
  return nullptr;
}

const Preset& preset_of(Chemistry chemistry, Generation generation) {
  return kPresets[static_cast<std::size_t>(generation) * 3 + static_cast<std::size_t>(chemistry)];
}

}  // namespace cw

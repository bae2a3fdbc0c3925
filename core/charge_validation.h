// SPDX-License-Identifier: Apache-2.0
// What contradicts itself in the settings of charge control, and with the protections of the packs
// (charge-control.md, section 13). What is known at the start is refused; what a board tells later
// leaves a tenth of its limits.
#pragma once
#include <array>
#include <span>

#include "core/charge_settings.h"
#include "core/parameters.h"
#include "core/presets.h"

namespace cw {

/// The order is the order of kChargeRules.
enum class ChargeRule : std::uint8_t {
  float_below_absorption,
  absorption_below_ceiling,
  discharge_below_float,
  charge_curve_ends,
  charge_curve_falls,
  discharge_curve_begins,
  discharge_curve_rises,
  mosfet_curve_falls,
  temperature_curves_peak,
  soc_curves,
  soc_window,
  force_charge_window,
  charge_curve_below_overvoltage,
  ceiling_below_overvoltage,
  discharge_curve_above_undervoltage,
  cells_equal,
  chemistries_equal,
  chemistry_has_voltages,
};

struct ChargeRuleRow {
  std::string_view name;
  std::string_view means;  // what must hold
};

// clang-format off
inline constexpr auto kChargeRules = std::to_array<ChargeRuleRow>({
    {"float_below_absorption",             "the float voltage is below the absorption voltage"},
    {"absorption_below_ceiling",           "the absorption voltage is below the ceiling of a cell"},
    {"discharge_below_float",              "the lowest discharge voltage is below the float voltage"},
    {"charge_curve_ends",                  "the charge curve over the highest cell ends at 0"},
    {"charge_curve_falls",                 "the charge curve over the highest cell never rises"},
    {"discharge_curve_begins",             "the discharge curve over the lowest cell begins at 0"},
    {"discharge_curve_rises",              "the discharge curve over the lowest cell never falls"},
    {"mosfet_curve_falls",                 "the curve over the switches' temperature never rises"},
    {"temperature_curves_peak",            "a curve over temperatures rises first and then falls"},
    {"soc_curves",                         "over the state of charge the charge curve never rises and the discharge curve never falls"},
    {"soc_window",                         "the lowest state of charge is below the highest"},
    {"force_charge_window",                "a forced charge ends above where it begins"},
    {"charge_curve_below_overvoltage",     "the charge curve ends 20 mV or more below the cell over-voltage protection"},
    {"ceiling_below_overvoltage",          "the ceiling of a cell is 50 mV or more below the cell over-voltage protection"},
    {"discharge_curve_above_undervoltage", "the discharge curve begins 100 mV or more above the cell under-voltage protection"},
    {"cells_equal",                        "every pack has as many cells in series as the first"},
    {"chemistries_equal",                  "every pack has the chemistry of the first, unless mixing is allowed"},
    {"chemistry_has_voltages",             "the voltages are not those for LFP where the chemistry is another"},
});
// clang-format on
inline constexpr std::size_t kChargeRuleCount = kChargeRules.size();
static_assert(kChargeRuleCount == static_cast<std::size_t>(ChargeRule::chemistry_has_voltages) + 1);

constexpr const ChargeRuleRow& row_of(ChargeRule rule) {
  return kChargeRules[static_cast<std::size_t>(rule)];
}

/// A rule that does not hold: what is set, and what it should have been at most or at least.
struct ChargeBreach {
  ChargeRule rule{};
  std::uint8_t pack = 0;  // from 1; 0: the bank's own settings
  std::int32_t value = 0;
  std::int32_t bound = 0;
  Unit unit = Unit::millivolt;
  friend constexpr bool operator==(const ChargeBreach&, const ChargeBreach&) = default;
};

class ChargeBreaches {
 public:
  constexpr void add(const ChargeBreach& breach) {
    if (count_ < list_.size()) list_[count_++] = breach;
  }
  constexpr bool empty() const { return count_ == 0; }
  constexpr std::size_t size() const { return count_; }
  constexpr const ChargeBreach& operator[](std::size_t i) const { return list_[i]; }
  constexpr const ChargeBreach* begin() const { return list_.data(); }
  constexpr const ChargeBreach* end() const { return list_.data() + count_; }

 private:
  std::array<ChargeBreach, kChargeRuleCount + 4> list_{};  // of one check: each rule about once
  std::size_t count_ = 0;
};

/// The bank's settings by themselves.
ChargeBreaches check_charge(const ChargeSettings& settings);

/// Against the protections of one pack, of its policy or of its board: those that are known.
ChargeBreaches check_charge(const ChargeSettings& settings, const ParameterSet& protections,
                            std::uint8_t pack);

/// Whether pack number `pack` (from 1) may share a bus with the first, with these voltages.
ChargeBreaches check_mix(const ChargeSettings& settings, std::span<const ChargePackSettings> packs,
                         std::uint8_t pack);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The bank: charge control of all packs together, and what of it belongs to one pack.
#include <fmt/format.h>

#include <algorithm>

#include "core/presets.h"
#include "daemon/configuration/configuration_parts.h"
#include "daemon/configuration/quantity_text.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

/// The option that fills a member, if it is given.
template <class Q>
struct QuantityRow {
  std::size_t option;
  Q ChargeSettings::*member;
};
struct CurveRow {
  std::size_t option;
  Curve ChargeSettings::*member;
};

using S = ChargeSettings;

constexpr QuantityRow<Millivolts> kVoltages[] = {
    {option("bank", "absorption_voltage"), &S::absorption_voltage},
    {option("bank", "float_voltage"), &S::float_voltage},
    {option("bank", "ceiling_voltage"), &S::ceiling_voltage},
    {option("bank", "discharge_voltage"), &S::discharge_voltage},
    {option("bank", "nominal_voltage"), &S::nominal_voltage},
    {option("bank", "full_cell_difference"), &S::full_cell_difference},
    {option("bank", "join_window"), &S::join_window},
};
constexpr QuantityRow<CentiPercent> kCharges[] = {
    {option("bank", "soc_min"), &S::soc_min},
    {option("bank", "soc_max"), &S::soc_max},
    {option("bank", "force_charge_soc"), &S::force_charge_soc},
    {option("bank", "force_charge_until_soc"), &S::force_charge_until_soc},
    {option("bank", "bulk_again_soc"), &S::bulk_again_soc},
};
constexpr QuantityRow<Millis> kTimes[] = {
    {option("bank", "absorption_least"), &S::absorption_least},
    {option("bank", "absorption_most"), &S::absorption_most},
    {option("bank", "rise_after"), &S::rise_after},
    {option("bank", "lost_after"), &S::lost_after},
    {option("bank", "blind_for"), &S::blind_for},
    {option("bank", "ride_through"), &S::ride_through},
};
constexpr CurveRow kCurves[] = {
    {option("bank", "charge_by_cell"), &S::charge_by_cell},
    {option("bank", "discharge_by_cell"), &S::discharge_by_cell},
    {option("bank", "charge_by_temperature"), &S::charge_by_temperature},
    {option("bank", "discharge_by_temperature"), &S::discharge_by_temperature},
    {option("bank", "by_mosfet_temperature"), &S::by_mosfet_temperature},
    {option("bank", "charge_by_soc"), &S::charge_by_soc},
    {option("bank", "discharge_by_soc"), &S::discharge_by_soc},
};

/// What the defaults know for lfp alone.
constexpr std::size_t kOfChemistry[] = {
    option("bank", "absorption_voltage"), option("bank", "float_voltage"),
    option("bank", "ceiling_voltage"),    option("bank", "discharge_voltage"),
    option("bank", "nominal_voltage"),    option("bank", "charge_by_cell"),
    option("bank", "discharge_by_cell"),
};

template <class Q>
void fill(const SectionValues& section, const QuantityRow<Q>& row, ChargeSettings& out) {
  if (section.usable(row.option))
    out.*row.member = Q{static_cast<std::int32_t>(section.number(row.option))};
}

std::optional<Milliamps> current(const SectionValues& section, std::size_t key) {
  if (!section.usable(key)) return std::nullopt;
  return Milliamps{static_cast<std::int32_t>(section.number(key))};
}

std::int32_t count(const SectionValues& section, std::size_t key) {
  return static_cast<std::int32_t>(section.number(key));
}

ChargeSettings read_settings(const SectionValues& section) {
  constexpr std::int32_t centipercent_a_permille = 10;
  ChargeSettings out;
  for (const auto& row : kVoltages) fill(section, row, out);
  for (const auto& row : kCharges) fill(section, row, out);
  for (const auto& row : kTimes) fill(section, row, out);
  for (const CurveRow& row : kCurves)
    if (section.usable(row.option)) out.*row.member = section[row.option].curve;
  out.charge_current_most = current(section, option("bank", "charge_current"));
  out.discharge_current_most = current(section, option("bank", "discharge_current"));
  out.rise_per_second = {count(section, option("bank", "rise"))};
  out.tail_permille_per_hour =
      count(section, option("bank", "tail_current")) / centipercent_a_permille;
  out.full_charge_due_days = count(section, option("bank", "full_charge_due_days"));
  out.full_charge_wanted_days = count(section, option("bank", "full_charge_wanted_days"));
  out.mixed_chemistries = section.boolean(option("bank", "mixed_chemistries"));
  out.alarm_if_any = section.text(option("bank", "alarm")) == "any";
  return out;
}

void need_voltages(const SectionValues& section, std::string_view chemistry, FaultList& faults) {
  std::string missing;
  for (const std::size_t key : kOfChemistry)
    if (!section.given(key))
      missing += (missing.empty() ? "" : ", ") + std::string{kOptions[key].key};
  if (!missing.empty())
    faults.add(section.place(), fmt::format("[bank] with chemistry {} has no {}: the defaults are "
                                            "those for lfp, so give them all",
                                            in_quotes(chemistry), missing));
}

/// The kinds of cells must agree, or the operator must say that they need not.
void check_chemistries(const SectionValues& section, const Sections& sections,
                       const Configuration& all, FaultList& faults) {
  constexpr auto chemistry = option("pack", "chemistry");
  const PackConfiguration& first = all.packs.front();
  if (first.chemistry != name(Chemistry::lfp)) need_voltages(section, first.chemistry, faults);
  for (std::size_t i = 1; i < all.packs.size(); ++i) {
    const PackConfiguration& pack = all.packs[i];
    if (pack.chemistry == first.chemistry || all.bank.settings.mixed_chemistries) continue;
    faults.add(
        sections.packs[i].own[chemistry].place,
        fmt::format("chemistry {} differs from {} of pack {}: packs of a [bank] are of one "
                    "kind; mixed_chemistries = true in [bank] allows it",
                    in_quotes(pack.chemistry), in_quotes(first.chemistry), in_quotes(first.name)));
  }
}

/// Packs of different numbers of cells have no voltage in common.
void check_cells(const Sections& sections, const Configuration& all, FaultList& faults) {
  constexpr auto cells = option("pack", "cells");
  for (std::size_t i = 1; i < all.packs.size(); ++i)
    if (all.bank.packs[i].cells != all.bank.packs[0].cells)
      faults.add(sections.packs[i].own[cells].place,
                 fmt::format("cells {} differs from {} of pack {}: packs of a [bank] are in "
                             "parallel, and so have as many cells",
                             all.bank.packs[i].cells, all.bank.packs[0].cells,
                             in_quotes(all.packs[0].name)));
}

/// Pairs of which one must be below the other.
struct Order {
  std::size_t lower;
  std::size_t upper;
};
constexpr Order kOrders[] = {
    {option("bank", "discharge_voltage"), option("bank", "float_voltage")},
    {option("bank", "float_voltage"), option("bank", "absorption_voltage")},
    {option("bank", "absorption_voltage"), option("bank", "ceiling_voltage")},
    {option("bank", "soc_min"), option("bank", "soc_max")},
    {option("bank", "force_charge_soc"), option("bank", "force_charge_until_soc")},
    {option("bank", "full_charge_due_days"), option("bank", "full_charge_wanted_days")},
};

/// As it is in force, given or not.
std::int64_t in_force(const ChargeSettings& settings, const SectionValues& section,
                      std::size_t key) {
  for (const auto& row : kVoltages)
    if (row.option == key) return (settings.*row.member).count;
  return section.number(key);
}

/// `lfp`: defaults are in force where nothing is given.
void check_orders(const SectionValues& section, const ChargeSettings& settings, bool lfp,
                  FaultList& faults) {
  const auto known = [&](std::size_t key) {
    return lfp || section.given(key) ||
           std::ranges::find(kOfChemistry, key) == std::end(kOfChemistry);
  };
  for (const Order& order : kOrders) {
    if (!known(order.lower) || !known(order.upper)) continue;
    const std::int64_t lower = in_force(settings, section, order.lower);
    const std::int64_t upper = in_force(settings, section, order.upper);
    if (lower < upper) continue;
    const Option& low = kOptions[order.lower];
    const Option& high = kOptions[order.upper];
    faults.add(section[section.given(order.lower) ? order.lower : order.upper].place,
               fmt::format("{} {} must be below {} {}", low.key, quantity_text(lower, low.unit),
                           high.key, quantity_text(upper, high.unit)));
  }
}

}  // namespace

void configure_bank(const Sections& sections, Configuration& out, FaultList& faults) {
  const SectionValues& section = sections.bank;
  out.bank.enabled = section.present();
  if (!out.bank.enabled) return;
  out.bank.settings = read_settings(section);
  if (out.packs.empty()) return;
  for (std::size_t i = 0; i < out.packs.size(); ++i) {
    const SectionValues& pack = sections.packs[i].own;
    ChargePackSettings own;
    own.cells = static_cast<std::uint8_t>(pack.number(option("pack", "cells")));
    if (const Preset* preset = find_preset(out.packs[i].chemistry))
      own.chemistry = static_cast<std::uint8_t>(preset->chemistry);
    own.charge_current = current(pack, option("pack", "charge_current"));
    own.discharge_current = current(pack, option("pack", "discharge_current"));
    if (pack.usable(option("pack", "capacity")))
      own.capacity = MilliampHours{count(pack, option("pack", "capacity"))};
    out.bank.packs.push_back(own);
  }
  check_orders(section, out.bank.settings, out.packs.front().chemistry == name(Chemistry::lfp),
               faults);
  check_chemistries(section, sections, out, faults);
  check_cells(sections, out, faults);
}

}  // namespace cw

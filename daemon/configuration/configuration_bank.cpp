// SPDX-License-Identifier: Apache-2.0
// The bank: charge control of all packs together, and what of it belongs to one pack.
#include <fmt/format.h>

#include <algorithm>

#include "core/charge_validation.h"
#include "core/obedience.h"
#include "core/presets.h"
#include "daemon/configuration/breach_text.h"
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
    {option("bank", "voltage_rise"), &S::voltage_rise_per_second},
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
    {option("bank", "voltage_rise_after"), &S::voltage_rise_after},
    {option("bank", "lost_after"), &S::lost_after},
    {option("bank", "blind_for"), &S::blind_for},
    {option("bank", "join_zero_most"), &S::join_zero_most},
};
constexpr struct {
  std::size_t option;
  std::optional<Millis> ChargeSettings::*member;
} kEscalation[] = {
    {option("bank", "ignored_flags_after"), &S::ignored_flags_after},
    {option("bank", "ignored_soc_after"), &S::ignored_soc_after},
    {option("bank", "ignored_silence_after"), &S::ignored_silence_after},
    {option("bank", "ignored_relay_after"), &S::ignored_relay_after},
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

/// Of a capacity in an hour, in permille.
struct PartRow {
  std::size_t option;
  std::int32_t ChargeSettings::*member;
};
constexpr PartRow kParts[] = {
    {option("bank", "tail_current"), &S::tail_permille_per_hour},
    {option("bank", "join_current"), &S::join_permille_per_hour},
    {option("bank", "wake_current"), &S::wake_permille_per_hour},
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
  for (const auto& row : kEscalation)
    if (section.usable(row.option)) out.*row.member = Millis{count(section, row.option)};
  out.charge_current_most = current(section, option("bank", "charge_current"));
  out.discharge_current_most = current(section, option("bank", "discharge_current"));
  out.rise_per_second = {count(section, option("bank", "rise"))};
  for (const PartRow& row : kParts)
    out.*row.member = count(section, row.option) / centipercent_a_permille;
  out.full_charge_due_days = count(section, option("bank", "full_charge_due_days"));
  out.full_charge_wanted_days = count(section, option("bank", "full_charge_wanted_days"));
  out.mixed_chemistries = section.boolean(option("bank", "mixed_chemistries"));
  out.alarm_if_any = section.text(option("bank", "alarm")) == "any";
  return out;
}

/// True: all are given.
bool need_voltages(const SectionValues& section, std::string_view chemistry, FaultList& faults) {
  std::string missing;
  for (const std::size_t key : kOfChemistry)
    if (!section.given(key))
      missing += (missing.empty() ? "" : ", ") + std::string{kOptions[key].key};
  if (!missing.empty())
    faults.add(section.place(), fmt::format("[bank] with chemistry {} has no {}: the defaults are "
                                            "those for lfp, so give them all",
                                            in_quotes(chemistry), missing));
  return missing.empty();
}

/// The kinds of cells must agree, or the operator must say that they need not. True: the voltages
/// are those of the first.
bool check_chemistries(const SectionValues& section, const Sections& sections,
                       const Configuration& all, FaultList& faults) {
  constexpr auto chemistry = option("pack", "chemistry");
  const PackConfiguration& first = all.packs.front();
  const bool voltages =
      first.chemistry == name(Chemistry::lfp) || need_voltages(section, first.chemistry, faults);
  for (std::size_t i = 1; i < all.packs.size(); ++i) {
    const PackConfiguration& pack = all.packs[i];
    if (pack.chemistry == first.chemistry || all.bank.settings.mixed_chemistries) continue;
    faults.add(
        sections.packs[i].own[chemistry].place,
        fmt::format("chemistry {} differs from {} of pack {}: packs of a [bank] are of one "
                    "kind; mixed_chemistries = true in [bank] allows it",
                    in_quotes(pack.chemistry), in_quotes(first.chemistry), in_quotes(first.name)));
  }
  return voltages;
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

/// Where the file says what a rule is about. In the order of ChargeRule, up to those of one pack.
constexpr std::size_t kRulePlaces[] = {
    option("bank", "float_voltage"),
    option("bank", "absorption_voltage"),
    option("bank", "discharge_voltage"),
    option("bank", "charge_by_cell"),
    option("bank", "charge_by_cell"),
    option("bank", "discharge_by_cell"),
    option("bank", "discharge_by_cell"),
    option("bank", "by_mosfet_temperature"),
    option("bank", "charge_by_temperature"),
    option("bank", "charge_by_soc"),
    option("bank", "soc_min"),
    option("bank", "force_charge_soc"),
    option("bank", "charge_by_cell"),
    option("bank", "ceiling_voltage"),
    option("bank", "discharge_by_cell"),
};
static_assert(std::size(kRulePlaces) == static_cast<std::size_t>(ChargeRule::cells_equal));

void add_breaches(const SectionValues& section, const ChargeBreaches& breaches,
                  const Configuration& all, FaultList& faults) {
  for (const ChargeBreach& breach : breaches) {
    const std::size_t key = kRulePlaces[static_cast<std::size_t>(breach.rule)];
    faults.add(section[key].place,
               breach_text(breach, breach.pack == 0 ? std::string_view{}
                                                    : all.packs[breach.pack - 1U].name));
  }
}

void check_days(const SectionValues& section, const ChargeSettings& settings, FaultList& faults) {
  constexpr auto due = option("bank", "full_charge_due_days");
  constexpr auto wanted = option("bank", "full_charge_wanted_days");
  if (settings.full_charge_due_days < settings.full_charge_wanted_days) return;
  faults.add(section[section.given(due) ? due : wanted].place,
             fmt::format("full_charge_due_days {} must be below full_charge_wanted_days {}",
                         settings.full_charge_due_days, settings.full_charge_wanted_days));
}

void check_times(const SectionValues& section, const Configuration& all, FaultList& faults) {
  constexpr auto least = option("bank", "absorption_least");
  constexpr auto most = option("bank", "absorption_most");
  constexpr auto lost = option("bank", "lost_after");
  const ChargeSettings& settings = all.bank.settings;
  const auto text = [](Millis span) { return quantity_text(span.count, Unit::millisecond); };
  if (settings.absorption_least > settings.absorption_most)
    faults.add(section[section.given(least) ? least : most].place,
               fmt::format("absorption_least {} is longer than absorption_most {}",
                           text(settings.absorption_least), text(settings.absorption_most)));
  for (const PackConfiguration& pack : all.packs)
    if (settings.lost_after <= pack.stale_after)
      faults.add(
          section[lost].place,
          fmt::format("lost_after {} must be longer than stale_after {} of pack {}",
                      text(settings.lost_after), text(pack.stale_after), in_quotes(pack.name)));
}

/// Against themselves, and against the limits the supervisor works with.
void check_settings(const SectionValues& section, const Configuration& all, FaultList& faults) {
  const ChargeSettings& settings = all.bank.settings;
  check_days(section, settings, faults);
  check_times(section, all, faults);
  add_breaches(section, check_charge(settings), all, faults);
  for (std::size_t i = 0; i < all.packs.size(); ++i)
    add_breaches(section,
                 check_charge(settings, all.packs[i].policy, static_cast<std::uint8_t>(i + 1)), all,
                 faults);
}

/// The last step of the ladder opens relays; without one nothing would happen.
void check_last_step(const SectionValues& section, const Configuration& all, FaultList& faults) {
  constexpr auto relay = option("bank", "ignored_relay_after");
  static_assert(kOptions[relay].highest == kLongestLadder.count, "it would never be reached");
  const auto opens = [](const RelayConfiguration& one) {
    return one.role == RelayRole::charge || one.role == RelayRole::discharge;
  };
  if (section.given(relay) && std::ranges::none_of(all.relays, opens))
    faults.add(section[relay].place,
               "ignored_relay_after opens relays of role charge and discharge, and there is none: "
               "add a [[relay]], or leave the line out");
}

}  // namespace

void configure_bank(const Sections& sections, Configuration& out, FaultList& faults) {
  const SectionValues& section = sections.bank;
  out.bank.enabled = section.present();
  if (!out.bank.enabled) return;
  out.bank.settings = read_settings(section);
  check_last_step(section, out, faults);
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
  if (check_chemistries(section, sections, out, faults)) check_settings(section, out, faults);
  check_cells(sections, out, faults);
}

}  // namespace cw

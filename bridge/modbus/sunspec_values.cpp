// SPDX-License-Identifier: Apache-2.0
#include "bridge/modbus/sunspec_values.h"

#include <algorithm>

namespace cw::sunspec {
namespace {

// mA or mAh times the pack's nominal voltage: mW or mWh.
std::int64_t at_nominal_voltage(const View& v, const PackFacts& pack, std::int64_t count) {
  return count * (std::int64_t{v.chain.nominal_voltage.count} * pack.cells_configured) / 1000;
}

// Of the packs whose rating is known.
template <class Rating>
Number sum_of(const View& v, const Rating& rating) {
  Number sum;
  for (const PackFacts& one : v.facts.packs)
    if (const Number value = rating(one)) sum = sum.value_or(0) + *value;
  return sum;
}

// Mandatory: a rating nobody knows is none.
Number power_of(const View& v, Number PackFacts::*current) {
  return sum_of(v,
                [&](const PackFacts& one) -> Number {
                  if (!(one.*current)) return std::nullopt;
                  return at_nominal_voltage(v, one, *(one.*current));
                })
      .value_or(0);
}

}  // namespace

std::string_view version(const View&) { return CW_VERSION; }

Number capacity(const View& v) {
  return sum_of(v, [](const PackFacts& one) { return one.capacity; });
}

Number energy(const View& v) {
  return sum_of(v, [&](const PackFacts& one) -> Number {
    if (!one.capacity) return std::nullopt;
    return at_nominal_voltage(v, one, *one.capacity);
  });
}

Number energy_left(const View& v) {
  const Number all = energy(v);
  if (!all || !v.facts.soc) return std::nullopt;
  return *all / 100 * *v.facts.soc / 100 * v.facts.soh.value_or(10'000) / 10'000;
}

Number charge_power(const View& v) { return power_of(v, &PackFacts::charge_current); }
Number discharge_power(const View& v) { return power_of(v, &PackFacts::discharge_current); }

Number own_events(const View& v) {
  const Site& site = *v.facts.site;
  const bool relay_open = std::ranges::any_of(site.bank.relays, [](const RelayState& relay) {
    const bool supervises = relay.role == RelayRole::charge || relay.role == RelayRole::discharge;
    return supervises && !relay.wanted;
  });
  const bool forced = site.request && site.request->force_charge;
  const bool full_wanted = site.request && site.request->full_charge_wanted;
  return (forced ? 1 : 0) | (full_wanted ? 2 : 0) | (relay_open ? 4 : 0) |
         (site.inverter_silent ? 8 : 0);
}

Number worst_event(const View& v) {
  if ((v.facts.events & kAlarmEvents) != 0) return 2;
  return v.facts.events != 0 ? 1 : 0;
}

Found highest_current(const View& v) {
  return v.chain.discharge_positive ? v.facts.currents.least : v.facts.currents.most;
}
Found lowest_current(const View& v) {
  return v.chain.discharge_positive ? v.facts.currents.most : v.facts.currents.least;
}

Number pack_number(const View& v) { return v.pack_index + 1; }

Number pack_cells(const View& v) { return v.cells; }

Number pack_status(const View& v) {
  const PackFacts& pack = v.pack();
  if (!pack.believed) return std::nullopt;
  return pack.charge_closed.value_or(0) != 0 && pack.discharge_closed.value_or(0) != 0 ? 3 : 1;
}

Number pack_failure(const View& v) {
  constexpr std::int64_t contactor_failure = 6;
  if (!v.pack().believed) return std::nullopt;
  return (v.pack().events & bit(SunspecEvent::contactor_error)) != 0 ? contactor_failure : 0;
}

Number pack_current(const View& v) { return signed_as_told(v, v.pack().current); }

Number pack_switches(const View& v) {
  const PackFacts& pack = v.pack();
  if (!pack.charge_closed && !pack.discharge_closed) return std::nullopt;
  return (pack.charge_closed.value_or(0) != 0 ? 1 : 0) |
         (pack.discharge_closed.value_or(0) != 0 ? 2 : 0);
}

Number pack_disabled_by(const View& v) {
  constexpr std::int64_t fault = 1;
  constexpr std::int64_t external = 3;
  const PackFacts& pack = v.pack();
  if (!pack.believed) return std::nullopt;
  if (pack.charge_closed.value_or(1) != 0 || pack.discharge_closed.value_or(1) != 0) return 0;
  return (pack.events & kAlarmEvents) != 0 ? fault : external;
}

Number pack_balancing(const View& v) { return v.pack().balancing == 0 ? Number{0} : std::nullopt; }

Number cell_voltage(const View& v) { return v.pack().cell[v.cell_index]; }

}  // namespace cw::sunspec

// SPDX-License-Identifier: Apache-2.0
// Where the points of the SunSpec chain take their values from: functions of one view, for the rows
// of sunspec_table.h. Pure.
#pragma once
#include <cstdint>
#include <string_view>

#include "bridge/modbus/site_facts.h"

namespace cw::sunspec {

/// Powers of ten that clients keep: they follow from the configuration and never change.
struct Scales {
  std::int8_t capacity = -1;
  std::int8_t energy = 0;
  std::int8_t rating = 1;
  std::int8_t current = -1;
  std::int8_t power = 0;
};

/// The same for every point of a chain.
struct Chain {
  std::uint8_t unit = 126;
  std::uint16_t packs = 0;
  bool discharge_positive = true;
  std::string_view site;
  Scales scales;
  Millivolts nominal_voltage{};
};

/// What one point looks at.
struct View {
  const SiteFacts& facts;
  const Chain& chain;
  std::uint16_t model = 0;
  std::uint16_t length = 0;      // of the model, after its L
  std::uint16_t pack_index = 0;  // in models and groups of a pack
  std::uint16_t cell_index = 0;  // in groups of a cell
  std::uint8_t cells = 0;        // of the pack, as configured

  const PackFacts& pack() const { return facts.packs[pack_index]; }
};

using Read = Number (*)(const View&);
using ReadText = std::string_view (*)(const View&);

inline Number id(const View& v) { return v.model; }
inline Number length(const View& v) { return v.length; }
template <int Value>
Number fixed(const View&) {
  return Value;
}
template <auto Member>
Number site(const View& v) {
  return v.facts.*Member;
}
template <auto Member>
Number pack(const View& v) {
  return v.pack().*Member;
}

/// The index of the only module of a string, where there is a value.
inline Number one_with(Number value) { return value ? Number{1} : std::nullopt; }
/// Depth of discharge.
inline Number rest_of(Number soc) { return soc ? Number{10'000 - *soc} : std::nullopt; }

/// SunSpec does not say which direction is positive; the operator does.
inline Number signed_as_told(const View& v, Number value) {
  if (value && v.chain.discharge_positive) return -*value;
  return value;
}

std::string_view version(const View& v);

Number capacity(const View& v);         // mAh
Number energy(const View& v);           // mWh
Number energy_left(const View& v);      // mWh
Number charge_power(const View& v);     // mW
Number discharge_power(const View& v);  // mW
Number own_events(const View& v);
Number worst_event(const View& v);
Found highest_current(const View& v);  // as the operator counts; the value as the core does
Found lowest_current(const View& v);

Number pack_number(const View& v);
Number pack_cells(const View& v);
Number pack_status(const View& v);
Number pack_failure(const View& v);
Number pack_current(const View& v);  // with the operator's sign
Number pack_switches(const View& v);
Number pack_disabled_by(const View& v);
Number pack_balancing(const View& v);  // 0: none; absent: some, and nobody tells which
Number cell_voltage(const View& v);

}  // namespace cw::sunspec

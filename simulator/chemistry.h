// SPDX-License-Identifier: Apache-2.0
// What kind of cell it is: the voltage at rest over the state of charge and a few constants.
// Typical values of large cells, not of one product. Never a source of protection limits:
// core/presets.h.
#pragma once
#include <span>

#include "core/presets.h"

namespace cw::simulator {

/// A point of the curve at rest, 25 °C. Both columns rise strictly.
struct CurvePoint {
  double soc;  // 0 empty, 1 full; the curve goes on a little beyond both
  double voltage_V;
};

struct ChemistryFacts {
  std::span<const CurvePoint> curve;
  double nominal_voltage_V;
  double absorption_voltage_V;  // what a well set charger holds at most, for each cell
  double resistance_ohm_Ah;     // of a cell, times its capacity: large cells resist less
  double self_discharge_month;  // part of the capacity lost in 30 days
  double heat_capacity_J_K_Ah;  // of a cell, for each Ah
};

const ChemistryFacts& facts(Chemistry chemistry);

/// At rest. Beyond the ends the curve goes on straight, but never below 0 V.
double open_circuit_voltage_V(Chemistry chemistry, double soc);

/// The state of charge with that voltage at rest: the inverse.
double state_of_charge(Chemistry chemistry, double voltage_V);

}  // namespace cw::simulator

// SPDX-License-Identifier: Apache-2.0
// One cell: a charge, a resistance, a polarisation that fades at rest, and a small leak. It knows
// no clock and no neighbours.
#pragma once
#include "simulator/chemistry.h"

namespace cw::simulator {

class Cell {
 public:
  Cell(Chemistry chemistry, double capacity_Ah, double resistance_ohm, double soc);

  /// `amps` flow through the terminals for `seconds`; positive charges.
  void pass(double amps, double seconds);

  /// What the leak takes in `seconds`; returns the charge in As.
  double leak(double seconds);

  /// At the terminals while `amps` flow.
  double voltage_V(double amps) const;
  /// At rest, when the polarisation has faded.
  double rest_voltage_V() const;

  double charge_As() const { return charge_As_; }
  double capacity_As() const { return capacity_As_; }
  double resistance_ohm() const { return resistance_ohm_; }
  double soc() const { return charge_As_ / capacity_As_; }

 private:
  Chemistry chemistry_;
  double capacity_As_;
  double resistance_ohm_;
  double leak_A_;
  double charge_As_;
  double polarisation_V_ = 0;
};

}  // namespace cw::simulator

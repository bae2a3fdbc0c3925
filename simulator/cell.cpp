// SPDX-License-Identifier: Apache-2.0
#include "simulator/cell.h"

namespace cw::simulator {
namespace {

constexpr double kMonth_s = 30.0 * 24 * 3600;
constexpr double kPolarisation_s = 40;  // time constant
// Of the resistance that shows at once; the polarisation adds this part of it when it has settled.
constexpr double kPolarisationPart = 0.6;

}  // namespace

Cell::Cell(Chemistry chemistry, double capacity_Ah, double resistance_ohm, double soc)
    : chemistry_(chemistry),
      capacity_As_(capacity_Ah * 3600),
      resistance_ohm_(resistance_ohm),
      leak_A_(capacity_As_ * facts(chemistry).self_discharge_month / kMonth_s),
      charge_As_(capacity_As_ * soc) {}

void Cell::pass(double amps, double seconds) {
  charge_As_ += amps * seconds;
  // Backward Euler: right for small steps and stable for large ones.
  const double settled_V = amps * resistance_ohm_ * kPolarisationPart;
  polarisation_V_ += (settled_V - polarisation_V_) * seconds / (kPolarisation_s + seconds);
}

double Cell::leak(double seconds) {
  const double lost_As = leak_A_ * seconds;
  charge_As_ -= lost_As;
  return lost_As;
}

double Cell::voltage_V(double amps) const {
  return rest_voltage_V() + amps * resistance_ohm_ + polarisation_V_;
}

double Cell::rest_voltage_V() const { return open_circuit_voltage_V(chemistry_, soc()); }

}  // namespace cw::simulator

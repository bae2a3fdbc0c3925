// SPDX-License-Identifier: Apache-2.0
// The physical battery: cells in series, their temperatures, and charge moved between two cells by
// an active balancer. It obeys; what may flow is decided by the board and the profile.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "core/balance.h"
#include "simulator/cell.h"
#include "simulator/sensed.h"

namespace cw::simulator {

struct PlantOptions {
  Chemistry chemistry = Chemistry::lfp;
  std::size_t cells = 16;
  double capacity_Ah = 280;
  double soc = 0.6;
  double capacity_spread = 0.01;  // standard deviation over the cells, relative
  double soc_spread = 0.002;      // standard deviation over the cells, absolute
  std::size_t weak_cell = 0;      // from 1: holds only `weak_share` of its capacity; 0: none
  double weak_share = 1;
  double ambient_C = 20;
  std::uint64_t seed = 1;
};

/// What the balancer moves now: it takes from one cell, then gives to another.
struct Transfer {
  BalanceAction action = BalanceAction::idle;
  std::size_t cell = 0;  // index
  double amps = 0;       // size of the current
};

/// Where charge went since the start, in As. Summed over the cells: the change of their charge is
/// cells * through - leaked - taken + given.
struct Ledger {
  double through_As = 0;  // through the pack's terminals, positive charges
  double leaked_As = 0;
  double taken_As = 0;
  double given_As = 0;
  double lost_As = 0;  // by the balancer, between taking and giving
};

class Plant {
 public:
  explicit Plant(const PlantOptions& options);

  /// `seconds` with `amps` through the pack, and a heater that somebody else feeds.
  void step(double seconds, double amps, const Transfer& transfer, double heater_W = 0);

  /// What the board's sensors are exposed to while `amps` flow.
  Sensed sense(double amps) const;

  /// The weather changes.
  void set_ambient(double ambient_C) { ambient_C_ = ambient_C; }

  double voltage_V(double amps) const;
  /// The largest current that lifts the pack to `voltage_V` and no further; below 0: it is above.
  double current_to_reach_A(double voltage_V) const;
  /// Mean over the cells.
  double soc() const;

  std::span<const Cell> cells() const { return cells_; }
  const Ledger& ledger() const { return ledger_; }
  /// Taken from a cell and not yet given or lost.
  double stored_As() const { return stored_As_; }

 private:
  void move_charge(const Transfer& transfer, double seconds);
  void warm(double seconds, double amps, double heater_W);

  std::vector<Cell> cells_;
  Ledger ledger_;
  Transfer transfer_;  // of the last step: its current shows in the cells' voltages
  double stored_As_ = 0;
  double heat_capacity_J_K_ = 0;
  double ambient_C_;
  double battery_C_;
  double mosfet_C_;
};

}  // namespace cw::simulator

// SPDX-License-Identifier: Apache-2.0
#include "simulator/plant.h"

#include <algorithm>
#include <cmath>

#include "core/assert.h"
#include "simulator/random.h"

namespace cw::simulator {
namespace {

constexpr double kBalanceEfficiency = 0.9;
constexpr double kMosfet_ohm = 0.00047;    // boards of 200 A, jk-models: main resistance
constexpr double kMosfetRise_K_W = 2;      // in still air
constexpr double kMosfet_s = 120;          // time constant
constexpr double kBattery_s = 4 * 3600.0;  // time constant of a closed box

}  // namespace

Plant::Plant(const PlantOptions& options)
    : ambient_C_(options.ambient_C), battery_C_(options.ambient_C), mosfet_C_(options.ambient_C) {
  CW_ASSERT(options.cells >= 1 && options.cells <= kMaxCells);
  Random random(options.seed);
  const ChemistryFacts& what = facts(options.chemistry);
  const double resistance_ohm = what.resistance_ohm_Ah / options.capacity_Ah;
  cells_.reserve(options.cells);
  for (std::size_t i = 0; i < options.cells; ++i) {
    const double share = i + 1 == options.weak_cell ? options.weak_share : 1;
    const double capacity_Ah =
        share * options.capacity_Ah * std::max(0.1, 1 + options.capacity_spread * random.normal());
    const double soc = options.soc + options.soc_spread * random.normal();
    cells_.emplace_back(options.chemistry, capacity_Ah, resistance_ohm * random.between(0.95, 1.05),
                        soc);
  }
  heat_capacity_J_K_ =
      what.heat_capacity_J_K_Ah * options.capacity_Ah * static_cast<double>(options.cells);
}

void Plant::step(double seconds, double amps, const Transfer& transfer, double heater_W) {
  for (Cell& cell : cells_) {
    cell.pass(amps, seconds);
    ledger_.leaked_As += cell.leak(seconds);
  }
  ledger_.through_As += amps * seconds;
  move_charge(transfer, seconds);
  warm(seconds, amps, heater_W);
}

void Plant::move_charge(const Transfer& transfer, double seconds) {
  transfer_ = transfer;
  const double moved_As = transfer.amps * seconds;
  switch (transfer.action) {
    case BalanceAction::idle: return;
    case BalanceAction::taking:
      cells_[transfer.cell].pass(-transfer.amps, seconds);
      stored_As_ += moved_As;
      ledger_.taken_As += moved_As;
      return;
    case BalanceAction::giving: {
      // No more than what was taken, less what the converter loses.
      const double given_As = std::min(moved_As, stored_As_ * kBalanceEfficiency);
      cells_[transfer.cell].pass(given_As / seconds, seconds);
      ledger_.given_As += given_As;
      ledger_.lost_As += given_As * (1 / kBalanceEfficiency - 1);
      stored_As_ -= given_As / kBalanceEfficiency;
      return;
    }
  }
}

void Plant::warm(double seconds, double amps, double heater_W) {
  double resistance_ohm = 0;
  for (const Cell& cell : cells_) resistance_ohm += cell.resistance_ohm();
  battery_C_ += (amps * amps * resistance_ohm + heater_W) * seconds / heat_capacity_J_K_;
  battery_C_ += (ambient_C_ - battery_C_) * seconds / (kBattery_s + seconds);
  const double settled_C = battery_C_ + amps * amps * kMosfet_ohm * kMosfetRise_K_W;
  mosfet_C_ += (settled_C - mosfet_C_) * seconds / (kMosfet_s + seconds);
}

Sensed Plant::sense(double amps) const {
  Sensed sensed;
  sensed.cell_count = cells_.size();
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    double through_A = amps;
    if (i == transfer_.cell && transfer_.action == BalanceAction::taking)
      through_A -= transfer_.amps;
    if (i == transfer_.cell && transfer_.action == BalanceAction::giving)
      through_A += transfer_.amps;
    sensed.cell_voltage_V[i] = cells_[i].voltage_V(through_A);
  }
  sensed.current_A = amps;
  sensed.temperature_C = {(battery_C_ + ambient_C_) / 2, battery_C_};
  sensed.mosfet_temperature_C = mosfet_C_;
  return sensed;
}

double Plant::voltage_V(double amps) const {
  double sum_V = 0;
  for (const Cell& cell : cells_) sum_V += cell.voltage_V(amps);
  return sum_V;
}

double Plant::current_to_reach_A(double voltage_V) const {
  double rest_V = 0;
  double resistance_ohm = 0;
  for (const Cell& cell : cells_) {
    rest_V += cell.voltage_V(0);
    resistance_ohm += cell.resistance_ohm();
  }
  return (voltage_V - rest_V) / resistance_ohm;
}

double Plant::soc() const {
  double sum = 0;
  for (const Cell& cell : cells_) sum += cell.soc();
  return sum / static_cast<double>(cells_.size());
}

}  // namespace cw::simulator

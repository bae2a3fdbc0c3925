// SPDX-License-Identifier: Apache-2.0
// What the sensors of a board are exposed to at one instant, before any measuring. Comes from the
// plant or from a held state; faults distort it.
#pragma once
#include <array>
#include <cstddef>

#include "core/pack.h"

namespace cw::simulator {

inline constexpr std::size_t kSensors = 2;  // what a 4E57 board carries: box, battery

struct Sensed {
  std::size_t cell_count = 0;
  std::array<double, kMaxCells> cell_voltage_V{};
  double current_A = 0;  // positive charges
  std::array<double, kSensors> temperature_C{};
  double mosfet_temperature_C = 0;

  bool charger = false;               // something is there that could charge
  bool short_circuit = false;         // the front end's flags
  bool charge_short_circuit = false;  //
  bool internal_fault = false;        //
};

}  // namespace cw::simulator

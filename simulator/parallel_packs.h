// SPDX-License-Identifier: Apache-2.0
// Packs on one bus: each a plant behind its own board. The current divides as voltages and
// resistances will have it, and flows between packs as well; a board that opens a switch takes its
// pack out in that direction.
#pragma once
#include <vector>

#include "simulator/board.h"

namespace cw::simulator {

struct ParallelPack {
  Plant plant;
  Board board;
  double amps = 0;  // through it since the last step, positive charges

  ParallelPack(const PlantOptions& plant_options, const BoardOptions& board_options, Instant now)
      : plant(plant_options), board(board_options, now) {
    board.sample(plant.sense(0), now);
  }
};

class ParallelPacks {
 public:
  void add(const PlantOptions& plant, const BoardOptions& board, Instant now) {
    packs_.emplace_back(plant, board, now);
  }

  /// Lets `wanted_A` flow until `now`, as far as the boards let it; each board then measures. What
  /// really flowed.
  double step(double seconds, double wanted_A, Instant now);

  /// On the bus, since the last step.
  double voltage_V() const { return voltage_V_; }
  /// The largest current that lifts the bus to `voltage_V` and no further, through the packs that
  /// let it pass; below 0: it is above.
  double current_to_reach_A(double voltage_V) const;

  std::vector<ParallelPack>& packs() { return packs_; }
  const std::vector<ParallelPack>& packs() const { return packs_; }

 private:
  double settle(double wanted_A) const;

  std::vector<ParallelPack> packs_;
  double voltage_V_ = 0;
};

}  // namespace cw::simulator

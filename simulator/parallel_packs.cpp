// SPDX-License-Identifier: Apache-2.0
#include "simulator/parallel_packs.h"

#include <algorithm>

namespace cw::simulator {
namespace {

constexpr double kVoltageMost_V = 200;
constexpr int kHalvings = 40;  // far below a microvolt

double current_at(const ParallelPack& pack, double voltage_V) {
  const double amps = pack.plant.current_to_reach_A(voltage_V);
  return pack.board.permits(amps) ? amps : 0;
}

/// The current through a pack over the voltage of the bus: a straight line, cut off at 0 where the
/// board has a switch open.
struct Line {
  double at_zero_A, per_volt_A;
  bool charge, discharge;

  double at(double voltage_V) const {
    const double amps = at_zero_A + per_volt_A * voltage_V;
    return (amps > 0 ? charge : discharge) ? amps : 0;
  }
};

Line line_of(const ParallelPack& pack) {
  const double at_zero_A = pack.plant.current_to_reach_A(0);
  return {at_zero_A, pack.plant.current_to_reach_A(1) - at_zero_A, pack.board.permits(1),
          pack.board.permits(-1)};
}

}  // namespace

double ParallelPacks::current_to_reach_A(double voltage_V) const {
  double sum_A = 0;
  for (const ParallelPack& pack : packs_) sum_A += current_at(pack, voltage_V);
  return sum_A;
}

// The sum grows with the voltage: the one at which it is what is wanted is found by halving.
double ParallelPacks::settle(double wanted_A) const {
  std::vector<Line> lines;
  lines.reserve(packs_.size());
  for (const ParallelPack& pack : packs_) lines.push_back(line_of(pack));
  double low_V = 0, high_V = kVoltageMost_V;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle_V = (low_V + high_V) / 2;
    double sum_A = 0;
    for (const Line& line : lines) sum_A += line.at(middle_V);
    (sum_A < wanted_A ? low_V : high_V) = middle_V;
  }
  return (low_V + high_V) / 2;
}

double ParallelPacks::step(double seconds, double wanted_A, Instant now) {
  const bool charge = wanted_A > 0;
  const bool open = std::ranges::any_of(packs_, [&](const ParallelPack& pack) {
    return wanted_A == 0 || pack.board.permits(wanted_A);
  });
  voltage_V_ = settle(open ? wanted_A : 0);
  double sum_A = 0;
  for (ParallelPack& pack : packs_) {
    pack.amps = current_at(pack, voltage_V_);
    pack.plant.step(seconds, pack.amps, pack.board.transfer());
    Sensed sensed = pack.plant.sense(pack.amps);
    sensed.charger = charge;
    pack.board.sample(sensed, now);
    sum_A += pack.amps;
  }
  return sum_A;
}

}  // namespace cw::simulator

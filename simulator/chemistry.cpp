// SPDX-License-Identifier: Apache-2.0
#include "simulator/chemistry.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace cw::simulator {
namespace {

// The flat middle of LFP is what makes its state of charge hard to see; the knees at both ends are
// what the protections are for.
constexpr auto kLfp = std::to_array<CurvePoint>({
    {-0.02, 2.000},
    {0.00, 2.500},
    {0.02, 2.850},
    {0.05, 3.060},
    {0.10, 3.200},
    {0.20, 3.250},
    {0.30, 3.280},
    {0.40, 3.292},
    {0.50, 3.298},
    {0.60, 3.306},
    {0.70, 3.325},
    {0.80, 3.331},
    {0.90, 3.335},
    {0.95, 3.340},
    {0.98, 3.365},
    {1.00, 3.450},
    {1.02, 3.750},
});
constexpr auto kLiIon = std::to_array<CurvePoint>({
    {-0.03, 2.500},
    {0.00, 3.000},
    {0.05, 3.330},
    {0.10, 3.450},
    {0.20, 3.550},
    {0.30, 3.610},
    {0.40, 3.650},
    {0.50, 3.710},
    {0.60, 3.790},
    {0.70, 3.880},
    {0.80, 3.980},
    {0.90, 4.080},
    {1.00, 4.180},
    {1.05, 4.400},
});
constexpr auto kLto = std::to_array<CurvePoint>({
    {-0.02, 1.500},
    {0.00, 1.800},
    {0.05, 2.050},
    {0.10, 2.120},
    {0.30, 2.200},
    {0.50, 2.250},
    {0.70, 2.320},
    {0.90, 2.420},
    {0.96, 2.500},
    {1.00, 2.650},
    {1.03, 2.950},
});

// In the order of the enum.
constexpr std::array<ChemistryFacts, 3> kFacts = {{
    {kLfp, 3.2, 3.45, 0.060, 0.02, 19.0},
    {kLiIon, 3.7, 4.10, 0.090, 0.02, 16.0},
    {kLto, 2.3, 2.55, 0.030, 0.03, 30.0},
}};

consteval bool rises(std::span<const CurvePoint> curve) {
  for (std::size_t i = 1; i < curve.size(); ++i)
    if (curve[i].soc <= curve[i - 1].soc || curve[i].voltage_V <= curve[i - 1].voltage_V)
      return false;
  return true;
}
static_assert(rises(kLfp) && rises(kLiIon) && rises(kLto));

using Column = double CurvePoint::*;

// On the line through the two points that enclose `x`, or through the last two on its side.
double look_up(std::span<const CurvePoint> curve, Column from, Column to, double x) {
  std::size_t i = 1;
  while (i + 1 < curve.size() && curve[i].*from < x) ++i;
  const CurvePoint& a = curve[i - 1];
  const CurvePoint& b = curve[i];
  return a.*to + (b.*to - a.*to) * (x - a.*from) / (b.*from - a.*from);
}

}  // namespace

const ChemistryFacts& facts(Chemistry chemistry) {
  return kFacts[static_cast<std::size_t>(chemistry)];
}

double open_circuit_voltage_V(Chemistry chemistry, double soc) {
  return std::max(0.0,
                  look_up(facts(chemistry).curve, &CurvePoint::soc, &CurvePoint::voltage_V, soc));
}

double state_of_charge(Chemistry chemistry, double voltage_V) {
  return look_up(facts(chemistry).curve, &CurvePoint::voltage_V, &CurvePoint::soc, voltage_V);
}

}  // namespace cw::simulator

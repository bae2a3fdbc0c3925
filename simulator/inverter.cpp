// SPDX-License-Identifier: Apache-2.0
#include "simulator/inverter.h"

#include <algorithm>

namespace cw::simulator {
namespace {

constexpr double kHour_ms = 3'600'000;
constexpr double kLeast_V = 10;  // never divided by nearly 0 V

}  // namespace

std::optional<Ignores> find_ignores(std::string_view name) {
  for (std::size_t i = 0; i < kIgnores.size(); ++i)
    if (kIgnores[i] == name) return static_cast<Ignores>(i);
  return std::nullopt;
}

// What sun, loads and grid would like, within what it was told about currents.
double Inverter::wanted(double voltage_V, Instant now) const {
  if (!limits_ || !believes(now)) return 0;
  const InverterLimits& told = *limits_;
  const Ignores ignores = plant_.ignores;
  const double hour = plant_.start_hour + static_cast<double>(now.ms - start_.ms) / kHour_ms;
  double power_W = wanted_power_W(plant_.sun, plant_.energy_Wh, hour, plant_.seed) +
                   wanted_power_W(plant_.load, plant_.energy_Wh, hour, plant_.seed);
  if (told.force_charge && plant_.grid) power_W = plant_.power_most_W;
  power_W = std::clamp(power_W, -plant_.power_most_W, plant_.power_most_W);
  const bool charging = power_W > 0;
  const std::optional<Milliamps> limit = charging ? told.charge_current : told.discharge_current;
  const bool enabled = charging ? told.charge_enabled : told.discharge_enabled;
  if (!enabled && ignores != Ignores::flags) return 0;
  double most_A = limit ? limit->count / 1000.0 : plant_.current_most_A;
  if (ignores == (charging ? Ignores::charge_current : Ignores::discharge_current))
    most_A = plant_.current_most_A;
  // Where a flag forbids, the current is 0 as well: who ignores the one ignores the other.
  if (!enabled && ignores == Ignores::flags) most_A = plant_.current_most_A;
  most_A = std::min(most_A, plant_.current_most_A);
  return std::clamp(power_W / std::max(voltage_V, kLeast_V), -most_A, most_A);
}

double Inverter::charge_voltage() const {
  const auto& told = limits_->charge_voltage;
  if (plant_.ignores == Ignores::charge_voltage || !told) return plant_.charge_voltage_V;
  return std::min(told->count / 1000.0, plant_.charge_voltage_V);
}

double Inverter::discharge_voltage() const {
  const auto& told = limits_->discharge_voltage;
  if (!told) return plant_.discharge_voltage_V;
  return std::max(told->count / 1000.0, plant_.discharge_voltage_V);
}

}  // namespace cw::simulator

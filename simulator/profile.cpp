// SPDX-License-Identifier: Apache-2.0
#include "simulator/profile.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "simulator/random.h"

namespace cw::simulator {
namespace {

/// Chance that changes smoothly: fixed at whole `x`, straight between.
double drift(double x, std::uint64_t seed) {
  const double floor = std::floor(x);
  const auto at = static_cast<std::uint64_t>(static_cast<std::int64_t>(floor));
  const double a = fraction_of(mixed(seed ^ mixed(at)));
  const double b = fraction_of(mixed(seed ^ mixed(at + 1)));
  return a + (b - a) * (x - floor);
}

/// 1 at `peak`, fading over about `width` hours on both sides, also across midnight.
double bump(double hour_of_day, double peak, double width) {
  double distance = std::abs(hour_of_day - peak);
  distance = std::min(distance, 24 - distance) / width;
  return std::exp(-distance * distance);
}

// The mean is about a twentieth of the battery's energy an hour: a full battery lasts a day.
double household_W(double energy_Wh, double hour, std::uint64_t seed) {
  const double of_day = std::fmod(hour, 24.0);
  const double habit = 0.015 + 0.03 * bump(of_day, 7, 1) + 0.06 * bump(of_day, 19.5, 2);
  const double unrest = 0.8 + 0.4 * drift(hour * 720, seed);  // every five seconds
  // A kettle or a pump: some five-minute slots of the day carry one.
  const auto slot = static_cast<std::uint64_t>(hour * 12);
  const bool awake = of_day > 6 && of_day < 23;
  const bool appliance = awake && fraction_of(mixed(seed ^ mixed(slot + 0xA9))) < 0.15;
  return energy_Wh * (habit * unrest + (appliance ? 0.1 : 0.0));
}

double solar_W(double energy_Wh, double hour, std::uint64_t seed) {
  const double of_day = std::fmod(hour, 24.0);
  if (of_day <= 6 || of_day >= 20) return 0;
  const double height = std::sin(std::numbers::pi * (of_day - 6) / 14);
  const double haze = 0.6 + 0.4 * drift(hour * 2, seed ^ 1);
  const double clouds = 0.85 + 0.15 * drift(hour * 120, seed ^ 2);
  return energy_Wh * 0.2 * height * height * haze * clouds;
}

}  // namespace

std::optional<ProfileKind> find_profile(std::string_view name) {
  for (std::size_t i = 0; i < kProfiles.size(); ++i)
    if (kProfiles[i].name == name) return static_cast<ProfileKind>(i);
  return std::nullopt;
}

double wanted_power_W(ProfileKind kind, double energy_Wh, double hour, std::uint64_t seed) {
  switch (kind) {
    case ProfileKind::idle:
    case ProfileKind::constant: return 0;
    case ProfileKind::household: return -household_W(energy_Wh, hour, seed);
    case ProfileKind::solar: return solar_W(energy_Wh, hour, seed);
    case ProfileKind::home:
      return solar_W(energy_Wh, hour, seed) - household_W(energy_Wh, hour, seed);
  }
  return 0;
}

}  // namespace cw::simulator

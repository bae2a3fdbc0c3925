// SPDX-License-Identifier: Apache-2.0
// What the world around a battery wants: loads that draw and sun that charges. A function of time
// and seed alone, without state: the same instant of the same day always asks the same.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cw::simulator {

enum class ProfileKind : std::uint8_t { idle, constant, household, solar, home };

struct ProfileRow {
  std::string_view name;
  std::string_view help;
};
/// In the order of the enum; walked by the parser and by --help.
inline constexpr std::array<ProfileRow, 5> kProfiles = {{
    {"idle", "nothing flows"},
    {"constant", "the given current without end, whatever the voltage"},
    {"household", "loads of a house, more in the morning and in the evening"},
    {"solar", "a day of sun behind clouds; the charger holds its absorption voltage"},
    {"home", "household and solar together"},
}};

constexpr std::string_view name(ProfileKind kind) {
  return kProfiles[static_cast<std::size_t>(kind)].name;
}
std::optional<ProfileKind> find_profile(std::string_view name);

/// Power in W that the profile wants to flow into (positive) or out of a battery that holds
/// `energy_Wh` when full, at `hour` (from 0; beyond 24 the next days). 0 for idle and constant.
double wanted_power_W(ProfileKind kind, double energy_Wh, double hour, std::uint64_t seed);

}  // namespace cw::simulator

// SPDX-License-Identifier: Apache-2.0
// A hybrid inverter: sun and loads on one side, the battery on the other. It does what a battery
// told it to - or one thing not, if it is made to. A function of what it was told and the time: no
// I/O, no clock.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/units.h"
#include "simulator/profile.h"

namespace cw::simulator {

/// What a battery tells its inverter, whatever the protocol. Currents are magnitudes. Absent: the
/// protocol has no word for it, and the inverter keeps to its own.
struct InverterLimits {
  std::optional<Millivolts> charge_voltage{};
  std::optional<Millivolts> discharge_voltage{};
  std::optional<Milliamps> charge_current{};
  std::optional<Milliamps> discharge_current{};
  bool charge_enabled = false;
  bool discharge_enabled = false;
  bool force_charge = false;
  friend constexpr bool operator==(const InverterLimits&, const InverterLimits&) = default;
};

/// What it does not care about.
enum class Ignores : std::uint8_t {
  nothing,
  charge_voltage,
  charge_current,
  discharge_current,
  flags,
};
inline constexpr std::array<std::string_view, 5> kIgnores = {
    "nothing", "charge_voltage", "charge_current", "discharge_current", "flags"};
constexpr std::string_view name(Ignores what) { return kIgnores[static_cast<std::size_t>(what)]; }
std::optional<Ignores> find_ignores(std::string_view name);

struct InverterPlant {
  double energy_Wh = 14'000;  // of the battery its sun and loads are measured for
  double power_most_W = 8'000;
  double current_most_A = 200;        // its own, whatever it is told
  double charge_voltage_V = 58.4;     // its own, used by one that ignores that of the battery
  double discharge_voltage_V = 44.8;  // it stops there in any case
  bool grid = false;                  // to charge from, when the battery asks
  ProfileKind sun = ProfileKind::solar;
  ProfileKind load = ProfileKind::household;
  double start_hour = 0;  // time of day at the start
  Millis forgets_after{60'000};
  Ignores ignores = Ignores::nothing;
  std::uint64_t seed = 1;
};

class Inverter {
 public:
  Inverter(const InverterPlant& plant, Instant start) : plant_(plant), start_(start) {}

  void hear(const InverterLimits& limits, Instant now) {
    limits_ = limits;
    heard_ = now;
  }
  /// True if it was told something within its own time-out.
  bool believes(Instant now) const { return heard_ && now <= *heard_ + plant_.forgets_after; }
  const std::optional<InverterLimits>& limits() const { return limits_; }

  /// The current it drives into the battery at `now` (positive charges). `voltage_V`: of the bus;
  /// `reach_A(V)`: the current that brings the bus to V, which its regulator finds.
  template <class Reach>
  double current_A(double voltage_V, const Reach& reach_A, Instant now) const {
    const double wanted_A = wanted(voltage_V, now);
    if (wanted_A > 0) return clamp_low(reach_A(charge_voltage()), wanted_A);
    if (wanted_A < 0) return -clamp_low(-reach_A(discharge_voltage()), -wanted_A);
    return 0;
  }

  void ignore(Ignores what) { plant_.ignores = what; }

 private:
  /// Between 0 and `most`.
  static double clamp_low(double value, double most) {
    return value < 0 ? 0 : value < most ? value : most;
  }
  double wanted(double voltage_V, Instant now) const;
  double charge_voltage() const;
  double discharge_voltage() const;

  InverterPlant plant_;
  Instant start_;
  std::optional<InverterLimits> limits_;
  std::optional<Instant> heard_;
};

}  // namespace cw::simulator

// SPDX-License-Identifier: Apache-2.0
// What standards ask for and no pack says as such: extremes and means over cells and sensors,
// states and event words, of each pack and of the bank. Pure. Numbers are counts of the core's
// units (mV, mA, 0.01 %, 0.1 °C); an absent one is not known or not to be believed.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "bridge/modbus/modbus_site.h"
#include "core/charge_settings.h"

namespace cw {

using Number = std::optional<std::int64_t>;

/// The greatest or least of several values, and which it was.
struct Found {
  Number value;
  Number which;  // cell, sensor or pack from 1
};

/// Extremes and mean of several values; of none they are absent.
struct Spread {
  Found most, least;
  std::int64_t sum = 0;
  std::int64_t count = 0;

  void add(Number value, std::size_t which);  // an absent one is left out
  void add(const Spread& part, std::size_t which);
  Number mean() const;  // rounded to nearest
};

/// Bits of SunSpec's Evt1 (802), StrEvt1 (803) and Evt1 (804).
enum class SunspecEvent : std::uint8_t {
  communication_error,
  over_temperature_alarm,
  over_temperature_warning,
  under_temperature_alarm,
  under_temperature_warning,
  over_charge_current_alarm,
  over_charge_current_warning,
  over_discharge_current_alarm,
  over_discharge_current_warning,
  over_voltage_alarm,
  over_voltage_warning,
  under_voltage_alarm,
  under_voltage_warning,
  under_soc_alarm,
  under_soc_warning,
  over_soc_alarm,
  over_soc_warning,
  voltage_imbalance_warning,
  temperature_imbalance_alarm,
  temperature_imbalance_warning,
  contactor_error,
  other_alarm = 25,
  other_warning = 26,
  configuration_alarm = 28,
  configuration_warning = 29,
};
constexpr std::uint32_t bit(SunspecEvent event) {
  return std::uint32_t{1} << static_cast<unsigned>(event);
}
/// Those that are alarms.
inline constexpr std::uint32_t kAlarmEvents =
    bit(SunspecEvent::over_temperature_alarm) | bit(SunspecEvent::under_temperature_alarm) |
    bit(SunspecEvent::over_charge_current_alarm) | bit(SunspecEvent::over_discharge_current_alarm) |
    bit(SunspecEvent::over_voltage_alarm) | bit(SunspecEvent::under_voltage_alarm) |
    bit(SunspecEvent::under_soc_alarm) | bit(SunspecEvent::over_soc_alarm) |
    bit(SunspecEvent::temperature_imbalance_alarm) | bit(SunspecEvent::contactor_error) |
    bit(SunspecEvent::other_alarm) | bit(SunspecEvent::configuration_alarm);

/// The bits an alarm sets where it is an alarm, and where it only is a warning.
std::uint32_t alarm_events(const AlarmSet& alarms);
std::uint32_t warning_events(const AlarmSet& alarms);

struct PackFacts {
  const UnitState* unit = nullptr;  // name, identity, parameters
  bool believed = false;            // else every number here is absent but the ratings
  Number voltage, current, soc, soh, cycles, balancing;
  Number charge_closed, discharge_closed;  // flags: switches
  Spread cells, sensors;
  std::array<Number, kMaxCells> cell{};  // mV
  std::uint8_t cells_configured = 0;
  std::uint32_t events = 0;
  // Ratings, as configured or as the board tells; kept when it falls silent.
  Number capacity;           // mAh
  Number charge_current;     // mA
  Number discharge_current;  // mA
};

/// 802 ChaSt, State.
enum class SunspecCharging : std::uint8_t { off = 1, empty, discharging, charging, full, holding };
enum class SunspecState : std::uint8_t {
  disconnected = 1,
  initializing,
  connected,
  standby,
  soc_protection,
  fault = 99,
};

struct SiteFacts {
  const Site* site = nullptr;
  std::vector<PackFacts> packs;
  bool heard = false;                                  // at least one pack is believed
  Number voltage, current, power, soc, soh, cycles;    // power in mW
  Number charge_current_most, discharge_current_most;  // limits in force; 0 when blind or silent
  Number charge_voltage, discharge_voltage;
  Number soc_min, soc_max;                    // the window in force; of one just written, that one
  Spread cells, sensors, voltages, currents;  // of the packs that are believed: `which` is a pack
  Number balancing;                           // cells, where that can be told
  Number connected;                           // packs that are believed with a switch closed
  std::int64_t heartbeat = 0;                 // one more each second while a pack is heard
  std::uint32_t events = 0;
  SunspecCharging charging = SunspecCharging::off;
  SunspecState state = SunspecState::initializing;
  Instant hold_until{};  // nothing changes before the end of this instant by time alone
};

/// Fills `facts`, which keeps its memory. `settings`: one a pack, as configured; may be shorter.
void find_facts(const Site& site, std::span<const ChargePackSettings> settings, Instant now,
                SiteFacts& facts);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Which of the bank's alarms an inverter on CAN is told of, and how loudly (inverter-can.md,
// section 11).
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>

#include "core/bank_request.h"

namespace cw {

/// Kinds of trouble that inverters tell apart.
enum class CanAlarm : std::uint8_t {
  cell_high_voltage,
  pack_high_voltage,
  cell_low_voltage,
  pack_low_voltage,
  high_temperature,  // of the switches, or while discharging
  high_temperature_charge,
  low_temperature,
  low_temperature_charge,
  high_current,
  high_charge_current,
  short_circuit,
  contactor,
  internal,  // a sensor, the front end, a pack that is not heard
  imbalance,
  general,  // whatever else a board complains of
};
inline constexpr std::size_t kCanAlarmCount = 15;

struct CanAlarmRow {
  std::string_view name;
  AlarmSet of;            // raised by any of these
  bool charging = false;  // no reason to stop while discharging is fine
  bool warning = false;   // never more than a warning
};
extern const std::array<CanAlarmRow, kCanAlarmCount> kCanAlarms;

/// Bit n: CanAlarm n.
using CanAlarmBits = std::uint32_t;
constexpr CanAlarmBits bits_of(std::initializer_list<CanAlarm> alarms) {
  CanAlarmBits bits = 0;
  for (const CanAlarm alarm : alarms) bits |= CanAlarmBits{1} << static_cast<unsigned>(alarm);
  return bits;
}

struct CanRaised {
  CanAlarmBits alarms = 0;    // the bank has stopped because of it, as a whole
  CanAlarmBits warnings = 0;  // some pack has it, or it is no reason to stop
};

/// An alarm only if every pack that is heard has it, and not for what concerns charging while the
/// bank can be discharged: an inverter stops altogether at an alarm. A limit that is not obeyed is
/// a warning.
CanRaised raised(const BankRequest& request);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// One battery pack as the rest of the program sees it, whatever its make. Drivers write it through
// a protocol; nobody else does. Every value knows when it was heard.
#pragma once
#include <array>

#include "core/alarm.h"
#include "core/parameters.h"
#include "core/reading.h"
#include "core/text.h"

namespace cw {

inline constexpr std::size_t kMaxCells = 32;
inline constexpr std::size_t kMaxTemperatures = 5;

/// Every member is one row of kFields (core/fields.h), in this order.
struct PackScalars {
  Reading<Millivolts> voltage;
  Reading<Milliamps> current;
  Reading<Milliwatts> power;
  Reading<CentiPercent> soc;
  Reading<CentiPercent> soh;
  Reading<MilliampHours> capacity_nominal;
  Reading<MilliampHours> capacity_full;
  Reading<MilliampHours> capacity_remaining;
  Reading<Count> cycle_count;
  Reading<MilliampHours> cycle_capacity;
  Reading<Seconds> runtime;
  Reading<Count> cell_count;
  Reading<Millivolts> cell_voltage_max;
  Reading<Millivolts> cell_voltage_min;
  Reading<Millivolts> cell_voltage_mean;
  Reading<Millivolts> cell_voltage_delta;
  Reading<Count> cell_voltage_max_index;
  Reading<Count> cell_voltage_min_index;
  Reading<DeciCelsius> mosfet_temperature;
  Reading<Flag> charge_mosfet;
  Reading<Flag> discharge_mosfet;
  Reading<Flag> precharge;
  Reading<Flag> balancing;
  Reading<Milliamps> balance_current;
  Reading<Count> balance_action;  // 0 idle, 1 taking, 2 giving
  Reading<Flag> heater;
  Reading<Milliamps> heater_current;
  Reading<Flag> charger_plugged;
  Reading<Seconds> emergency_remaining;
  Reading<Flag> charge_switch;
  Reading<Flag> discharge_switch;
  Reading<Flag> balance_switch;
  Reading<CentiPercent> soc_counted;     // by us: never sent by a device
  Reading<CentiPercent> soc_difference;  // the device's less ours
};

/// What a device says it is. Empty where it does not say.
struct Identity {
  Text<16> make;
  Text<24> model;
  Text<16> hardware_version;
  Text<16> software_version;
  Text<24> serial;
  Text<24> name;
  Text<24> user_data;
};

struct Pack {
  PackScalars scalars;
  std::array<Reading<Millivolts>, kMaxCells> cell_voltage;
  std::array<Reading<MicroOhms>, kMaxCells> wire_resistance;
  std::array<Reading<DeciCelsius>, kMaxTemperatures> temperature;
  Reading<AlarmSet> alarms;
  Identity identity;
  ParameterSet parameters;     // the settings read from the device
  Instant parameters_heard{};  // meaningful once any parameter is known
};

}  // namespace cw

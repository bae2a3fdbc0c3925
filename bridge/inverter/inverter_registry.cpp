// SPDX-License-Identifier: Apache-2.0
// Every protocol an inverter can be told in. To add one: its header, and its part of the list.
#include <algorithm>
#include <vector>

#include "bridge/inverter/byd_rs485.h"
#include "bridge/inverter/can_inverter.h"
#include "bridge/inverter/growatt_rs485.h"
#include "bridge/inverter/inverter_protocol.h"
#include "bridge/inverter/pylontech_rs485.h"
#include "bridge/inverter/site_rtu.h"

namespace cw {
namespace {

using O = InverterOption;

constexpr Millivolts kPylontechMost{0xFFFF};  // of its fields

// On RS485 we are the battery and answer.
void add_serial(std::vector<InverterProtocolSpec>& all) {
  all.push_back({"pylontech-rs485",
                 "Pylontech's ASCII protocol: Axpert (\"PYL\"), Deye, Sunsynk, SRNE, EASUN, PowMr",
                 Bus::serial,
                 9'600,
                 make_pylontech_rs485,
                 {O::manufacturer, O::battery_name, O::least_current, O::soc_most, O::soc_least,
                  O::address, O::answer_as, O::batteries, O::limits, O::hundredth_ampere},
                 {.most = kPylontechMost},
                 {}});
  all.push_back({"growatt-rs485",
                 "Growatt's battery registers (Li4): Growatt SPF, EG4",
                 Bus::serial,
                 9'600,
                 make_growatt_rs485,
                 {O::soc_most, O::soc_least, O::address, O::unconfirmed},
                 {},
                 {}});
  all.push_back({"byd-rs485",
                 "BYD Battery-Box registers: Fronius GEN24; only for banks of 160 V and more",
                 Bus::serial,
                 9'600,
                 make_byd_rs485,
                 {O::soc_most, O::soc_least, O::address},
                 {.least = kBydVoltageLeast},
                 {}});
  all.push_back({"modbus-rtu",
                 "the units of the Modbus server, to be read: energy managers",
                 Bus::serial,
                 9'600,
                 make_site_rtu,
                 {},
                 {},
                 {}});
}

std::vector<InverterProtocolSpec> list() {
  std::vector<InverterProtocolSpec> all;
  add_can_protocols(all);
  add_serial(all);
  return all;
}

}  // namespace

std::span<const InverterProtocolSpec> inverter_protocols() {
  static const std::vector<InverterProtocolSpec> all = list();
  return all;
}

const InverterProtocolSpec* find_inverter_protocol(std::string_view name) {
  const auto all = inverter_protocols();
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const InverterProtocolSpec& spec) { return spec.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace cw

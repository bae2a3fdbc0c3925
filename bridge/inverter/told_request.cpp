// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/told_request.h"

#include <algorithm>

namespace cw {
namespace {

constexpr Millivolts kAboveBattery{200};
constexpr Milliamps kLeast{100};

// An inverter that is told less than the battery has discharges into the grid.
void keep_above_battery(BankRequest& request) {
  if (!request.measured.voltage) return;
  const Millivolts least =
      std::min(*request.measured.voltage + kAboveBattery, request.charge_voltage_most);
  if (*request.measured.voltage >= request.charge_voltage.value) {
    // The voltage may no longer stop it, so the current does: else one would lift the other.
    request.charge_current.value = {};
    request.charge_enabled = request.force_charge = request.full_charge_wanted = false;
  }
  request.charge_voltage.value = std::max(request.charge_voltage.value, least);
}

// An inverter that takes a zero for "no limit" does not take 0.1 A for one.
void keep_least(Milliamps& limit, bool& enabled) {
  if (limit >= kLeast) return;
  limit = kLeast;
  enabled = false;
}

BankRequest with_options(BankRequest request, const InverterOptions& options) {
  if (options.voltage_above_battery) keep_above_battery(request);
  if (options.least_current) {
    keep_least(request.charge_current.value, request.charge_enabled);
    keep_least(request.discharge_current.value, request.discharge_enabled);
  }
  keep_soc(request, options);
  return request;
}

}  // namespace

void forbid_everything(BankRequest& request) {
  request.charge_current.value = {};
  request.discharge_current.value = {};
  request.charge_enabled = false;
  request.discharge_enabled = false;
  request.force_charge = false;
  request.full_charge_wanted = false;
}

void keep_soc(BankRequest& request, const InverterOptions& options) {
  auto& soc = request.measured.soc;
  if (!soc || request.soc_ordered) return;
  soc = std::max(std::min(*soc, options.soc_most), options.soc_least);
}

BankRequest told_request(const BankRequest& request, const InverterOptions& options) {
  if (request.voice == Voice::blind) return farewell_request(request, options);
  return with_options(request, options);
}

InverterTold shown(const BankRequest& told) {
  return {told.charge_voltage.value, told.discharge_voltage.value,
          told.charge_current.value, told.discharge_current.value,
          told.charge_enabled,       told.discharge_enabled,
          told.measured.soc};
}

BankRequest farewell_request(const BankRequest& request, const InverterOptions& options) {
  BankRequest last = request;
  forbid_everything(last);
  return with_options(last, options);
}

}  // namespace cw

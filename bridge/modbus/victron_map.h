// SPDX-License-Identifier: Apache-2.0
// The registers of a Victron GX over this site: the battery service, and what of the system service
// a battery can tell. What is not known reads 0, as there.
#pragma once
#include <memory>

#include "bridge/modbus/modbus_map.h"
#include "bridge/modbus/modbus_options.h"

namespace cw {

std::unique_ptr<RegisterMap> victron_battery_map(const SunspecOptions& site);
/// `with_reserve`: with the register of the lower bound of the state of charge, which clients
/// write.
std::unique_ptr<RegisterMap> victron_system_map(const SunspecOptions& site, bool with_reserve);

}  // namespace cw

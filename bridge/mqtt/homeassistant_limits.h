// SPDX-License-Identifier: Apache-2.0
// The entities of what inverters are told, and of the inverters. `topic`: of the limits.
#pragma once
#include <string>

#include "bridge/mqtt/homeassistant_components.h"

namespace cw {

/// Each limit with its reason as attribute, the stage of charge and the flags.
void add_limits(Components& out, const std::string& topic);
void add_obedience(Components& out, const std::string& topic);
/// Whether it is heard and when it was, and what it is told.
void add_inverter(Components& out, const InverterState& inverter, const std::string& topic);

}  // namespace cw

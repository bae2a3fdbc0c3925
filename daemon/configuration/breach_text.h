// SPDX-License-Identifier: Apache-2.0
// What contradicts itself in charge control, in words: the same in the configuration's faults and
// in the events of the running gateway.
#pragma once
#include <string>
#include <string_view>

#include "core/charge_validation.h"

namespace cw {

/// "this must hold: the ceiling of a cell is 50 mV or more below the cell over-voltage protection
/// of pack "cellar"; 3.62 V does not go with 3.6 V". `pack`: its name; empty: none is named.
std::string breach_text(const ChargeBreach& breach, std::string_view pack = {});

}  // namespace cw

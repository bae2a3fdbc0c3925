// SPDX-License-Identifier: Apache-2.0
// The last words to inverters when the daemon is stopped in order: currents zero, nothing enabled
// (inverter-can.md, section 10). The loop has ended by then, so this polls by itself.
#pragma once
#include <span>

#include "daemon/inverters/inverter_port.h"

namespace cw {

/// Returns when all is said, at the latest after `most`. Blocks.
void say_farewell(std::span<InverterPort* const> ports, Millis most);

}  // namespace cw

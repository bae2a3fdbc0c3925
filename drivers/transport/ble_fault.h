// SPDX-License-Identifier: Apache-2.0
// What the errors of BlueZ mean to us.
#pragma once
#include <string_view>

#include "drivers/transport/ble_central.h"

namespace cw {

/// `name` as "org.bluez.Error.Failed", `text` its message: only both together tell the cases apart.
BleFault ble_fault(std::string_view name, std::string_view text);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The registers Growatt's off-grid inverters read from a battery on RS485 ("1xSxxP ESS", Li4), as
// far as they were seen to work (inverter-rs485.md, section 6).
#pragma once
#include <memory>

#include "bridge/inverter/inverter_protocol.h"

namespace cw {

std::unique_ptr<InverterProtocol> make_growatt_rs485(const InverterOptions& options);

}  // namespace cw

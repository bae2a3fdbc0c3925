// SPDX-License-Identifier: Apache-2.0
// The registers of a BYD Battery-Box HV on RS485, as a Fronius GEN24 and others read and write them
// (inverter-modbus.md, section 4). Only for banks of 160 V and more.
#pragma once
#include <memory>

#include "bridge/inverter/inverter_protocol.h"

namespace cw {

/// Below, no such inverter accepts a battery.
inline constexpr Millivolts kBydVoltageLeast{160'000};

std::unique_ptr<InverterProtocol> make_byd_rs485(const InverterOptions& options);

}  // namespace cw

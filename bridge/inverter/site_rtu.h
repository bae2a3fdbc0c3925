// SPDX-License-Identifier: Apache-2.0
// The units of the Modbus server on a serial line: the same maps under the same numbers, to be
// read.
#pragma once
#include <memory>

#include "bridge/inverter/inverter_protocol.h"

namespace cw {

std::unique_ptr<InverterProtocol> make_site_rtu(const InverterOptions& options);

}  // namespace cw

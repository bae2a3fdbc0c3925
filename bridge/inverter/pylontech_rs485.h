// SPDX-License-Identifier: Apache-2.0
// Pylontech's ASCII protocol on a serial line: we are the battery and answer (inverter-rs485.md).
#pragma once
#include <memory>

#include "bridge/inverter/inverter_protocol.h"

namespace cw {

std::unique_ptr<InverterProtocol> make_pylontech_rs485(const InverterOptions& options);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// A virtual pack on Bluetooth: what its board says goes out as notifications, what a central writes
// reaches its board. Faults of the pack damage messages before they are cut.
#pragma once
#include <memory>

#include "daemon/simulate/simulation_endpoint.h"
#include "simulator/jk_ble_board.h"
#include "simulator/virtual_pack.h"

namespace cw {

/// `adapter`: of BlueZ, "hci1". The endpoint speaks by itself with every tend(); send() is nothing.
std::unique_ptr<SimulationEndpoint> make_radio(Loop& loop, const std::string& adapter,
                                               const simulator::JkBleBoardOptions& options,
                                               simulator::VirtualPack& pack);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// A virtual pack on a CAN interface of this machine, as a node of its own: its board broadcasts at
// its pace and hears the orders to its switches. It comes back by itself when the interface does.
#pragma once
#include <memory>
#include <string>

#include "daemon/simulate/simulation_endpoint.h"
#include "simulator/virtual_pack.h"

namespace cw {

/// `interface` is what people call it, `bus` its socket. The endpoint speaks by itself from open()
/// on; send() is nothing. `pack` must have PackSpec::can, and outlive it.
std::unique_ptr<SimulationEndpoint> make_can_node(Loop& loop, const std::string& interface,
                                                  std::unique_ptr<Transport> bus,
                                                  simulator::VirtualPack& pack);

/// The same with the kernel's interface: nothing but orders wakes it.
std::unique_ptr<SimulationEndpoint> make_can_node(Loop& loop, const std::string& interface,
                                                  simulator::VirtualPack& pack);

}  // namespace cw

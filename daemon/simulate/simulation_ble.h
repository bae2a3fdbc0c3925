// SPDX-License-Identifier: Apache-2.0
// A board on Bluetooth as BlueZ shows one: an advertisement and one service on an adapter of this
// machine. What is sent is a notification each, what is written a command each. Knows no protocol.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "daemon/simulate/simulation_endpoint.h"

namespace cw {

struct BleEndpoint {
  std::string adapter;  // "hci1"
  std::string name;     // that it advertises
  /// A central listens from now on, or is gone.
  std::function<void(bool connected)> link;
};

/// Service FFE0 with characteristic FFE1, as JK's radio chips offer it. address() is the adapter's.
std::unique_ptr<SimulationEndpoint> make_ble(Loop& loop, BleEndpoint endpoint,
                                             SimulationEndpoint::Receive receive);

}  // namespace cw

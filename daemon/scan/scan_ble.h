// SPDX-License-Identifier: Apache-2.0
// Searches the air around a Bluetooth adapter: boards advertise themselves, and BlueZ listens for
// us. Nothing is connected, paired, written or switched on.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/scan/scan_port.h"
#include "drivers/transport/ble_bus.h"

namespace cw {

/// Why nothing can be heard with this adapter ("hci0", or its own address), and what to do about
/// it; empty: it can listen.
std::string ble_obstacle(const BleObjects& objects, const std::string& adapter);

/// The boards that this adapter hears, the strongest signal first. The advice names what offers the
/// same service and is none of them, or says what to do where no board is heard.
ScannedPort ble_report(const BleObjects& objects, const std::string& adapter);

/// Boards advertise about once a second, and some advertisements are lost.
inline constexpr Millis kBleListen{10'000};
/// Until BlueZ has told what there is, and for it to answer an order.
inline constexpr Millis kBleAnswer{3'000};

/// Listens with BlueZ; a fault says why that was not possible, or ended early.
ScannedPort scan_ble(const std::string& adapter, BleBus& bus, Millis listen = kBleListen,
                     Millis answer = kBleAnswer);

/// Over the system bus.
ScannedPort scan_ble(const std::string& adapter);

/// Bluetooth adapters of this machine, whether on or not.
std::vector<std::string> ble_adapters(const std::string& folder = "/sys/class/bluetooth");

/// A port with this name is an adapter: "hci0", or an address.
bool is_ble_name(std::string_view port);

}  // namespace cw

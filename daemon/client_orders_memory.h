// SPDX-License-Identifier: Apache-2.0
// What energy managers asked for, on the clock of a process and in the state file.
#pragma once
#include <span>
#include <vector>

#include "bridge/modbus/bank_orders_book.h"
#include "bridge/modbus/modbus_options.h"
#include "daemon/kept_state.h"

namespace cw {

std::vector<ClientOrderMemory> order_memory(const ClientOrders& orders, Instant now,
                                            std::int64_t wall_ms);

/// What of it holds before clients can speak again: what they may still ask for, and so take back,
/// until its lease is over. A life sign is expected of nobody who cannot give one.
BankOrdersBook held_orders(const ClientOrders& kept, const ModbusOptions& options);

/// What was asked for before the wall stepped back counts as asked for now.
ClientOrders client_orders(std::span<const ClientOrderMemory> memory, Instant now,
                           std::int64_t wall_ms);

}  // namespace cw

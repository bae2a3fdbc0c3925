// SPDX-License-Identifier: Apache-2.0
// What energy managers asked for, on the clock of a process and in the state file.
#pragma once
#include <span>
#include <vector>

#include "bridge/modbus/bank_orders_book.h"
#include "daemon/kept_state.h"

namespace cw {

std::vector<ClientOrderMemory> order_memory(const ClientOrders& orders, Instant now,
                                            std::int64_t wall_ms);

/// What was asked for before the wall stepped back counts as asked for now.
ClientOrders client_orders(std::span<const ClientOrderMemory> memory, Instant now,
                           std::int64_t wall_ms);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "daemon/client_orders_memory.h"

namespace cw {
namespace {

template <class Order>
BankOrdersBook::Standing<Order> standing(const ClientOrderMemory& kept, Order value, Instant now,
                                         std::int64_t wall_ms) {
  BankOrdersBook::Standing<Order> order;
  order.value = value;
  order.who.assign(kept.who);
  order.since = on_the_clock(kept.since, now, wall_ms);
  return order;
}

constexpr Millis kNoSignAsked{INT32_MAX};  // 24 days: as good as never

}  // namespace

BankOrdersBook held_orders(const ClientOrders& kept, const ModbusOptions& options) {
  const auto takes = [&](std::string_view point) {
    const bool of_victron = point.starts_with("victron.");
    const bool served = of_victron ? options.victron.enabled : options.sunspec.enabled;
    return options.enabled && served && options.orders.opens(point);
  };
  ClientOrders held;
  if (takes("802.SoCRsvMin") || takes("victron.2901")) held.soc_min = kept.soc_min;
  if (takes("802.SocRsvMax")) held.soc_max = kept.soc_max;
  if (takes("802.SetOp")) held.disconnect = kept.disconnect;
  if (takes("802.CtrlHb")) held.alive = kept.alive;
  BankOrdersBook book({options.orders.lease, kNoSignAsked});
  book.restore(held);
  return book;
}

std::vector<ClientOrderMemory> order_memory(const ClientOrders& orders, Instant now,
                                            std::int64_t wall_ms) {
  std::vector<ClientOrderMemory> memory;
  const auto add = [&](ClientOrder which, std::int32_t value, const auto& order) {
    memory.push_back(
        {which, value, on_the_wall(order.since, now, wall_ms), std::string{order.who.view()}});
  };
  if (orders.soc_min) add(ClientOrder::soc_min, orders.soc_min->value.count, *orders.soc_min);
  if (orders.soc_max) add(ClientOrder::soc_max, orders.soc_max->value.count, *orders.soc_max);
  if (orders.disconnect)
    add(ClientOrder::disconnect, orders.disconnect->value ? 1 : 0, *orders.disconnect);
  if (orders.alive) add(ClientOrder::heartbeat, orders.alive->value, *orders.alive);
  return memory;
}

ClientOrders client_orders(std::span<const ClientOrderMemory> memory, Instant now,
                           std::int64_t wall_ms) {
  ClientOrders orders;
  for (const ClientOrderMemory& kept : memory) {
    const CentiPercent soc{kept.value};
    switch (kept.order) {
      case ClientOrder::soc_min: orders.soc_min = standing(kept, soc, now, wall_ms); break;
      case ClientOrder::soc_max: orders.soc_max = standing(kept, soc, now, wall_ms); break;
      case ClientOrder::disconnect:
        orders.disconnect = standing(kept, kept.value != 0, now, wall_ms);
        break;
      case ClientOrder::heartbeat:
        // The client has as long to show itself as if it had done so now.
        orders.alive = standing(kept, static_cast<std::uint16_t>(kept.value), now, wall_ms);
        orders.alive->since = now;
        break;
    }
  }
  return orders;
}

}  // namespace cw

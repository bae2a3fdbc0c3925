// SPDX-License-Identifier: Apache-2.0
// What energy managers asked for comes back as it was, on another clock.
#include "daemon/client_orders_memory.h"

#include <gtest/gtest.h>

namespace cw {
namespace {

TEST(ClientOrdersMemory, ComesBackWithWhoAskedAndWhen) {
  ClientOrders orders;
  PeerName who;
  who.assign("192.0.2.10");
  orders.soc_min = {CentiPercent{2'000}, who, Instant{10'000}};
  orders.disconnect = {true, who, Instant{20'000}};
  orders.alive = {std::uint16_t{7}, who, Instant{30'000}};
  const auto memory = order_memory(orders, Instant{40'000}, 1'000'000);
  ASSERT_EQ(memory.size(), 3u);
  EXPECT_EQ(memory[0], (ClientOrderMemory{ClientOrder::soc_min, 2'000, 970'000, "192.0.2.10"}));
  // Ten seconds later, a process that is five seconds old.
  const ClientOrders again = client_orders(memory, Instant{5'000}, 1'010'000);
  EXPECT_EQ(again.soc_min->value, CentiPercent{2'000});
  EXPECT_EQ(again.soc_min->since.ms, -35'000);
  EXPECT_EQ(again.soc_min->who, who);
  EXPECT_FALSE(again.soc_max);
  EXPECT_TRUE(again.disconnect->value);
  EXPECT_EQ(again.alive->value, 7);
  EXPECT_EQ(again.alive->since.ms, 5'000) << "a sign of life was expected of nobody meanwhile";
}

}  // namespace
}  // namespace cw

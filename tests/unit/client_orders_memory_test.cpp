// SPDX-License-Identifier: Apache-2.0
// What energy managers asked for comes back as it was, on another clock.
#include "daemon/client_orders_memory.h"

#include <gtest/gtest.h>

#include "bridge/modbus/modbus_writes.h"

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

ClientOrders everything_kept() {
  ClientOrders kept;
  kept.soc_min = {CentiPercent{2'000}, {}, Instant{10'000}};
  kept.soc_max = {CentiPercent{9'000}, {}, Instant{10'000}};
  kept.disconnect = {true, {}, Instant{10'000}};
  kept.alive = {std::uint16_t{7}, {}, Instant{10'000}};
  return kept;
}

ModbusOptions that_takes(std::vector<std::string> points) {
  ModbusOptions options;
  options.enabled = options.sunspec.enabled = options.victron.enabled = true;
  options.orders.from = {"192.0.2.10"};
  options.orders.points = std::move(points);
  return options;
}

// What nobody may write any more nobody could take back.
TEST(ClientOrdersMemory, HoldsOnlyWhatMayStillBeAskedFor) {
  ModbusOptions all = that_takes({});
  for (const WritablePoint& point : writable_points()) all.orders.points.emplace_back(point.name);
  EXPECT_EQ(held_orders(everything_kept(), all).standing(), everything_kept());
  const ClientOrders kept = everything_kept();
  const auto held_with = [&](const char* point) {
    return held_orders(kept, that_takes({point})).standing();
  };
  EXPECT_EQ(held_with("802.SoCRsvMin"), (ClientOrders{kept.soc_min, {}, {}, {}}));
  EXPECT_EQ(held_with("victron.2901"), (ClientOrders{kept.soc_min, {}, {}, {}}));
  EXPECT_EQ(held_with("802.SocRsvMax"), (ClientOrders{{}, kept.soc_max, {}, {}}));
  EXPECT_EQ(held_with("802.SetOp"), (ClientOrders{{}, {}, kept.disconnect, {}}));
  EXPECT_EQ(held_with("802.CtrlHb"), (ClientOrders{{}, {}, {}, kept.alive}));
  ModbusOptions no_sunspec = that_takes({"802.SetOp"});
  no_sunspec.sunspec.enabled = false;
  EXPECT_EQ(held_orders(everything_kept(), no_sunspec).standing(), ClientOrders{});
  all.enabled = false;
  EXPECT_EQ(held_orders(everything_kept(), all).standing(), ClientOrders{});
}

TEST(ClientOrdersMemory, WhatIsHeldEndsWithItsLeaseButWaitsForALifeSign) {
  ModbusOptions options = that_takes({"802.SetOp", "802.CtrlHb"});
  BankOrdersBook held = held_orders(everything_kept(), options);
  EXPECT_EQ(held.step(Instant{1'000'000'000}), BankOrdersBook::Ended::nothing);
  EXPECT_TRUE(held.orders().disconnect);
  options.orders.lease = Millis{60'000};
  held = held_orders(everything_kept(), options);
  EXPECT_EQ(held.step(Instant{70'000}), BankOrdersBook::Ended::nothing);
  EXPECT_EQ(held.step(Instant{70'001}), BankOrdersBook::Ended::lease);
  EXPECT_FALSE(held.orders().disconnect);
  EXPECT_TRUE(held.standing().alive);
}

}  // namespace
}  // namespace cw

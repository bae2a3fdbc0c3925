// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "bridge/modbus/bank_orders_book.h"

namespace cw {
namespace {

using Ended = BankOrdersBook::Ended;

PeerName peer() {
  PeerName name;
  name.assign("192.0.2.10");
  return name;
}

BankOrders only_lost() {
  BankOrders orders;
  orders.client_lost = true;
  return orders;
}

OrderChange reserve(std::int32_t centipercent) {
  OrderChange change;
  change.soc_min = CentiPercent{centipercent};
  return change;
}

OrderChange heartbeat(std::uint16_t value) {
  OrderChange change;
  change.heartbeat = value;
  return change;
}

TEST(BankOrdersBook, AsksForNothingAtFirst) {
  const BankOrdersBook book({});
  EXPECT_EQ(book.orders(), BankOrders{});
}

TEST(BankOrdersBook, ARestartEndsNoLeaseAndBeginsNone) {
  BankOrdersBook before({Millis{60'000}, Millis{30'000}});
  before.take(reserve(2'000), peer(), Instant{1'000});
  before.take(heartbeat(7), peer(), Instant{1'000});
  const ClientOrders kept = before.standing();
  BankOrdersBook book({Millis{60'000}, Millis{30'000}});
  book.restore(kept);
  EXPECT_EQ(book.standing(), kept);
  EXPECT_EQ(book.orders().soc_min, CentiPercent{2'000});
  EXPECT_EQ(book.soc_min()->who, peer());
  EXPECT_EQ(book.step(Instant{31'001}), Ended::client) << "it has to show itself anew";
  BankOrdersBook lease({Millis{60'000}});
  ClientOrders only_reserve = kept;
  only_reserve.alive.reset();
  lease.restore(only_reserve);
  EXPECT_EQ(lease.step(Instant{61'000}), Ended::nothing);
  EXPECT_EQ(lease.step(Instant{61'001}), Ended::lease);
}

TEST(BankOrdersBook, KeepsAnOrderUntilItIsChangedAndKnowsWhoGaveIt) {
  BankOrdersBook book({});
  book.take(reserve(2'000), peer(), {1'000});
  EXPECT_EQ(book.step({1'000'000'000}), Ended::nothing);
  EXPECT_EQ(book.orders().soc_min, CentiPercent{2'000});
  EXPECT_EQ(book.soc_min()->who.view(), "192.0.2.10");
  EXPECT_EQ(book.soc_min()->since, Instant{1'000});
  book.take(reserve(500), peer(), {2'000});
  EXPECT_EQ(book.orders().soc_min, CentiPercent{500});
}

TEST(BankOrdersBook, EndsEachOrderAfterItsOwnLease) {
  BankOrdersBook book({.lease = {60'000}});
  book.take(reserve(2'000), peer(), {0});
  OrderChange disconnect;
  disconnect.disconnect = true;
  book.take(disconnect, peer(), {30'000});
  EXPECT_EQ(book.step({60'000}), Ended::nothing);
  EXPECT_EQ(book.step({60'001}), Ended::lease);
  EXPECT_FALSE(book.orders().soc_min);
  EXPECT_TRUE(book.orders().disconnect);
  EXPECT_FALSE(book.orders().client_lost);
  EXPECT_EQ(book.step({90'001}), Ended::lease);
  EXPECT_FALSE(book.orders().disconnect);
  EXPECT_EQ(book.step({90'002}), Ended::nothing);
}

TEST(BankOrdersBook, EndsAllOrdersWhenALifeSignStandsStill) {
  BankOrdersBook book({});
  book.take(reserve(2'000), peer(), {0});
  book.take(heartbeat(1), peer(), {0});
  book.take(heartbeat(1), peer(), {50'000});
  EXPECT_EQ(book.step({60'000}), Ended::nothing);
  EXPECT_EQ(book.step({60'001}), Ended::client) << "the same number again is no life sign";
  EXPECT_EQ(book.orders(), only_lost());
  EXPECT_EQ(book.step({200'000}), Ended::nothing) << "told once";
}

TEST(BankOrdersBook, KeepsOrdersWhileTheLifeSignChanges) {
  BankOrdersBook book({});
  book.take(reserve(2'000), peer(), {0});
  for (std::uint16_t i = 0; i < 10; ++i) {
    book.take(heartbeat(i), peer(), {i * 59'000});
    EXPECT_EQ(book.step({i * 59'000 + 58'000}), Ended::nothing);
  }
  EXPECT_EQ(book.orders().soc_min, CentiPercent{2'000});
}

TEST(BankOrdersBook, TrustsAClientThatComesBack) {
  BankOrdersBook book({});
  book.take(heartbeat(1), peer(), {0});
  book.step({60'001});
  book.take(heartbeat(1), peer(), {70'000});
  EXPECT_FALSE(book.orders().client_lost);
  EXPECT_EQ(book.step({130'000}), Ended::nothing);
  EXPECT_EQ(book.step({130'001}), Ended::client);
}

}  // namespace
}  // namespace cw

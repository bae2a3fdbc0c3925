// SPDX-License-Identifier: Apache-2.0
#include "bridge/modbus/bank_orders_book.h"

namespace cw {
namespace {

/// True: its time is over, and it with it.
template <class T>
bool end_lease(std::optional<BankOrdersBook::Standing<T>>& order, Millis lease, Instant now) {
  if (!order || lease.count == 0 || now <= order->since + lease) return false;
  order.reset();
  return true;
}

}  // namespace

void BankOrdersBook::restore(const ClientOrders& orders) {
  soc_min_ = orders.soc_min;
  soc_max_ = orders.soc_max;
  disconnect_ = orders.disconnect;
  alive_ = orders.alive;
  if (alive_) heartbeat_ = alive_->value;
}

ClientOrders BankOrdersBook::standing() const { return {soc_min_, soc_max_, disconnect_, alive_}; }

void BankOrdersBook::take(const OrderChange& change, const PeerName& who, Instant now) {
  if (change.soc_min) soc_min_ = {*change.soc_min, who, now};
  if (change.soc_max) soc_max_ = {*change.soc_max, who, now};
  if (change.disconnect) disconnect_ = {*change.disconnect, who, now};
  if (change.inverter_state) inverter_state_ = *change.inverter_state;
  client_lost_ = false;
  if (!change.heartbeat) return;
  heartbeat_ = *change.heartbeat;
  // The same number again is no life sign.
  if (!alive_ || alive_->value != heartbeat_) alive_ = {heartbeat_, who, now};
}

BankOrdersBook::Ended BankOrdersBook::step(Instant now) {
  Ended ended = Ended::nothing;
  if (alive_ && now > alive_->since + rules_.client_silent_most) {
    ended = Ended::client;
    client_lost_ = true;
    alive_.reset();
    soc_min_.reset();
    soc_max_.reset();
    disconnect_.reset();
  }
  bool any_over = end_lease(soc_min_, rules_.lease, now);
  any_over |= end_lease(soc_max_, rules_.lease, now);
  any_over |= end_lease(disconnect_, rules_.lease, now);
  return any_over ? Ended::lease : ended;
}

BankOrders BankOrdersBook::orders() const {
  BankOrders orders;
  if (soc_min_) orders.soc_min = soc_min_->value;
  if (soc_max_) orders.soc_max = soc_max_->value;
  orders.disconnect = disconnect_ && disconnect_->value;
  orders.client_lost = client_lost_;
  return orders;
}

void BankOrdersBook::show(SiteOrders& out) const {
  const BankOrders now = orders();
  out.soc_min = now.soc_min;
  out.soc_max = now.soc_max;
  out.disconnect = now.disconnect;
  out.client_lost = now.client_lost;
  out.heartbeat = heartbeat_;
  out.inverter_state = inverter_state_;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// What energy managers asked of the bank, who did, and until when it holds. Pure: it is told the
// time. A request only narrows what charge control allows (inverter-modbus.md, section 1.6).
#pragma once
#include <cstdint>
#include <optional>

#include "bridge/modbus/modbus_site.h"
#include "core/bank_orders.h"
#include "core/text.h"

namespace cw {

/// An IP address in its usual form.
using PeerName = Text<46>;

struct BankOrderRules {
  Millis lease{0};                    // an order ends so long after it was written; 0: never so
  Millis client_silent_most{60'000};  // all end when a life sign once given stands still so long
};

/// A change of some or all orders, to be taken over as a whole.
struct OrderChange {
  std::optional<CentiPercent> soc_min;
  std::optional<CentiPercent> soc_max;
  std::optional<bool> disconnect;
  std::optional<std::uint16_t> heartbeat;
  std::optional<std::uint16_t> inverter_state;  // kept and shown, nothing more
};

struct ClientOrders;

class BankOrdersBook {
 public:
  template <class T>
  struct Standing {
    T value{};
    PeerName who;
    Instant since{};
    friend constexpr bool operator==(const Standing& a, const Standing& b) {
      return a.value == b.value && a.who == b.who && a.since == b.since;
    }
  };

  explicit BankOrdersBook(const BankOrderRules& rules) : rules_(rules) {}

  /// What must survive a restart; instants of before it are in the past.
  void restore(const ClientOrders& orders);
  ClientOrders standing() const;

  /// The caller has checked it: soc_min is at most soc_max of what then stands.
  void take(const OrderChange& change, const PeerName& who, Instant now);

  /// What ended since the last call.
  enum class Ended : std::uint8_t { nothing, lease, client };
  Ended step(Instant now);

  /// A life sign was given, and still is.
  bool is_client_alive() const { return alive_.has_value(); }

  BankOrders orders() const;

  /// What clients read back; `offered` is left as it is.
  void show(SiteOrders& out) const;

  const std::optional<Standing<CentiPercent>>& soc_min() const { return soc_min_; }
  const std::optional<Standing<CentiPercent>>& soc_max() const { return soc_max_; }
  const std::optional<Standing<bool>>& disconnect() const { return disconnect_; }

 private:
  BankOrderRules rules_;
  std::optional<Standing<CentiPercent>> soc_min_;
  std::optional<Standing<CentiPercent>> soc_max_;
  std::optional<Standing<bool>> disconnect_;
  std::optional<Standing<std::uint16_t>> alive_;  // the last life sign, since it changed
  std::uint16_t heartbeat_ = 0;
  std::uint16_t inverter_state_ = 1;
  bool client_lost_ = false;
};

/// What stands, and the last life sign.
struct ClientOrders {
  std::optional<BankOrdersBook::Standing<CentiPercent>> soc_min;
  std::optional<BankOrdersBook::Standing<CentiPercent>> soc_max;
  std::optional<BankOrdersBook::Standing<bool>> disconnect;
  std::optional<BankOrdersBook::Standing<std::uint16_t>> alive;
  friend constexpr bool operator==(const ClientOrders&, const ClientOrders&) = default;
};

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The smallest of many named limits, and the one after it.
#pragma once
#include "core/bank_request.h"

namespace cw {

/// Of equal limits the first that was added binds.
template <class Q>
class Bounds {
 public:
  constexpr void add(Q value, const LimitReason& reason) {
    if (!any_ || value < limit_.value) {
      if (any_) {
        limit_.next_value = limit_.value;
        limit_.next = limit_.reason;
      }
      limit_.value = value;
      limit_.reason = reason;
      any_ = true;
    } else if (!limit_.next_value || value < *limit_.next_value) {
      limit_.next_value = value;
      limit_.next = reason;
    }
  }
  /// The limit and what would bind without it.
  constexpr void add(const BankLimit<Q>& limit) {
    add(limit.value, limit.reason);
    if (limit.next_value) add(*limit.next_value, limit.next);
  }
  constexpr bool any() const { return any_; }
  /// Zero without a reason if nothing was added.
  constexpr const BankLimit<Q>& limit() const { return limit_; }

 private:
  BankLimit<Q> limit_;
  bool any_ = false;
};

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Decisions in words, the same on every interface.
#pragma once
#include "core/picture.h"

namespace cw {

/// What a rule that holds its switches is held by.
struct Holding {
  Cause cause = Cause::none;
  Measurement evidence{};  // with cause `limit`
  std::int32_t limit = 0;  // likewise
  bool blind = false;      // there is no fresh value now
  friend constexpr bool operator==(const Holding&, const Holding&) = default;
};
Holding holding(const Protection& guard, Rule rule);

/// "cell_overvoltage: cell 7 at 3.671 V, limit 3.650 V". Empty if it holds nothing.
Reason explain(Rule rule, const Holding& holding);
Reason explain(const Protection& guard, Rule rule);

}  // namespace cw

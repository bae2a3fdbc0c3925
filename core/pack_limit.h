// SPDX-License-Identifier: Apache-2.0
// What one pack allows in one direction: the smallest of the operator's and the board's setting,
// times the smallest factor of the curves, times what its age leaves (charge-control.md,
// section 7).
#pragma once
#include "core/charge_pack.h"

namespace cw {

struct PackLimit {
  bool takes_part = false;  // current would flow through it, whether it is allowed or not
  bool counts = false;      // its switch is known to be closed: its capacity shares the current
  Milliamps base{};         // without any factor
  BankLimit<Milliamps> limit;
  BankLimit<Milliamps> unaged;  // as if its values were young
  friend constexpr bool operator==(const PackLimit&, const PackLimit&) = default;
};

/// `pack`: its number, from 1, for reasons. Of a pack that is lost there is no limit: it takes no
/// part here. `contradicts`: its board's settings contradict the curves, a tenth is left.
PackLimit pack_limit(Flow flow, const ChargeInput& input, CurveInputs& seen,
                     const ChargePackSettings& own, const ChargeSettings& settings, Millis max_age,
                     std::uint8_t pack, bool contradicts);

}  // namespace cw

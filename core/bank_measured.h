// SPDX-License-Identifier: Apache-2.0
// What is told about the bank besides limits: totals, extremes, counts and alarms
// (charge-control.md, section 8).
#pragma once
#include <span>

#include "core/bank_limits.h"

namespace cw {

/// Over the packs that are in. A total is absent if one of them does not have its part. `soc` is
/// the computed one.
BankMeasured measure_bank(std::span<const ChargePackState> packs);

/// The state of charge with every lost pack as it was when it was last heard: silence must not move
/// the bank away from a bound.
std::optional<CentiPercent> soc_with_lost(std::span<const ChargePackState> packs);

/// The largest difference of cells within one pack; absent if one of them does not know its own.
std::optional<Millivolts> worst_cell_difference(std::span<const ChargePackState> packs);

/// Puts the counts of packs and the alarms into `request`. `if_any`: one pack's alarm is the
/// bank's.
void count_packs(BankRequest& request, std::span<const ChargePackState> packs, bool if_any);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// All packs of a bank as if they were one battery, for inverters that can be told no more than one.
#pragma once
#include <span>

#include "bridge/inverter/told.h"

namespace cw {

/// `packs`: those that are told; at least one. Sums and means are those of the bank. Of its cells
/// as many as a pack has are told, from the lowest to the highest of all, evenly picked, so that
/// both extremes are among them and every number is one that was measured; likewise of its sensors.
/// A switch is closed if one of that kind is; an alarm is the bank's.
ToldPack bank_as_one(const BankRequest& request, std::span<const ToldPack* const> packs);

}  // namespace cw

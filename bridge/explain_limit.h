// SPDX-License-Identifier: Apache-2.0
// Why a limit of the bank is where it is, in words, the same on every interface.
#pragma once
#include <span>

#include "core/picture.h"

namespace cw {

/// "cell 7 of cellar at 3.512 V". `packs` of the picture give the names; without them, or where a
/// pack has none, it is "pack 2".
Reason explain(const LimitReason& reason, std::span<const PackState> packs);

/// "charge current 105.0 A: cell 7 of cellar at 3.425 V; then 138.0 A: sensor 1 of cellar at
/// 12.0 °C".
Reason explain(std::string_view title, const BankLimit<Milliamps>& limit,
               std::span<const PackState> packs);
Reason explain(std::string_view title, const BankLimit<Millivolts>& limit,
               std::span<const PackState> packs);

}  // namespace cw

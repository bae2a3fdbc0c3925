// SPDX-License-Identifier: Apache-2.0
// The charge voltage of the bank: what the stage asks for, pulled down by a cell that runs away,
// and held at float while cells are there that nobody sees (charge-control.md, sections 6 and 9).
#pragma once
#include <span>

#include "core/bank_limits.h"
#include "core/slew.h"

namespace cw {

class ChargeVoltage {
 public:
  /// `stage`: what the stage asks for. Never above the absorption voltage nor below float, for
  /// `cells` in series.
  BankLimit<Millivolts> step(Millivolts stage, std::uint8_t cells, std::span<ChargePackState> packs,
                             const ChargeSettings& settings, Instant now);

 private:
  Slew ceiling_;
};

}  // namespace cw

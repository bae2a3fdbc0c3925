// SPDX-License-Identifier: Apache-2.0
// The charge voltage of the bank: what the stage asks for, pulled down by a cell that runs away,
// and held at float while cells are there that nobody sees (charge-control.md, sections 6 and 9).
// Whatever pulled it down did so at once; whatever the reason it comes back slowly, and after a
// start it begins at float: nobody knows what a former process had pulled it down for.
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

  /// Nothing is heard: float, from which it rises when something is again.
  BankLimit<Millivolts> step_blind(std::uint8_t cells, const ChargeSettings& settings, Instant now);

 private:
  Millivolts rise(Millivolts target, const ChargeSettings& settings, Instant now);

  Slew slew_;
};

}  // namespace cw

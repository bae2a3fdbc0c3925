// SPDX-License-Identifier: Apache-2.0
// The active balancer: takes charge from the highest cell for a while, then gives it to the lowest.
// Source: the manual, section 5.3.2 and "balance working logic". Decides; moves nothing.
#pragma once
#include "core/measurements.h"

namespace cw {

/// The numbers are those of the field `balance_action`.
enum class BalanceAction : std::uint8_t { idle, taking, giving };

struct Balance {
  BalanceAction action = BalanceAction::idle;
  std::uint8_t highest = 0;  // the cell that is taken from, from 1; 0: idle
  std::uint8_t lowest = 0;   // the cell that is given to, from 1; 0: idle
  Milliamps current{};       // negative while taking: charge leaves a cell

  constexpr std::uint8_t cell() const { return action == BalanceAction::taking ? highest : lowest; }
  friend constexpr bool operator==(const Balance&, const Balance&) = default;
};

class Balancer {
 public:
  /// How long it takes, and then gives.
  static constexpr Millis kHalf{1'000};

  /// On while it is `permitted` (its switch is on, no rule withholds it), the highest cell is above
  /// the start voltage and the difference above the trigger; a value that is not fresh, or a limit
  /// that is not known, turns it off. `most`: what the model can; 0 where that is not known.
  const Balance& step(const Measurements& measurements, const ParameterSet& limits, bool permitted,
                      Milliamps most, Instant now);

  const Balance& balance() const { return balance_; }

 private:
  Balance balance_{};
  Instant turn_at_{};  // when it changes between taking and giving
};

}  // namespace cw

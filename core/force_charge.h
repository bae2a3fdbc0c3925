// SPDX-License-Identifier: Apache-2.0
// When the battery must be charged, whatever the sun does (charge-control.md, section 11).
#pragma once
#include <optional>

#include "core/charge_settings.h"
#include "core/timed_condition.h"

namespace cw {

class ForceCharge {
 public:
  /// What is absent neither sets nor clears it.
  constexpr bool step(std::optional<CentiPercent> soc, std::optional<Millivolts> lowest_cell,
                      const ChargeSettings& settings, Instant now) {
    const bool low = (soc && *soc <= settings.force_charge_soc) ||
                     (lowest_cell && *lowest_cell <= settings.force_charge_voltage);
    if (low_.step(low, settings.force_charge_after, now)) on_ = true;
    if (soc && *soc >= settings.force_charge_until_soc && lowest_cell &&
        *lowest_cell >= settings.force_charge_until_voltage)
      on_ = false;
    return on_;
  }
  constexpr bool on() const { return on_; }

 private:
  bool on_ = false;
  TimedCondition low_;
};

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Many packs into one request (charge-control.md): validity, limits of each pack, their sum as the
// current really divides, the voltage from the stage of charge, slew, flags. A function of its
// state, the packs and the time: no clock, no I/O, no heap. Every step may only lower a limit.
#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "core/bank_orders.h"
#include "core/bank_request.h"
#include "core/charge_settings.h"

namespace cw {

struct PackState;

/// What must survive a restart.
struct ChargeMemory {
  std::optional<std::int64_t> last_full_wall_ms;  // Unix time of the last full charge; none known
  ChargeStage stage = ChargeStage::bulk;
};

/// Between steps, of one pack: inputs with their backlash, so that a cell that hovers around the
/// knee of a curve does not make a limit hunt. What charge_control.cpp keeps is its own business.
struct ChargePackState {
  std::optional<Millivolts> cell_max;  // as the curves see it
  std::optional<Millivolts> cell_min;
};

class ChargeControl {
 public:
  /// `packs` and `states`, one element a pack in the order of the packs, must outlive it.
  ChargeControl(const ChargeSettings& settings, std::span<const ChargePackSettings> packs,
                std::span<ChargePackState> states);

  /// Before the first step.
  void restore(const ChargeMemory& memory);
  const ChargeMemory& memory() const { return memory_; }

  /// To be called once a second, and at once when a pack was lost or a protection acted. `now`
  /// never goes back; `wall_ms` (Unix time) only tells how many days ago the bank was full.
  const BankRequest& step(std::span<const PackState> packs, const BankOrders& orders, Instant now,
                          std::int64_t wall_ms);

  const BankRequest& request() const { return request_; }

 private:
  const ChargeSettings& settings_;
  std::span<const ChargePackSettings> packs_;
  std::span<ChargePackState> states_;
  ChargeMemory memory_;
  BankRequest request_;
};

}  // namespace cw

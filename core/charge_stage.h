// SPDX-License-Identifier: Apache-2.0
// Bulk, absorption, float: which charge voltage the state of the battery asks for
// (charge-control.md, section 9). Every stage but bulk has a longest time; every one has an exit
// that needs no state of charge.
#pragma once
#include <cstdint>
#include <optional>

#include "core/bank_request.h"
#include "core/charge_settings.h"
#include "core/timed_condition.h"

namespace cw {

/// What must survive a restart.
struct ChargeMemory {
  std::optional<std::int64_t> last_full_wall_ms{};  // Unix time of the last full charge; none known
  std::optional<std::int64_t> watched_since_wall_ms{};  // of the first start, where none is known
  ChargeStage stage = ChargeStage::bulk;
  friend constexpr bool operator==(const ChargeMemory&, const ChargeMemory&) = default;
};

/// Of the bank; what is absent moves nothing.
struct StageInput {
  std::uint8_t cells = 0;
  std::optional<Millivolts> voltage;
  std::optional<Milliamps> current;
  std::optional<Millivolts> cell_difference;  // of the pack where it is largest
  std::optional<CentiPercent> soc;
  std::optional<MilliampHours> capacity;
  bool charging_possible = false;
  bool full_charge_ordered = false;
};

class StageMachine {
 public:
  void restore(const ChargeMemory& memory);
  const ChargeMemory& memory() const { return memory_; }

  /// `wall_ms` tells only how long ago the bank was full.
  void step(const StageInput& input, const ChargeSettings& settings, Instant now,
            std::int64_t wall_ms);

  ChargeStage stage() const { return memory_.stage; }
  bool full() const { return memory_.stage == ChargeStage::floating; }
  bool full_charge_due() const { return due_; }
  bool full_charge_wanted() const { return wanted_; }

  /// What the stage asks for: the absorption voltage; in float it falls to the float voltage with
  /// the rate at which voltages rise, never in a step.
  Millivolts voltage(std::uint8_t cells, const ChargeSettings& settings, Instant now) const;

 private:
  void enter(ChargeStage stage, Instant now);
  void step_bulk(const StageInput& input, const ChargeSettings& settings, Instant now);
  void step_absorption(const StageInput& input, const ChargeSettings& settings, Instant now,
                       std::int64_t wall_ms);
  void step_float(const StageInput& input, const ChargeSettings& settings, Instant now);
  void step_days(const ChargeSettings& settings, std::int64_t wall_ms);

  ChargeMemory memory_;
  bool started_ = false;
  Instant since_{};  // of this stage; of a float restored: when it really began
  std::optional<CentiPercent> peak_soc_;  // in this float
  bool due_ = false;
  bool wanted_ = false;
  bool order_served_ = false;
  TimedCondition high_, low_, tail_;
};

}  // namespace cw

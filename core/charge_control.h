// SPDX-License-Identifier: Apache-2.0
// Many packs into one request (charge-control.md): validity, limits of each pack, their sum as the
// current really divides, the voltage from the stage of charge, slew, flags. A function of its
// state, the packs and the time: no clock, no I/O, no heap. Every step may only lower a limit.
#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "core/bank_limits.h"
#include "core/bank_orders.h"
#include "core/bank_request.h"
#include "core/charge_settings.h"
#include "core/charge_stage.h"
#include "core/charge_voltage.h"
#include "core/force_charge.h"
#include "core/joining.h"
#include "core/reported_soc.h"
#include "core/slew.h"

namespace cw {

struct PackState;

class ChargeControl {
 public:
  /// `settings`, and `packs` and `states`, one element a pack in the order of the packs, must
  /// outlive it.
  ChargeControl(const ChargeSettings& settings, std::span<const ChargePackSettings> packs,
                std::span<ChargePackState> states);

  /// Before the first step.
  void restore(const ChargeMemory& memory) { stage_.restore(memory); }
  const ChargeMemory& memory() const { return stage_.memory(); }

  /// To be called once a second, and at once when a pack was lost or a protection acted. `now`
  /// never goes back; `wall_ms` (Unix time) only tells how many days ago the bank was full.
  const BankRequest& step(std::span<const PackState> packs, const BankOrders& orders, Instant now,
                          std::int64_t wall_ms);

  const BankRequest& request() const { return request_; }

  /// What each pack allows, for people.
  std::span<const ChargePackState> packs() const { return states_; }

  /// Of the pack with this index, in the last step.
  Joining joining(std::size_t pack) const { return may_join(pack, states_, settings_); }

 private:
  void observe_packs(std::span<const PackState> packs, Instant now);
  void step_voice(Instant now);
  void step_measured(Instant now);
  Bounds<Milliamps> current_bounds(Flow flow, const BankOrders& orders, Instant now);
  BankLimit<Milliamps> step_current(Flow flow, const BankOrders& orders, Instant now);
  void add_window(Bounds<Milliamps>& bounds, Flow flow);
  void add_orders(Bounds<Milliamps>& bounds, const BankOrders& orders, Instant now);
  void step_window(const BankOrders& orders);
  void step_flags(const BankOrders& orders, Instant now, std::int64_t wall_ms);
  void step_voltages(Instant now);
  bool is_riding(Instant now) const;
  bool is_waking(Instant now) const;
  void remember_calm();
  Milliamps wake_current(Milliamps most) const;

  const ChargeSettings& settings_;
  std::span<const ChargePackSettings> packs_;
  std::span<ChargePackState> states_;
  BankRequest request_;

  std::optional<Instant> started_;
  std::optional<Instant> blind_since_;  // nothing is heard any more
  std::optional<CentiPercent> soc_;     // computed
  Backlash soc_high_, soc_low_;
  bool calm_ = false;  // all was well when all packs were last fresh, and with those heard since
  Milliamps calm_charge_{}, calm_discharge_{};  // told when none was last getting old
  Milliamps wake_current_{};                    // likewise; zero: they are not woken
  StageMachine stage_;
  ChargeVoltage voltage_;
  ForceCharge force_;
  ReportedSoc reported_;
  Slew charge_, discharge_;
};

}  // namespace cw

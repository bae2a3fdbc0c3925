// SPDX-License-Identifier: Apache-2.0
// The whole core behind one step(): the firmware of an active-balancing BMS as a function of its
// state, its inputs, its settings and the time. Simulated boards and the firmware image run it as
// it is; the gateway's mirror and guard run its parts on what a real board reports.
#pragma once
#include "core/balance.h"
#include "core/charge_count.h"
#include "core/emergency.h"
#include "core/heating.h"
#include "core/protection.h"
#include "core/sleep.h"

namespace cw {

/// What the hardware has; constant.
struct BmsOptions {
  Milliamps balance_most{};         // 0: not known, the setting alone counts
  bool heater = false;              // there is one
  bool sleeps = false;              // by itself, when it is not used
  bool communication_wakes = true;  // a request wakes it
  ChargeCount::Start charge{};
};

struct BmsInputs {
  Measurements measurements;
  bool charge_switch = true;
  bool discharge_switch = true;
  bool balance_switch = true;
  bool heater_switch = true;
  bool charger = false;
  bool button = false;         // pressed, or the display is touched
  bool communication = false;  // somebody asked since the last step
};

struct BmsOutputs {
  bool charge = false;  // the MOSFETs let current through
  bool discharge = false;
  bool heater = false;
  Balance balance{};
  bool on = true;       // false: the power-off voltage was reached; nothing runs, nothing answers
  bool asleep = false;  // not used for long: switches as they are, no answers
  Seconds emergency_remaining{};
  AlarmSet alarms{};
  std::uint16_t error_codes = 0;  // bit n: code n of the manual
};

class Bms {
 public:
  Bms(const BmsOptions& options, Start start)
      : options_(options), protection_(start), count_(options.charge) {}

  /// `now` never goes back.
  const BmsOutputs& step(const BmsInputs& inputs, const ParameterSet& settings, Instant now);

  /// Power off and on: what is counted survives, what is timed does not.
  void restart(Start start);

  void request_emergency(Instant now) { emergency_.request(now); }
  void cancel_emergency() { emergency_.cancel(); }

  const BmsOutputs& outputs() const { return outputs_; }
  const Protection& protection() const { return protection_; }
  const ChargeCount& charge() const { return count_; }
  Heating heating() const { return heater_.heating(); }

 private:
  void count_charge(const Decision& before, const BmsInputs& inputs, const ParameterSet& settings,
                    Instant now);
  void switch_outputs(const BmsInputs& inputs, Instant now);

  BmsOptions options_;
  Protection protection_;
  Balancer balancer_;
  Heater heater_;
  Emergency emergency_;
  Sleep sleep_;
  ChargeCount count_;
  BmsOutputs outputs_{};
};

/// What rules tell by their alarms and their codes, for those that are tripped by their limit or
/// have no fresh value.
AlarmSet alarms_of(const Protection& protection);
std::uint16_t error_codes_of(const Protection& protection);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The core over a table of measurements, a step a row, and a line of CSV for every decision that
// changes. Reads no file and writes no terminal.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bms.h"
#include "daemon/commands/trace.h"

namespace cw {

class Shadow {
 public:
  /// Measurements may be so far apart and the charge between them is still counted, as if the
  /// current had stayed. Of a longer time only this much, and that is told as estimated.
  static constexpr Millis kLongestRow{60'000};

  static constexpr std::string_view kHeader =
      "t_s,rule,transition,value,limit,unit,index,charge,discharge,balance,heater\n";

  /// Begins as the daemon's guard does: every rule is tripped until it is shown to be safe.
  explicit Shadow(const ParameterSet& parameters)
      : parameters_(parameters), bms_({}, Start::tripped) {}

  /// One row: what the daemon does with a frame, then a step. A line for what changed is appended
  /// to `out`. The outputs change in no row without a line. `now` is later than in the row before.
  void step(Pack& pack, const Actions& actions, Instant now, std::string& out);

  /// The state after the last step as a line of JSON.
  void tell_final(std::string& out) const;

  const Bms& bms() const { return bms_; }

 private:
  /// What a line says besides the outputs.
  struct News {
    std::string_view subject;
    std::string_view transition;
    std::optional<std::int32_t> value{};
    std::optional<std::int32_t> limit{};
    Unit unit = Unit::count;
    std::uint8_t where = 0;
  };

  void begin(const Pack& pack, Instant now);
  void tell_inputs(const BmsInputs& before, std::string& out) const;
  void tell_rules(const Protection& before, std::string& out) const;
  void tell_outputs(const Bms& before, std::string& out) const;
  void tell(const News& news, std::string& out) const;

  ParameterSet parameters_;
  Bms bms_;
  BmsInputs inputs_{.measurements = {}, .heater_switch = false};
  std::optional<Instant> now_;  // of the last step
  bool first_ = true;
  bool knows_charge_ = false;  // the first row told what the pack held
  bool heard_current_ = false;
};

/// Rules that have their limit and are off all the same: "cell_overvoltage is off: no
/// cell_overvoltage_delay_s".
std::vector<std::string> half_known_rules(const ParameterSet& parameters);

}  // namespace cw

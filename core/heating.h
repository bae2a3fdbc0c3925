// SPDX-License-Identifier: Apache-2.0
// The heater of a pack that is too cold to be charged. Source: the manual, "heating", and the 12P
// guide; the longest time and the check for a broken heater are ours. Decides; switches nothing.
#pragma once
#include "core/protection.h"

namespace cw {

/// Why the heater is as it is.
enum class Heating : std::uint8_t {
  idle,      // the pack is warm enough, or nobody knows that it is not
  heating,   //
  no_power,  // too cold, but there is nothing to heat with
  spent,     // on for as long as it may be, and still too cold
  no_rise,   // on, and the coldest sensor did not get warmer: taken for broken
};

constexpr std::string_view name(Heating heating) {
  constexpr std::string_view names[] = {"idle", "heating", "no power", "spent", "no rise"};
  return names[static_cast<std::size_t>(heating)];
}

class Heater {
 public:
  static constexpr Millis kRiseWithin{30 * 60'000};  // so soon the coldest sensor must be
  static constexpr DeciCelsius kRise{10};            // so much warmer
  static constexpr Millis kLongest{4 * 3'600'000};   // where heater_time_max is not known

  /// What it may heat with.
  struct Power {
    bool charger = false;               // a charger is there
    std::optional<CentiPercent> soc{};  // for heating from the pack, where the limits allow it
  };

  /// On while charge_undertemperature is tripped by its limit and there is power: of a charger, or
  /// of the pack while it may be discharged above heater_discharge_soc_min. `fitted`: there is a
  /// heater, and its switch is on. Once spent or without a rise it stays off until it was warm.
  Heating step(const Protection& protection, const Measurements& measurements,
               const ParameterSet& limits, bool fitted, const Power& power, Instant now);

  bool is_on() const { return heating_ == Heating::heating; }
  bool is_at_fault() const { return heating_ == Heating::spent || heating_ == Heating::no_rise; }
  Heating heating() const { return heating_; }

 private:
  Heating judge_progress(std::int32_t coldest, const ParameterSet& limits, Instant now);

  Heating heating_ = Heating::idle;
  std::int64_t heated_ms_ = 0;  // since it was last warm enough
  Instant stepped_{};
  std::int32_t coldest_at_start_ = 0;  // 0.1 °C
  Instant watched_since_{};
};

}  // namespace cw

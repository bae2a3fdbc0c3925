// SPDX-License-Identifier: Apache-2.0
// A virtual battery-management system: it measures what its sensors are exposed to, steps the core
// that is its firmware, and tells of itself what a board tells. It speaks no protocol and moves no
// charge itself.
#pragma once
#include <string_view>

#include "core/assert.h"
#include "core/bms.h"
#include "core/presets.h"
#include "simulator/plant.h"
#include "simulator/sensed.h"

namespace cw::simulator {

struct BoardOptions {
  ParameterSet settings;  // complete: as a board carries them
  Identity identity;
  CentiPercent soc{6000};
  Count cycles{};
  Milliamps current_step{10};  // resolution of the current measurement
  bool counts = true;          // false: the state of charge stays as given (held packs)
  bool starting_up = false;    // state of charge and cycles read 0 for the first 16 s
  bool heater = false;         // there is one
  bool sleeps = false;         // after 26 h without use
};

/// A board's own settings: the preset of its chemistry and firmware, with limits of current that
/// fit `capacity` and what the preset leaves open.
ParameterSet board_settings(Chemistry chemistry, Generation generation, std::size_t cells,
                            MilliampHours capacity);

/// What a board does that it should not.
struct Misbehaviour {
  bool protection_off = false;
  bool charge_open = false;
  bool discharge_open = false;
};

class Board {
 public:
  Board(const BoardOptions& options, Instant now);

  /// Measures and decides. Called at every step; time never goes back.
  void sample(const Sensed& sensed, Instant now);

  /// Whether the MOSFETs let current in the direction of `amps` through.
  bool permits(double amps) const;
  bool closes(Switches which) const;  // one MOSFET
  /// What the balancer moves until the next sample.
  Transfer transfer() const;
  /// Whether it answers: it is neither off nor asleep.
  bool answers() const { return bms_.outputs().on && !bms_.outputs().asleep; }

  /// Everything the board knows, exactly; heard at the last sample.
  const Pack& pack() const { return pack_; }
  const Protection& protection() const { return bms_.protection(); }
  const Bms& bms() const { return bms_; }

  /// Power off and on: what is counted survives, what is timed does not.
  void restart(Instant now);

  /// Somebody asked it something: what may wake it at the next sample.
  void hear_request() { asked_ = true; }
  /// The button is pressed until the next sample.
  void press_button() { pressed_ = true; }
  void request_emergency(Instant now) { bms_.request_emergency(now); }
  void cancel_emergency() { bms_.cancel_emergency(); }

  /// A setting written over the wire; false: outside the range of its row.
  bool write(Parameter parameter, std::int32_t value);
  /// A text that people give it; cut where it has no more room.
  void keep_user_data(std::string_view text) {
    const bool kept = pack_.identity.user_data.assign(text.substr(0, 13));
    CW_ASSERT(kept);
  }
  void misbehave(const Misbehaviour& misbehaviour) { misbehaviour_ = misbehaviour; }
  enum class Switch : std::uint8_t { charge, discharge, balance };
  void turn(Switch which, bool on) { switches_[static_cast<std::size_t>(which)] = on; }
  bool is_on(Switch which) const { return switches_[static_cast<std::size_t>(which)]; }

 private:
  void measure_all(const Sensed& sensed, Instant now);
  BmsInputs inputs(const Sensed& sensed, Instant now);
  void tell_switches(Instant now);
  void tell_charge(Instant now);
  void tell_alarms(Instant now);

  ParameterSet settings_;
  Bms bms_;
  Pack pack_;
  std::array<bool, 3> switches_{true, true, true};
  Misbehaviour misbehaviour_;
  Milliamps current_step_;
  CentiPercent soc_at_start_;
  Count cycles_at_start_;
  bool counts_;
  bool has_heater_;
  bool starting_up_;
  bool asked_ = false;
  bool pressed_ = false;
  Instant powered_;
};

}  // namespace cw::simulator

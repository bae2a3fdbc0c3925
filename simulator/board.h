// SPDX-License-Identifier: Apache-2.0
// The firmware of a virtual battery-management system: it measures, runs the same protection core
// as the gateway, decides what its MOSFETs and its balancer do, and counts charge. It speaks no
// protocol and moves no charge itself.
#pragma once
#include "core/presets.h"
#include "core/protection.h"
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
};

/// A board's own settings: the preset of its chemistry and firmware, with limits of current that
/// fit `capacity` and what the preset leaves open.
ParameterSet board_settings(Chemistry chemistry, Generation generation, std::size_t cells,
                            MilliampHours capacity);

class Board {
 public:
  Board(const BoardOptions& options, Instant now);

  /// Measures and decides. Called at every step; time never goes back.
  void sample(const Sensed& sensed, Instant now);

  /// Whether the MOSFETs let current in the direction of `amps` through.
  bool permits(double amps) const;
  /// What the balancer does until the next sample.
  const Balance& balance() const { return balance_; }

  /// Everything the board knows, exactly; heard at the last sample.
  const Pack& pack() const { return pack_; }
  const Protection& protection() const { return protection_; }

  /// Power off and on: what is counted survives, what is timed does not.
  void restart(Instant now);

  /// A setting written over the wire; false: outside the range of its row.
  bool write(Parameter parameter, std::int32_t value);
  enum class Switch : std::uint8_t { charge, discharge, balance };
  void turn(Switch which, bool on) { switches_[static_cast<std::size_t>(which)] = on; }
  bool is_on(Switch which) const { return switches_[static_cast<std::size_t>(which)]; }

 private:
  void measure_all(const Sensed& sensed, Instant now);
  void switch_mosfets(Instant now);
  void decide_balance(Instant now);
  void count_charge(Instant now);
  void tell_charge(Instant now);
  void raise_alarms(Instant now);
  std::int64_t full_mAms() const;

  ParameterSet settings_;
  Protection protection_{Start::clear};
  Pack pack_;
  Balance balance_;
  std::array<bool, 3> switches_{true, true, true};
  Milliamps current_step_;
  bool counts_;
  bool starting_up_;
  Count cycles_at_start_;
  Instant powered_;
  Instant sampled_;
  std::int64_t remaining_mAms_ = 0;   // milliampere-milliseconds: exact at every step
  std::int64_t discharged_mAms_ = 0;  // over the life of the board
};

}  // namespace cw::simulator

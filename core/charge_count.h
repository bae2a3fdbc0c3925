// SPDX-License-Identifier: Apache-2.0
// Counts charge and energy, knows when the pack is full and empty, and learns what it holds. Exact:
// whole milliampere-milliseconds in 64 bits, nothing is ever rounded before it is told.
// Source: the manual, section 5.3.2 a to k.
#pragma once
#include "core/measurements.h"

namespace cw {

class ChargeCount {
 public:
  /// Where full_charge_current is not known: the nominal capacity in an hour, divided by this.
  static constexpr std::int32_t kTailPart = 20;
  /// A full charge is a new one after the pack gave this part of its capacity.
  static constexpr std::int32_t kCyclePart = 10;

  struct Start {
    MilliampHours nominal{};
    CentiPercent soc{};
    Count full_charges{};
    Millis gap{10'000};  // a longer silence is a gap: bridged by an estimate that is marked
  };
  explicit ChargeCount(const Start& start);

  struct Sample {
    std::optional<Milliamps> current;  // nothing: not measured
    std::optional<Millivolts> voltage;
    std::optional<Millivolts> highest_cell;
    bool overvoltage = false;   // the rule just tripped: the pack is full
    bool undervoltage = false;  // the rule just tripped: the pack is empty
  };

  /// Counts the span since the last sample with what was measured then, and looks whether the pack
  /// is full or empty now.
  void step(const Sample& sample, const ParameterSet& limits, Instant now);

  CentiPercent soc() const;
  MilliampHours full() const;  // as learnt, else nominal
  MilliampHours remaining() const;
  bool is_learnt() const { return learnt_; }
  std::uint32_t refused_lessons() const { return refused_lessons_; }

  MilliampHours discharged() const;  // over the life of the counter
  MilliampHours charged() const;
  std::int64_t energy_in_mWh() const { return energy_in_.mWh; }
  std::int64_t energy_out_mWh() const { return energy_out_.mWh; }
  Count full_charges() const { return {full_charges_}; }
  /// Discharged capacity divided by the full one, in hundredths.
  std::int32_t equivalent_cycles_centi() const;

  /// What was not measured but estimated, whichever direction.
  MilliampHours estimated() const;

 private:
  enum class End : std::uint8_t { unknown, full, empty };
  struct Energy {
    std::int64_t mWh = 0;
    std::int64_t rest_nJ = 0;  // microwatt-milliseconds
    void add(std::int64_t nJ);
  };

  void count(std::int64_t span_ms);
  void reach(End end);
  void learn(End end);
  bool is_full(const Sample& sample, const ParameterSet& limits) const;

  Millis gap_;
  std::int64_t nominal_mAms_;
  std::int64_t full_mAms_;
  std::int64_t remaining_mAms_;
  std::int64_t charged_mAms_ = 0;
  std::int64_t discharged_mAms_ = 0;
  std::int64_t estimated_mAms_ = 0;
  Energy energy_in_, energy_out_;
  std::int32_t full_charges_;
  std::int64_t given_since_full_mAms_;
  End end_ = End::unknown;  // the last end reached; unknown: a gap came after it
  std::int64_t since_end_mAms_ = 0;
  bool learnt_ = false;
  std::uint32_t refused_lessons_ = 0;
  std::optional<Milliamps> current_;  // of the last sample that had one
  std::optional<Millivolts> voltage_;
  std::optional<Instant> stepped_;
};

}  // namespace cw

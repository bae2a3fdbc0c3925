// SPDX-License-Identifier: Apache-2.0
// What a pack's own BMS should be doing: the core with the settings read from that BMS, fed with
// what it reports; where the two part is a divergence. One a pack. It also counts charge by itself.
#pragma once
#include "core/charge_count.h"
#include "core/divergence.h"
#include "core/presets.h"

namespace cw {

class Mirror {
 public:
  struct Inputs {
    const Pack& pack;
    Millis usable_age;             // older readings do not exist
    Millis max_age;                // of this pack while it is heard
    Chemistry chemistry;           // whose preset is assumed until the settings are read
    const ParameterSet& demanded;  // what the operator wrote into the policy
    std::optional<Milliamps> current_elsewhere;  // the largest current of a pack beside it
    std::uint32_t refused_steps = 0;
  };

  /// Call with every frame, and when the pack falls silent; `now` never goes back. True: a
  /// divergence was raised or taken back.
  bool step(const Inputs& inputs, Instant now);

  const Protection& protection() const { return protection_; }
  const DivergenceWatch& divergences() const { return divergences_; }

  /// Read from the device where it tells them; else what boards of its firmware and model are set
  /// to; where that is not known either, its rules are off.
  const ParameterSet& settings() const { return settings_; }
  /// Where the limits come from that its rules need.
  enum class Settings : std::uint8_t { unknown, assumed, partly_assumed, read };
  Settings source() const { return source_; }

  /// Our own count; nothing until the device told a first state of charge and what it holds.
  const std::optional<ChargeCount>& count() const { return count_; }

 private:
  void load(const Pack& pack, Chemistry chemistry);
  void name_source();
  void count_charge(const Inputs& inputs, const Measurements& seen, Instant now);

  Protection protection_{Start::clear};
  ParameterSet settings_;
  // What settings_ was made of.
  ParameterSet device_, assumed_;
  decltype(Identity::model) model_;
  decltype(Identity::software_version) software_version_;
  bool loaded_ = false;
  Settings source_ = Settings::unknown;
  std::optional<ChargeCount> count_;
  DivergenceWatch divergences_;
};

constexpr std::string_view name(Mirror::Settings settings) {
  constexpr std::string_view names[] = {"unknown", "assumed", "partly assumed", "read"};
  return names[static_cast<std::size_t>(settings)];
}

}  // namespace cw

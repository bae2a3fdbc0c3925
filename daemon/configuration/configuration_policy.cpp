// SPDX-License-Identifier: Apache-2.0
// The limits of one pack: preset, [supervisor], [pack.policy], and whether they fit together.
#include <fmt/format.h>

#include <array>
#include <optional>

#include "core/assert.h"
#include "core/board_preset.h"
#include "core/presets.h"
#include "core/protection.h"
#include "core/validation.h"
#include "daemon/configuration/configuration_parts.h"
#include "daemon/configuration/parameter_text.h"
#include "daemon/configuration/quantity_text.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

std::optional<Chemistry> find_chemistry(std::string_view word) {
  for (const Chemistry chemistry : {Chemistry::lfp, Chemistry::li_ion, Chemistry::lto})
    if (name(chemistry) == word) return chemistry;
  return std::nullopt;
}

/// A policy that remembers which of its limits the file has set, and where.
class Policy {
 public:
  Policy(Chemistry chemistry, std::optional<MilliampHours> capacity, std::string pack)
      : preset_(preset_of(chemistry, Generation::gateway)),
        pack_(std::move(pack)),
        values_(gateway_preset(chemistry, capacity)) {
    if (capacity) set(Parameter::capacity, capacity->count);
  }

  void set(Parameter parameter, std::int64_t count) {
    CW_ASSERT(values_.set(parameter, static_cast<std::int32_t>(count)));
  }

  /// `near`: a limit of the pack's own is blamed before one that stands for all packs.
  void lay(const std::vector<LimitValue>& limits, bool near) {
    for (const LimitValue& limit : limits) {
      set(limit.parameter, limit.count);
      origins_[static_cast<std::size_t>(limit.parameter)] = Origin{limit.place, near};
    }
  }

  void check_orderings(FaultList& faults) const;
  void check_bounds(FaultList& faults) const;
  const ParameterSet& values() const { return values_; }

 private:
  struct Origin {
    TomlPlace place;
    bool near;
  };
  using Complaints = std::array<std::string, kParameterCount>;

  const std::optional<Origin>& origin(Parameter parameter) const {
    return origins_[static_cast<std::size_t>(parameter)];
  }
  bool is_to_blame(Parameter one, Parameter other) const;
  std::string text(Parameter parameter) const;
  void report(Parameter parameter, const std::string& complaint, FaultList& faults) const;

  const Preset& preset_;
  std::string pack_;
  ParameterSet values_;
  std::array<std::optional<Origin>, kParameterCount> origins_{};
};

/// "cell_overvoltage 3.65 V", and where it comes from if that is not the file.
std::string Policy::text(Parameter parameter) const {
  return fmt::format("{} {}{}", file_key(parameter),
                     quantity_text(values_.get(parameter).value_or(0), facts(parameter).unit),
                     origin(parameter) ? "" : fmt::format(" (preset {})", preset_.name));
}

// Of two limits that do not fit, the one set nearest to the pack is wrong; of equals the later.
bool Policy::is_to_blame(Parameter one, Parameter other) const {
  const auto& mine = origin(one);
  const auto& theirs = origin(other);
  if (!mine || !theirs) return mine.has_value();
  if (mine->near != theirs->near) return mine->near;
  return theirs->place < mine->place;
}

void Policy::report(Parameter parameter, const std::string& complaint, FaultList& faults) const {
  const auto& where = origin(parameter);
  CW_ASSERT(where.has_value());
  faults.add(where->place,
             fmt::format("pack {}: {} {}", in_quotes(pack_), text(parameter), complaint));
}

// One message a limit, whatever the number of others it collides with.
void Policy::check_orderings(FaultList& faults) const {
  Complaints above;
  Complaints below;
  const Violations violations = validate(values_);
  for (std::size_t i = 0; i < violations.count; ++i) {
    const auto [lower, upper] = violations.rules[i];
    const bool lower_is_wrong = is_to_blame(lower, upper);
    auto& complaints = lower_is_wrong ? below : above;
    std::string& list = complaints[static_cast<std::size_t>(lower_is_wrong ? lower : upper)];
    list += (list.empty() ? "" : ", ") + text(lower_is_wrong ? upper : lower);
  }
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    if (!above[i].empty()) report(parameter, "must be above " + above[i], faults);
    if (!below[i].empty()) report(parameter, "must be below " + below[i], faults);
  }
}

// No preset breaks a bound, so the file has set what does. Recommendations are left to the board's
// owner.
void Policy::check_bounds(FaultList& faults) const {
  const Plant plant{preset_.chemistry};
  for (const Breach& breach : check_policy(values_, plant))
    if (!is_warning(breach.bound)) report(breach.parameter, bound_text(breach, plant), faults);
}

/// The engine's tables prove that a preset is whole; nothing in a file can take a limit away, and a
/// value that switches a protection off was reported as beyond its bound.
bool has_all_of(const ParameterSet& preset, const ParameterSet& policy) {
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    if (preset.get(parameter) && !policy.get(parameter)) return false;
  }
  return true;
}

}  // namespace

ParameterSet demanded_policy(const PackSection& pack, const SectionValues& supervisor) {
  ParameterSet demanded;
  const auto lay = [&demanded](const auto& limits) {
    for (const LimitValue& limit : limits) (void)demanded.set(limit.parameter, limit.count);
  };
  lay(supervisor.limits());
  lay(pack.policy.limits());
  constexpr auto cells = option("pack", "cells");
  if (pack.own.usable(cells))
    (void)demanded.set(Parameter::cell_count, static_cast<std::int32_t>(pack.own.number(cells)));
  return demanded;
}

ParameterSet configure_policy(const PackSection& pack, const SectionValues& supervisor,
                              FaultList& faults) {
  constexpr auto cells = option("pack", "cells");
  constexpr auto capacity = option("pack", "capacity");
  constexpr auto pack_name = option("pack", "name");
  const auto chemistry = find_chemistry(pack.own.text(option("pack", "chemistry")));
  if (!chemistry) return {};  // reported where it was read
  std::optional<MilliampHours> nominal;
  if (pack.own.usable(capacity))
    nominal = MilliampHours{static_cast<std::int32_t>(pack.own.number(capacity))};
  Policy policy(*chemistry, nominal, pack.own.text(pack_name));
  if (pack.own.usable(cells)) policy.set(Parameter::cell_count, pack.own.number(cells));
  policy.lay(supervisor.limits(), false);
  policy.lay(pack.policy.limits(), true);
  policy.check_orderings(faults);
  policy.check_bounds(faults);
  CW_ASSERT(has_all_of(preset_of(*chemistry, Generation::gateway).values, policy.values()));
  return policy.values();
}

}  // namespace cw

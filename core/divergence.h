// SPDX-License-Identifier: Apache-2.0
// Where a BMS and what it reports cannot both be right: each kind of contradiction is a row with a
// check, a grace time and a severity. Decides from what was reported, what the mirror makes of it
// and the time; reports nothing itself. Sources: product.md section 5 in words, D1-D8 of what users
// of similar programs suffer from; grace times and tolerances are ours, decision 11.
#pragma once
#include <array>
#include <optional>
#include <string_view>

#include "core/protection.h"

namespace cw {

/// The order is the order of kDivergences; append only.
enum class Divergence : std::uint8_t {
  missed_trip,
  unexplained_trip,
  settings_differ,
  switch_disobeyed,
  cell_sum,
  frozen_values,
  impossible_step,
  current_sign,
  soc_drift,
};

/// `warning`: somebody should look. `alarm`: the battery may not be protected, or our limits rest
/// on values that are wrong.
enum class DivergenceSeverity : std::uint8_t { notice, warning, alarm };
constexpr std::string_view name(DivergenceSeverity severity) {
  constexpr std::string_view names[] = {"notice", "warning", "alarm"};
  return names[static_cast<std::size_t>(severity)];
}

struct DivergenceRow {
  std::string_view name;
  DivergenceSeverity severity;
  Millis grace;  // so long it must last before it is told
  Millis clear;  // so long it must be gone before it is taken back
  std::string_view means;
};

// clang-format off
inline constexpr auto kDivergences = std::to_array<DivergenceRow>({
    {"missed_trip",      DivergenceSeverity::alarm,   {10'000}, {5'000},   "by its own settings the BMS must have opened a switch, and it is closed"},
    {"unexplained_trip", DivergenceSeverity::warning, {10'000}, {5'000},   "the BMS holds a switch open that is set to on, and nothing it reports is a reason"},
    {"settings_differ",  DivergenceSeverity::notice,  {2'000},  {2'000},   "the BMS protects less than the configured policy demands"},
    {"switch_disobeyed", DivergenceSeverity::alarm,   {10'000}, {5'000},   "a switch that is set to off is reported closed, or current flows through one that is reported open"},
    {"cell_sum",         DivergenceSeverity::warning, {10'000}, {10'000},  "the cells do not add up to the pack's voltage"},
    {"frozen_values",    DivergenceSeverity::alarm,   {50'000}, {0},       "the BMS repeats the very same values while current flows"},
    {"impossible_step",  DivergenceSeverity::notice,  {0},      {600'000}, "a value jumped and came back at once: it was left out"},
    {"current_sign",     DivergenceSeverity::alarm,   {0},      {60'000},  "the voltage falls when the current is said to charge: the sign is suspect"},
    {"soc_drift",        DivergenceSeverity::warning, {60'000}, {60'000},  "the state of charge is far from the counted one"},
});
// clang-format on
inline constexpr std::size_t kDivergenceCount = kDivergences.size();
static_assert(kDivergenceCount == static_cast<std::size_t>(Divergence::soc_drift) + 1);

/// What speaks for it. Which members have a meaning depends on the kind.
struct DivergenceEvidence {
  std::optional<std::int32_t> value;      // what is reported, in `unit`
  std::optional<std::int32_t> reference;  // what it should be or is compared with, in `unit`
  Unit unit = Unit::count;
  std::uint8_t where = 0;              // cell or sensor from 1
  Switches switches = Switches::none;  // the switch in question
  std::optional<Rule> rule;            // that should have tripped
  std::optional<Parameter> parameter;  // that differs most plainly
  std::uint8_t count = 0;              // how many do
};

struct DivergenceState {
  bool raised = false;
  bool present = false;  // in the last step
  Instant since{};       // present: since when; raised and not present: when it was last
  Instant raised_at{};
  std::uint32_t times = 0;  // raised since the start
  DivergenceEvidence evidence{};
};

/// What is compared. Everything of one pack and one moment.
struct Reported {
  const Pack& pack;
  Millis usable_age;             // older readings do not exist
  const Measurements& seen;      // measured with that age
  const Protection& mirror;      // the core with the settings of this BMS, fed with its readings
  const ParameterSet& settings;  // the mirror's
  const ParameterSet& demanded;  // what the operator wrote into the policy; nothing else
  std::optional<CentiPercent> counted_soc;     // our own count
  std::optional<Milliamps> current_elsewhere;  // the largest current of a pack beside it
  std::uint32_t refused_steps = 0;             // readings left out so far, because they jumped
};

class DivergenceWatch {
 public:
  /// Call with every frame: grace times end with the first one after them. While the pack is not
  /// heard nothing is raised or taken back: it is lost, and that is told elsewhere.
  void step(const Reported& reported, Instant now);

  const DivergenceState& state(Divergence kind) const {
    return states_[static_cast<std::size_t>(kind)];
  }

 private:
  using Finding = std::optional<DivergenceEvidence>;

  // One switch of the board: since when it is open, and what explains it.
  struct Opening {
    bool open = false;
    bool seen_closed = false;  // since it was last not heard
    Instant since{};
    std::optional<Rule> explained_by;
    Instant explained_at{};  // when that rule was last a reason
  };
  struct Content {  // what a living battery never repeats for long
    std::array<std::int32_t, kMaxCells> cell_mV{};
    std::int32_t current_mA = 0;
    std::int32_t voltage_mV = 0;
    friend bool operator==(const Content&, const Content&) = default;
  };
  struct Slope {  // of the voltage over the current, from every larger change of the current
    std::int64_t current_x_voltage = 0;
    std::int64_t current_squared = 0;
    std::uint32_t steps = 0;
    std::optional<Milliamps> current;
    std::int32_t voltage_mV = 0;
    Instant heard{};
  };

  Finding find(Divergence kind, const Reported& reported, Instant now);
  Finding missed_trip(const Reported& reported, Instant now) const;
  Finding unexplained_trip(const Reported& reported, Instant now);
  Finding settings_differ(const Reported& reported) const;
  Finding switch_disobeyed(const Reported& reported, Instant now) const;
  Finding cell_sum(const Reported& reported, Instant now) const;
  Finding frozen_values(const Reported& reported, Instant now);
  Finding impossible_step(const Reported& reported);
  Finding current_sign(const Reported& reported, Instant now);
  Finding soc_drift(const Reported& reported, Instant now) const;

  bool is_explained(Opening& opening, Switches which, const Reported& reported, Instant now) const;
  void judge(Divergence kind, const Finding& finding, Instant now);

  std::array<DivergenceState, kDivergenceCount> states_{};
  std::array<Opening, 2> openings_{};
  std::optional<Content> content_;
  Instant content_since_{};
  Instant content_heard_{};
  Slope slope_{};
  std::uint32_t refused_steps_ = 0;
  bool stepped_ = false;
};

}  // namespace cw

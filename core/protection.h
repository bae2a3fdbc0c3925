// SPDX-License-Identifier: Apache-2.0
// The engine that runs every row of kRules. No I/O, no clock, no heap: step() is a function of its
// state, the measurements, the limits and the time. It decides; it never acts.
#pragma once
#include "core/rules.h"

namespace cw {

/// Life of a rule. `off`: its limits are not known, or the board was never heard to measure what it
/// reads, so it guards nothing (and says so).
enum class Phase : std::uint8_t { off, clear, pending, tripped, releasing };
/// Why a rule is tripped. `start`: not yet shown to be safe. `blind`: no fresh value.
enum class Cause : std::uint8_t { none, start, blind, limit };

constexpr std::string_view name(Phase phase) {
  constexpr std::string_view names[] = {"off", "clear", "pending", "tripped", "releasing"};
  return names[static_cast<std::size_t>(phase)];
}
constexpr std::string_view name(Cause cause) {
  constexpr std::string_view names[] = {"none", "start", "no fresh value", "limit"};
  return names[static_cast<std::size_t>(cause)];
}

/// A rule that is tripped because it started or went blind, and then sees a violation last for its
/// delay, is tripped by its limit from then on: the evidence counts, not what came first.
struct RuleState {
  Phase phase = Phase::tripped;
  Cause cause = Cause::start;
  bool blind = false;     // no fresh value in the last step, whatever the cause
  bool violated = false;  // the value is beyond the limit, without a break since `began`
  std::uint8_t samples =
      0;                   // different samples in that violation; no more than kSamples are counted
  Instant since{};         // when this phase began: with cause `limit`, when the rule acted
  Instant began{};         // when the violation began: the running one, or the one that tripped
  Measurement evidence{};  // what it saw when it tripped (cause `limit`)
  std::int32_t limit = 0;  // the limit it crossed (cause `limit`)
  std::int32_t worst = 0;  // worst value since `began`; meaningful while violated or cause `limit`
  std::uint32_t trips = 0;  // trips by limit, over restarts
  Instant sample{};         // of the last sample counted
};

struct Decision {
  Switches open = Switches::all;
  std::uint32_t tripped = (std::uint32_t{1} << kRuleCount) - 1;  // bit n: rule n holds its switches
  std::uint32_t off = 0;                                         // bit n: rule n is off

  constexpr bool allows(Switches s) const {
    return (static_cast<std::uint8_t>(open) & static_cast<std::uint8_t>(s)) == 0;
  }
  constexpr bool is_tripped(Rule rule) const {
    return (tripped >> static_cast<unsigned>(rule) & 1) != 0;
  }
  friend constexpr bool operator==(const Decision&, const Decision&) = default;
};

/// What a value must be inside of for a rule that holds its switches to be left by it.
constexpr std::int32_t left_at(const RuleRow& rule, const RuleState& state,
                               const RuleLimits& limits) {
  return rule.is(kWoken) && state.cause != Cause::limit ? limits.limit : limits.leave;
}

/// How the engine begins: a supervisor shows that it is safe before it closes anything; a board
/// (the simulated one) starts closed, as real ones do.
enum class Start : std::uint8_t { tripped, clear };

/// What of a rule must survive a restart: that it is tripped by its limit, and why; and its count.
struct RuleMemory {
  bool tripped = false;
  Measurement evidence{};  // without its time
  std::int32_t limit = 0;
  std::int32_t worst = 0;
  std::uint32_t trips = 0;
  friend constexpr bool operator==(const RuleMemory&, const RuleMemory&) = default;
};
using ProtectionMemory = std::array<RuleMemory, kRuleCount>;

class Protection {
 public:
  Protection() = default;  // tripped
  explicit Protection(Start start);

  /// Goes on where another left off. A restart is no amnesty: what was tripped by its limit still
  /// is, and a timed release starts anew, because nobody knows how much of it is over.
  explicit Protection(const ProtectionMemory& memory);
  ProtectionMemory memory() const;

  /// Runs every rule once; `now` never goes back. `limits` may change between steps. Even if it
  /// breaks the orderings of core/validation.h, no rule is left by recovery while its limit is
  /// crossed.
  Decision step(const Measurements& measurements, const ParameterSet& limits, Instant now);

  const Decision& decision() const { return decision_; }
  const RuleState& state(Rule rule) const { return states_[static_cast<std::size_t>(rule)]; }

  /// When step() may next decide something else although no measurement changes: a delay or a
  /// release time ends. Nothing: time alone changes nothing.
  std::optional<Instant> next_due(const ParameterSet& limits) const;

 private:
  std::array<RuleState, kRuleCount> states_{};
  Decision decision_{};
  bool stepped_ = false;
};

}  // namespace cw

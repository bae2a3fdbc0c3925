// SPDX-License-Identifier: Apache-2.0
// Whether inverters keep to what they were told, and what is done when they do not: request flags
// cleared, another state of charge told, no frames at all, the relay; in this order, each after its
// time. Decides only. Sources: charge-control.md, section 12; inverter-can.md, section 12 (what
// single makes obey).
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/bank_request.h"
#include "core/charge_pack.h"
#include "core/timed_condition.h"

namespace cw {

struct ObedienceSettings {
  std::int32_t over_permille = 100;  // of the limit, and
  Milliamps over{2'000};             // so much more are still obedience
  Millis after{20'000};              // so long it must be more
  Millivolts voltage_over{500};      // of the bank above its charge voltage, while it is charged
  Millis voltage_after{60'000};
  Millis clear_after{60'000};      // so long it must be less
  Millis remember_for{3'600'000};  // raised again within: the ladder goes on where it was
};

/// What was told and what was measured, each of the moment. Absent moves nothing.
struct ObedienceInput {
  bool told = false;  // an inverter is spoken to
  Milliamps charge_limit{};
  Milliamps discharge_limit{};
  Millivolts voltage_limit{};
  std::optional<Milliamps> current;  // of the bank, positive charges
  std::optional<Millivolts> voltage;
};
ObedienceInput obedience_input(const BankRequest& request);

enum class Disobeyed : std::uint8_t { charge_current, discharge_current, charge_voltage };
inline constexpr std::size_t kDisobeyedCount = 3;
constexpr std::string_view name(Disobeyed what) {
  constexpr std::string_view names[] = {"charge current", "discharge current", "charge voltage"};
  return names[static_cast<std::size_t>(what)];
}

/// No step of a ladder is later; longer is not counted.
inline constexpr Millis kLongestLadder{3'600'000};

/// One limit that is not obeyed.
struct Disobedience {
  bool raised = false;
  Millis lasted{};         // since it was raised, as far as it was measured and was over; while it
                           // returns again and again, as if in one go. Not raised: the last time
  std::int32_t worst = 0;  // the largest value measured meanwhile, in mA or mV
  std::int32_t limit = 0;  // what was told then
  std::uint32_t times = 0;
};

/// What must survive a restart of one limit. What is measured now is measured anew.
struct DisobedienceMemory {
  bool raised = false;
  Millis lasted{};                   // as in Disobedience
  std::optional<Instant> cleared{};  // when it was last taken back
  std::uint32_t times = 0;
  friend constexpr bool operator==(const DisobedienceMemory&, const DisobedienceMemory&) = default;
};
using ObedienceMemory = std::array<DisobedienceMemory, kDisobeyedCount>;

class Obedience {
 public:
  /// Before the first step; instants may lie before the start.
  void restore(const ObedienceMemory& memory);
  ObedienceMemory memory() const;

  /// `now` never goes back.
  void step(const ObedienceInput& input, const ObedienceSettings& settings, Instant now);

  const Disobedience& of(Disobeyed what) const { return rows_[static_cast<std::size_t>(what)].now; }
  bool any() const;

 private:
  struct Row {
    Disobedience now;
    TimedCondition over, within;
    std::optional<Instant> cleared;
  };
  /// What was measured of one limit, what was told, and what of it is still obedience.
  struct Sample {
    std::int32_t value, limit, allowed;
    Millis after;  // so long it must be more
  };
  void blind();
  static void step_row(Row& row, const Sample& sample, const ObedienceSettings& settings,
                       Millis passed, Instant now);

  std::array<Row, kDisobeyedCount> rows_{};
  std::optional<Instant> stepped_;
};

/// What is done about it, milder first.
enum class Escalation : std::uint8_t { none, flags, soc, silence, relay };
inline constexpr std::size_t kEscalationCount = 5;
constexpr std::string_view name(Escalation step) {
  constexpr std::string_view names[] = {"none", "flags", "soc", "silence", "relay"};
  return names[static_cast<std::size_t>(step)];
}

/// How long a disobedience must have lasted for each step, of one inverter; absent: never.
struct EscalationLadder {
  std::optional<Millis> flags{};    // its request flags and its limit are zero
  std::optional<Millis> soc{};      // it is told 100 % when it charges too much, 0 % otherwise
  std::optional<Millis> silence{};  // it is told nothing more: its own time-out stops it
  std::optional<Millis> relay{};    // the relay of the direction opens
  friend constexpr bool operator==(const EscalationLadder&, const EscalationLadder&) = default;
};

/// The steps in force in one direction, as the strongest: every milder configured one is too.
Escalation escalation(Flow flow, const Obedience& obedience, const EscalationLadder& ladder);

/// What the inverter is told in place of `request`. A step only ever asks for less.
BankRequest escalated(const BankRequest& request, const Obedience& obedience,
                      const EscalationLadder& ladder);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// What a relay goes through, what each role obeys, and why one stays open: three tables. The
// sequence (relay_sequence.h) walks them.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "core/picture.h"

namespace cw {

enum class RelayStage : std::uint8_t { safe, proving, precharging, settling, on, unloading };

struct StageRow {
  std::string_view name;
  bool active;     // the relay has left its safe level
  bool precharge;  // its precharge relay is on
  bool closing;    // in the act of closing: no other relay of these packs begins
  bool withholds;  // zero limits are asked for, for what the relay carries
  bool told;       // entering it is an event of its own
};

inline constexpr auto kStages = std::to_array<StageRow>({
    {"safe", false, false, false, true, false},
    {"proving", false, false, false, true, false},
    {"precharging", false, true, true, true, true},
    {"settling", true, true, true, true, false},
    {"on", true, false, false, false, false},
    {"unloading", true, false, false, true, true},
});
constexpr const StageRow& row_of(RelayStage stage) {
  return kStages[static_cast<std::size_t>(stage)];
}
static_assert(kStages.size() == static_cast<std::size_t>(RelayStage::unloading) + 1);

/// Nothing flows: neither it nor its precharge relay has left the safe level.
constexpr bool rests_open(RelayStage stage) {
  return !row_of(stage).active && !row_of(stage).precharge;
}

/// What makes a relay leave its safe level.
enum class Obeys : std::uint8_t {
  wish,     // the supervisor
  trouble,  // the supervisor, or any relay of its packs that is in trouble
  mains,    // a relay that closes through it
  chain,    // the supervisor, while no relay is in trouble: it beats
  stage1,   // a relay of its packs that was opened critically and does not interrupt
};

struct RoleRow {
  RelayRole role;
  Obeys obeys;
  Switches carries;  // the current behind it: unloaded before it opens, retries are counted
  bool interrupts;   // opened with the others when a contact is welded or a cut-off has fired
  bool wears;        // switchings an hour are counted
};

inline constexpr auto kRoles = std::to_array<RoleRow>({
    {RelayRole::charge, Obeys::wish, Switches::charge, true, true},
    {RelayRole::discharge, Obeys::wish, Switches::discharge, true, true},
    {RelayRole::alarm, Obeys::trouble, Switches::none, false, false},
    {RelayRole::precharge, Obeys::mains, Switches::none, true, true},
    {RelayRole::heater, Obeys::wish, Switches::none, true, true},
    {RelayRole::generator, Obeys::wish, Switches::none, true, true},
    {RelayRole::heartbeat, Obeys::chain, Switches::none, false, false},
    {RelayRole::cutoff, Obeys::stage1, Switches::none, false, false},
});
constexpr const RoleRow& row_of(RelayRole role) { return kRoles[static_cast<std::size_t>(role)]; }

namespace proof {
consteval bool roles_are_in_order() {
  for (std::size_t i = 0; i < kRoles.size(); ++i)
    if (kRoles[i].role != static_cast<RelayRole>(i)) return false;
  return kRoles.size() == kRelayRoleCount;
}
static_assert(roles_are_in_order());
}  // namespace proof

/// Why a relay stays as it is until an operator resets it. The names stand in the state file:
/// append only.
enum class Latch : std::uint8_t {
  none,
  switchings,
  retries,
  critical_trip,
  precharge_failed,
  welded,
  longest_on,
  fired,
  unreadable_state,
};

struct LatchRow {
  std::string_view name;
  std::string_view reason;  // for people
};

inline constexpr auto kLatches = std::to_array<LatchRow>({
    {"none", ""},
    {"switchings", "more switchings within an hour than allowed"},
    {"retries", "more retries after trips within an hour than allowed"},
    {"critical_trip", "opened critically: it is not precharged again"},
    {"precharge_failed", "its closing through the precharge relay failed"},
    {"welded", "its contact was closed though driven open"},
    {"longest_on", "it was on for as long as it may"},
    {"fired", "fired: an opened relay did not interrupt the current"},
    {"unreadable_state", "the state file could not be read: nobody knows what was latched"},
});
static_assert(kLatches.size() == static_cast<std::size_t>(Latch::unreadable_state) + 1);

constexpr const LatchRow& row_of(Latch latch) { return kLatches[static_cast<std::size_t>(latch)]; }

}  // namespace cw

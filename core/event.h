// SPDX-License-Identifier: Apache-2.0
// Something that happened and must not be forgotten: the unit of the event log.
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

#include "core/text.h"
#include "core/units.h"

namespace cw {

enum class EventKind : std::uint8_t {
  started,
  stopped,
  link_up,
  link_lost,
  alarm_raised,
  alarm_cleared,
  protection_tripped,
  protection_released,
  relay_operated,
  relay_fault,
  settings_changed,
  relay_sequence,        // a step of closing or opening, with the current
  relay_latched,         // it waits for an operator's reset
  relay_contact,         // its auxiliary contact does not follow, or follows again
  relay_command,         // an operator's: lock, unlock, reset; with its origin
  state_unreadable,      // what should have survived the restart
  state_unkept,          // what should survive the next one; or: it is kept again
  divergence_raised,     // what the BMS reports cannot all be right
  divergence_cleared,    //
  black_box,             // what was recorded around an incident was sealed, or could not be
  setting_ordered,       // a change is sent to a BMS: `value`, before `limit`; with who asked
  setting_outcome,       // what became of it, or why it was refused
  limits_told,           // inverters are spoken to, blindly, or no more: `subject`, before `detail`
  charge_stage,          // bulk, absorption, float: likewise
  limit_bound,           // another reason binds a limit: `value`, and the reason in words
  limits_ignored,        // an inverter charges or discharges with more than it may
  limits_obeyed,         // it does so no longer
  inverter_heard,        // it answers
  inverter_silent,       // it does not
  bank_order,            // an energy manager asked for something, or was refused; with who it was
  limits_enforced,       // another step against an inverter that ignores them: likewise
  contradiction_raised,  // a setting of a BMS contradicts [bank]: a tenth of its limits is left
  contradiction_cleared,  //
};
inline constexpr std::size_t kEventKindCount = 33;

constexpr std::string_view name(EventKind kind) {
  constexpr std::string_view names[kEventKindCount] = {"started",
                                                       "stopped",
                                                       "link_up",
                                                       "link_lost",
                                                       "alarm_raised",
                                                       "alarm_cleared",
                                                       "protection_tripped",
                                                       "protection_released",
                                                       "relay_operated",
                                                       "relay_fault",
                                                       "settings_changed",
                                                       "relay_sequence",
                                                       "relay_latched",
                                                       "relay_contact",
                                                       "relay_command",
                                                       "state_unreadable",
                                                       "state_unkept",
                                                       "divergence_raised",
                                                       "divergence_cleared",
                                                       "black_box",
                                                       "setting_ordered",
                                                       "setting_outcome",
                                                       "limits_told",
                                                       "charge_stage",
                                                       "limit_bound",
                                                       "limits_ignored",
                                                       "limits_obeyed",
                                                       "inverter_heard",
                                                       "inverter_silent",
                                                       "bank_order",
                                                       "limits_enforced",
                                                       "contradiction_raised",
                                                       "contradiction_cleared"};
  return names[static_cast<std::size_t>(kind)];
}

struct Event {
  EventKind kind = EventKind::started;
  Instant when{};
  std::int64_t wall_ms = 0;
  Text<32> pack;                      // empty: the gateway itself
  Text<64> subject;                   // alarm, rule or relay
  std::optional<std::int32_t> value;  // what was measured, in `unit`
  std::optional<std::int32_t> limit;
  Unit unit = Unit::count;
  std::uint8_t where = 0;  // cell or sensor from 1; 0: none
  Text<160> detail;        // for people
};

}  // namespace cw

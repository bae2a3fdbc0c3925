// SPDX-License-Identifier: Apache-2.0
// Something that happened and must not be forgotten: the unit of the event log.
#pragma once
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
};

constexpr std::string_view name(EventKind kind) {
  constexpr std::string_view names[] = {"started",
                                        "stopped",
                                        "link_up",
                                        "link_lost",
                                        "alarm_raised",
                                        "alarm_cleared",
                                        "protection_tripped",
                                        "protection_released",
                                        "relay_operated",
                                        "relay_fault",
                                        "settings_changed"};
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

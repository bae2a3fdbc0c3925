// SPDX-License-Identifier: Apache-2.0
// A pack as charge control sees it: what was last known of it and how old that is, whatever the
// make (charge-control.md, section 6). Data that are incomplete or implausible do not refresh it.
#pragma once
#include <cstdint>
#include <optional>

#include "core/alarm.h"
#include "core/backlash.h"
#include "core/bank_request.h"
#include "core/charge_settings.h"
#include "core/measurements.h"

namespace cw {

struct PackState;

/// `awaited`: not heard since the start, and not yet due. `stale`: its values are getting old.
/// `lost`: they are too old for anything.
enum class Presence : std::uint8_t { awaited, fresh, stale, lost };

enum class Flow : std::uint8_t { charge, discharge };

template <class Q>
struct Seen {
  Q value{};
  Instant heard{};
};

/// `heard`: of the oldest of what it was made of.
struct CellsSeen {
  Measurement highest, lowest;
  std::int32_t over_ceiling_mV = 0;  // what the cells above the ceiling have above it, summed
  Instant heard{};
};
struct TemperaturesSeen {
  Measurement hottest, coldest;  // of the battery's sensors, 0.1 °C
  std::int32_t sum = 0;
  std::int32_t sensors = 0;
  Instant heard{};
};

/// One direction of a pack.
struct FlowSeen {
  std::optional<bool> closed;              // its switch, as the board reports it, and our relay
  bool apart = false;                      // our relay is open
  bool setting_is_ours = false;            // of the two below, our guard's is the lower
  std::optional<Milliamps> board_setting;  // over-current protection: of the board, or of our guard
  bool forbidden = false;                  // the supervisor would open it
  LimitReason why;                         // forbidden: by what
  bool withheld = false;                   // zero is asked for before a relay opens
};

/// Absent is what was never heard, or longer ago than `lost_after`; but the charge of a pack that
/// is lost stays as it was last told.
struct ChargeInput {
  Presence presence = Presence::awaited;
  Millis age{};  // of the oldest value a limit needs
  std::optional<Seen<Millivolts>> voltage;
  std::optional<Seen<Milliamps>> current;  // positive charges
  std::optional<CellsSeen> cells;
  std::optional<TemperaturesSeen> temperatures;
  std::optional<Measurement> mosfet;  // 0.1 °C
  bool mosfet_fitted = false;
  std::optional<Seen<CentiPercent>> soc, soh;
  std::optional<Seen<MilliampHours>> remaining;
  std::optional<MilliampHours> capacity;  // usable; no age: it is no measurement
  std::optional<Seen<Count>> cycles;
  std::optional<Seen<AlarmSet>> alarms;  // of its board
  AlarmSet held;                         // what our guard holds because a limit was crossed
  AlarmSet foreseen;  // crossed, and the delay of the rule runs; or its board should have acted
  FlowSeen charge, discharge;

  const FlowSeen& of(Flow flow) const { return flow == Flow::charge ? charge : discharge; }
  bool is_heard() const { return presence == Presence::fresh || presence == Presence::stale; }
  /// Its board had opened both switches when it was last heard, or our relays hold it off the bus:
  /// no current, whoever hears it.
  bool is_switched_off() const {
    return charge.closed && discharge.closed && !*charge.closed && !*discharge.closed;
  }
  /// Carries current, as far as is known.
  bool is_in() const { return is_heard() && !is_switched_off(); }
};

/// What the curves are asked with: the measured values with their play.
struct CurveInputs {
  Backlash cell_max, cell_min, hottest, coldest, mosfet, soc_high, soc_low;
};
inline constexpr std::int32_t kCellPlay_mV = 12;
inline constexpr std::int32_t kTemperaturePlay_dC = 20;
inline constexpr std::int32_t kSocPlay_centi = 100;

/// Refreshes `known` from a pack: what is complete and young replaces what was known, the rest
/// stays until it is older than `lost_after`. `started`: when the gateway began to listen.
void observe(ChargeInput& known, const PackState& state, const ChargePackSettings& pack,
             const ChargeSettings& settings, Instant started, Instant now);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The frozen state of everything at one instant, as every sink sees it. Built by the daemon's
// store, which alone writes it; read during publish() and never kept by reference beyond it.
#pragma once
#include <span>

#include "core/bank.h"
#include "core/bank_request.h"
#include "core/divergence.h"
#include "core/joining.h"
#include "core/link.h"
#include "core/pack.h"
#include "core/protection.h"

namespace cw {

struct PackState {
  Text<32> name;              // the configured name: topic level, Modbus unit, history
  std::string_view protocol;  // from the registry; static
  Millis max_age{};           // a reading older than this is absent on every output
  Pack pack;
  LinkStatus link;
  ParameterSet policy;  // the limits the guard works with
  Protection guard;     // the supervisor's second opinion on this pack
  std::array<DivergenceState, kDivergenceCount> divergences{};  // from what its BMS should do
  std::string_view mirror_settings = "unknown";  // where the limits of that come from; static
  Switches withheld = Switches::none;            // zero current is asked for before a relay opens
  Switches apart = Switches::none;      // a relay of its own is open: no current flows this way
  Joining joining = Joining::is_in;     // whether a relay of its own may take it to the bus
  bool disconnect = false;              // an energy manager asked for the bank to be off the bus
  Switches ignored = Switches::none;    // an inverter does not stop them: their relays are to open
  std::uint32_t readings_left_out = 0;  // single jumps that the next frame took back

  /// True if the device was heard recently enough to be believed.
  bool fresh(Instant now) const {
    if (link.link == Link::unheard || link.link == Link::lost) return false;
    return now <= link.last_frame + max_age;
  }

  /// How old a value may be to be used now: of a pack that is not heard, none is young enough.
  Millis usable_age(Instant now) const { return fresh(now) ? max_age : Millis{-1}; }
};

/// Why something is as it is, for people: holds the longest pack, rule and values there are.
using Reason = Text<160>;

enum class Mode : std::uint8_t { observe, control };
constexpr std::string_view name(Mode mode) { return mode == Mode::observe ? "observe" : "control"; }

/// The numbers are those of the Modbus map: append only.
enum class RelayRole : std::uint8_t {
  charge,
  discharge,
  alarm,
  precharge,
  heater,
  generator,
  heartbeat,
  cutoff,
};
inline constexpr std::size_t kRelayRoleCount = 8;
constexpr std::string_view name(RelayRole role) {
  constexpr std::string_view names[kRelayRoleCount] = {
      "charge", "discharge", "alarm", "precharge", "heater", "generator", "heartbeat", "cutoff"};
  return names[static_cast<std::size_t>(role)];
}

struct RelayState {
  Text<32> name;
  RelayRole role = RelayRole::charge;
  bool dry_run = true;     // no line behind it: operations are only logged
  bool wanted = false;     // what the decision says
  bool energised = false;  // what was last driven; in `observe` it stays at the safe level; of a
                           // heartbeat: it beats
  bool fault = false;      // the last attempt to drive the line failed
  Instant since{};         // when `energised` last changed
  std::uint32_t operations = 0;     // over restarts
  std::string_view stage = "safe";  // of its sequence; static
  std::string_view latch;       // why it waits for an operator's reset; static; empty: it does not
  bool locked = false;          // locked out by an operator
  std::optional<bool> contact;  // its auxiliary contact: closed, open; absent: not known
  Reason reason;                // why it is as it is
};

/// What one inverter was last told: the request of the bank after the options of its port.
struct InverterTold {
  Millivolts charge_voltage{};
  Millivolts discharge_voltage{};
  Milliamps charge_current{};
  Milliamps discharge_current{};
  bool charge_enabled = false;
  bool discharge_enabled = false;
  std::optional<CentiPercent> soc{};
  friend constexpr bool operator==(const InverterTold&, const InverterTold&) = default;
};

/// One inverter that is told the limits of the bank, as far as its protocol lets it tell.
struct InverterState {
  Text<32> name;
  std::string_view protocol;           // static
  bool open = false;                   // its wire
  bool present = false;                // heard within 15 s
  std::optional<Instant> heard{};      // last
  std::optional<InverterTold> told{};  // absent: nothing is told
};

struct Picture {
  Instant now;
  std::int64_t wall_ms;  // Unix time of `now`, for people and the history; decides nothing
  Mode mode;
  std::span<const PackState> packs;  // in the order of the configuration
  const Bank& bank;
  std::span<const RelayState> relays;
  const BankRequest* request = nullptr;   // none: no [bank] is configured
  std::span<const std::size_t> judged{};  // packs decided upon anew since the last picture
  std::span<const InverterState> inverters{};
};

}  // namespace cw

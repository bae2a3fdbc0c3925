// SPDX-License-Identifier: Apache-2.0
// What the units of the Modbus server show, copied out of a picture so that it can be rendered at
// any later instant. Pure: no I/O, no clock.
#pragma once
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/picture.h"

namespace cw {

enum class UnitKind : std::uint8_t { pack = 1, bank = 2 };

/// What one unit shows, copied out of a picture so that it can be rendered at any later instant.
struct UnitState {
  UnitKind kind = UnitKind::pack;
  Mode mode = Mode::observe;
  std::uint8_t packs = 0;  // configured
  std::optional<std::uint8_t> packs_in;
  Text<32> name;
  std::string_view protocol;
  std::optional<Link> link;      // none: a bank has no link of its own
  std::optional<Instant> heard;  // the last frame; of a bank the oldest of those it counts on
  Millis max_age{};              // from `heard` on the values are believed for so long
  Pack pack;                     // of a bank: scalars and alarms
  Decision decision;             // of a bank: what any pack's guard holds open
  std::optional<std::uint8_t> cell_voltage_max_pack;
  std::optional<std::uint8_t> cell_voltage_min_pack;
  std::vector<RelayState> relays;  // of a bank

  /// True if the values may be shown at `now`.
  bool believed(Instant now) const {
    return heard && now <= *heard + max_age && link != Link::unheard && link != Link::lost;
  }
};

/// What energy managers wrote and may read back (modbus_orders.h keeps it).
struct SiteOrders {
  bool offered = false;  // somebody may write something
  std::optional<CentiPercent> soc_min;
  std::optional<CentiPercent> soc_max;
  bool disconnect = false;
  bool client_lost = false;  // whoever wrote last has gone silent
  std::uint16_t heartbeat = 0;
  std::uint16_t inverter_state = 1;
  friend constexpr bool operator==(const SiteOrders&, const SiteOrders&) = default;
};

/// Everything a map may show.
struct Site {
  std::vector<UnitState> packs;
  UnitState bank;
  std::optional<BankRequest> request;  // none: no [bank] is configured
  SiteOrders orders;
  bool inverter_silent = false;  // one on CAN is spoken to and not heard

  /// Takes over what moved. `changed`: as in Sink::publish().
  void take(const Picture& picture, std::span<const std::size_t> changed);
};

/// Everything about pack `index`. `pack_too` = false leaves out the values themselves, which only
/// change with a frame.
void copy_pack(const Picture& picture, std::size_t index, bool pack_too, UnitState& unit);
void copy_bank(const Picture& picture, UnitState& unit);

}  // namespace cw

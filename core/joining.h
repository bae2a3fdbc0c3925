// SPDX-License-Identifier: Apache-2.0
// Whether a pack that is off the bus may join it: voltages close enough to every pack that is on
// it, whichever is higher, and hardly any current (charge-control.md, section 8). Off the bus is
// what both switches of its board, or our own relays, hold open. To be asked again every second
// until it has joined.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace cw {

struct ChargePackState;
struct ChargeSettings;

enum class Joining : std::uint8_t {
  may,
  is_in,           // it carries current already
  unknown,         // its voltage, or what is on the bus, is not known now
  voltages_apart,  // a large current would flow between the packs
  current_flows,   // the switch would close under load
};

constexpr std::string_view name(Joining joining) {
  constexpr std::string_view names[] = {"may join", "is in", "not known", "voltages apart",
                                        "current flows"};
  return names[static_cast<std::size_t>(joining)];
}

/// `pack`: its index. A bus without any pack may be joined by anyone.
Joining may_join(std::size_t pack, std::span<const ChargePackState> packs,
                 const ChargeSettings& settings);

}  // namespace cw

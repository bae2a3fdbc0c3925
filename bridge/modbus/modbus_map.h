// SPDX-License-Identifier: Apache-2.0
// Which register of a Modbus unit shows what. Pure: a unit's state and an instant become registers;
// no I/O, no clock. The native map is one table (modbus_map.cpp): the registers, what may be read
// and the printed document all come from its rows.
#pragma once
#include <optional>
#include <span>
#include <string>
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

/// Everything about pack `index`. `pack_too` = false leaves out the values themselves, which only
/// change with a frame.
void copy_pack(const Picture& picture, std::size_t index, bool pack_too, UnitState& unit);
void copy_bank(const Picture& picture, UnitState& unit);

/// One way to lay a unit out in registers. The native map is one; a standard's model is another.
class RegisterMap {
 public:
  virtual ~RegisterMap() = default;

  /// Registers 0 .. size() - 1 are in an image; only some of them can be read.
  virtual std::size_t size() const = 0;

  /// How many registers from `address` on can be read in one piece; 0: this one cannot.
  virtual std::size_t readable(std::uint16_t address) const = 0;

  /// Fills an image of size() registers with what holds at `now`. Nothing stale is ever in it.
  virtual void render(const UnitState& unit, Instant now, std::span<std::uint16_t> image) const = 0;
};

const RegisterMap& native_map();

/// Relays the native map has room for; `relay_count` tells how many there are.
inline constexpr std::size_t kRelaysMost = 16;

/// Appends the native map as a document: Markdown, or one JSON object with the same rows.
void print_modbus_map(std::string& out, bool json);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Which register of a Modbus unit shows what. Pure: the site's state and an instant become
// registers; no I/O, no clock. The native map is one table (modbus_table.h): the registers, what
// may be read and the printed document all come from its rows.
#pragma once
#include <memory>
#include <span>
#include <string>

#include "bridge/modbus/modbus_site.h"

namespace cw {

/// One way to lay a unit out in registers. The native map is one; a standard's model is another.
class RegisterMap {
 public:
  virtual ~RegisterMap() = default;

  /// An image holds the registers from first() on, size() of them; only some can be read.
  virtual std::uint16_t first() const { return 0; }
  virtual std::size_t size() const = 0;

  /// How many registers from `address` on can be read in one piece; 0: this one cannot.
  virtual std::size_t readable(std::uint16_t address) const = 0;

  /// Fills an image of size() registers with what holds at `now`; nothing stale is ever in it. The
  /// last instant at which it still is right if the site does not change.
  virtual Instant render(const Site& site, Instant now, std::span<std::uint16_t> image) const = 0;
};

/// The native map of pack `index`, and of the bank.
std::unique_ptr<RegisterMap> native_pack_map(std::size_t index);
std::unique_ptr<RegisterMap> native_bank_map();

/// The native map of one unit by itself; `readable` as in RegisterMap.
std::size_t native_map_size();
std::size_t native_map_readable(std::uint16_t address);
void render_native_map(const UnitState& unit, Instant now, std::span<std::uint16_t> image);

/// Relays the native map has room for; `relay_count` tells how many there are.
inline constexpr std::size_t kRelaysMost = 16;

/// Appends the native map as a document: Markdown, or one JSON object with the same rows.
void print_modbus_map(std::string& out, bool json);

}  // namespace cw

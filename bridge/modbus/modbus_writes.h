// SPDX-License-Identifier: Apache-2.0
// What clients may write, and what becomes of it. A write is checked as a whole before anything of
// it is carried out, and becomes a request to charge control, never an order to a BMS.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/modbus/bank_orders_book.h"
#include "bridge/modbus/modbus_frame.h"
#include "bridge/modbus/modbus_options.h"
#include "bridge/modbus/sunspec_map.h"

namespace cw {

/// A point that can be opened to clients at all.
struct WritablePoint {
  std::string_view name;  // as in the configuration: "802.SoCRsvMin"
  std::uint16_t lowest;   // of the register
  std::uint16_t highest;
  std::string_view means;  // for people
};
std::span<const WritablePoint> writable_points();
/// nullptr: there is no such point.
const WritablePoint* find_writable_point(std::string_view name);

/// What happened to one register of a write; valid during the call.
struct ModbusWrite {
  std::string_view source;  // address of the client
  std::string_view point;   // "802.SoCRsvMin"; empty: no point that is open to it
  std::uint16_t address = 0;
  std::optional<std::uint16_t> before;  // what the register read
  std::uint16_t value = 0;
  modbus::Exception outcome = modbus::Exception::none;  // none: accepted
};

/// Who has to know or to act. Each may be left out.
struct ModbusHooks {
  std::function<void(const ModbusWrite&)> on_write;
  std::function<void(BankOrdersBook::Ended)> on_end;  // orders have ended by themselves
  std::function<bool()> reset_alarms;                 // false: it cannot be done
  ClientOrders kept;                                  // of a former process
};

/// Registers to be written from `address` on.
struct RegisterWrite {
  PeerName source;
  std::uint16_t address = 0;
  std::span<const std::uint16_t> values;
};

/// The point whose only register an address is, "802.SoCRsvMin"; empty: it is none.
using PointNames = std::function<std::string(std::uint16_t address)>;
PointNames points_of(const SunspecMap& chain);  // must outlive them
PointNames points_of_victron_system();

/// Takes writes into one map.
class OrderWriter {
 public:
  /// All must outlive it.
  OrderWriter(const RegisterMap& map, PointNames names, const ModbusOrderOptions& options,
              BankOrdersBook& book, const ModbusHooks& hooks)
      : map_(map), names_(std::move(names)), options_(options), book_(book), hooks_(hooks) {}

  /// `image`: of the map, for what the registers read before.
  modbus::Exception write(const RegisterWrite& request, const Site& site,
                          std::span<const std::uint16_t> image, Instant now);

 private:
  const WritablePoint* open_point(std::uint16_t address) const;
  modbus::Exception check(const RegisterWrite& request, const Site& site, OrderChange& change,
                          bool& reset_alarms) const;
  void tell(const RegisterWrite& request, std::span<const std::uint16_t> image,
            modbus::Exception outcome) const;

  const RegisterMap& map_;
  PointNames names_;
  const ModbusOrderOptions& options_;
  BankOrdersBook& book_;
  const ModbusHooks& hooks_;
};

}  // namespace cw

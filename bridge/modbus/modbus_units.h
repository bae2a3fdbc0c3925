// SPDX-License-Identifier: Apache-2.0
// The table of units: which number on which port shows which map, and the images clients read. An
// image is filled as a whole before a request is answered from it, never while. Pure: no I/O, no
// clock.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "bridge/modbus/modbus_map.h"
#include "bridge/modbus/modbus_options.h"
#include "bridge/modbus/modbus_writes.h"

namespace cw {

/// Every map has a port; two may have the same. The numbers are indices.
enum class ModbusPort : std::uint8_t { native, sunspec, victron };
inline constexpr std::size_t kModbusPortCount = 3;

/// The port a map is served on: its own if the operator wants one, else the native one's.
ModbusPort port_of_sunspec(const ModbusOptions& options);
ModbusPort port_of_victron(const ModbusOptions& options);

/// One unit of one port.
class ServedUnit {
 public:
  explicit ServedUnit(std::unique_ptr<RegisterMap> map) : map_(std::move(map)) {
    image_.resize(map_->size());
  }

  const RegisterMap& map() const { return *map_; }

  /// nullptr: nothing of it can be written.
  OrderWriter* writer() { return writer_.get(); }
  void open_to(std::unique_ptr<OrderWriter> writer) { writer_ = std::move(writer); }

  /// All its registers from map().first() on, as they are at `now`; valid until the next call.
  std::span<std::uint16_t> image(const Site& site, Instant now) {
    if (!rendered_ || now < *rendered_ || now > holds_until_) {
      holds_until_ = map_->render(site, now, image_);
      rendered_ = now;
    }
    return image_;
  }
  void outdated() { rendered_.reset(); }

 private:
  std::unique_ptr<RegisterMap> map_;
  std::unique_ptr<OrderWriter> writer_;
  std::vector<std::uint16_t> image_;
  std::optional<Instant> rendered_;
  Instant holds_until_{};
};

class ModbusUnits {
 public:
  explicit ModbusUnits(const ModbusOptions& options, ModbusHooks hooks = {});
  ModbusUnits(const ModbusUnits&) = delete;  // units refer to what is in here
  ModbusUnits& operator=(const ModbusUnits&) = delete;

  /// As Sink::publish().
  void publish(const Picture& picture, std::span<const std::size_t> changed);

  bool published() const { return published_; }
  const Site& site() const { return site_; }
  const ModbusHooks& hooks() const { return hooks_; }

  /// Carries out, or refuses, a write that judge() let pass.
  modbus::Exception write(ServedUnit& unit, std::span<const std::uint8_t> frame,
                          const PeerName& source, Instant now);

  /// What stands of what clients asked for.
  BankOrders orders(Instant now);
  ClientOrders standing() const { return book_.standing(); }

  /// nullptr: there is no such unit; nor is there any before the first picture.
  ServedUnit* find(ModbusPort port, std::uint8_t number) {
    const std::uint16_t at = numbers_[static_cast<std::size_t>(port)][number];
    return at == 0 ? nullptr : &units_[at - 1U];
  }

 private:
  void lay_out(std::size_t packs);
  void serve_sunspec();
  void serve_chain(std::uint8_t number);
  void serve_victron();
  ServedUnit& serve(ModbusPort port, std::uint8_t number, std::unique_ptr<RegisterMap> map);

  void show_orders();

  ModbusOptions options_;
  ModbusHooks hooks_;
  BankOrdersBook book_;
  Site site_;
  bool published_ = false;
  std::vector<ServedUnit> units_;
  // Of each unit number its place in `units_`, from 1; 0: none.
  std::array<std::array<std::uint16_t, 256>, kModbusPortCount> numbers_{};
};

}  // namespace cw

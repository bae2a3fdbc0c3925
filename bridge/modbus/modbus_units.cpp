// SPDX-License-Identifier: Apache-2.0
#include "bridge/modbus/modbus_units.h"

#include "bridge/modbus/sunspec_map.h"
#include "bridge/modbus/victron_map.h"
#include "bridge/modbus/victron_table.h"

namespace cw {

using modbus::Exception;

ModbusPort port_of_sunspec(const ModbusOptions& options) {
  return options.sunspec.port ? ModbusPort::sunspec : ModbusPort::native;
}

ModbusPort port_of_victron(const ModbusOptions& options) {
  return options.victron.port ? ModbusPort::victron : ModbusPort::native;
}

ModbusUnits::ModbusUnits(const ModbusOptions& options, ModbusHooks hooks)
    : options_(options),
      hooks_(std::move(hooks)),
      book_({options.orders.lease, options.orders.client_silent_most}) {
  site_.orders.offered = options_.orders.offered();
  book_.restore(hooks_.kept);
  book_.show(site_.orders);
}

ServedUnit& ModbusUnits::serve(ModbusPort port, std::uint8_t number,
                               std::unique_ptr<RegisterMap> map) {
  units_.emplace_back(std::move(map));
  numbers_[static_cast<std::size_t>(port)][number] = static_cast<std::uint16_t>(units_.size());
  return units_.back();
}

void ModbusUnits::lay_out(std::size_t packs) {
  units_.clear();
  numbers_ = {};
  for (std::size_t i = 0; i < packs; ++i)
    serve(ModbusPort::native, static_cast<std::uint8_t>(i + 1), native_pack_map(i));
  serve(ModbusPort::native, options_.bank_unit, native_bank_map());
  if (options_.sunspec.enabled) serve_sunspec();
  if (options_.victron.enabled) serve_victron();
}

void ModbusUnits::serve_chain(std::uint8_t number) {
  auto map = std::make_unique<SunspecMap>(options_.sunspec, number);
  const SunspecMap& chain = *map;
  ServedUnit& unit = serve(port_of_sunspec(options_), number, std::move(map));
  if (options_.orders.offered())
    unit.open_to(
        std::make_unique<OrderWriter>(chain, points_of(chain), options_.orders, book_, hooks_));
}

void ModbusUnits::serve_victron() {
  const ModbusPort where = port_of_victron(options_);
  const bool writable = options_.orders.opens("victron.2901");
  serve(where, victron::kBatteryUnit, victron_battery_map(options_.sunspec));
  for (const std::uint8_t number : {victron::kSystemUnit, victron::kSystemAlias}) {
    ServedUnit& unit = serve(where, number, victron_system_map(options_.sunspec, writable));
    if (writable)
      unit.open_to(std::make_unique<OrderWriter>(unit.map(), points_of_victron_system(),
                                                 options_.orders, book_, hooks_));
  }
}

// Clients that can be told no unit ask for 1; on the common port that is a pack.
void ModbusUnits::serve_sunspec() {
  constexpr std::uint8_t usual_unit = 1;
  serve_chain(options_.sunspec.unit);
  if (options_.sunspec.port && options_.sunspec.unit != usual_unit) serve_chain(usual_unit);
}

void ModbusUnits::publish(const Picture& picture, std::span<const std::size_t> changed) {
  if (!published_ || site_.packs.size() != picture.packs.size()) lay_out(picture.packs.size());
  site_.take(picture, changed);
  for (ServedUnit& unit : units_) unit.outdated();
  published_ = true;
}

Exception ModbusUnits::write(ServedUnit& unit, std::span<const std::uint8_t> frame,
                             const PeerName& source, Instant now) {
  std::array<std::uint16_t, modbus::kWritesMost> values;
  const std::size_t count = modbus::registers_asked(frame);
  for (std::size_t i = 0; i < count; ++i) values[i] = modbus::value_of(frame, i);
  orders(now);
  const RegisterWrite request{source, modbus::address_of(frame), std::span(values).first(count)};
  const Exception outcome = unit.writer()->write(request, site_, unit.image(site_, now), now);
  show_orders();
  return outcome;
}

BankOrders ModbusUnits::orders(Instant now) {
  const BankOrdersBook::Ended ended = book_.step(now);
  if (ended != BankOrdersBook::Ended::nothing) {
    show_orders();
    if (hooks_.on_end) hooks_.on_end(ended);
  }
  return book_.orders();
}

void ModbusUnits::show_orders() {
  const SiteOrders before = site_.orders;
  book_.show(site_.orders);
  if (site_.orders == before) return;
  for (ServedUnit& unit : units_) unit.outdated();
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "bridge/modbus/modbus_units.h"

#include "bridge/modbus/sunspec_map.h"
#include "bridge/modbus/victron_map.h"
#include "bridge/modbus/victron_table.h"

namespace cw {

ModbusPort port_of_sunspec(const ModbusOptions& options) {
  return options.sunspec.port ? ModbusPort::sunspec : ModbusPort::native;
}

ModbusPort port_of_victron(const ModbusOptions& options) {
  return options.victron.port ? ModbusPort::victron : ModbusPort::native;
}

void ModbusUnits::serve(ModbusPort port, std::uint8_t number, std::unique_ptr<RegisterMap> map) {
  units_.emplace_back(std::move(map));
  numbers_[static_cast<std::size_t>(port)][number] = static_cast<std::uint16_t>(units_.size());
}

void ModbusUnits::lay_out(std::size_t packs) {
  units_.clear();
  numbers_ = {};
  for (std::size_t i = 0; i < packs; ++i)
    serve(ModbusPort::native, static_cast<std::uint8_t>(i + 1), native_pack_map(i));
  serve(ModbusPort::native, options_.bank_unit, native_bank_map());
  if (options_.sunspec.enabled) serve_sunspec();
  if (options_.victron.enabled) {
    const ModbusPort where = port_of_victron(options_);
    serve(where, victron::kBatteryUnit, victron_battery_map(options_.sunspec));
    for (const std::uint8_t number : {victron::kSystemUnit, victron::kSystemAlias})
      serve(where, number, victron_system_map(options_.sunspec));
  }
}

// Clients that can be told no unit ask for 1; on the common port that is a pack.
void ModbusUnits::serve_sunspec() {
  constexpr std::uint8_t usual_unit = 1;
  const std::uint8_t unit = options_.sunspec.unit;
  const ModbusPort where = port_of_sunspec(options_);
  serve(where, unit, std::make_unique<SunspecMap>(options_.sunspec, unit));
  if (options_.sunspec.port && unit != usual_unit)
    serve(where, usual_unit, std::make_unique<SunspecMap>(options_.sunspec, usual_unit));
}

void ModbusUnits::publish(const Picture& picture, std::span<const std::size_t> changed) {
  if (!published_ || site_.packs.size() != picture.packs.size()) lay_out(picture.packs.size());
  site_.take(picture, changed);
  for (ServedUnit& unit : units_) unit.outdated();
  published_ = true;
}

}  // namespace cw

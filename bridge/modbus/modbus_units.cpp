// SPDX-License-Identifier: Apache-2.0
#include "bridge/modbus/modbus_units.h"

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
}

void ModbusUnits::publish(const Picture& picture, std::span<const std::size_t> changed) {
  if (!published_ || site_.packs.size() != picture.packs.size()) lay_out(picture.packs.size());
  site_.take(picture, changed);
  for (ServedUnit& unit : units_) unit.outdated();
  published_ = true;
}

}  // namespace cw

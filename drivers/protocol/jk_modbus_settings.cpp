// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/jk_modbus_settings.h"

namespace cw::jk_modbus {
namespace {

using jk_record::Layout;
using jk_record::Slot;
using jk_record::Type;

constexpr std::size_t kFlagsAt = 287;  // in the settings record

const Slot* find_switch(std::uint8_t field) {
  for (const Slot& slot : jk_record::slots(Type::settings, Layout::jk02_32s))
    if (slot.field == field) return &slot;
  return nullptr;
}

constexpr std::uint16_t register_of(const Slot& slot) {
  return static_cast<std::uint16_t>(jk_record::first_register(Type::settings) + slot.at -
                                    jk_record::kPayloadAt);
}

std::uint8_t byte_of(std::uint32_t raw, unsigned number) {
  return static_cast<std::uint8_t>(raw >> 8 * number);
}

}  // namespace

/// nullptr: not over this wire.
const Slot* ModbusSettings::slot_of(Setting setting) const {
  switch (setting.control) {
    case Control::parameter: {
      const Slot* const slot = jk_record::find_setting(setting.parameter, Layout::jk02_32s);
      return slot == nullptr || slot->fixed ? nullptr : slot;
    }
    case Control::charge_switch: return find_switch(index_of<&PackScalars::charge_switch>());
    case Control::discharge_switch: return find_switch(index_of<&PackScalars::discharge_switch>());
    case Control::balance_switch: return find_switch(index_of<&PackScalars::balance_switch>());
    case Control::emergency:
    case Control::voltage_calibration:
    case Control::current_calibration:
    case Control::name: break;
  }
  return nullptr;
}

// The maker's document shows writes of nine settings with their answers; no capture shows what a
// board then does.
Writing ModbusSettings::writing(Setting setting) const {
  const Slot* const slot = slot_of(setting);
  if (slot == nullptr || (slot->width == 1 && !flags_)) return Writing::impossible;
  return Writing::unverified;
}

std::int32_t ModbusSettings::step(Setting setting) const {
  const Slot* const slot = slot_of(setting);
  return slot == nullptr ? 1 : slot->scale;
}

std::optional<Order> ModbusSettings::order(const Change& change, const Pack& /*known*/,
                                           unsigned part) {
  if (part != 0 || writing(change.setting) == Writing::impossible) return std::nullopt;
  const Slot& slot = *slot_of(change.setting);
  if (change.value % slot.scale != 0) return std::nullopt;
  const std::int32_t count = change.value / slot.scale;
  const auto raw = static_cast<std::uint32_t>(count);
  if (slot.width == 1 && (count < 0 || count > 0xFF)) return std::nullopt;
  const std::array<std::uint8_t, 4> four = {byte_of(raw, 3), byte_of(raw, 2), byte_of(raw, 1),
                                            byte_of(raw, 0)};
  const std::array<std::uint8_t, 2> pair = {byte_of(raw, 0), flags_.value_or(0)};
  const auto request = slot.width == 1 ? write_request(address_, register_of(slot), pair)
                                       : write_request(address_, register_of(slot), four);
  if (!request) return std::nullopt;
  ordered_ = register_of(slot);
  stale_ = true;
  read_next_ = true;
  return Order{.request = *request};
}

std::optional<Heard> ModbusSettings::answer_to_order(const Message& message) {
  const bool taken = message.kind == Kind::acknowledgement && ordered_ == message.first;
  const bool refused =
      message.kind == Kind::exception && message.function == kWrite && ordered_.has_value();
  if (!taken && !refused) return std::nullopt;
  ordered_.reset();
  return taken ? Heard::acknowledged : Heard::refused;
}

void ModbusSettings::on_settings(jk_record::Record record) {
  flags_ = record[kFlagsAt];
  stale_ = false;
}

}  // namespace cw::jk_modbus

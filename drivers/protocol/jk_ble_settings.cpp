// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/jk_ble_settings.h"

#include <algorithm>
#include <array>
#include <bit>

namespace cw::jk_ble {
namespace {

using jk_record::Form;
using jk_record::Layout;
using jk_record::Slot;
using jk_record::Type;

constexpr Millis kTakenWithin{2'000};
constexpr Millis kPause{100};
constexpr std::size_t kTextMost = 13;
constexpr std::uint8_t kUserData = 0x9F;

/// A register, and how it takes its value. No number: there is none.
struct Register {
  std::uint8_t number = 0;
  std::uint8_t width = 4;
  bool real = false;       // IEEE 754, in volts or amperes
  std::int32_t scale = 1;  // units of the setting a raw count
};

// Where the registers do not follow the order of the settings record.
struct Row {
  Layout layout;
  std::uint16_t at;  // in the settings record
  std::uint8_t number;
  std::uint8_t width;
};
constexpr Row kRows[] = {
    {Layout::jk02_24s, 134, 0x25, 4}, {Layout::jk02_24s, 138, 0x26, 4},
    {Layout::jk02_32s, 286, 0x39, 1}, {Layout::jk04, 34, 0x1C, 2},
    {Layout::jk04, 38, 0x20, 4},      {Layout::jk04, 98, 0x58, 4},
    {Layout::jk04, 106, 0x64, 4},     {Layout::jk04, 110, 0x68, 4},
    {Layout::jk04, 114, 0x6C, 1},
};
constexpr std::uint16_t kLastInControlRow4 = 130;
constexpr std::uint16_t kLastInOrder32 = 138;

// What no record shows as a setting.
struct ControlRow {
  Layout layout;
  Control control;
  std::uint8_t number;
};
constexpr ControlRow kOthers[] = {
    {Layout::jk04, Control::voltage_calibration, 0x44},
    {Layout::jk02_24s, Control::voltage_calibration, 0x21},
    {Layout::jk02_32s, Control::voltage_calibration, 0x64},
    {Layout::jk02_24s, Control::current_calibration, 0x24},
    {Layout::jk02_32s, Control::current_calibration, 0x67},
    {Layout::jk02_32s, Control::emergency, 0x6B},
    {Layout::jk02_24s, Control::name, kUserData},
    {Layout::jk02_32s, Control::name, kUserData},
};

const Slot* find_switch(std::uint8_t field, Layout layout) {
  for (const Slot& slot : jk_record::slots(Type::settings, layout))
    if (slot.field == field) return &slot;
  return nullptr;
}

/// nullptr: no row of the settings record of this generation.
const Slot* slot_of(Setting setting, Layout layout) {
  switch (setting.control) {
    case Control::parameter: return jk_record::find_setting(setting.parameter, layout);
    case Control::charge_switch:
      return find_switch(index_of<&PackScalars::charge_switch>(), layout);
    case Control::discharge_switch:
      return find_switch(index_of<&PackScalars::discharge_switch>(), layout);
    case Control::balance_switch:
      return find_switch(index_of<&PackScalars::balance_switch>(), layout);
    case Control::emergency:
    case Control::voltage_calibration:
    case Control::current_calibration:
    case Control::name: break;
  }
  return nullptr;
}

Register register_of(const Slot& slot, Layout layout) {
  const bool real = slot.form == Form::real;
  for (const Row& row : kRows)
    if (row.layout == layout && row.at == slot.at) return {row.number, row.width, real, slot.scale};
  const std::uint16_t last = layout == Layout::jk02_32s ? kLastInOrder32 : kLastInControlRow4;
  if (layout == Layout::jk04 || slot.at > last) return {};
  const auto number = static_cast<std::uint8_t>((slot.at - jk_record::kPayloadAt) / 4 + 1);
  return {number, 4, real, slot.scale};
}

Register register_of(Setting setting, Layout layout) {
  if (const Slot* const slot = slot_of(setting, layout))
    return slot->fixed ? Register{} : register_of(*slot, layout);
  for (const ControlRow& row : kOthers)
    if (row.layout == layout && row.control == setting.control)
      return {row.number, 4, layout == Layout::jk04, layout == Layout::jk04 ? 1000 : 1};
  return {};
}

/// Absent: the register cannot carry the value.
std::optional<std::uint32_t> raw_of(const Register& where, std::int32_t value) {
  if (where.real)
    return std::bit_cast<std::uint32_t>(static_cast<float>(value) /
                                        static_cast<float>(where.scale));
  if (value % where.scale != 0) return std::nullopt;
  const std::int32_t count = value / where.scale;
  if (where.width < 4 && (count < 0 || count >= 1 << 8 * where.width)) return std::nullopt;
  return static_cast<std::uint32_t>(count);
}

std::optional<Request> text_request(std::uint8_t number, std::string_view text) {
  if (text.size() > kTextMost) return std::nullopt;
  std::array<std::uint8_t, kTextMost> bytes{};  // what is left of the old one is overwritten
  std::copy(text.begin(), text.end(), bytes.begin());
  return command(number, bytes);
}

std::optional<Request> number_request(const Register& where, std::int32_t value) {
  const auto raw = raw_of(where, value);
  if (!raw) return std::nullopt;
  std::array<std::uint8_t, 4> bytes{};
  for (std::size_t i = 0; i < where.width; ++i) bytes[i] = static_cast<std::uint8_t>(*raw >> 8 * i);
  return command(where.number, std::span(bytes).first(where.width));
}

}  // namespace

// All of it is in one source at least, some in logs of the app; no capture shows what a board then
// does.
Writing BleSettings::writing(Setting setting) const {
  if (!layout_ || register_of(setting, *layout_).number == 0) return Writing::impossible;
  return Writing::unverified;
}

std::int32_t BleSettings::step(Setting setting) const {
  if (!layout_) return 1;
  const Register where = register_of(setting, *layout_);
  return where.real ? 1 : where.scale;
}

std::optional<Order> BleSettings::order(const Change& change, const Pack& /*known*/,
                                        unsigned part) {
  if (part != 0 || writing(change.setting) == Writing::impossible) return std::nullopt;
  const Register where = register_of(change.setting, *layout_);
  const bool text = change.setting.control == Control::name;
  auto request =
      text ? text_request(where.number, change.text.view()) : number_request(where, change.value);
  if (!request) return std::nullopt;
  request->reply_within = kTakenWithin;
  stale_ = slot_of(change.setting, *layout_) != nullptr;
  question_ = text ? Command::device : Command::settings;
  return Order{.request = *request, .quiet = kPause};
}

}  // namespace cw::jk_ble

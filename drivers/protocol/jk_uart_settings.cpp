// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/jk_uart_settings.h"

namespace cw::jk_uart {
namespace {

/// Boards answer within a millisecond; the document grants them five seconds.
constexpr Millis kAnswerWithin{500};
/// The document's pause between frames.
constexpr Millis kPause{100};
constexpr Millis kNoAnswerWithin{20};

constexpr bool is_mosfet_switch(std::uint8_t id) {
  return id == kChargeSwitch || id == kDischargeSwitch;
}

/// The row of a setting; nullptr: the wire has none that may be written.
const Slot* slot_of(Setting setting) {
  switch (setting.control) {
    case Control::charge_switch: return find_slot(kChargeSwitch);
    case Control::discharge_switch: return find_slot(kDischargeSwitch);
    case Control::balance_switch: return find_slot(kBalanceSwitch);
    case Control::parameter: break;
    case Control::emergency:
    case Control::voltage_calibration:
    case Control::current_calibration:
    case Control::name: return nullptr;
  }
  // The version of the protocol is what the board speaks: nothing that could be set.
  if (setting.parameter == Parameter::protocol_version) return nullptr;
  for (const Slot& slot : kSlots)
    if (slot.parameter == setting.parameter) return &slot;
  return nullptr;
}

/// The raw count in two's complement; absent if the slot cannot carry the value.
std::optional<std::uint32_t> raw_of(const Slot& slot, std::int32_t value) {
  if (value % slot.scale != 0) return std::nullopt;
  const std::int64_t raw = value / slot.scale;
  const unsigned bits = slot.width * 8U;
  const bool is_signed = slot.form == Form::signed_number;
  const std::int64_t highest = (std::int64_t{1} << (is_signed ? bits - 1 : bits)) - 1;
  if (raw > highest || raw < (is_signed ? -highest - 1 : 0)) return std::nullopt;
  return static_cast<std::uint32_t>(raw & ((std::int64_t{1} << bits) - 1));
}

}  // namespace

Writing UartSettings::writing(Setting setting) const {
  const Slot* slot = slot_of(setting);
  if (slot == nullptr) return Writing::impossible;
  return is_mosfet_switch(slot->id) ? Writing::verified : Writing::unverified;
}

std::int32_t UartSettings::step(Setting setting) const {
  const Slot* slot = slot_of(setting);
  return slot == nullptr ? 1 : slot->scale;
}

std::optional<Order> UartSettings::order(const Change& change, const Pack& /*known*/,
                                         unsigned part) {
  const Slot* slot = slot_of(change.setting);
  if (slot == nullptr) return std::nullopt;
  const auto raw = raw_of(*slot, change.value);
  if (!raw) return std::nullopt;
  const unsigned parts = is_mosfet_switch(slot->id) ? 1 : 2;
  if (part >= parts) return std::nullopt;
  ordered_ = slot->id;
  if (part + 1 < parts) {
    Order unlock{password_request(), false, kPause};
    unlock.request.reply_within = kNoAnswerWithin;
    return unlock;
  }
  auto request = write_request(slot->id, *raw);
  if (!request) return std::nullopt;
  request->reply_within = kAnswerWithin;
  return Order{*request, true, kPause};
}

bool UartSettings::is_answer(const Envelope& envelope) const {
  return envelope.command == static_cast<std::uint8_t>(Command::write) && ordered_ != 0 &&
         !envelope.information.empty() && envelope.information.front() == ordered_;
}

}  // namespace cw::jk_uart

// SPDX-License-Identifier: Apache-2.0
#include "simulator/jk_uart_board.h"

#include <algorithm>

#include "core/assert.h"

namespace cw::simulator {
namespace {

using jk_uart::Form;
using jk_uart::Slot;
using Bytes = std::vector<std::uint8_t>;

constexpr Millis kSilence{50};
constexpr Millis kAnyAge{INT32_MAX};
constexpr std::uint8_t kSensorCount = 0x86;
constexpr std::uint8_t kManufactured = 0xB5;

void append_number(Bytes& out, std::int64_t value, std::size_t width) {
  const auto raw = static_cast<std::uint64_t>(value);  // two's complement where it is negative
  for (std::size_t i = width; i-- > 0;) out.push_back(static_cast<std::uint8_t>(raw >> (8 * i)));
}

void append_text(Bytes& out, std::string_view text, std::size_t width, char padding) {
  const std::string_view fits = text.substr(0, width);
  out.insert(out.end(), fits.begin(), fits.end());
  out.insert(out.end(), width - fits.size(), static_cast<std::uint8_t>(padding));
}

/// As it was last told, whenever that was: a frozen board repeats old values.
template <class Q>
std::int32_t last(const Reading<Q>& reading) {
  return reading.fresh(reading.heard(), {0}).value_or(Q{}).count;
}

std::int32_t number_of(const Slot& slot, const Pack& told) {
  if (slot.field != jk_uart::kNoField) {
    const auto value = kFields[slot.field].fresh(told.scalars, {0}, kAnyAge);
    return value.value_or(0) / slot.scale;
  }
  if (slot.parameter) return told.parameters.get(*slot.parameter).value_or(0) / slot.scale;
  return 0;
}

void append_cells(Bytes& out, const Pack& told) {
  const auto count = static_cast<std::size_t>(last(told.scalars.cell_count));
  out.push_back(static_cast<std::uint8_t>(3 * count));
  for (std::size_t i = 0; i < count; ++i) {
    append_number(out, static_cast<std::int64_t>(i + 1), 1);
    append_number(out, last(told.cell_voltage[i]), 2);
  }
}

std::uint16_t state_bits(const PackScalars& scalars) {
  std::uint32_t bits = 0;
  if (last(scalars.charge_mosfet) != 0) bits |= jk_uart::kChargeMosfetBit;
  if (last(scalars.discharge_mosfet) != 0) bits |= jk_uart::kDischargeMosfetBit;
  if (last(scalars.balancing) != 0) bits |= jk_uart::kBalancingBit;
  return static_cast<std::uint16_t>(bits);
}

void append_words(Bytes& out, const Slot& slot, const Identity& identity) {
  const std::string_view user = identity.user_data.view();
  switch (slot.id) {
    case jk_uart::kDeviceName: return append_text(out, identity.name.view(), slot.width, '\0');
    case jk_uart::kSoftwareVersion: {
      const std::string versions = std::string(identity.hardware_version.view()) + "_S" +
                                   std::string(identity.software_version.view());
      return append_text(out, versions, slot.width, '_');
    }
    case jk_uart::kVendorText: {
      const std::size_t model = std::min<std::size_t>(identity.model.view().size(), slot.width);
      append_text(out, user, slot.width - model, '\0');
      return append_text(out, identity.model.view(), model, '\0');
    }
    default: return append_text(out, {}, slot.width, '\0');
  }
}

Bytes framed(jk_uart::Command command, const Bytes& information) {
  Bytes frame(jk_uart::kLongestFrame);
  const std::size_t size = jk_uart::write_frame(frame, command, jk_uart::Source::bms,
                                                jk_uart::Transport::answer, information);
  CW_ASSERT(size != 0);
  frame.resize(size);
  return frame;
}

}  // namespace

void JkUartBoard::on_bytes(std::span<const std::uint8_t> in, Instant now) {
  received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ = 0;
  if (now > heard_ + kSilence) received_.clear();
  heard_ = now;
  received_.insert(received_.end(), in.begin(), in.end());
}

bool JkUartBoard::next_request() {
  for (;;) {
    const Fed fed = jk_uart::open_envelope(std::span(received_).subspan(used_), request_);
    if (fed.heard == Heard::need_more) return false;
    used_ += fed.consumed;
    if (fed.heard != Heard::frame) continue;
    if (request_.transport == static_cast<std::uint8_t>(jk_uart::Transport::request)) return true;
  }
}

bool JkUartBoard::wakes() const {
  return request_.command == static_cast<std::uint8_t>(jk_uart::Command::activate);
}

bool JkUartBoard::writes() const {
  return request_.command == static_cast<std::uint8_t>(jk_uart::Command::write);
}

Bytes JkUartBoard::answer(const Pack& told, Board& board) {
  const auto command = static_cast<jk_uart::Command>(request_.command);
  const std::span<const std::uint8_t> asked = request_.information;
  Bytes information;
  switch (command) {
    case jk_uart::Command::read_all:
    case jk_uart::Command::read_one: {
      if (asked.empty() || asked[0] == 0) {
        append_all(information, told);
        return framed(command, information);
      }
      const Slot* slot = jk_uart::find_slot(asked[0]);
      if (command == jk_uart::Command::read_all || slot == nullptr || !slot->answered) return {};
      append_slot(information, *slot, told);
      return framed(command, information);
    }
    case jk_uart::Command::write: return write(asked, board);
    case jk_uart::Command::password: unlocked_ = true; return {};
    case jk_uart::Command::activate: return {};
  }
  return {};  // a command nobody knows
}

// The two MOSFET switches are written without a password; all else only after one (jk-uart-4e57,
// section 6). A board answers with the slot that it has taken.
Bytes JkUartBoard::write(std::span<const std::uint8_t> information, Board& board) {
  if (information.empty()) return {};
  const Slot* slot = jk_uart::find_slot(information[0]);
  if (slot == nullptr || slot->width == 0 || information.size() != 1U + slot->width) return {};
  std::uint32_t raw = 0;
  for (const std::uint8_t byte : information.subspan(1)) raw = raw << 8 | byte;
  if (slot->id == jk_uart::kChargeSwitch && raw <= 1) {
    board.turn(Board::Switch::charge, raw == 1);
  } else if (slot->id == jk_uart::kDischargeSwitch && raw <= 1) {
    board.turn(Board::Switch::discharge, raw == 1);
  } else if (unlocked_ && slot->id == jk_uart::kBalanceSwitch && raw <= 1) {
    board.turn(Board::Switch::balance, raw == 1);
  } else if (unlocked_ && slot->parameter) {
    std::int64_t value = raw;
    if (slot->form == Form::signed_number && (raw >> (8U * slot->width - 1) & 1) != 0)
      value -= std::int64_t{1} << (8U * slot->width);
    value *= slot->scale;
    if (value > INT32_MAX || !board.write(*slot->parameter, static_cast<std::int32_t>(value)))
      return {};
  } else {
    return {};
  }
  return framed(jk_uart::Command::write, Bytes(information.begin(), information.end()));
}

void JkUartBoard::append_slot(Bytes& out, const Slot& slot, const Pack& told) const {
  const auto encoding = options_.old_firmware ? jk_uart::CurrentEncoding::offset
                                              : jk_uart::CurrentEncoding::sign_magnitude;
  out.push_back(slot.id);
  switch (slot.form) {
    case Form::cells: return append_cells(out, told);
    case Form::number:
    case Form::measured:
    case Form::signed_number: return append_number(out, number_of(slot, told), slot.width);
    case Form::temperature: {
      const auto& reading =
          slot.sensor != 0 ? told.temperature[slot.sensor - 1U] : told.scalars.mosfet_temperature;
      return append_number(out, jk_uart::encode_temperature({last(reading)}), slot.width);
    }
    case Form::current:
      return append_number(out, jk_uart::encode_current({last(told.scalars.current)}, encoding),
                           slot.width);
    case Form::alarms: {
      const auto alarms = told.alarms.fresh({0}, kAnyAge).value_or(AlarmSet{});
      return append_number(out, jk_uart::encode_alarms(alarms), slot.width);
    }
    case Form::state: return append_number(out, state_bits(told.scalars), slot.width);
    case Form::text: return append_words(out, slot, told.identity);
    case Form::secret: return append_text(out, options_.password, slot.width, '\0');
    case Form::unused:
      if (slot.id == kManufactured) return append_text(out, "2306", slot.width, '0');
      return append_number(out, slot.id == kSensorCount ? kSensors : 0, slot.width);
  }
}

void JkUartBoard::append_all(Bytes& out, const Pack& told) const {
  for (const Slot& slot : jk_uart::kSlots) {
    if (!slot.answered) continue;
    append_slot(out, slot, told);
    if (options_.old_firmware && slot.id == jk_uart::kSoftwareVersion) return;
  }
}

}  // namespace cw::simulator

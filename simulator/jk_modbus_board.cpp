// SPDX-License-Identifier: Apache-2.0
#include "simulator/jk_modbus_board.h"

#include <algorithm>

#include "core/assert.h"

namespace cw::simulator {
namespace {

using jk_record::Layout;
using jk_record::Slot;
using jk_record::Type;
using Bytes = std::vector<std::uint8_t>;
using RecordBytes = std::array<std::uint8_t, jk_record::kSize>;

constexpr Millis kSilence{50};
constexpr std::uint16_t kReadReliablyMost = 40;
constexpr std::uint16_t kWordsMost = 125;
constexpr std::size_t kPayload = jk_record::kSumAt - jk_record::kPayloadAt;

enum Refusal : std::uint8_t { unknown_function = 1, unknown_register = 2, wrong_value = 3 };

// Rows that switch; the rest of what can be written are parameters.
constexpr std::uint16_t kChargeSwitchAt = 118;
constexpr std::uint16_t kDischargeSwitchAt = 122;
constexpr std::uint16_t kBalanceSwitchAt = 126;

std::optional<Type> type_at(std::uint16_t address) {
  for (const Type type : {Type::settings, Type::status, Type::device}) {
    const std::uint16_t first = jk_record::first_register(type);
    if (address >= first && address < first + kPayload) return type;
  }
  return std::nullopt;
}

RecordBytes encoded(Type type, std::uint8_t counter, const Pack& told) {
  RecordBytes record{};
  jk_record::encode(record, type, Layout::jk02_32s, counter, told);
  // Healthy boards remind for years of a default password.
  for (const Slot& slot : jk_record::slots(type, Layout::jk02_32s)) {
    if (slot.form != jk_record::Form::alarms) continue;
    const std::uint32_t bits = jk_record::raw_number(record, slot);
    jk_record::put_number(record, slot, bits | 1U << jk_record::kDefaultPasswordBit);
    jk_record::seal(record);
  }
  return record;
}

// What is little-endian in a record is big-endian in registers; single bytes keep their order.
void turn_numbers(std::span<std::uint8_t> payload, Type type) {
  for (const Slot& slot : jk_record::slots(type, Layout::jk02_32s)) {
    if (slot.width == 1) continue;
    for (std::size_t i = 0; i < slot.count; ++i) {
      const auto number = payload.subspan(
          slot.at - jk_record::kPayloadAt + i * std::size_t{slot.width}, slot.width);
      std::reverse(number.begin(), number.end());
    }
  }
}

Refusal write_row(const Slot& slot, std::span<const std::uint8_t> data, Board& board) {
  if (slot.fixed) return unknown_register;
  std::uint32_t raw = 0;
  for (const std::uint8_t byte : data) raw = raw << 8 | byte;
  const auto turn = [&](Board::Switch which) {
    if (raw > 1) return wrong_value;
    board.turn(which, raw == 1);
    return Refusal{};
  };
  if (slot.at == kChargeSwitchAt) return turn(Board::Switch::charge);
  if (slot.at == kDischargeSwitchAt) return turn(Board::Switch::discharge);
  if (slot.at == kBalanceSwitchAt) return turn(Board::Switch::balance);
  if (!slot.parameter) return unknown_register;
  const bool negative =
      slot.form == jk_record::Form::signed_number && (raw >> (8U * slot.width - 1) & 1) != 0;
  const std::int64_t number =
      negative ? std::int64_t{raw} - (std::int64_t{1} << (8U * slot.width)) : std::int64_t{raw};
  const std::int64_t value = number * slot.scale;
  if (value < INT32_MIN || value > INT32_MAX) return wrong_value;
  return board.write(*slot.parameter, static_cast<std::int32_t>(value)) ? Refusal{} : wrong_value;
}

}  // namespace

void JkModbusBoard::on_bytes(std::span<const std::uint8_t> in, Instant now) {
  received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ = 0;
  if (now > heard_ + kSilence) received_.clear();
  heard_ = now;
  received_.insert(received_.end(), in.begin(), in.end());
}

bool JkModbusBoard::next_request() {
  for (;;) {
    const Fed fed = jk_modbus::open_message(std::span(received_).subspan(used_), request_);
    if (fed.heard == Heard::need_more) return false;
    used_ += fed.consumed;
    if (fed.heard != Heard::frame || !request_.is_request()) continue;
    if (request_.address == options_.address) return true;
  }
}

Bytes JkModbusBoard::answer(const Pack& told, Board& board) {
  if (request_.kind == jk_modbus::Kind::read_request) return read(told);
  return write(told, board);
}

Bytes JkModbusBoard::message(std::uint8_t function, std::span<const std::uint8_t> body) const {
  Bytes bytes(body.size() + 4);
  const std::size_t size = jk_modbus::write_message(bytes, options_.address, function, body);
  CW_ASSERT(size == bytes.size());
  return bytes;
}

Bytes JkModbusBoard::refuse(std::uint8_t code) const {
  return message(request_.function | jk_modbus::kErrorBit, {{code}});
}

Bytes JkModbusBoard::record(Type type, const Pack& told) const {
  const RecordBytes record = encoded(type, options_.counter, told);
  const std::uint16_t address = jk_modbus::trigger_of(type);
  const std::array<std::uint8_t, 4> body = {static_cast<std::uint8_t>(address >> 8),
                                            static_cast<std::uint8_t>(address), 0, 1};
  const Bytes acknowledgement = message(jk_modbus::kWrite, body);
  Bytes all(record.begin(), record.end());
  all.insert(all.end(), options_.junk, 0);
  all.insert(all.end(), acknowledgement.begin(), acknowledgement.end());
  all.insert(all.end(), options_.junk, 0);
  return all;
}

Bytes JkModbusBoard::read(const Pack& told) {
  if (options_.unreliable_reads && (++reads_ % 2 == 1 || request_.count > kReadReliablyMost))
    return {};
  if (request_.count == 0 || request_.count > kWordsMost) return refuse(wrong_value);
  const auto type = type_at(request_.first);
  if (!type) return refuse(unknown_register);
  const std::size_t from = request_.first - std::size_t{jk_record::first_register(*type)};
  const std::size_t size = std::size_t{2} * request_.count;
  if (from + size > kPayload) return refuse(unknown_register);
  RecordBytes record = encoded(*type, options_.counter, told);
  const auto payload = std::span(record).subspan(jk_record::kPayloadAt, kPayload);
  turn_numbers(payload, *type);
  Bytes body = {static_cast<std::uint8_t>(size)};
  const auto data = payload.subspan(from, size);
  body.insert(body.end(), data.begin(), data.end());
  return message(jk_modbus::kRead, body);
}

Bytes JkModbusBoard::write(const Pack& told, Board& board) {
  for (const jk_modbus::Trigger& trigger : jk_modbus::kTriggers)
    if (trigger.address == request_.first) return record(trigger.type, told);
  const std::size_t base = jk_record::first_register(Type::settings);
  if (type_at(request_.first) != Type::settings) return refuse(unknown_register);
  const std::size_t from = request_.first - base + jk_record::kPayloadAt;
  bool any = false;
  for (const Slot& slot : jk_record::slots(Type::settings, Layout::jk02_32s)) {
    const bool inside = slot.at >= from && slot.at + slot.size() <= from + request_.data.size();
    if (!inside) continue;
    any = true;
    const auto data = request_.data.subspan(slot.at - from, slot.size());
    if (const Refusal refusal = write_row(slot, data, board)) return refuse(refusal);
  }
  if (!any) return refuse(unknown_register);
  const std::array<std::uint8_t, 4> body = {
      static_cast<std::uint8_t>(request_.first >> 8), static_cast<std::uint8_t>(request_.first),
      static_cast<std::uint8_t>(request_.count >> 8), static_cast<std::uint8_t>(request_.count)};
  return message(jk_modbus::kWrite, body);
}

}  // namespace cw::simulator

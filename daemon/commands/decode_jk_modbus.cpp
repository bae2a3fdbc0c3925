// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/decode_details.h"
#include "drivers/protocol/jk_modbus.h"

namespace cw {
namespace {

using jk_modbus::Kind;
using jk_modbus::Message;

void integer(JsonWriter& json, std::string_view key, std::uint32_t value) {
  json.key(key);
  json.integer(value);
}

void data(JsonWriter& json, const Message& message) {
  json.key("data_hex");
  json.text(to_hex(message.data));
}

void describe(JsonWriter& json, std::span<const std::uint8_t> frame) {
  Message message;
  jk_modbus::open_message(frame, message);
  json.key(message.is_request() ? "request" : "answer");
  json.begin_object();
  integer(json, "address", message.address);
  integer(json, "function", message.function);
  switch (message.kind) {
    case Kind::exception: integer(json, "exception", message.exception); break;
    case Kind::read_answer:
      integer(json, "byte_count", static_cast<std::uint32_t>(message.data.size()));
      data(json, message);
      break;
    case Kind::write_request:
    case Kind::read_request:
    case Kind::acknowledgement:
    case Kind::answer:
    case Kind::record:
      integer(json, "register", message.first);
      integer(json, "count", message.count);
      if (message.kind == Kind::write_request) data(json, message);
      break;
  }
  json.end_object();
}

std::string_view in_words(Kind kind) {
  switch (kind) {
    case Kind::write_request:
    case Kind::read_request: return "a request";
    case Kind::acknowledgement: return "the acknowledgement of a write";
    case Kind::exception: return "the board refuses";
    case Kind::read_answer: return "registers; --request tells which";
    case Kind::answer:
    case Kind::record: break;
  }
  return {};
}

/// A record without its acknowledgement, as it stands in many logs, is shown as if of address 0.
void acknowledge(Prepared& prepared, std::span<const std::uint8_t> record) {
  const auto type = jk_record::type_of(record.first<jk_record::kSize>());
  const std::uint16_t first = jk_modbus::trigger_of(type);
  const std::uint8_t body[] = {static_cast<std::uint8_t>(first >> 8),
                               static_cast<std::uint8_t>(first), 0, 1};
  std::uint8_t message[jk_modbus::kReadRequestSize];
  jk_modbus::write_message(message, 0, jk_modbus::kWrite, body);
  prepared.bytes.assign(record.begin(), record.end());
  prepared.bytes.insert(prepared.bytes.end(), std::begin(message), std::end(message));
  prepared.size = record.size();
}

Prepared prepare(std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> request) {
  Prepared prepared{.bytes = {bytes.begin(), bytes.end()}};
  Message message;
  const Fed fed = jk_modbus::open_message(bytes, message);
  if (fed.heard == Heard::need_more && bytes.size() >= jk_record::kSize &&
      jk_record::is_sound(bytes.first<jk_record::kSize>()))
    acknowledge(prepared, bytes.first<jk_record::kSize>());
  if (fed.heard != Heard::frame) return prepared;
  if (message.kind == Kind::record) {
    acknowledge(prepared, message.record);
    return prepared;
  }
  prepared.address = message.address;
  const bool readable = message.kind == Kind::read_answer && !request.empty();
  if (!readable) prepared.other = in_words(message.kind);
  return prepared;
}

}  // namespace

const Details kJkModbusDetails = {
    .protocol = "jk-modbus", .other_frame = describe, .bad_checksum = nullptr, .prepare = prepare};

}  // namespace cw

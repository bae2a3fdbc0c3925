// SPDX-License-Identifier: Apache-2.0
// One CAN frame in words. A frame says a part of what there is to know; this is what it says alone.
#include <fmt/format.h>

#include "bridge/pack_json.h"
#include "core/measurements.h"
#include "daemon/commands/decode_details.h"
#include "drivers/protocol/jk_can.h"

namespace cw {
namespace {

using jk_can::Message;
using Data = std::span<const std::uint8_t>;

constexpr Instant kNow{0};
constexpr Millis kThisFrame{0};
constexpr std::string_view kProtocol = "jk-can";

void number(JsonWriter& json, std::string_view key, std::int64_t value) {
  json.key(key);
  json.integer(value);
}

void flag(JsonWriter& json, std::string_view key, bool value) {
  json.key(key);
  json.boolean(value);
}

void write_extremes(JsonWriter& json, Data data) {
  const auto temperature = [&](std::string_view key, std::size_t at) {
    json.key(key);
    json.quantity(jk_can::temperature_of(data[at]).count, Unit::decicelsius);
  };
  temperature("temperature_max_C", 0);
  number(json, "temperature_max_sensor", data[1] + 1);
  temperature("temperature_min_C", 2);
  number(json, "temperature_min_sensor", data[3] + 1);
  temperature("temperature_mean_C", 4);
}

void write_levels(JsonWriter& json, Data data) {
  json.key("alarm_levels");
  json.begin_object();
  for (std::size_t i = 0; i < jk_can::kLevels.size(); ++i)
    if (const std::uint8_t level = jk_can::level_of(data, i); level != 0)
      number(json, jk_can::kLevels[i].meaning, level);
  json.end_object();
}

void write_charge_request(JsonWriter& json, Data data) {
  const jk_can::ChargeRequest request = jk_can::charge_request_of(data);
  json.key("charge_request");
  json.begin_object();
  json.key("voltage_V");
  json.quantity(request.voltage.count, Unit::millivolt);
  json.key("current_A");
  json.quantity(request.current.count, Unit::milliamp);
  flag(json, "on", request.on);
  flag(json, "heat", request.heat);
  json.end_object();
}

void write_control(JsonWriter& json, Data data) {
  const jk_can::Control control = jk_can::control_of(data);
  const auto member = [&](std::string_view key, std::optional<bool> value) {
    json.key(key);
    if (value)
      json.boolean(*value);
    else
      json.null();
  };
  json.key("control");
  json.begin_object();
  member("charge", control.charge);
  member("discharge", control.discharge);
  member("balance", control.balance);
  json.end_object();
}

/// What one frame alone says of a pack: the tables decide, as they do for a running board.
void write_pack(JsonWriter& json, Message message, Data data) {
  Pack pack;
  jk_can::apply(message, data, kNow, pack);
  AlarmSet alarms;
  if (message == Message::alarms) jk_can::add_levels(data, alarms);
  if (message == Message::faults) jk_can::add_faults(data, alarms);
  if (message == Message::alarms || message == Message::faults) pack.alarms.set(alarms, kNow);
  judge(pack);
  derive(pack, kNow);
  judge(pack);
  write_values(json, pack, kNow, kThisFrame);
  write_alarms(json, pack.alarms, kProtocol, kNow, kThisFrame);
}

void describe(JsonWriter& json, Data record) {
  const auto frame = from_record(record);
  if (!frame) return;
  json.key("can_id");
  json.text(frame->extended ? fmt::format("{:08X}", frame->id) : fmt::format("{:03X}", frame->id));
  const auto sender = jk_can::sender_of(frame->id, frame->extended);
  flag(json, "ignored", !sender || frame->remote || frame->error);
  if (!sender || frame->remote || frame->error || frame->length != jk_can::kLength) return;
  const Data data{frame->data.data(), frame->length};
  json.key("frame");
  json.text(jk_can::row(sender->message).name);
  number(json, "address", sender->address);
  switch (sender->message) {
    case Message::charge_request: return write_charge_request(json, data);
    case Message::control: return write_control(json, data);
    case Message::cell_temperatures: write_extremes(json, data); break;
    case Message::alarms: write_levels(json, data); break;
    case Message::information:  // whether it heats is in another frame
      json.key("heating_current_sent_A");
      json.quantity(
          static_cast<std::int16_t>(jk_can::number_at(data, jk_can::kHeatingCurrentAt, 2)),
          Unit::milliamp);
      break;
    case Message::switches: flag(json, "acc", (data[0] >> jk_can::kAccBit & 1) != 0); break;
    default: break;
  }
  write_pack(json, sender->message, data);
}

/// Each is decoded as of the board that sent it.
Prepared prepare(Data record, Data /*request*/) {
  const auto frame = from_record(record);
  const auto sender = frame ? jk_can::sender_of(frame->id, frame->extended) : std::nullopt;
  return {.bytes = {record.begin(), record.end()},
          .address = sender ? sender->address : std::uint8_t{0}};
}

}  // namespace

const Details kJkCanDetails = {
    .protocol = "jk-can", .other_frame = describe, .bad_checksum = nullptr, .prepare = prepare};

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// What `decode` says about commands and acknowledgements of JK's Bluetooth protocol.
#include <algorithm>

#include "daemon/commands/decode_details.h"
#include "drivers/protocol/jk_ble.h"

namespace cw {
namespace {

void describe(JsonWriter& json, std::span<const std::uint8_t> frame) {
  if (frame.size() != jk_ble::kCommandSize) return;  // an event log
  const std::uint8_t number = frame[jk_ble::kNumberAt];
  const bool answers = number == static_cast<std::uint8_t>(jk_ble::Command::acknowledge);
  const std::size_t length = std::min<std::size_t>(frame[jk_ble::kLengthAt], jk_ble::kValueMost);
  json.key(answers ? "answer" : "request");
  json.begin_object();
  json.key("command");
  json.integer(number);
  json.key("length");
  json.integer(frame[jk_ble::kLengthAt]);
  json.key("data_hex");
  json.text(to_hex(frame.subspan(jk_ble::kValueAt, length)));
  json.end_object();
}

}  // namespace

const Details kJkBleDetails = {
    .protocol = "jk-ble", .other_frame = describe, .bad_checksum = nullptr, .prepare = nullptr};

}  // namespace cw

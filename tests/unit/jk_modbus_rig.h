// SPDX-License-Identifier: Apache-2.0
// Messages on JK's RS485 line, as boards and masters send them, for tests.
#pragma once
#include <vector>

#include "drivers/protocol/jk_modbus.h"
#include "drivers/protocol/registry.h"
#include "drivers/protocol/settings.h"
#include "tests/unit/jk_record_rig.h"

namespace cw {

using Wire = std::vector<std::uint8_t>;

inline Wire operator+(Wire a, const Wire& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Wire message(std::uint8_t address, std::uint8_t function, const Wire& body) {
  Wire bytes(body.size() + 4);
  jk_modbus::write_message(bytes, address, function, body);
  return bytes;
}

inline Wire acknowledgement(std::uint8_t address, std::uint16_t first, std::uint16_t count = 1) {
  const auto high = [](std::uint16_t value) { return static_cast<std::uint8_t>(value >> 8); };
  const auto low = [](std::uint16_t value) { return static_cast<std::uint8_t>(value); };
  return message(address, 0x10, {high(first), low(first), high(count), low(count)});
}

inline Wire record_wire(jk_record::Type type, const Pack& told, std::uint8_t counter = 5) {
  const RecordBytes record = record_of(type, jk_record::Layout::jk02_32s, told, counter);
  return {record.begin(), record.end()};
}

/// What a board sends when it is asked for a record.
inline Wire answer(std::uint8_t address, jk_record::Type type, const Pack& told,
                   std::size_t junk = 0) {
  return record_wire(type, told) + Wire(junk, 0) +
         acknowledgement(address, jk_modbus::trigger_of(type));
}

inline Wire wire_of(const Request& request) {
  return {request.view().begin(), request.view().end()};
}

/// The driver of one board with the pack it fills, and a clock.
class Inverter {
 public:
  explicit Inverter(std::uint8_t address) : protocol_(*find_protocol("jk-modbus"), address) {}

  Fed hear(const Wire& bytes) { return protocol_->feed(bytes, now, pack); }
  Settings* settings() { return protocol_->settings(); }
  Wire ask() { return wire_of(*protocol_->next_request(now)); }

  Instant now{1000};
  Pack pack;

 private:
  ProtocolBox protocol_;
};

}  // namespace cw

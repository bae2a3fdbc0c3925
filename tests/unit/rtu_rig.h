// SPDX-License-Identifier: Apache-2.0
// A master on a Modbus-RTU line, in virtual time.
#pragma once
#include <gtest/gtest.h>

#include "bridge/inverter/inverter_protocol.h"
#include "bridge/modbus/modbus_rtu.h"
#include "tests/unit/inverter_bank.h"

namespace cw::rtu {

using Bytes = std::vector<std::uint8_t>;

inline Bytes sealed(Bytes frame) {
  modbus::seal(frame);
  return frame;
}

inline void append(Bytes& out, unsigned word) {
  out.push_back(static_cast<std::uint8_t>(word >> 8));
  out.push_back(static_cast<std::uint8_t>(word));
}

inline Bytes read(unsigned unit, unsigned address, unsigned quantity, unsigned function = 3) {
  Bytes frame = {static_cast<std::uint8_t>(unit), static_cast<std::uint8_t>(function)};
  append(frame, address);
  append(frame, quantity);
  return sealed(std::move(frame));
}

inline Bytes write_one(unsigned unit, unsigned address, unsigned value) {
  return read(unit, address, value, 6);
}

inline Bytes write_many(unsigned unit, unsigned address, const std::vector<unsigned>& values) {
  Bytes frame = {static_cast<std::uint8_t>(unit), 16};
  append(frame, address);
  append(frame, static_cast<unsigned>(values.size()));
  frame.push_back(static_cast<std::uint8_t>(2 * values.size()));
  for (const unsigned value : values) append(frame, value);
  return sealed(std::move(frame));
}

inline Bytes refusal(unsigned unit, unsigned function, unsigned exception) {
  return sealed({static_cast<std::uint8_t>(unit), static_cast<std::uint8_t>(function | 0x80),
                 static_cast<std::uint8_t>(exception)});
}

struct Rig {
  sample::InverterBank bank;
  std::unique_ptr<InverterProtocol> battery;

  explicit Rig(std::string_view protocol, const InverterOptions& options = {})
      : battery(find_inverter_protocol(protocol)->make(options)) {}

  void tell() { battery->tell(bank.picture(), bank.now); }
  void pass(Millis time) { bank.now = bank.now + time; }
  void send(const Bytes& bytes) { battery->receive(bytes, bank.now); }
  Bytes next() {
    const auto bytes = battery->next(bank.now);
    return {bytes.begin(), bytes.end()};
  }
  Bytes ask(const Bytes& request) {
    pass({100});
    send(request);
    pass({25});
    return next();
  }
  /// What was read; none if it was refused or not answered.
  std::vector<unsigned> registers(unsigned unit, unsigned address, unsigned quantity) {
    const Bytes answer = ask(read(unit, address, quantity));
    std::vector<unsigned> values;
    if (answer.size() != 5U + 2 * quantity || modbus::crc16(answer) != 0) return values;
    for (std::size_t at = 3; at + 2 < answer.size(); at += 2)
      values.push_back(static_cast<unsigned>(answer[at] << 8 | answer[at + 1]));
    return values;
  }
};

}  // namespace cw::rtu

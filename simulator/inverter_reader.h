// SPDX-License-Identifier: Apache-2.0
// The inverter's side of a wire to a battery: what it asks, and what it makes of what it hears.
// Written from the papers of the protocols and not from our encoders, so that a mistake of theirs
// shows. No I/O, no clock.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "drivers/protocol/bus.h"
#include "simulator/inverter.h"

namespace cw::simulator {

class InverterReader {
 public:
  virtual ~InverterReader() = default;

  /// What it sends once a second, on CAN exactly one record; empty: it only listens. Valid until
  /// the next call.
  virtual std::span<const std::uint8_t> ask() = 0;

  /// Bytes as they came; on CAN exactly one record. What is told from now on, if that is complete
  /// and whole.
  virtual std::optional<InverterLimits> hear(std::span<const std::uint8_t> bytes) = 0;
};

struct InverterReaderRow {
  std::string_view name;     // as in [[inverter]], or of a map of the Modbus server
  std::string_view gateway;  // what tells it: a protocol of [[inverter]], or "[modbus]"
  Bus bus;
  std::uint32_t baud;  // serial: the usual speed; 0: none
  std::uint8_t unit;   // Modbus: the usual one; 0: none
  std::string_view reads;
  std::unique_ptr<InverterReader> (*make)(std::string_view name, std::uint8_t unit);
};

/// Every protocol a simulated inverter can read (readers/registry.cpp).
std::span<const InverterReaderRow> inverter_readers();
/// nullptr: there is none of this name.
const InverterReaderRow* find_inverter_reader(std::string_view name);
/// Their names, for people.
std::string inverter_reader_names();

}  // namespace cw::simulator

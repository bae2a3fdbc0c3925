// SPDX-License-Identifier: Apache-2.0
// One request of Modbus at a time, and its answer, on a serial line or over TCP
// (inverter-modbus.md, section 1.1). No I/O, no clock.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cw::simulator {

struct ModbusAnswer {
  std::uint16_t address = 0;          // that was asked for
  std::uint8_t exception = 0;         // why it was refused; 0: it was not
  std::vector<std::uint16_t> values;  // that were read
};

class ModbusMaster {
 public:
  enum class Framing : std::uint8_t { rtu, tcp };

  ModbusMaster(Framing framing, std::uint8_t unit) : framing_(framing), unit_(unit) {}

  /// The bytes of a request (function 3); it takes the place of one that was not answered.
  std::span<const std::uint8_t> read(std::uint16_t address, std::uint16_t quantity);
  /// The same (function 16).
  std::span<const std::uint8_t> write(std::uint16_t address, std::span<const std::uint16_t> values);

  /// The answer to the last request, once it is complete. What is no answer to it is dropped.
  std::optional<ModbusAnswer> hear(std::span<const std::uint8_t> bytes);

 private:
  std::span<const std::uint8_t> send(std::vector<std::uint8_t> request);
  std::optional<ModbusAnswer> take(std::span<const std::uint8_t> request,
                                   std::span<const std::uint8_t> answer);
  std::optional<std::size_t> size_of_answer() const;

  Framing framing_;
  std::uint8_t unit_;
  std::uint16_t transaction_ = 0;
  std::vector<std::uint8_t> asked_;  // unit, function, ...; empty: nothing is waited for
  std::vector<std::uint8_t> sent_;
  std::vector<std::uint8_t> heard_;
};

}  // namespace cw::simulator

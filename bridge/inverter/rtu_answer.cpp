// SPDX-License-Identifier: Apache-2.0
// Functions 3, 4, 6 and 16 over any registers. In this order: function, quantity, address, value
// (inverter-modbus.md, section 1.4).
#include <array>

#include "bridge/inverter/rtu_battery.h"

namespace cw {
namespace {

using modbus::Exception;
using modbus::word_at;
using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kWriteMost = 123;

void append(Bytes& out, std::uint16_t word) {
  out.push_back(static_cast<std::uint8_t>(word >> 8));
  out.push_back(static_cast<std::uint8_t>(word));
}

Exception read(std::span<const std::uint8_t> request, RtuRegisters& registers, Instant now,
               Bytes& out) {
  if (request.size() != 6) return Exception::illegal_value;
  const std::uint16_t address = word_at(request, 2);
  const std::uint16_t quantity = word_at(request, 4);
  if (quantity == 0 || quantity > modbus::kQuantityMost) return Exception::illegal_value;
  if (registers.readable(address) < quantity) return Exception::illegal_address;
  std::array<std::uint16_t, modbus::kQuantityMost> values{};
  const auto wanted = std::span{values}.first(quantity);
  if (!registers.read(address, wanted, now)) return Exception::device_failed;
  out.push_back(static_cast<std::uint8_t>(2 * quantity));
  for (const std::uint16_t value : wanted) append(out, value);
  return Exception::none;
}

Exception write_one(std::span<const std::uint8_t> request, RtuRegisters& registers, Instant now,
                    Bytes& out) {
  if (request.size() != 6) return Exception::illegal_value;
  const std::uint16_t value = word_at(request, 4);
  const Exception result = registers.write(word_at(request, 2), {&value, 1}, now);
  out.insert(out.end(), request.begin() + 2, request.end());  // address and value, as they came
  return result;
}

Exception write_many(std::span<const std::uint8_t> request, RtuRegisters& registers, Instant now,
                     Bytes& out) {
  if (request.size() < 7) return Exception::illegal_value;
  const std::uint16_t quantity = word_at(request, 4);
  if (quantity == 0 || quantity > kWriteMost || request[6] != 2 * quantity ||
      request.size() != 7U + request[6])
    return Exception::illegal_value;
  std::array<std::uint16_t, kWriteMost> values{};
  for (std::size_t i = 0; i < quantity; ++i) values[i] = word_at(request, 7 + 2 * i);
  const Exception result =
      registers.write(word_at(request, 2), std::span{values}.first(quantity), now);
  out.insert(out.end(), request.begin() + 2, request.begin() + 6);  // address and quantity
  return result;
}

Exception carry_out(std::span<const std::uint8_t> request, RtuRegisters& registers, Instant now,
                    Bytes& out) {
  switch (request[1]) {
    case 3:
    case 4: return read(request, registers, now, out);
    case 6:
      if (registers.takes_writes()) return write_one(request, registers, now, out);
      return Exception::illegal_function;
    case 16:
      if (registers.takes_writes()) return write_many(request, registers, now, out);
      return Exception::illegal_function;
    default: return Exception::illegal_function;
  }
}

}  // namespace

Bytes answer_rtu(std::span<const std::uint8_t> request, RtuRegisters& registers, Instant now) {
  Bytes out = {request[0], request[1]};
  const Exception exception = carry_out(request, registers, now, out);
  if (exception == Exception::none) return out;
  return {request[0], static_cast<std::uint8_t>(request[1] | 0x80),
          static_cast<std::uint8_t>(exception)};
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// How numbers and texts lie in registers, whatever the map: scaled, and big end first.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace cw::modbus {

using Registers = std::span<std::uint16_t>;

/// The lowest bits of `bits`, as many as `out` has room for.
inline void put_number(Registers out, std::uint64_t bits) {
  for (std::size_t i = out.size(); i-- > 0; bits >>= 16)
    out[i] = static_cast<std::uint16_t>(bits & 0xFFFF);
}

/// Two characters a register, zeros at the end; what does not fit is left out.
inline void put_text(Registers out, std::string_view text) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto byte = [&](std::size_t at) -> unsigned {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    out[i] = static_cast<std::uint16_t>(byte(2 * i) << 8 | byte(2 * i + 1));
  }
}

/// What becomes of digits there is no room for.
enum class Round : std::uint8_t { nearest, down, up };

/// `value` without its last `digits` digits; with as many more if that is negative.
constexpr std::int64_t scaled(std::int64_t value, int digits, Round round) {
  std::int64_t power = 1;
  for (int i = digits < 0 ? -digits : digits; i > 0; --i) power *= 10;
  if (digits <= 0) return value * power;
  const std::int64_t floor = value / power - (value % power < 0 ? 1 : 0);
  const std::int64_t rest = value - floor * power;
  switch (round) {
    case Round::down: return floor;
    case Round::up: return floor + (rest != 0 ? 1 : 0);
    case Round::nearest: return floor + (2 * rest >= power ? 1 : 0);
  }
  return floor;
}

}  // namespace cw::modbus

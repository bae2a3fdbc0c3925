// SPDX-License-Identifier: Apache-2.0
// How numbers and texts lie in registers, whatever the map: big end first.
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

}  // namespace cw::modbus

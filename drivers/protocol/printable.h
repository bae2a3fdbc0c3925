// SPDX-License-Identifier: Apache-2.0
// Text as devices send it: characters, then zeros, then whatever was there before.
#pragma once
#include <cstdint>
#include <string_view>

namespace cw {

/// Up to the first zero; nothing if a character is not printable ASCII (it might be half a letter
/// of another alphabet, and would break every document it is written into), which is counted.
constexpr std::string_view printable(std::string_view text, std::uint8_t& refused) {
  std::size_t size = 0;
  while (size < text.size() && static_cast<unsigned char>(text[size] - ' ') <= '~' - ' ') ++size;
  if (size == text.size() || text[size] == '\0') return {text.data(), size};
  ++refused;
  return {};
}

}  // namespace cw

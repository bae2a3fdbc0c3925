// SPDX-License-Identifier: Apache-2.0
// The kinds of wire a battery can be on.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cw {

enum class Bus : std::uint8_t { serial, can, ble };

constexpr std::string_view name(Bus bus) {
  constexpr std::string_view names[] = {"serial", "can", "ble"};
  return names[static_cast<std::size_t>(bus)];
}

}  // namespace cw

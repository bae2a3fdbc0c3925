// SPDX-License-Identifier: Apache-2.0
// Named sets of limits: what boards of a generation carry after their one-key button, and what the
// gateway itself uses when the operator gave nothing. They never set cell count or capacity, and
// they never overwrite what a device said about itself.
#pragma once
#include <span>
#include <string_view>

#include "core/parameters.h"

namespace cw {

enum class Chemistry : std::uint8_t { lfp, li_ion, lto };

constexpr std::string_view name(Chemistry chemistry) {
  constexpr std::string_view names[] = {"lfp", "li-ion", "lto"};
  return names[static_cast<std::size_t>(chemistry)];
}

/// Who uses it: the gateway's cautious defaults, or boards by firmware generation.
enum class Generation : std::uint8_t { gateway, board_10, board_11, board_15 };

struct Preset {
  std::string_view name;  // "lfp", "li-ion", "lto" are the gateway's; boards' are "jk-10-lfp", ...
  std::string_view title;
  Chemistry chemistry;
  Generation generation;
  ParameterSet values;
};

std::span<const Preset> all_presets();

/// nullptr: no such preset.
const Preset* find_preset(std::string_view name);
const Preset& preset_of(Chemistry chemistry, Generation generation);

}  // namespace cw

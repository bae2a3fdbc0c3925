// SPDX-License-Identifier: Apache-2.0
// What the protections of a pack keep over a restart, as one line of text for the state file.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/protection.h"

namespace cw {

/// "cell_overvoltage,2,1,3671,7,3650,3680 charge_overcurrent,1,0": name, trips, whether it is
/// tripped by its limit, and then value, place, limit and worst value. Rules that never tripped are
/// left out; "-" if there are none.
std::string protection_text(const ProtectionMemory& memory);

/// Nothing: not a text of this kind.
std::optional<ProtectionMemory> parse_protection(std::string_view text);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Parameters and quantities in words, for people: messages of `check`, `shadow` and `status`.
#pragma once
#include <cstdint>
#include <string>

#include "core/validation.h"

namespace cw {

/// `count` in its unit without needless zeros, as a configuration file would say it: "3.65 V",
/// "3.60 V" (volts keep two decimals), "25 A", "-20 °C", "0.0015 s"; a flag is "on" or "off".
std::string format_quantity(std::int32_t count, Unit unit);

/// "cell_overvoltage_recovery_V 3.60 must be below cell_overvoltage_V 3.55". Both parameters must
/// be known to `set`.
std::string violation_text(const Ordering& broken, const ParameterSet& set);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Rules between parameters in words, for people. Quantities have
// daemon/configuration/quantity_text.h.
#pragma once
#include <string>

#include "core/validation.h"

namespace cw {

/// "cell_overvoltage_recovery_V 3.6 must be below cell_overvoltage_V 3.55". Both parameters must
/// be known to `set`.
std::string violation_text(const Ordering& broken, const ParameterSet& set);

}  // namespace cw

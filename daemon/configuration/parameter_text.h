// SPDX-License-Identifier: Apache-2.0
// Rules of parameters in words, for people. Quantities have daemon/configuration/quantity_text.h.
#pragma once
#include <string>
#include <vector>

#include "core/validation.h"

namespace cw {

/// "cell_overvoltage_recovery_V 3.60 must be below cell_overvoltage_V 3.55": both with as many
/// decimals as the finer one needs. Both parameters must be known to `set`.
std::string violation_text(const Ordering& broken, const ParameterSet& set);

/// What is wrong with the value, to stand behind it: "is above 3.7 V, the most a cell of chemistry
/// lfp takes". `plant` as it was given to the check.
std::string bound_text(const Breach& breach, const Plant& plant);

/// "cell_overvoltage_V 3.75 is above 3.7 V, the most a cell of chemistry lfp takes".
std::string breach_text(const Breach& breach, const Plant& plant);

/// Everything that is wrong with limits of the gateway's own, a sentence each: orderings, then
/// bounds. Empty: they are good. Recommendations are not among them.
std::vector<std::string> policy_faults(const ParameterSet& policy, const Plant& plant);

/// "heater_resistance_ohm 15 takes 3.894 A and 227.371 W at 58.4 V: a B2A24S20P carries at most
/// 3 A and 200 W". Empty: the
/// board's output carries it. `resistance` must be above 0; `model` may be nullptr.
std::string heater_fault(MicroOhms resistance, Millivolts full, const Model* model);

}  // namespace cw

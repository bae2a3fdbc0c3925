// SPDX-License-Identifier: Apache-2.0
// Which preset a board carries: by the firmware it names, with the currents of its model. For
// simulated boards, and for a shadow before the first settings were read; never over them.
#pragma once
#include <optional>
#include <string_view>

#include "core/models.h"
#include "core/pack.h"
#include "core/presets.h"

namespace cw {

/// By the major version: up to 10, 11, 14 and later. Nothing for 12 and 13, which nobody has
/// captured, and where `software_version` does not begin with one ("10.07", "V15.30", "11.26").
std::optional<Generation> generation_of(std::string_view software_version);

/// Over-current limits and balance current of `model` in place of the preset's, where stated: the
/// charge limit stays, if the model carries it. Cell count and capacity are not touched.
void fit_to_model(ParameterSet& preset, const Model& model);

/// What the board has after its one-key button for `chemistry`. Nothing if its firmware does not
/// tell the generation; with a model nobody knows, the currents of the smallest of its family.
std::optional<ParameterSet> preset_for(const Identity& identity, Chemistry chemistry);

/// The gateway's defaults for a pack of this capacity (absent: not known). Above 50 Ah balancing
/// begins at 5 mV, and never is its current above a tenth of the capacity an hour (S2, text).
ParameterSet gateway_preset(Chemistry chemistry, std::optional<MilliampHours> capacity);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Which packs share which wire, and what follows from them for its timing: the daemon lays its
// wires so, and a replay those of its recording.
#pragma once
#include <vector>

#include "daemon/configuration/configuration.h"
#include "drivers/session/line.h"

namespace cw {

struct WireLayout {
  PortOptions port;                // as the first pack has it, with what all of them need
  std::vector<std::size_t> packs;  // indices
  LineTimes times;
  std::size_t longest_frame = 0;  // bytes
};

/// In the order of the ports' names.
std::vector<WireLayout> lay_wires(const Configuration& configuration);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>

#include "core/units.h"

namespace cw {

struct BlackBoxOptions {
  bool enabled = false;
  std::string folder = "/var/lib/cellwarden/black-box";
  std::uint32_t memory_MB = 8;  // for all wires together
  Millis keep{14'400'000};      // older records are forgotten although there is room
  Millis before{600'000};       // of an incident
  Millis after{300'000};
  std::uint32_t files_most = 20;  // on disk; as many are written within a day at most
};

}  // namespace cw

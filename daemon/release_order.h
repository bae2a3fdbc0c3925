// SPDX-License-Identifier: Apache-2.0
// The order to let go of a BMS for a while, so that its phone app can have it, as it is said on the
// control socket: release PACK MINUTES (0: take it back now). It does nothing itself.
#pragma once
#include <string>
#include <string_view>

#include "core/units.h"

namespace cw {

inline constexpr int kReleaseMinutesMost = 24 * 60;

struct ReleaseOrder {
  std::string pack;
  Millis time{};
  std::string fault;  // empty: understood
};

bool is_release_order(std::string_view line);
ReleaseOrder parse_release_order(std::string_view line);

}  // namespace cw

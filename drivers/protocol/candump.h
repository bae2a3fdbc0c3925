// SPDX-License-Identifier: Apache-2.0
// Lines as can-utils write them: candump -l ("(1436509052.249713) can0 2F4#1301D71133000000"),
// candump on a terminal ("  can0  2F4   [8]  13 01 D7 11 33 00 00 00", with a time before it or
// without), and the bare frame that cansend takes ("2F4#1301D71133000000").
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "drivers/protocol/can_frame.h"

namespace cw {

struct CandumpLine {
  std::optional<CanFrame> frame;
  std::optional<std::int64_t> time_us;  // of any epoch; empty: the line has no time
  std::string_view interface;           // a part of the line; empty: it names none
  std::string_view fault;               // without a frame: what is wrong, and what would be right
};

/// One line, without its end. CAN FD ("##") is no frame of ours, and a fault.
CandumpLine parse_candump(std::string_view line);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// How long things take on a line: of one station, and of the wire they share.
#pragma once
#include <cstdint>

#include "core/units.h"

namespace cw {

struct ProtocolSpec;

struct StationTimes {
  Millis interval{1000};       // from one request to the next of the same station; 0: at once
  Millis backoff_first{500};   // pause after the second unanswered request in a row; doubles up to
  Millis backoff_most{8'500};  // so that a device that comes back is heard within 10 s
  std::uint32_t lost_after = 3;  // misses in a row
};

struct LineTimes {
  Millis gap_least{0};        // silence kept between an answer and the next request
  Millis gap_most{100};       // the gap widens up to this while answers come damaged
  std::uint32_t byte_us = 0;  // what one byte takes on the wire: added to the wait for an answer
  // Answers name their sender. If not, nobody is asked while the answer to a request that was given
  // up may still come, because it could be taken for another's.
  bool addressed = true;
  // A silence this long within a frame ends it; 0: its pieces may come as far apart as they like,
  // within the wait for an answer.
  Millis frame_gap{0};
  Millis listen_first{0};  // once the wire is up, before the first request
  Millis quiet{60'000};    // another master must have been silent for this long before we ask again
  bool only_listen = false;  // never ask
};

/// What a line of `byte_us` needs for a device of this protocol, on top of what the others on it
/// need.
void make_room_for(const ProtocolSpec& protocol, LineTimes& times);

}  // namespace cw

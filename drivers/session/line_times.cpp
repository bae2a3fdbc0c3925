// SPDX-License-Identifier: Apache-2.0
#include "drivers/session/line_times.h"

#include <algorithm>

#include "drivers/protocol/registry.h"

namespace cw {
namespace {

// A bus master is never silent for so long (jk-modbus-pb, section 4.1).
constexpr Millis kListenFirst{2'000};
// Adapters hand over up to so many bytes at once: a silence only seems to be one until they come.
constexpr std::uint64_t kPacketMost = 128;

}  // namespace

void make_room_for(const ProtocolSpec& protocol, LineTimes& times) {
  times.addressed = times.addressed && protocol.addressed;
  if (protocol.addressed && protocol.bus == Bus::serial) times.listen_first = kListenFirst;
  if (protocol.pause.count > 0) {
    times.gap_least = std::max(times.gap_least, protocol.pause);
    times.gap_most = times.gap_least;  // it is wide already
  }
  if (protocol.frame_gap.count > 0) {
    const auto packet_ms = static_cast<std::int32_t>(kPacketMost * times.byte_us / 1000);
    times.frame_gap = std::max(times.frame_gap, protocol.frame_gap + Millis{packet_ms});
  }
}

}  // namespace cw

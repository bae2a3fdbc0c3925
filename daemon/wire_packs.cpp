// SPDX-License-Identifier: Apache-2.0
#include "daemon/wire_packs.h"

namespace cw {

void WirePacks::add(std::size_t index, const PackConfiguration& configuration, Pack& pack,
                    Instant now) {
  protocols_.push_back(
      std::make_unique<ProtocolBox>(*configuration.protocol, configuration.device));
  packs_.push_back(index);
  StationTimes times;
  times.interval = configuration.poll;
  line_.add(**protocols_.back(), pack, times, now);
}

void WirePacks::on_down(Instant now) {
  line_.on_down(now);
  report(now);
}

void WirePacks::on_bytes(std::span<const std::uint8_t> in, Instant now) {
  line_.on_bytes(in, now);
  for (const std::size_t station : line_.completed()) {
    listener_.on_link(packs_[station], line_.status(station), now);  // heard, then what it says
    listener_.on_frame(packs_[station], now);
  }
}

void WirePacks::report(Instant now) {
  for (std::size_t station = 0; station < packs_.size(); ++station)
    listener_.on_link(packs_[station], line_.status(station), now);
}

}  // namespace cw

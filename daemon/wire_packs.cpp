// SPDX-License-Identifier: Apache-2.0
#include "daemon/wire_packs.h"

#include <algorithm>

#include "core/assert.h"

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
  tell_orders(now);
}

void WirePacks::report(Instant now) {
  tell_orders(now);
  for (std::size_t station = 0; station < packs_.size(); ++station)
    listener_.on_link(packs_[station], line_.status(station), now);
}

// What is told may lead to the next order, and that to the next report.
void WirePacks::tell_orders(Instant now) {
  while (const auto report = line_.take_report())
    listener_.on_order(packs_[report->station], *report, now);
}

std::size_t WirePacks::station_of(std::size_t pack) const {
  const auto found = std::find(packs_.begin(), packs_.end(), pack);
  CW_ASSERT(found != packs_.end());
  return static_cast<std::size_t>(found - packs_.begin());
}

Settings* WirePacks::settings(std::size_t pack) {
  return (*protocols_[station_of(pack)])->settings();
}

bool WirePacks::order(std::size_t pack, const Order& order) {
  return line_.order(station_of(pack), order);
}

void WirePacks::ask_at(std::size_t pack, Instant when) { line_.ask_at(station_of(pack), when); }

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "daemon/wire_layout.h"

#include <algorithm>
#include <map>
#include <string>

namespace cw {
namespace {

constexpr std::uint32_t kBitsPerByte = 10;  // a start bit, eight data bits, a stop bit

}  // namespace

std::vector<WireLayout> lay_wires(const Configuration& configuration) {
  std::map<std::string, std::vector<std::size_t>> ports;
  for (std::size_t i = 0; i < configuration.packs.size(); ++i)
    ports[configuration.packs[i].port.name].push_back(i);
  std::vector<WireLayout> layouts;
  for (auto& [name, packs] : ports) {
    WireLayout layout{configuration.packs[packs.front()].port, std::move(packs), {}, 0};
    if (layout.port.baud != 0) layout.times.byte_us = kBitsPerByte * 1'000'000 / layout.port.baud;
    for (const std::size_t i : layout.packs) {
      const ProtocolSpec& protocol = *configuration.packs[i].protocol;
      layout.longest_frame = std::max(layout.longest_frame, protocol.longest_frame);
      make_room_for(protocol, layout.times);
      layout.times.only_listen = configuration.packs[i].only_listen;  // everybody's on this port
      layout.times.quiet = configuration.packs[i].listen_quiet;
      layout.port.can_filters.insert(layout.port.can_filters.end(), protocol.can_filters.begin(),
                                     protocol.can_filters.end());
    }
    layouts.push_back(std::move(layout));
  }
  return layouts;
}

}  // namespace cw

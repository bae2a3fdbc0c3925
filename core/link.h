// SPDX-License-Identifier: Apache-2.0
// How well a device is heard.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/units.h"

namespace cw {

/// unheard: nothing good since the start. failing: the last request went unanswered. lost: so many
/// in a row, or silent for so long, that its values are not to be used.
enum class Link : std::uint8_t { unheard, up, failing, lost };

constexpr std::string_view name(Link link) {
  constexpr std::string_view names[] = {"unheard", "up", "failing", "lost"};
  return names[static_cast<std::size_t>(link)];
}

/// Who asks the device: we do; nobody of us, by configuration; or another master, and we listen.
enum class Asking : std::uint8_t { ours, never, another_master };

constexpr std::string_view name(Asking asking) {
  constexpr std::string_view names[] = {"asking", "only listening",
                                        "another master drives the line: listening"};
  return names[static_cast<std::size_t>(asking)];
}

struct LinkCounts {
  std::uint64_t requests = 0;
  std::uint64_t frames = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t bad_checksums = 0;
  std::uint64_t malformed = 0;  // checksum right, content not (unknown identifier, cut list)
  std::uint64_t noise_bytes = 0;
  std::uint64_t foreign = 0;         // whole frames that were not for us (echo, another address)
  std::uint64_t refused_values = 0;  // settings outside their range, left out of good frames
};

struct LinkStatus {
  Link link = Link::unheard;
  Instant last_frame{};  // meaningful unless unheard
  Asking asking = Asking::ours;
  LinkCounts counts{};
};

}  // namespace cw

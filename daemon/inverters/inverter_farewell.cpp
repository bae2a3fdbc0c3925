// SPDX-License-Identifier: Apache-2.0
#include "daemon/inverters/inverter_farewell.h"

#include <poll.h>

#include <algorithm>
#include <chrono>

namespace cw {
namespace {

constexpr std::int64_t kLookMost = 20;  // a port that lost its descriptor is met again so soon

Instant monotonic() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

/// Sleeps until something is heard or due.
void wait(std::span<InverterPort* const> ports, Instant now, Instant end) {
  std::vector<pollfd> watched;
  std::int64_t until = std::min(end.ms, now.ms + kLookMost);
  for (const InverterPort* port : ports) {
    watched.push_back({port->descriptor(), POLLIN, 0});
    if (const auto due = port->next_due(now)) until = std::min(until, due->ms);
  }
  const auto left = static_cast<int>(std::max<std::int64_t>(until - now.ms, 1));
  (void)::poll(watched.data(), watched.size(), left);
}

}  // namespace

void say_farewell(std::span<InverterPort* const> ports, Millis most) {
  Instant now = monotonic();
  const Instant end = now + most;
  for (InverterPort* port : ports) port->stop(now);
  for (; now < end; now = monotonic()) {
    for (InverterPort* port : ports) port->turn(now);
    if (std::all_of(ports.begin(), ports.end(),
                    [&](const InverterPort* port) { return port->said_everything(now); }))
      return;
    wait(ports, now, end);
  }
}

}  // namespace cw

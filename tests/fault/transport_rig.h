// SPDX-License-Identifier: Apache-2.0
// Does for one transport what its owner does, with bounded waits, and keeps what it received.
#pragma once
#include <poll.h>
#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <memory>
#include <vector>

#include "drivers/transport/transport.h"

namespace cw::test {

using Bytes = std::vector<std::uint8_t>;

class Owner {
 public:
  explicit Owner(const PortOptions& options, Bus bus = Bus::serial)
      : transport(make_transport(bus, options)) {}

  /// Handles events until `done` says so. False: it did not within `seconds`.
  template <class Done>
  bool until(Done done, int seconds = 30) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{seconds};
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      turn(20);
    }
    return true;
  }

  /// Waits at most so long for one event, and handles it.
  void turn(int wait_ms) {
    const std::uint32_t interest = transport->interest();
    pollfd watched{transport->descriptor(), 0, 0};
    if ((interest & EPOLLIN) != 0) watched.events |= POLLIN;
    if ((interest & EPOLLOUT) != 0) watched.events |= POLLOUT;
    if (::poll(&watched, 1, wait_ms) <= 0) return;
    const auto got = transport->on_ready(static_cast<std::uint32_t>(watched.revents), room);
    received.insert(received.end(), got.begin(), got.end());
  }

  bool is(Transport::State state) const { return transport->state() == state; }
  bool open() {
    if (transport->open() == Transport::State::opening)
      until([this] { return !is(Transport::State::opening); });
    return is(Transport::State::open);
  }

  std::unique_ptr<Transport> transport;
  Bytes received;
  std::array<std::uint8_t, 512> room{};
};

/// Every value a byte can have, in order.
inline Bytes every_byte() {
  Bytes all(256);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i);
  return all;
}

/// How many descriptors this process holds.
std::size_t open_descriptors();

}  // namespace cw::test

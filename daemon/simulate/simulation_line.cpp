// SPDX-License-Identifier: Apache-2.0
#include "daemon/simulate/simulation_line.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "core/assert.h"

namespace cw {
namespace {

constexpr std::int64_t kSecond_ns = 1'000'000'000;

std::int64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * kSecond_ns + time.tv_nsec;
}

}  // namespace

SimulationLine::SimulationLine(Loop& loop, SharedWire& wire, Send send)
    : loop_(loop),
      wire_(wire),
      send_(std::move(send)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  CW_ASSERT(timer_ >= 0);
  loop_.watch(timer_, EPOLLIN, [this](std::uint32_t) { on_timer(); });
}

SimulationLine::~SimulationLine() {
  loop_.forget(timer_);
  ::close(timer_);
}

void SimulationLine::on_bytes(std::span<const std::uint8_t> bytes) {
  wire_.on_bytes(bytes, now_ns());
  set_timer();
}

void SimulationLine::clear() {
  wire_.clear();
  set_timer();
}

void SimulationLine::set_timer() {
  // 0 stops it; a moment long past, as the first one of who speaks unasked, is due at once.
  const auto next = wire_.next();
  const std::int64_t when = next ? std::max<std::int64_t>(*next, 1) : 0;
  itimerspec spec{};
  spec.it_value.tv_sec = static_cast<time_t>(when / kSecond_ns);
  spec.it_value.tv_nsec = static_cast<long>(when % kSecond_ns);
  CW_ASSERT(::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &spec, nullptr) == 0);
}

void SimulationLine::on_timer() {
  // Setting the timer again also takes back that it has expired: no need to read it.
  if (const auto bytes = wire_.due(now_ns()); !bytes.empty()) send_(bytes);
  set_timer();
}

}  // namespace cw

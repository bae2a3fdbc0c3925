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
constexpr std::size_t kWaitingMost = 16;
constexpr std::uint32_t kBitsPerByte = 10;  // 8N1

std::int64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * kSecond_ns + time.tv_nsec;
}

}  // namespace

WirePlan::WirePlan(std::uint32_t baud, std::int32_t turnaround_us)
    : byte_ns_(kSecond_ns * kBitsPerByte / baud),
      turnaround_ns_(std::int64_t{turnaround_us} * 1000) {}

void WirePlan::on_request(std::size_t bytes, std::int64_t now) {
  request_began_ = std::max(free_at_, now);
  free_at_ = request_began_ + static_cast<std::int64_t>(bytes) * byte_ns_;
}

bool WirePlan::add(std::vector<std::uint8_t> bytes, Millis delay, bool echo) {
  if (bytes.empty()) return true;
  if (waiting_.size() >= kWaitingMost) return false;
  const auto duration = static_cast<std::int64_t>(bytes.size()) * byte_ns_;
  std::int64_t start = request_began_;  // an echo runs along with the request
  if (!echo) {
    start = free_at_ + turnaround_ns_ + std::int64_t{delay.count} * 1'000'000;
    free_at_ = start + duration;
  }
  waiting_.push_back({std::move(bytes), start});
  return true;
}

std::int64_t WirePlan::burst_end(const Waiting& waiting) const {
  const std::size_t end = std::min(waiting.sent + kBurst, waiting.bytes.size());
  return waiting.start + static_cast<std::int64_t>(end) * byte_ns_;
}

std::optional<std::int64_t> WirePlan::next() const {
  if (waiting_.empty()) return std::nullopt;
  return burst_end(waiting_.front());
}

std::span<const std::uint8_t> WirePlan::due(std::int64_t now) {
  leaving_.clear();
  while (!waiting_.empty() && burst_end(waiting_.front()) <= now) {
    Waiting& first = waiting_.front();
    const std::size_t end = std::min(first.sent + kBurst, first.bytes.size());
    leaving_.insert(leaving_.end(), first.bytes.begin() + static_cast<std::ptrdiff_t>(first.sent),
                    first.bytes.begin() + static_cast<std::ptrdiff_t>(end));
    first.sent = end;
    if (first.sent == first.bytes.size()) waiting_.pop_front();
  }
  return leaving_;
}

SimulationLine::SimulationLine(Loop& loop, WirePlan plan, Send send)
    : loop_(loop),
      plan_(std::move(plan)),
      send_(std::move(send)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  CW_ASSERT(timer_ >= 0);
  loop_.watch(timer_, EPOLLIN, [this](std::uint32_t) { on_timer(); });
}

SimulationLine::~SimulationLine() {
  loop_.forget(timer_);
  ::close(timer_);
}

void SimulationLine::on_request(std::size_t bytes) { plan_.on_request(bytes, now_ns()); }

void SimulationLine::add(std::vector<std::uint8_t> bytes, Millis delay, bool echo) {
  plan_.add(std::move(bytes), delay, echo);
  set_timer();
}

void SimulationLine::clear() {
  plan_.clear();
  set_timer();
}

void SimulationLine::set_timer() {
  const std::int64_t when = plan_.next().value_or(0);  // 0 stops it
  itimerspec spec{};
  spec.it_value.tv_sec = static_cast<time_t>(when / kSecond_ns);
  spec.it_value.tv_nsec = static_cast<long>(when % kSecond_ns);
  CW_ASSERT(::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &spec, nullptr) == 0);
}

void SimulationLine::on_timer() {
  // Setting the timer again also takes back that it has expired: no need to read it.
  if (const auto bytes = plan_.due(now_ns()); !bytes.empty()) send_(bytes);
  set_timer();
}

}  // namespace cw

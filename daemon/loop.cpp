// SPDX-License-Identifier: Apache-2.0
#include "daemon/loop.h"

#include <signal.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/assert.h"

namespace cw {
namespace {

// Of what is ready at once: this much is served before the turn ends and decisions are made.
constexpr int kReadyPerTurn = 32;

struct Watch {
  int fd = -1;  // -1: forgotten
  Loop::Ready ready;
};

struct Timer {
  Instant when = Loop::kNever;
  Loop::Due due;
};

}  // namespace

// sd-event knows three sources only: the signals, one descriptor for all that are watched, and one
// time for all timers. It would end a turn after each of many that are due together.
struct Loop::Implementation {
  sd_event* event = nullptr;
  sd_event_source* ready = nullptr;
  sd_event_source* earliest = nullptr;
  Instant earliest_at = kNever;
  int epoll = -1;
  std::unordered_map<int, std::unique_ptr<Watch>> watches;
  std::vector<std::unique_ptr<Timer>> timers;
  // What a callback removed while it may still be running; freed when the turn is over.
  std::vector<std::unique_ptr<Watch>> forgotten;
  std::vector<std::function<void()>> ends;
  std::function<void(int)> stop_signal;

  void serve_ready();
  void serve_due(Instant now);
  void arm();

  static int on_ready(sd_event_source*, int, std::uint32_t, void* user) {
    static_cast<Implementation*>(user)->serve_ready();
    return 0;
  }
  static int on_due(sd_event_source*, std::uint64_t, void* user) {
    const auto& loop = *static_cast<Loop*>(user);
    loop.implementation_->earliest_at = kNever;  // it fires once
    loop.implementation_->serve_due(loop.now());
    return 0;
  }
  static int on_signal(sd_event_source*, const signalfd_siginfo* info, void* user) {
    static_cast<Implementation*>(user)->stop_signal(static_cast<int>(info->ssi_signo));
    return 0;
  }
};

void Loop::Implementation::serve_ready() {
  std::array<epoll_event, kReadyPerTurn> events;
  const int count = ::epoll_wait(epoll, events.data(), kReadyPerTurn, 0);
  for (int i = 0; i < count; ++i) {
    auto* const watch = static_cast<Watch*>(events[static_cast<std::size_t>(i)].data.ptr);
    if (watch->fd >= 0) watch->ready(events[static_cast<std::size_t>(i)].events);
  }
}

// One that is set again meanwhile, even to a moment that has passed, waits for the next turn.
void Loop::Implementation::serve_due(Instant now) {
  const std::size_t count = timers.size();
  for (std::size_t i = 0; i < count; ++i) {
    Timer& timer = *timers[i];
    if (timer.when > now) continue;
    timer.when = kNever;
    timer.due(now);
  }
}

void Loop::Implementation::arm() {
  Instant first = kNever;
  for (const auto& timer : timers) first = std::min(first, timer->when);
  if (first == earliest_at) return;
  earliest_at = first;
  const auto microseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(first.ms, 0)) * 1000;
  if (first != kNever) CW_ASSERT(sd_event_source_set_time(earliest, microseconds) >= 0);
  CW_ASSERT(sd_event_source_set_enabled(earliest,
                                        first == kNever ? SD_EVENT_OFF : SD_EVENT_ONESHOT) >= 0);
}

Loop::Loop() : implementation_(std::make_unique<Implementation>()) {
  Implementation& self = *implementation_;
  CW_ASSERT(sd_event_new(&self.event) >= 0);
  self.epoll = ::epoll_create1(EPOLL_CLOEXEC);
  CW_ASSERT(self.epoll >= 0);
  CW_ASSERT(sd_event_add_io(self.event, &self.ready, self.epoll, EPOLLIN, &Implementation::on_ready,
                            &self) >= 0);
  CW_ASSERT(sd_event_add_time(self.event, &self.earliest, CLOCK_MONOTONIC, 0, 1,
                              &Implementation::on_due, this) >= 0);
  CW_ASSERT(sd_event_source_set_enabled(self.earliest, SD_EVENT_OFF) >= 0);
}

Loop::~Loop() {
  sd_event_source_unref(implementation_->ready);
  sd_event_source_unref(implementation_->earliest);
  sd_event_unref(implementation_->event);
  ::close(implementation_->epoll);
}

void Loop::watch(int fd, std::uint32_t events, Ready ready) {
  forget(fd);
  auto watch = std::make_unique<Watch>(Watch{fd, std::move(ready)});
  epoll_event wanted{};
  wanted.events = events;
  wanted.data.ptr = watch.get();
  CW_ASSERT(::epoll_ctl(implementation_->epoll, EPOLL_CTL_ADD, fd, &wanted) == 0);
  implementation_->watches.emplace(fd, std::move(watch));
}

void Loop::rewatch(int fd, std::uint32_t events) {
  const auto found = implementation_->watches.find(fd);
  CW_ASSERT(found != implementation_->watches.end());
  epoll_event wanted{};
  wanted.events = events;
  wanted.data.ptr = found->second.get();
  CW_ASSERT(::epoll_ctl(implementation_->epoll, EPOLL_CTL_MOD, fd, &wanted) == 0);
}

// A descriptor that was closed already is gone from the kernel's list, and another may have its
// number: what fails here is no fault.
void Loop::forget(int fd) {
  const auto found = implementation_->watches.find(fd);
  if (found == implementation_->watches.end()) return;
  ::epoll_ctl(implementation_->epoll, EPOLL_CTL_DEL, fd, nullptr);
  found->second->fd = -1;
  implementation_->forgotten.push_back(std::move(found->second));
  implementation_->watches.erase(found);
}

int Loop::add_timer(Due due) {
  implementation_->timers.push_back(std::make_unique<Timer>(Timer{kNever, std::move(due)}));
  return static_cast<int>(implementation_->timers.size() - 1);
}

void Loop::set_timer(int timer, Instant when) {
  implementation_->timers[static_cast<std::size_t>(timer)]->when = when;
}

void Loop::stop_timer(int timer) { set_timer(timer, kNever); }

void Loop::on_stop_signal(std::function<void(int signal)> stop) {
  implementation_->stop_signal = std::move(stop);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  CW_ASSERT(pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0);
  for (const int number : {SIGINT, SIGTERM})
    CW_ASSERT(sd_event_add_signal(implementation_->event, nullptr, number,
                                  &Implementation::on_signal, implementation_.get()) >= 0);
}

void Loop::at_end_of_turn(std::function<void()> end) {
  implementation_->ends.push_back(std::move(end));
}

bool Loop::enable_watchdog() { return sd_event_set_watchdog(implementation_->event, 1) > 0; }

std::int64_t Loop::now_us() const {
  std::uint64_t microseconds = 0;
  sd_event_now(implementation_->event, CLOCK_MONOTONIC, &microseconds);
  return static_cast<std::int64_t>(microseconds);
}

Instant Loop::now() const { return {now_us() / 1000}; }

std::int64_t Loop::wall_ms() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

int Loop::run() {
  for (;;) {
    implementation_->arm();
    const int dispatched = sd_event_run(implementation_->event, UINT64_MAX);
    CW_ASSERT(dispatched >= 0);
    if (sd_event_get_state(implementation_->event) == SD_EVENT_FINISHED) break;
    for (const auto& end : implementation_->ends) end();
    implementation_->forgotten.clear();
  }
  int status = 0;
  sd_event_get_exit_code(implementation_->event, &status);
  return status;
}

void Loop::stop(int status) { sd_event_exit(implementation_->event, status); }

}  // namespace cw

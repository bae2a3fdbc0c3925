// SPDX-License-Identifier: Apache-2.0
#include "daemon/loop.h"

#include <signal.h>
#include <systemd/sd-event.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/assert.h"

namespace cw {
namespace {

struct Watch {
  sd_event_source* source = nullptr;
  Loop::Ready ready;
};

struct Timer {
  sd_event_source* source = nullptr;
  Loop* loop = nullptr;
  Loop::Due due;
};

}  // namespace

struct Loop::Implementation {
  sd_event* event = nullptr;
  std::unordered_map<int, std::unique_ptr<Watch>> watches;
  std::vector<std::unique_ptr<Timer>> timers;
  // What a callback removed while it may still be running; freed when the turn is over.
  std::vector<std::unique_ptr<Watch>> forgotten;
  std::vector<std::function<void()>> ends;
  std::function<void(int)> stop_signal;

  static int on_io(sd_event_source*, int, std::uint32_t events, void* user) {
    static_cast<Watch*>(user)->ready(events);
    return 0;
  }
  static int on_timer(sd_event_source*, std::uint64_t, void* user) {
    auto* timer = static_cast<Timer*>(user);
    timer->due(timer->loop->now());
    return 0;
  }
  static int on_signal(sd_event_source*, const signalfd_siginfo* info, void* user) {
    static_cast<Implementation*>(user)->stop_signal(static_cast<int>(info->ssi_signo));
    return 0;
  }
};

Loop::Loop() : implementation_(std::make_unique<Implementation>()) {
  CW_ASSERT(sd_event_new(&implementation_->event) >= 0);
}

Loop::~Loop() {
  for (auto& [fd, watch] : implementation_->watches) sd_event_source_unref(watch->source);
  for (auto& timer : implementation_->timers) sd_event_source_unref(timer->source);
  sd_event_unref(implementation_->event);
}

void Loop::watch(int fd, std::uint32_t events, Ready ready) {
  forget(fd);
  auto watch = std::make_unique<Watch>();
  watch->ready = std::move(ready);
  CW_ASSERT(sd_event_add_io(implementation_->event, &watch->source, fd, events,
                            &Implementation::on_io, watch.get()) >= 0);
  implementation_->watches.emplace(fd, std::move(watch));
}

void Loop::rewatch(int fd, std::uint32_t events) {
  const auto found = implementation_->watches.find(fd);
  CW_ASSERT(found != implementation_->watches.end());
  CW_ASSERT(sd_event_source_set_io_events(found->second->source, events) >= 0);
}

void Loop::forget(int fd) {
  const auto found = implementation_->watches.find(fd);
  if (found == implementation_->watches.end()) return;
  found->second->source = sd_event_source_disable_unref(found->second->source);
  implementation_->forgotten.push_back(std::move(found->second));
  implementation_->watches.erase(found);
}

int Loop::add_timer(Due due) {
  auto timer = std::make_unique<Timer>();
  timer->loop = this;
  timer->due = std::move(due);
  CW_ASSERT(sd_event_add_time(implementation_->event, &timer->source, CLOCK_MONOTONIC, 0, 1,
                              &Implementation::on_timer, timer.get()) >= 0);
  CW_ASSERT(sd_event_source_set_enabled(timer->source, SD_EVENT_OFF) >= 0);
  implementation_->timers.push_back(std::move(timer));
  return static_cast<int>(implementation_->timers.size() - 1);
}

void Loop::set_timer(int timer, Instant when) {
  sd_event_source* source = implementation_->timers[static_cast<std::size_t>(timer)]->source;
  const auto microseconds = static_cast<std::uint64_t>(when.ms < 0 ? 0 : when.ms) * 1000;
  CW_ASSERT(sd_event_source_set_time(source, microseconds) >= 0);
  CW_ASSERT(sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) >= 0);
}

void Loop::stop_timer(int timer) {
  sd_event_source* source = implementation_->timers[static_cast<std::size_t>(timer)]->source;
  CW_ASSERT(sd_event_source_set_enabled(source, SD_EVENT_OFF) >= 0);
}

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

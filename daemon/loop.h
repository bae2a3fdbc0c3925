// SPDX-License-Identifier: Apache-2.0
// One thread, one poll loop (sd-event underneath). Nothing called from here may block. The time is
// read once a turn: every callback of a turn sees the same now(). What is ready or due at the same
// time is one turn.
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>

#include "core/units.h"

namespace cw {

class Loop {
 public:
  using Ready = std::function<void(std::uint32_t events)>;
  using Due = std::function<void(Instant now)>;

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Calls `ready` whenever `fd` has one of the epoll `events`. Watching it again replaces both.
  void watch(int fd, std::uint32_t events, Ready ready);
  /// Changes the events of a watched descriptor, without allocation.
  void rewatch(int fd, std::uint32_t events);
  void forget(int fd);

  static constexpr Instant kNever{std::numeric_limits<std::int64_t>::max()};

  /// A timer that can be set again and again without allocation. Its number stays valid.
  int add_timer(Due due);
  void set_timer(int timer, Instant when);
  void stop_timer(int timer);

  /// Calls `stop` on SIGINT and SIGTERM (which are blocked for all threads made afterwards).
  void on_stop_signal(std::function<void(int signal)> stop);

  /// Called at the end of every turn in which a callback ran.
  void at_end_of_turn(std::function<void()> end);

  /// Feeds systemd's watchdog as long as the loop turns. False: the unit does not ask for it.
  bool enable_watchdog();

  Instant now() const;
  /// The same moment in microseconds: for recordings.
  std::int64_t now_us() const;
  /// Unix time in milliseconds: for people and for records, never for a decision.
  static std::int64_t wall_ms();

  int run();  // until stop(); returns its status
  void stop(int status);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace cw

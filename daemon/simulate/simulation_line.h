// SPDX-License-Identifier: Apache-2.0
// When bytes may leave: a wire of so many baud, with the turnaround of a board. Answers go out in
// bursts as serial adapters hand them over, no byte before its time on the wire. Knows no protocol.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "daemon/loop.h"

namespace cw {

/// The plan of a wire, without a clock; times in nanoseconds.
class WirePlan {
 public:
  WirePlan(std::uint32_t baud, std::int32_t turnaround_us);

  /// So many bytes of a request arrived at `now`, all at once: on a wire they would still be
  /// coming.
  void on_request(std::size_t bytes, std::int64_t now);

  /// An answer, or the echo of the request that came last. False: too much is waiting already, and
  /// it is dropped.
  bool add(std::vector<std::uint8_t> bytes, Millis delay, bool echo);

  /// The next bytes whose time has come; empty: none yet. Good until the next call.
  std::span<const std::uint8_t> due(std::int64_t now);
  /// When due() has something; empty: nothing waits.
  std::optional<std::int64_t> next() const;

  void clear() { waiting_.clear(); }

  /// Two packets of an adapter on full-speed USB at a time: few wake-ups, and the last byte of an
  /// answer is as punctual as with smaller ones.
  static constexpr std::size_t kBurst = 124;

 private:
  struct Waiting {
    std::vector<std::uint8_t> bytes;
    std::int64_t start;
    std::size_t sent = 0;
  };
  std::int64_t burst_end(const Waiting& waiting) const;

  std::int64_t byte_ns_;
  std::int64_t turnaround_ns_;
  std::int64_t request_began_ = 0;
  std::int64_t free_at_ = 0;  // the wire is silent from here on
  std::deque<Waiting> waiting_;
  std::vector<std::uint8_t> leaving_;
};

/// A WirePlan on the loop, with a timer finer than the loop's own.
class SimulationLine {
 public:
  using Send = std::function<void(std::span<const std::uint8_t>)>;

  SimulationLine(Loop& loop, WirePlan plan, Send send);
  ~SimulationLine();
  SimulationLine(const SimulationLine&) = delete;
  SimulationLine& operator=(const SimulationLine&) = delete;

  void on_request(std::size_t bytes);
  void add(std::vector<std::uint8_t> bytes, Millis delay, bool echo);
  void clear();

 private:
  void set_timer();
  void on_timer();

  Loop& loop_;
  WirePlan plan_;
  Send send_;
  int timer_;
};

}  // namespace cw

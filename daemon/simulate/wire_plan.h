// SPDX-License-Identifier: Apache-2.0
// When bytes may leave: a wire of so many baud, with the turnaround of a board. Answers go out in
// bursts as serial adapters hand them over, no byte before its time on the wire. Knows no protocol.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "core/units.h"

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

  /// Bytes of a board that speaks without being asked: from now on, or behind what is on the wire.
  void say(std::vector<std::uint8_t> bytes, std::int64_t now);

  /// The next bytes whose time has come; empty: none yet. Good until the next call.
  std::span<const std::uint8_t> due(std::int64_t now);
  /// Of these, those that boards said: all but echoes.
  std::span<const std::uint8_t> said() const { return said_; }

  /// Somebody is speaking, or is about to answer.
  bool busy(std::int64_t now) const { return now < free_at_; }
  /// Two spoke at once: what is still to come arrives damaged.
  void garble();

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
    bool echo;
    std::size_t sent = 0;
  };
  std::int64_t burst_end(const Waiting& waiting) const;

  std::int64_t byte_ns_;
  std::int64_t turnaround_ns_;
  std::int64_t request_began_ = 0;
  std::int64_t free_at_ = 0;  // the wire is silent from here on
  std::deque<Waiting> waiting_;
  std::vector<std::uint8_t> leaving_;
  std::vector<std::uint8_t> said_;
};

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// All timing of a request/response line: who asks when, how long to wait, when to give up, how to
// back off. The devices on one line take turns. No I/O and no clock: bytes and time come in, bytes
// and a deadline come out, so a test runs a week of it in a fraction of a second.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/link.h"
#include "drivers/protocol/protocol.h"

namespace cw {

struct StationTimes {
  Millis interval{1000};      // from one request to the next of the same station; 0: at once
  Millis backoff_first{500};  // after the second miss in a row; doubles up to
  Millis backoff_most{30'000};
  std::uint32_t lost_after = 3;  // misses in a row
};

struct LineTimes {
  Millis gap_least{0};   // silence kept between an answer and the next request
  Millis gap_most{100};  // the gap widens up to this while answers come damaged
};

class Line {
 public:
  Line(LineTimes times, std::size_t longest_frame);

  /// Adds a device before the first use; the references must outlive the line. Returns its number.
  std::size_t add(Protocol& protocol, Pack& pack, StationTimes times, Instant now);

  /// The wire is usable from now on, or not: nothing is asked while it is down.
  void on_up(Instant now);
  void on_down(Instant now);

  /// Bytes from the wire. Stations that completed a frame are in completed() until the next call.
  void on_bytes(std::span<const std::uint8_t> in, Instant now);
  std::span<const std::size_t> completed() const { return completed_; }

  /// What to send now, if anything is due. Call when deadline() has passed and after on_bytes().
  std::optional<Request> on_time(Instant now);

  /// When on_time() has something to do at the latest.
  Instant deadline() const;

  std::size_t size() const { return stations_.size(); }
  const LinkStatus& status(std::size_t station) const { return stations_[station].status; }

 private:
  struct Station {
    Protocol* protocol;
    Pack* pack;
    StationTimes times;
    LinkStatus status{};
    Instant due{};
    std::uint32_t misses = 0;
  };

  void answered(Instant now);
  void missed(Instant now);
  void widen_gap();
  void narrow_gap();
  void count(Station& station, const Fed& fed, Instant now);
  std::optional<std::size_t> next_due(Instant now) const;

  LineTimes times_;
  std::vector<Station> stations_;
  std::vector<std::size_t> completed_;
  std::vector<std::uint8_t> received_;
  std::size_t size_ = 0;
  std::optional<std::size_t> asking_;  // whose answer is awaited
  std::size_t last_ = 0;               // who asked last: the turn goes on behind it
  Instant free_at_{};                  // the wire is silent long enough from here on
  Instant answer_by_{};
  Millis gap_{};
  bool up_ = false;
};

}  // namespace cw

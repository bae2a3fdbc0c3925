// SPDX-License-Identifier: Apache-2.0
// Whether another master drives the line: a request passes that is not ours, or an answer that
// nobody owes us. Two such frames, whole and with a right checksum, are enough; noise never is. It
// counts as gone after a time without any. No I/O and no clock.
#pragma once
#include <cstdint>
#include <span>

#include "drivers/protocol/protocol.h"

namespace cw {

class OtherMaster {
 public:
  /// `quiet`: so long it must have been silent to count as gone. Doubles, up to eight times, each
  /// time it is back soon after.
  explicit OtherMaster(Millis quiet) : quiet_(quiet), needed_(quiet) {}

  /// Our request leaves. One echo of it may come back as long as its answer is awaited.
  void on_request(const Request& request);

  /// The answer is awaited no longer. `owed`: it may still come, late.
  void on_exchange_over(bool owed, Instant now);

  /// A whole frame passed that was not the answer awaited.
  void on_frame(std::span<const std::uint8_t> frame, bool is_request, Instant now);

  /// Lets the time pass.
  void on_time(Instant now);

  bool talks() const { return talks_; }
  /// While it talks: when it counts as gone, if it is silent until then.
  Instant gone_at() const { return last_ + needed_; }

 private:
  bool explained(std::span<const std::uint8_t> frame, bool is_request, Instant now);

  Millis quiet_;
  Millis needed_;
  Request asked_{};
  bool echo_may_come_ = false;
  std::uint32_t owed_ = 0;  // late answers that may still come
  Instant owed_until_{};
  bool talks_ = false;
  std::uint32_t suspicious_ = 0;  // frames since `suspected_`
  Instant suspected_{};
  Instant last_{};        // its last frame
  Instant gone_since_{};  // it was here before
  bool was_here_ = false;
};

}  // namespace cw

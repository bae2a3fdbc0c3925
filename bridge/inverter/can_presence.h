// SPDX-License-Identifier: Apache-2.0
// What is heard of an inverter on CAN (inverter-can.md, section 9), and of others who have no
// business there. It is information: nothing that is sent depends on it.
#pragma once
#include <string>

#include "bridge/inverter/inverter_protocol.h"
#include "drivers/protocol/can_frame.h"

namespace cw {

class CanPresence {
 public:
  /// True: an inverter said it.
  bool receive(const CanFrame& frame, Instant now);
  /// A frame with an identifier of ours that we did not send.
  void other_sender(std::uint32_t id, Instant now);
  /// We begin to speak: from now on an answer is expected.
  void expect_from(Instant now) { expected_since_ = now; }
  void expect_nothing() { expected_since_.reset(); }

  bool present(Instant now) const;
  std::optional<Instant> heard() const { return heard_; }
  /// For people; empty: nothing.
  std::string complaint(Instant now) const;

 private:
  std::optional<Instant> heard_;
  std::optional<Instant> expected_since_;
  std::optional<Instant> shutdown_;  // last asked for
  std::optional<Instant> quick_stop_;
  std::optional<Instant> other_;
  std::uint32_t other_id_ = 0;
};

}  // namespace cw

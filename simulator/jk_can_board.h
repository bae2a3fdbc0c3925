// SPDX-License-Identifier: Apache-2.0
// The board's side of JK's CAN protocol: frames at the pace of the table, encoded from the rows the
// decoder walks, and orders to its switches. No I/O and no clock.
#pragma once
#include <array>
#include <vector>

#include "drivers/protocol/jk_can.h"
#include "simulator/board.h"
#include "simulator/random.h"

namespace cw::simulator {

struct JkCanBoardOptions {
  std::uint8_t address = 0;
  jk_can::Version version = jk_can::Version::v2;
  bool discharge_positive = false;  // V1 as its documents have it
  bool relay_version = false;       // sensor 3 is in the battery
};

class JkCanBoard {
 public:
  JkCanBoard(const JkCanBoardOptions& options, std::uint64_t seed, Instant start);

  /// When the next frame is due.
  Instant next() const;

  /// Appends the frames that are due at `now`. `told` is what the board says of itself.
  void broadcast(Instant now, const Pack& told, std::vector<CanFrame>& out);

  /// A frame of somebody else. True: it is an order, and `board` has taken it.
  static bool hear(const CanFrame& frame, Board& board);

 private:
  bool sends(jk_can::Message message, const Pack& told) const;
  CanFrame encode(jk_can::Message message, const Pack& told) const;
  Millis period(jk_can::Message message) const;

  JkCanBoardOptions options_;
  Random random_;
  std::array<Instant, jk_can::kMessageCount> due_{};
};

}  // namespace cw::simulator

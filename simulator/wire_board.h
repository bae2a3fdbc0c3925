// SPDX-License-Identifier: Apache-2.0
// The board's side of a wire on which it is asked: requests in, answers out. No I/O and no clock;
// it answers nothing that is not a whole and valid request for it, as boards do.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "simulator/board.h"

namespace cw::simulator {

class WireBoard {
 public:
  virtual ~WireBoard() = default;

  /// Bytes from the wire, of whomever. What was begun is forgotten after a silence, as a UART's
  /// time-out does.
  virtual void on_bytes(std::span<const std::uint8_t> in, Instant now) = 0;

  /// Goes on to the next whole request for this board. False: there is none.
  virtual bool next_request() = 0;

  /// Whether that request wakes a board that sleeps.
  virtual bool wakes() const { return false; }

  /// Whether it changes a setting or a switch.
  virtual bool writes() const = 0;

  /// What the board answers to it: nothing to what it does not understand. `told` is what it says
  /// of itself; writes go to `board`.
  virtual std::vector<std::uint8_t> answer(const Pack& told, Board& board) = 0;
};

}  // namespace cw::simulator

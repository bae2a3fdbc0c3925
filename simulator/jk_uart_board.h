// SPDX-License-Identifier: Apache-2.0
// The board's side of JK's serial protocol "4E 57": requests in, answers out, encoded from the same
// table of slots that the decoder walks. No I/O and no clock; it answers nothing that is not a
// whole and valid request, as boards do.
#pragma once
#include <string>
#include <vector>

#include "drivers/protocol/jk_uart.h"
#include "simulator/wire_board.h"

namespace cw::simulator {

struct JkUartBoardOptions {
  bool old_firmware = false;        // the list ends after B7, the current in the older encoding
  std::string password = "123456";  // the factory's; at most 10 characters
};

class JkUartBoard final : public WireBoard {
 public:
  explicit JkUartBoard(JkUartBoardOptions options) : options_(std::move(options)) {}

  void on_bytes(std::span<const std::uint8_t> in, Instant now) override;
  bool next_request() override;
  bool wakes() const override;
  bool writes() const override;
  std::vector<std::uint8_t> answer(const Pack& told, Board& board) override;

 private:
  std::vector<std::uint8_t> write(std::span<const std::uint8_t> information, Board& board);
  void append_slot(std::vector<std::uint8_t>& out, const jk_uart::Slot& slot,
                   const Pack& told) const;
  void append_all(std::vector<std::uint8_t>& out, const Pack& told) const;

  JkUartBoardOptions options_;
  std::vector<std::uint8_t> received_;
  std::size_t used_ = 0;  // of received_: requests already handed out
  Instant heard_{};
  jk_uart::Envelope request_{};  // its spans are in received_
  bool unlocked_ = false;        // a password frame came: settings may be written
};

}  // namespace cw::simulator

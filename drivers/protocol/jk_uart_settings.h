// SPDX-License-Identifier: Apache-2.0
// Writing over JK's serial protocol "4E 57": which slots carry which setting, and the frames that
// change them. No I/O, no clock.
//
// Boards are known to obey the two MOSFET switches without a password (syssi/esphome-jk-bms issue
// 404); everything else is only documented, and sent behind a password frame, whose content boards
// ignore. There is no answer that refuses: a board that does not want to says nothing, or repeats
// the slot and keeps its value. So only reading back tells.
#pragma once
#include <cstdint>
#include <optional>

#include "drivers/protocol/jk_uart.h"
#include "drivers/protocol/settings.h"

namespace cw::jk_uart {

class UartSettings final : public Settings {
 public:
  Writing writing(Setting setting) const override;
  std::int32_t step(Setting setting) const override;
  std::optional<Order> order(const Change& change, const Pack& known, unsigned part) override;

  /// Whether an answer to command 02 is that to the last order.
  bool is_answer(const Envelope& envelope) const;

 private:
  std::uint8_t ordered_ = 0;  // the slot of the last order; 0: none yet
};

}  // namespace cw::jk_uart

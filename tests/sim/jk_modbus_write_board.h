// SPDX-License-Identifier: Apache-2.0
// A board on JK's RS485 line, as far as reading records and writing settings goes.
#pragma once
#include <vector>

#include "tests/unit/jk_modbus_rig.h"

namespace cw::test {

class ModbusWriteBoard {
 public:
  explicit ModbusWriteBoard(std::uint8_t address) : address_(address) {}

  bool mute = false;
  bool read_only = false;  // acknowledges and keeps its value
  bool refuses = false;    // with an exception
  Pack told = told_by_a_board();

  /// What it answers; empty: nothing.
  std::vector<std::uint8_t> answer_to(std::span<const std::uint8_t> in) {
    jk_modbus::Message message;
    if (jk_modbus::open_message(in, message).heard != Heard::frame || mute) return {};
    if (const auto type = jk_modbus::record_of_register(message.first))
      return answer(address_, *type, told);
    if (refuses) return cw::message(address_, 0x90, {3});
    jk_record::Applied applied;
    if (!read_only) jk_record::apply_registers(message.first, message.data, {1000}, told, applied);
    return acknowledgement(address_, message.first, message.count);
  }

 private:
  std::uint8_t address_;
};

}  // namespace cw::test

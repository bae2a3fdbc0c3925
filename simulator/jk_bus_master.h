// SPDX-License-Identifier: Apache-2.0
// A board with address 0: it drives its bus without being asked (jk-modbus-pb, section 4.1). In
// each round it tells its own status and settings, then asks every address from 1 to 15 for its
// status and those that answer for their settings. No clock: the time is an argument, in any unit.
#pragma once
#include <optional>

#include "simulator/jk_modbus_board.h"

namespace cw::simulator {

class JkBusMaster {
 public:
  explicit JkBusMaster(JkModbusBoardOptions options) : board_(options) {}

  /// Bytes of others: whether the board that was asked is there.
  void on_bytes(std::span<const std::uint8_t> in);

  /// What it says next, if it is time: once in kSlot. `told` is what it says of itself.
  std::optional<std::vector<std::uint8_t>> on_time(std::int64_t now_ms, const Pack& told);
  std::int64_t next_ms() const { return next_ms_; }

  /// From one of its words to the next; so long does an address cost on which nobody answers.
  static constexpr std::int64_t kSlot_ms = 220;
  static constexpr std::uint8_t kHighest = 15;

 private:
  JkModbusBoard board_;
  std::int64_t next_ms_ = 0;
  std::uint8_t asked_ = 0;  // who was asked last; 0: itself
  bool settings_ = false;   // for its settings
  std::size_t heard_ = 0;   // bytes since then
};

}  // namespace cw::simulator

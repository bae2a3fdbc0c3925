// SPDX-License-Identifier: Apache-2.0
#include "simulator/jk_bus_master.h"

namespace cw::simulator {

using jk_record::Type;

void JkBusMaster::on_bytes(std::span<const std::uint8_t> in) { heard_ += in.size(); }

// Status and settings of itself, then of 1, 2, ... 15; settings only of whom the status came.
std::optional<std::vector<std::uint8_t>> JkBusMaster::on_time(std::int64_t now_ms,
                                                              const Pack& told) {
  if (now_ms < next_ms_) return std::nullopt;
  next_ms_ = now_ms + kSlot_ms;
  const bool there = asked_ == 0 || heard_ >= jk_record::kSize;
  const bool settings = !settings_ && there;
  const Type type = settings ? Type::settings : Type::status;
  if (!settings) asked_ = asked_ == kHighest ? 0 : static_cast<std::uint8_t>(asked_ + 1);
  settings_ = settings;
  heard_ = 0;
  if (asked_ == 0) return board_.record(type, told);
  const Request request = jk_modbus::record_request(asked_, type);
  return std::vector<std::uint8_t>(request.view().begin(), request.view().end());
}

}  // namespace cw::simulator

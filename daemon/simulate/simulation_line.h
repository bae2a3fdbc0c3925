// SPDX-License-Identifier: Apache-2.0
// A SharedWire on the loop, with a timer finer than the loop's own.
#pragma once
#include <functional>

#include "daemon/loop.h"
#include "daemon/simulate/shared_wire.h"

namespace cw {

class SimulationLine {
 public:
  using Send = std::function<void(std::span<const std::uint8_t>)>;

  /// `wire` must outlive it.
  SimulationLine(Loop& loop, SharedWire& wire, Send send);
  ~SimulationLine();
  SimulationLine(const SimulationLine&) = delete;
  SimulationLine& operator=(const SimulationLine&) = delete;

  /// The wire begins to live: who speaks without being asked may.
  void start() { set_timer(); }

  void on_bytes(std::span<const std::uint8_t> bytes);
  void clear();

 private:
  void set_timer();
  void on_timer();

  Loop& loop_;
  SharedWire& wire_;
  Send send_;
  int timer_;
};

}  // namespace cw

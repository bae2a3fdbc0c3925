// SPDX-License-Identifier: Apache-2.0
// How a CAN controller is, from the error frames it sends beside those of the bus, and what was
// lost. Counts and words; no I/O.
#pragma once
#include <cstdint>
#include <string>

#include "drivers/protocol/can_frame.h"

namespace cw {

enum class CanState : std::uint8_t { active, warning, passive, bus_off };

class CanHealth {
 public:
  /// A frame with `error` set, laid out as in <linux/can/error.h>.
  void on_error(const CanFrame& frame);
  /// A frame of the bus: the controller takes part in it.
  void on_frame() {
    if (state_ == CanState::bus_off) state_ = CanState::active;
  }
  /// Frames that came faster than they were read; `total` since the socket was opened.
  void on_overrun(std::uint32_t total) { overruns_ = total; }
  /// A frame was given up: it could not be sent in time.
  void on_unsent() { ++unsent_; }

  CanState state() const { return state_; }
  std::uint32_t bus_offs() const { return bus_offs_; }
  std::uint32_t overruns() const { return overruns_; }
  std::uint32_t unsent() const { return unsent_; }

  /// For people; empty: nothing to complain of. `interface` is for the command that helps.
  std::string text(const std::string& interface) const;

 private:
  CanState state_ = CanState::active;
  std::uint32_t bus_offs_ = 0;
  std::uint32_t restarts_ = 0;
  std::uint32_t controller_overruns_ = 0;
  std::uint32_t overruns_ = 0;
  std::uint32_t unsent_ = 0;
};

}  // namespace cw

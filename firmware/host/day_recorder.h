// SPDX-License-Identifier: Apache-2.0
// Makes the day that is replayed: a simulated battery on which everything goes wrong once, guarded
// by the very core that is to be compared. The physics count in floating point, so that two
// machines may record different days; one file is read by all.
#pragma once
#include "firmware/day.h"
#include "simulator/plant.h"
#include "simulator/random.h"

namespace cw::firmware {

class DayRecorder {
 public:
  DayRecorder();

  /// The next record; nothing: the day is over.
  std::optional<Record> next();

 private:
  Record live();    // a day, and the rest after it in which the board falls asleep
  Record invent();  // sensors gone mad
  Record sense(double wanted_A, std::uint16_t passed_ms);
  double wanted_A() const;
  double now_s() const { return static_cast<double>(day_.now().ms) / 1000; }

  simulator::Plant plant_;
  simulator::Random random_;
  Day day_;
  int invented_ = 0;
};

}  // namespace cw::firmware

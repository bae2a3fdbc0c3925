// SPDX-License-Identifier: Apache-2.0
// Counts instructions where time is made of them: under an emulator whose clock every instruction
// moves by the same (qemu's -icount), the core's own timer counts them. On any other machine it is
// no count, and the object says so.
#pragma once
#include <cstdint>

namespace cw::firmware {

class InstructionCounter {
 public:
  InstructionCounter();

  /// Whether loops of known length took what they must.
  bool is_exact() const { return exact_; }

  void start() { started_ = ticks(); }
  /// Instructions since start(), to within two; at most ten million.
  std::uint32_t stop() const;

 private:
  static std::uint32_t ticks();
  static std::uint32_t ticks_of_loop(std::uint32_t instructions);

  std::uint32_t ticks_of_calibration_ = 1;
  bool exact_ = false;
  std::uint32_t started_ = 0;
};

/// What spans of a program cost.
class Cost {
 public:
  void add(std::uint32_t instructions) {
    if (instructions > worst_) worst_ = instructions;
    sum_ += instructions;
    ++spans_;
  }
  std::uint32_t worst() const { return worst_; }
  std::uint32_t mean() const { return spans_ == 0 ? 0 : static_cast<std::uint32_t>(sum_ / spans_); }

 private:
  std::uint32_t worst_ = 0;
  std::uint64_t sum_ = 0;
  std::uint32_t spans_ = 0;
};

}  // namespace cw::firmware

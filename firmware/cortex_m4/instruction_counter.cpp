// SPDX-License-Identifier: Apache-2.0
#include "firmware/cortex_m4/instruction_counter.h"

namespace cw::firmware {
namespace {

// The SysTick timer: ARMv7-M reference manual, B3.3. Counts down, 24 bits.
volatile std::uint32_t& systick(std::uint32_t offset) {
  return *reinterpret_cast<volatile std::uint32_t*>(0xE000E010 + offset);
}
constexpr std::uint32_t kControl = 0, kReload = 4, kCurrent = 8;
constexpr std::uint32_t kEnabledFromCoreClock = 5;
constexpr std::uint32_t kMask = 0xFFFFFF;

constexpr std::uint32_t kCalibration = 200'000;  // instructions

}  // namespace

InstructionCounter::InstructionCounter() {
  systick(kReload) = kMask;
  systick(kCurrent) = 0;
  systick(kControl) = kEnabledFromCoreClock;
  ticks_of_calibration_ = ticks_of_loop(kCalibration);
  const std::uint32_t twice = ticks_of_loop(2 * kCalibration);
  const std::uint32_t expected = 2 * ticks_of_calibration_;
  const std::uint32_t wrong = twice > expected ? twice - expected : expected - twice;
  // Where a tick is longer than an instruction, it counts too coarsely.
  exact_ = ticks_of_calibration_ >= kCalibration && wrong < 100;
}

std::uint32_t InstructionCounter::stop() const {
  const std::uint32_t passed = (started_ - ticks()) & kMask;
  return static_cast<std::uint32_t>(std::uint64_t{passed} * kCalibration / ticks_of_calibration_);
}

std::uint32_t InstructionCounter::ticks() { return systick(kCurrent); }

std::uint32_t InstructionCounter::ticks_of_loop(std::uint32_t instructions) {
  std::uint32_t turns = instructions / 2;
  const std::uint32_t before = ticks();
  asm volatile("1: subs %0, #1\n\tbne 1b" : "+l"(turns) : : "cc");
  return (before - ticks()) & kMask;
}

}  // namespace cw::firmware

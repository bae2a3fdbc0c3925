// SPDX-License-Identifier: Apache-2.0
// From reset to main() on a bare Cortex-M4. Every exception is a mistake of ours, also the trap
// that an assertion ends in: it stops the program.
#include "firmware/cortex_m4/startup.h"

#include "firmware/cortex_m4/semihosting.h"

// What the linker script defines.
extern "C" std::uint32_t cw_data_load[], cw_data_begin[], cw_data_end[], cw_bss_begin[],
    cw_bss_end[], cw_stack_top[];

namespace {

constexpr std::uint32_t kUntouched = 0x5AA5C33C;

void reset() {
  for (std::uint32_t *from = cw_data_load, *to = cw_data_begin; to != cw_data_end;) *to++ = *from++;
  for (std::uint32_t* at = cw_bss_begin; at != cw_bss_end;) *at++ = 0;
  std::uint32_t* here = static_cast<std::uint32_t*>(__builtin_frame_address(0)) - 16;
  for (std::uint32_t* at = cw_bss_end; at != here;) *at++ = kUntouched;
  cw::semihosting::exit(firmware_main());
}

void stop() { cw::semihosting::fail("the program trapped\n"); }

using Handler = void (*)();
struct Vectors {
  std::uint32_t* stack_top;
  Handler reset;
  Handler exceptions[14];  // nothing interrupts: no device is used
};
[[gnu::section(".vectors"), gnu::used]] const Vectors vectors{
    cw_stack_top,
    &reset,
    {stop, stop, stop, stop, stop, stop, stop, stop, stop, stop, stop, stop, stop, stop}};

}  // namespace

std::uint32_t stack_used() {
  const std::uint32_t* deepest = cw_bss_end;
  while (deepest != cw_stack_top && *deepest == kUntouched) ++deepest;
  return static_cast<std::uint32_t>(cw_stack_top - deepest) * 4;
}

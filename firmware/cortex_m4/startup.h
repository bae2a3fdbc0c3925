// SPDX-License-Identifier: Apache-2.0
// Between the processor's reset and the program.
#pragma once
#include <cstdint>

/// The program; its result is the exit status, 0 or 1.
int firmware_main();

/// Bytes of stack that were ever in use.
std::uint32_t stack_used();

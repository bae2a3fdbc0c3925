// SPDX-License-Identifier: Apache-2.0
// Our own mistakes end the program, in every build: systemd starts it again with relays safe. The
// faults of the world are values, never assertions.
#pragma once

#if __STDC_HOSTED__
#include <cstdio>
#include <cstdlib>
#define CW_ASSERT(condition)                                                                    \
  do {                                                                                          \
    if (!(condition)) {                                                                         \
      std::fprintf(stderr, "<2>%s:%d: assertion failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                             \
    }                                                                                           \
  } while (false)
#else
#define CW_ASSERT(condition)            \
  do {                                  \
    if (!(condition)) __builtin_trap(); \
  } while (false)
#endif

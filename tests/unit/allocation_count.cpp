// SPDX-License-Identifier: Apache-2.0
// A file of its own, so that the compiler cannot see through it and leave allocations out.
#include "tests/unit/allocation_count.h"

#include <cstdlib>
#include <new>

namespace {
thread_local std::size_t count = 0;
}  // namespace

namespace cw::test {
std::size_t allocations_of_this_thread() { return count; }
}  // namespace cw::test

void* operator new(std::size_t size) {
  ++count;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

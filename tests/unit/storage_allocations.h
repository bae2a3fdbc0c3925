// SPDX-License-Identifier: Apache-2.0
// How often this thread has asked for memory since it began. Replaces the global operator new.
#pragma once
#include <cstddef>

namespace cw::storage_test {
std::size_t allocations_of_this_thread();
}  // namespace cw::storage_test

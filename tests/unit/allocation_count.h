// SPDX-License-Identifier: Apache-2.0
// Counts what a thread allocates.
#pragma once
#include <cstddef>

namespace cw::test {
std::size_t allocations_of_this_thread();
}

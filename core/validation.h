// SPDX-License-Identifier: Apache-2.0
// Which rules a set of parameters breaks: orderings between two of them. Ranges are kept by
// ParameterSet itself. Rules whose parameters are not both known do not apply.
#pragma once
#include <array>
#include <cstddef>
#include <span>

#include "core/parameters.h"

namespace cw {

/// `lower` must be strictly below `upper`. Source: the manual, appendix II, and captured settings.
struct Ordering {
  Parameter lower;
  Parameter upper;
};

std::span<const Ordering> all_orderings();

/// The orderings that `set` breaks, in table order.
struct Violations {
  std::array<Ordering, 32> rules{};
  std::size_t count = 0;
};
Violations validate(const ParameterSet& set);

}  // namespace cw

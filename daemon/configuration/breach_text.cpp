// SPDX-License-Identifier: Apache-2.0
#include "daemon/configuration/breach_text.h"

#include <fmt/format.h>

#include "daemon/configuration/quantity_text.h"
#include "daemon/configuration/suggestion.h"

namespace cw {

std::string breach_text(const ChargeBreach& breach, std::string_view pack) {
  const std::string of = pack.empty() ? "" : fmt::format(" of pack {}", in_quotes(pack));
  const std::string value = quantity_text(breach.value, breach.unit);
  const std::string what =
      breach.bound == 0
          ? value + " breaks it"
          : fmt::format("{} does not go with {}", value, quantity_text(breach.bound, breach.unit));
  return fmt::format("this must hold: {}{}; {}", row_of(breach.rule).means, of, what);
}

}  // namespace cw

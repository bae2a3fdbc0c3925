// SPDX-License-Identifier: Apache-2.0
// A reason in words, into a fixed buffer: nothing is allocated while deciding. What does not fit is
// cut at its end.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/picture.h"

namespace cw {

template <class... Arguments>
Reason format_reason(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  char buffer[160];
  const auto end =
      fmt::format_to_n(buffer, sizeof buffer, format, std::forward<Arguments>(arguments)...);
  Reason reason;
  reason.assign({buffer, std::min(end.size, sizeof buffer)});
  return reason;
}

/// "3.650 V"; "?" where it is not known.
inline Text<32> amount_text(std::optional<std::int32_t> count, Unit unit) {
  char buffer[32] = "?";
  std::size_t size = 1;
  if (count) {
    const UnitFacts f = facts(unit);
    double value = *count;
    for (unsigned i = 0; i < f.decimals; ++i) value /= 10;
    const auto end = fmt::format_to_n(buffer, sizeof buffer, "{:.{}f}{}{}", value, f.decimals,
                                      f.symbol.empty() ? "" : " ", f.symbol);
    size = std::min(end.size, sizeof buffer);
  }
  Text<32> text;
  text.assign({buffer, size});
  return text;
}

/// "12.5 s" of a span.
inline Text<16> seconds_text(Millis span) {
  char buffer[16];
  const auto end = fmt::format_to_n(buffer, sizeof buffer, "{:g} s", span.count / 1000.0);
  Text<16> text;
  text.assign({buffer, std::min(end.size, sizeof buffer)});
  return text;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// A reason in words, into a fixed buffer: nothing is allocated while deciding. What does not fit is
// cut at its end.
#pragma once
#include <fmt/format.h>

#include <algorithm>

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

/// "12.5 s" of a span.
inline Text<16> seconds_text(Millis span) {
  char buffer[16];
  const auto end = fmt::format_to_n(buffer, sizeof buffer, "{:g} s", span.count / 1000.0);
  Text<16> text;
  text.assign({buffer, std::min(end.size, sizeof buffer)});
  return text;
}

}  // namespace cw

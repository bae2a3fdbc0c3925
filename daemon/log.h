// SPDX-License-Identifier: Apache-2.0
// One line a fact on standard error: with syslog priorities where the journal listens, with UTC
// time where a person does. Passwords never come here.
#pragma once
#include <fmt/format.h>

#include <string_view>

namespace cw {

enum class Severity : std::uint8_t { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

/// `domain`: the component that speaks ("bus", "mqtt", "supervisor").
void log_line(Severity severity, std::string_view domain, std::string_view message);

/// From now on nothing is said: for a replay, whose events are printed elsewhere.
void silence_log();

template <class... Arguments>
void log(Severity severity, std::string_view domain, fmt::format_string<Arguments...> text,
         Arguments&&... arguments) {
  fmt::memory_buffer line;
  fmt::format_to(std::back_inserter(line), text, std::forward<Arguments>(arguments)...);
  log_line(severity, domain, {line.data(), line.size()});
}

}  // namespace cw

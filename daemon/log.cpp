// SPDX-License-Identifier: Apache-2.0
#include "daemon/log.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <iterator>

namespace cw {
namespace {

std::atomic<bool> silent{false};

void append_time(fmt::memory_buffer& line) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm utc{};
  gmtime_r(&now.tv_sec, &utc);
  fmt::format_to(std::back_inserter(line), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z ",
                 utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                 utc.tm_sec, now.tv_nsec / 1'000'000);
}

std::string_view word(Severity severity) {
  switch (severity) {
    case Severity::error: return "error: ";
    case Severity::warning: return "warning: ";
    case Severity::notice:
    case Severity::info:
    case Severity::debug: return "";
  }
  return "";
}

}  // namespace

void silence_log() { silent = true; }

void log_line(Severity severity, std::string_view domain, std::string_view message) {
  if (silent) return;
  static const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
  fmt::memory_buffer line;
  if (journal)
    fmt::format_to(std::back_inserter(line), "<{}>", static_cast<int>(severity));
  else
    append_time(line);
  fmt::format_to(std::back_inserter(line), "{}: {}{}\n", domain, journal ? "" : word(severity),
                 message);
  // One write a line, so that lines of different threads never mix. Nothing to do if it fails.
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

}  // namespace cw

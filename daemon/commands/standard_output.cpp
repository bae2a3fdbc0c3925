// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/standard_output.h"

#include <fmt/format.h>
#include <signal.h>  // sigaction(2)

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace cw {
namespace {

// A closed pipe is to be an error like any other, whoever started this program.
void ignore_closed_pipes() {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  (void)::sigaction(SIGPIPE, &action, nullptr);
}

}  // namespace

bool write_out(std::string_view text) {
  ignore_closed_pipes();
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (written && std::fflush(stdout) == 0) return true;
  fmt::print(stderr, "cellwarden: standard output cannot be written: {}\n", std::strerror(errno));
  return false;
}

}  // namespace cw

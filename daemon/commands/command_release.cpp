// SPDX-License-Identifier: Apache-2.0
// `cellwarden release`: the running gateway lets go of a BMS, so that its phone app can have it.
#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "daemon/commands/commands.h"
#include "daemon/commands/unix_client.h"

namespace cw {

int command_release(const ReleaseOptions& options) {
  std::string answer;
  std::string error;
  const std::string order = fmt::format("release {} {}\n", options.pack, options.minutes);
  if (!ask_unix_socket(options.socket, order, answer, error)) {
    fmt::print(stderr,
               "cellwarden release: no running cellwarden answers at {} ({}); is the service "
               "started?\n",
               options.socket, error);
    return 69;
  }
  if (answer == "ok\n") return 0;
  fmt::print(stderr, "cellwarden release: {}",
             answer.empty() ? "no answer; is the gateway another version?\n" : answer);
  return 1;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// `cellwarden relay`: an operator locks a relay out, unlocks it or resets what latched it.
#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "daemon/commands/commands.h"
#include "daemon/commands/unix_client.h"

namespace cw {

int command_relay(const RelayOptions& options) {
  std::string answer;
  std::string error;
  const std::string order = fmt::format("relay {} {}\n", options.relay, options.action);
  if (!ask_unix_socket(options.socket, order, answer, error)) {
    fmt::print(stderr,
               "cellwarden relay: no running cellwarden answers at {} ({}); is the service "
               "started?\n",
               options.socket, error);
    return 69;
  }
  if (answer == "ok\n") return 0;
  fmt::print(stderr, "cellwarden relay: {}",
             answer.empty() ? "no answer; is the gateway another version?\n" : answer);
  return 1;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// `cellwarden bank`: an operator orders a full charge of the bank, or takes the order back.
#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "daemon/commands/commands.h"
#include "daemon/commands/unix_client.h"

namespace cw {

int command_bank(const BankOptions& options) {
  std::string answer;
  std::string error;
  const std::string order = fmt::format("bank {} {}\n", options.action, options.position);
  if (!ask_unix_socket(options.socket, order, answer, error)) {
    fmt::print(stderr,
               "cellwarden bank: no running cellwarden answers at {} ({}); is the service "
               "started?\n",
               options.socket, error);
    return 69;
  }
  if (answer == "ok\n") return 0;
  fmt::print(stderr, "cellwarden bank: {}",
             answer.empty() ? "no answer; is the gateway another version?\n" : answer);
  return 1;
}

}  // namespace cw

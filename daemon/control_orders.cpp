// SPDX-License-Identifier: Apache-2.0
#include "daemon/control_orders.h"

#include <fmt/format.h>

#include <optional>

namespace cw {
namespace {

std::string_view take_word(std::string_view& rest) {
  const auto size = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, size);
  rest.remove_prefix(std::min(size + 1, rest.size()));
  return word;
}

std::optional<RelayCommand> command_of(std::string_view word) {
  for (const auto command : {RelayCommand::lock, RelayCommand::unlock, RelayCommand::reset})
    if (name(command) == word) return command;
  return std::nullopt;
}

std::string answer(std::string_view what, const std::string& refusal) {
  return refusal.empty() ? "ok\n" : fmt::format("error: {}: {}\n", what, refusal);
}

}  // namespace

std::string answer_order(const ControlRequest& request, Gateway& gateway, Instant now) {
  std::string_view rest = request.line;
  const std::string origin = fmt::format("uid {}", request.uid);
  const std::string_view what = take_word(rest);
  if (what == "bank" && (rest == "full-charge on" || rest == "full-charge off")) {
    if (!request.trusted) return std::string(kNotTrusted);
    return answer("bank", gateway.order_full_charge(rest == "full-charge on", origin, now));
  }
  const std::string_view relay = take_word(rest);
  const auto command = command_of(rest);
  if (what != "relay" || relay.empty() || !command)
    return "error: unknown order; known are: relay NAME lock|unlock|reset, bank full-charge "
           "on|off\n";
  if (!request.trusted) return std::string(kNotTrusted);
  return answer(relay, gateway.command(relay, *command, origin, now));
}

}  // namespace cw

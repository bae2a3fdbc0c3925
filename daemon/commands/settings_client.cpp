// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/settings_client.h"

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

#include "daemon/commands/standard_output.h"
#include "daemon/commands/unix_client.h"

namespace cw {
namespace {

// What the gateway takes at most for one change, with some reserve.
constexpr int kSecondsAChange = 5;

bool ask(const std::string& socket, std::string_view line, int seconds, std::string& answer) {
  std::string error;
  if (ask_unix_socket(socket, line, answer, error, seconds)) return true;
  fmt::print(stderr,
             "cellwarden: no running cellwarden answers at {} ({}); is the service "
             "started?\n",
             socket, error);
  return false;
}

/// Takes the last line off; empty if there is none.
std::string take_last_line(std::string& text) {
  if (text.empty()) return {};
  const auto end = text.rfind('\n', text.size() - 2);
  const std::size_t begin = end == std::string::npos ? 0 : end + 1;
  std::string last = text.substr(begin);
  text.resize(begin);
  if (last.ends_with('\n')) last.pop_back();
  return last;
}

int refused(std::string_view why) {
  fmt::print(stderr, "{}", why);
  return kNotDone;
}

}  // namespace

int get_settings(const std::string& socket, const std::string& pack, const std::string& keys,
                 std::string& text) {
  const std::string line =
      fmt::format("parameters {} get{}{}\n", pack, keys.empty() ? "" : " ", keys);
  if (!ask(socket, line, kSecondsAChange, text)) return kNoGateway;
  if (!text.ends_with("\nrefused\n")) return 0;
  take_last_line(text);
  return refused(text);
}

int change_settings(const std::string& socket, const std::string& pack,
                    std::span<const NamedValue> values, bool dry_run) {
  std::string line = fmt::format("parameters {} {} ", pack, dry_run ? "plan" : "set");
  for (const NamedValue& one : values)
    line += fmt::format("{}{}={}", &one == values.data() ? "" : "\t", one.name, one.value);
  std::string answer;
  const int seconds = kSecondsAChange * static_cast<int>(values.size() + 1);
  if (!ask(socket, line + "\n", seconds, answer)) return kNoGateway;
  const std::string end = take_last_line(answer);
  if (end == "refused") return refused(answer);
  if (!write_out(answer)) return kOutputLost;
  if (end == "ok") return 0;
  return end == "unknown" ? kNotKnown : kNotDone;
}

}  // namespace cw

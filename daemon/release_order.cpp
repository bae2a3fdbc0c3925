// SPDX-License-Identifier: Apache-2.0
#include "daemon/release_order.h"

#include <fmt/format.h>

#include <charconv>

namespace cw {
namespace {
constexpr std::string_view kWord = "release ";
}  // namespace

bool is_release_order(std::string_view line) { return line.starts_with(kWord); }

ReleaseOrder parse_release_order(std::string_view line) {
  ReleaseOrder order;
  line.remove_prefix(std::min(kWord.size(), line.size()));
  const auto space = line.rfind(' ');
  const std::string_view digits =
      space == std::string_view::npos ? std::string_view{} : line.substr(space + 1);
  order.pack = line.substr(0, std::min(space, line.size()));
  int minutes = 0;
  const char* const end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, minutes);
  if (digits.empty() || error != std::errc{} || at != end || minutes < 0 ||
      minutes > kReleaseMinutesMost)
    order.fault = fmt::format("say: release PACK MINUTES, with 0 to {} minutes; 0 takes it back",
                              kReleaseMinutesMost);
  else
    order.time = {minutes * 60'000};
  return order;
}

}  // namespace cw

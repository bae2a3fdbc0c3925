// SPDX-License-Identifier: Apache-2.0
#include "daemon/protection_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace cw {
namespace {

// Takes the text up to `end`, or all of it, away from the front of `rest`.
std::string_view take(std::string_view& rest, char end) {
  const auto size = std::min(rest.find(end), rest.size());
  const std::string_view part = rest.substr(0, size);
  rest.remove_prefix(std::min(size + 1, rest.size()));
  return part;
}

template <class T>
bool take_number(std::string_view& rest, T& number) {
  const std::string_view word = take(rest, ',');
  const auto [end, fault] = std::from_chars(word.data(), word.data() + word.size(), number);
  return fault == std::errc{} && end == word.data() + word.size();
}

bool parse_rule(std::string_view word, ProtectionMemory& memory) {
  const std::string_view name = take(word, ',');
  const auto row = std::find_if(kRules.begin(), kRules.end(),
                                [name](const RuleRow& rule) { return rule.name == name; });
  if (row == kRules.end()) return false;
  RuleMemory& rule = memory[static_cast<std::size_t>(row - kRules.begin())];
  unsigned tripped = 0;
  if (!take_number(word, rule.trips) || !take_number(word, tripped) || tripped > 1) return false;
  rule.tripped = tripped == 1;
  if (!rule.tripped) return word.empty();
  return take_number(word, rule.evidence.value) && take_number(word, rule.evidence.where) &&
         take_number(word, rule.limit) && take_number(word, rule.worst) && word.empty();
}

}  // namespace

std::string protection_text(const ProtectionMemory& memory) {
  std::string text;
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    const RuleMemory& rule = memory[i];
    if (rule.trips == 0 && !rule.tripped) continue;
    text += fmt::format("{}{},{},{:d}", text.empty() ? "" : " ", kRules[i].name, rule.trips,
                        rule.tripped);
    if (rule.tripped)
      text += fmt::format(",{},{},{},{}", rule.evidence.value, rule.evidence.where, rule.limit,
                          rule.worst);
  }
  return text.empty() ? "-" : text;
}

std::optional<ProtectionMemory> parse_protection(std::string_view text) {
  ProtectionMemory memory{};
  if (text == "-") return memory;
  if (text.empty()) return std::nullopt;
  while (!text.empty())
    if (!parse_rule(take(text, ' '), memory)) return std::nullopt;
  return memory;
}

}  // namespace cw

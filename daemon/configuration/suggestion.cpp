// SPDX-License-Identifier: Apache-2.0
#include "daemon/configuration/suggestion.h"

#include <fmt/format.h>

#include <algorithm>

namespace cw {
namespace {

constexpr std::size_t kLongestWord = 64;  // longer ones are not typing errors

std::string_view cut_at_character(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> cost((a.size() + 1) * width);
  const auto at = [&cost, width](std::size_t i, std::size_t j) -> std::size_t& {
    return cost[i * width + j];
  };
  for (std::size_t i = 0; i <= a.size(); ++i) at(i, 0) = i;
  for (std::size_t j = 0; j <= b.size(); ++j) at(0, j) = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = at(i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1);
      at(i, j) = std::min({replaced, at(i - 1, j) + 1, at(i, j - 1) + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
    }
  }
  return at(a.size(), b.size());
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > kLongestWord) return {};
  std::string_view best;
  std::size_t least = word.size() / 3 + 2;  // this many errors or more: another word
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= least || distance >= candidate.size()) continue;
    least = distance;
    best = candidate;
  }
  if (!best.empty() || word.size() < 4) return best;
  // Or the beginning of a longer one: "stale" is "stale_after".
  for (const std::string_view candidate : known)
    if (candidate.starts_with(word)) return candidate;
  return {};
}

std::string hint(std::string_view word, std::span<const std::string_view> known,
                 std::string_view plural) {
  const std::string_view near = nearest(word, known);
  if (!near.empty()) return fmt::format("; did you mean \"{}\"?", near);
  return fmt::format("; {} are: {}", plural, fmt::join(known, ", "));
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t most = 80;
  std::string out = "\"";
  for (const char c : cut_at_character(text, most)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F)
      out += fmt::format("\\x{:02X}", byte);
    else
      out += c;
  }
  return out + (text.size() > most ? "...\"" : "\"");
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "daemon/configuration/configuration_excerpt.h"

#include <algorithm>

namespace cw {
namespace {

std::string_view trimmed(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

/// "pack.policy" of "[pack.policy]  # why".
std::string_view section_of(std::string_view header) {
  header.remove_prefix(std::min(header.find_first_not_of("[ "), header.size()));
  return header.substr(0, header.find_first_of("] "));
}

bool is_secret(std::string_view line) {
  const std::string_view key = line.substr(0, line.find('='));
  return key.find("pin") != std::string_view::npos ||
         key.find("password") != std::string_view::npos;
}

}  // namespace

std::string configuration_excerpt(std::string_view text) {
  std::string excerpt;
  bool wanted = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '[') {
      const std::string_view section = section_of(line);
      wanted = section == "pack" || section == "pack.policy" || section == "relay" ||
               section == "supervisor";
    }
    if (wanted && !is_secret(line)) excerpt.append(line).push_back('\n');
  }
  return excerpt;
}

}  // namespace cw

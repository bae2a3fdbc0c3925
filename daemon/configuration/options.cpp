// SPDX-License-Identifier: Apache-2.0
#include "daemon/configuration/options.h"

#include <fmt/format.h>

#include "daemon/configuration/quantity_text.h"

namespace cw {
namespace {

consteval bool every_option_has_its_section() {
  for (const Option& row : kOptions) {
    bool found = false;
    for (const OptionSection& section : kSections) found |= section.name == row.section;
    if (!found) return false;
  }
  return true;
}

consteval bool keys_are_unique_in_their_section() {
  for (std::size_t i = 0; i < kOptions.size(); ++i)
    for (std::size_t j = i + 1; j < kOptions.size(); ++j)
      if (kOptions[i].section == kOptions[j].section && kOptions[i].key == kOptions[j].key)
        return false;
  return true;
}

consteval bool every_row_is_whole() {
  for (const Option& row : kOptions) {
    if (row.sentence.empty() || row.example.empty()) return false;
    if ((row.need == Need::required) != row.fallback.empty()) return false;
    if ((row.type == OptionType::word) == row.words.empty()) return false;
    if (row.lowest > row.highest) return false;
  }
  return true;
}

static_assert(every_option_has_its_section());
static_assert(keys_are_unique_in_their_section());
static_assert(every_row_is_whole());
static_assert(kParameters[0].key == "cell_count" && kParameters[1].key == "capacity_Ah");

}  // namespace

const OptionSection* find_section(std::string_view name) {
  for (const OptionSection& section : kSections)
    if (section.name == name) return &section;
  return nullptr;
}

const Option* find_option(std::string_view section, std::string_view key) {
  for (const Option& row : kOptions)
    if (row.section == section && row.key == key) return &row;
  return nullptr;
}

std::string title(const OptionSection& section) {
  return section.repeated ? fmt::format("[[{}]]", section.name) : fmt::format("[{}]", section.name);
}

std::vector<std::string_view> keys_of(const OptionSection& section) {
  std::vector<std::string_view> keys;
  for (const Option& row : kOptions)
    if (row.section == section.name) keys.push_back(row.key);
  if (section.name == "pack") keys.push_back("policy");
  if (section.takes_limits)
    for (std::size_t i = 0; i < kParameterCount; ++i)
      if (is_policy(static_cast<Parameter>(i))) keys.push_back(file_key(static_cast<Parameter>(i)));
  return keys;
}

std::vector<std::string_view> words_of(const Option& option) {
  std::vector<std::string_view> words;
  std::string_view rest = option.words;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(' '), rest.size());
    words.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return words;
}

std::string_view file_key(Parameter parameter) {
  const ParameterFacts& row = facts(parameter);
  const std::string_view suffix = facts(row.unit).suffix;
  return suffix.empty() ? row.key : row.key.substr(0, row.key.size() - suffix.size() - 1);
}

std::optional<Parameter> find_parameter(std::string_view key) {
  for (std::size_t i = 0; i < kParameterCount; ++i)
    if (file_key(static_cast<Parameter>(i)) == key) return static_cast<Parameter>(i);
  return std::nullopt;
}

bool is_policy(Parameter parameter) {
  return facts(parameter).limit && parameter != Parameter::cell_count &&
         parameter != Parameter::capacity;
}

std::string range_text(const Option& option) {
  switch (option.type) {
    case OptionType::quantity:
      return fmt::format("from {} to {}", quantity_text(option.lowest, option.unit),
                         quantity_text(option.highest, option.unit));
    case OptionType::count: return fmt::format("from {} to {}", option.lowest, option.highest);
    case OptionType::word: return fmt::format("one of {}", fmt::join(words_of(option), ", "));
    case OptionType::boolean: return "true or false";
    case OptionType::name: return fmt::format("1 to {} of a-z, 0-9, _ and -", option.highest);
    case OptionType::names: return "a list of names";
    case OptionType::counts:
      return fmt::format("from {} to {}, or a list of such", option.lowest, option.highest);
    case OptionType::curve:
      return fmt::format("a list of points, from {} to {}, each with 0 % to 100 %",
                         quantity_text(option.lowest, option.unit),
                         quantity_text(option.highest, option.unit));
    case OptionType::path: return "an absolute path";
    case OptionType::topic: return "an MQTT topic without + and #";
    case OptionType::text_or_number: return "a number or a name";
    case OptionType::text: break;
  }
  return "text";
}

}  // namespace cw

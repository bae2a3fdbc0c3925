// SPDX-License-Identifier: Apache-2.0
#include "daemon/configuration/option_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>

#include "core/assert.h"
#include "daemon/configuration/quantity_text.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

using Kind = TomlNode::Kind;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// `text` bent into a name: "Garage No. 1" becomes "garage-no-1". Empty: it cannot be.
std::string as_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (is_name_character(lower))
      name += lower;
    else if (static_cast<unsigned char>(c) >= 0x80)
      return {};  // a letter has been lost: better no proposal than that one
    else if (!name.ends_with('-'))
      name += '-';
  }
  return name;
}

std::string check_name(const Option& option, const std::string& text) {
  if (text.size() > static_cast<std::size_t>(option.highest))
    return fmt::format("is longer than {} characters: shorten it", option.highest);
  if (std::all_of(text.begin(), text.end(), is_name_character)) return {};
  const std::string instead = as_name(text);
  return fmt::format("may only have a-z, 0-9, _ and -{}",
                     instead.empty() ? "" : fmt::format(": write \"{}\"", instead));
}

std::string check_topic(const std::string& text) {
  if (text.find_first_of("+#") != std::string::npos)
    return "has a wildcard: a topic to publish on has no + and no #";
  if (text.front() == '/' || text.back() == '/') return "begins or ends with /: leave that out";
  if (text.front() == '$') return "begins with $: such topics belong to the broker";
  return {};
}

std::string check_word(const Option& option, const std::string& text) {
  const auto words = words_of(option);
  if (std::find(words.begin(), words.end(), text) != words.end()) return {};
  return fmt::format("is not {}{}", range_text(option),
                     nearest(text, words).empty() ? "" : hint(text, words, ""));
}

std::string check_text(const Option& option, const std::string& text) {
  if (text.empty()) return "is empty";
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      return "has a control character: leave it out";
  if (option.type == OptionType::name) return check_name(option, text);
  if (option.type != OptionType::text_or_number && option.type != OptionType::word &&
      text.size() > static_cast<std::size_t>(option.highest))
    return fmt::format("is longer than {} bytes: shorten it", option.highest);
  if (option.type == OptionType::path && text.front() != '/')
    return "is not an absolute path: begin it with /";
  if (option.type == OptionType::topic) return check_topic(text);
  if (option.type == OptionType::word) return check_word(option, text);
  return {};
}

std::string wrong_kind(const Option& option, const TomlNode& node) {
  return fmt::format("is {}, but text{} is wanted: write {} = {}", name(node.kind),
                     option.type == OptionType::text_or_number ? " or a whole number" : "",
                     option.key, option.example);
}

std::string out_of_range(std::string_view lowest, std::string_view highest) {
  return fmt::format("is out of range: it goes from {} to {}", lowest, highest);
}

/// A quantity in `unit` between `lowest` and `highest`.
std::string read_quantity(const TomlNode& node, Unit unit, std::int64_t lowest,
                          std::int64_t highest, std::string_view example, std::int32_t& count) {
  if (node.kind == Kind::integer || node.kind == Kind::number) {
    const std::string meant = probably_meant(node.text, unit, lowest, highest);
    if (meant.empty())
      return fmt::format("has no unit: write {}, in quotes and with {}", dimension_name(unit),
                         accepted_units(unit));
    return fmt::format("has no unit: write \"{}\"", meant);
  }
  if (node.kind != Kind::text)
    return fmt::format("is {}, but {} is wanted: write it like {}", name(node.kind),
                       dimension_name(unit), example);
  const QuantityText parsed = parse_quantity(node.text, unit);
  if (!parsed.count) {
    const std::string meant = probably_meant(node.text, unit, lowest, highest);
    return meant.empty() ? parsed.fault : fmt::format("has no unit: write \"{}\"", meant);
  }
  if (*parsed.count < lowest || *parsed.count > highest)
    return out_of_range(quantity_text(lowest, unit), quantity_text(highest, unit));
  count = *parsed.count;
  return {};
}

std::string read_count(const TomlNode& node, std::int64_t lowest, std::int64_t highest,
                       std::int64_t& count) {
  if (node.kind == Kind::text) {
    std::int64_t number = 0;
    const char* end = node.text.data() + node.text.size();
    if (std::from_chars(node.text.data(), end, number).ptr == end && !node.text.empty())
      return fmt::format("is text, but a whole number is wanted: write {} without quotes", number);
  }
  if (node.kind != Kind::integer)
    return fmt::format("is {}, but a whole number from {} to {} is wanted", name(node.kind), lowest,
                       highest);
  if (node.integer < lowest || node.integer > highest)
    return out_of_range(std::to_string(lowest), std::to_string(highest));
  count = node.integer;
  return {};
}

std::string read_boolean(const TomlNode& node, std::int64_t& value) {
  if (node.kind == Kind::text && (node.text == "true" || node.text == "false"))
    return fmt::format("is text: write {} without quotes", node.text);
  if (node.kind != Kind::boolean)
    return fmt::format("is {}, but true or false is wanted", name(node.kind));
  value = node.boolean ? 1 : 0;
  return {};
}

std::string read_names(const Option& option, const TomlNode& node, OptionValue& value) {
  if (node.kind != Kind::array)
    return fmt::format("is {}, but a list is wanted: write {} = {}", name(node.kind), option.key,
                       option.example);
  if (node.elements.empty())
    return fmt::format("is empty: name at least one, or leave the line out for {}",
                       option.fallback);
  for (const TomlNode& element : node.elements) {
    if (element.kind != Kind::text)
      return fmt::format("has {} in it, but every element is a name in quotes", name(element.kind));
    value.names.push_back({element.text, element.place});
  }
  return {};
}

std::string read_counts(const Option& option, const TomlNode& node, OptionValue& value) {
  const std::span<const TomlNode> elements =
      node.kind == Kind::array ? std::span{node.elements} : std::span{&node, 1};
  if (elements.empty())
    return fmt::format("is empty: write {} = {}, or leave the line out", option.key,
                       option.example);
  for (const TomlNode& element : elements) {
    std::int64_t number = 0;
    const std::string fault = read_count(element, option.lowest, option.highest, number);
    if (!fault.empty())
      return node.kind == Kind::array
                 ? fmt::format("has{} in it, which {}", as_written(element), fault)
                 : fault;
    if (std::ranges::count(value.numbers, number) != 0)
      return fmt::format("has {} in it twice: leave one out", number);
    value.numbers.push_back(number);
  }
  return {};
}

/// One point of a curve: a measurement, and a part of the full limit. Empty: it was added.
std::string read_point(const Option& option, const TomlNode& node, Curve& curve) {
  constexpr std::int32_t centipercent_a_permille = 10;
  if (node.kind != Kind::array || node.elements.size() != 2)
    return fmt::format("has {} in it, but every point is a pair: write {} = {}",
                       node.kind == Kind::array ? "another list" : name(node.kind), option.key,
                       option.example);
  CurvePoint point;
  std::string fault = read_quantity(node.elements[0], option.unit, option.lowest, option.highest,
                                    option.example, point.x);
  if (!fault.empty())
    return fmt::format("has a point{} that {}", as_written(node.elements[0]), fault);
  std::int32_t part = 0;
  fault = read_quantity(node.elements[1], Unit::centipercent, 0, 10'000, "\"50 %\"", part);
  if (!fault.empty())
    return fmt::format("has a point{} that {}", as_written(node.elements[1]), fault);
  if (part % centipercent_a_permille != 0)
    return fmt::format("has a point{} that is finer than 0.1 %", as_written(node.elements[1]));
  point.permille = part / centipercent_a_permille;
  if (curve.add(point)) return {};
  if (curve.points().size() == kCurvePointsMost)
    return fmt::format("has more than {} points: leave some out", kCurvePointsMost);
  return fmt::format("is not in order: {} does not come after {}",
                     quantity_text(point.x, option.unit),
                     quantity_text(curve.points().back().x, option.unit));
}

std::string read_curve(const Option& option, const TomlNode& node, OptionValue& value) {
  if (node.kind != Kind::array)
    return fmt::format("is {}, but a list of points is wanted: write {} = {}", name(node.kind),
                       option.key, option.example);
  if (node.elements.size() < 2)
    return fmt::format("needs two points at least: write {} = {}", option.key, option.example);
  for (const TomlNode& element : node.elements) {
    std::string fault = read_point(option, element, value.curve);
    if (!fault.empty()) return fault;
  }
  return {};
}

/// The default of a row as the file would hold it.
TomlNode node_of_fallback(const Option& option) {
  TomlNode node;
  node.text = option.fallback;
  node.kind = Kind::text;
  if (option.type == OptionType::boolean) {
    node.kind = Kind::boolean;
    node.boolean = option.fallback == "true";
  } else if (option.type == OptionType::count) {
    node.kind = Kind::integer;
    std::from_chars(node.text.data(), node.text.data() + node.text.size(), node.integer);
  }
  return node;
}

consteval bool rows_of_a_section_stand_together() {
  for (std::size_t i = 1; i < kOptions.size(); ++i)
    for (std::size_t j = 0; j + 1 < i; ++j)
      if (kOptions[j].section == kOptions[i].section &&
          kOptions[i - 1].section != kOptions[i].section)
        return false;
  return true;
}
static_assert(rows_of_a_section_stand_together());

std::string unknown_key(const OptionSection& section, const std::string& key) {
  const std::string what = fmt::format("unknown key {} in {}", in_quotes(key), title(section));
  if (section.takes_limits)
    for (std::size_t i = 0; i < kParameterCount; ++i)
      if (kParameters[i].key == key && is_policy(static_cast<Parameter>(i)))
        return fmt::format("{}; write it without its unit: {}", what,
                           file_key(static_cast<Parameter>(i)));
  const auto keys = keys_of(section);
  if (nearest(key, keys).empty()) {
    for (const OptionSection& other : kSections) {
      const auto theirs = keys_of(other);
      if (std::find(theirs.begin(), theirs.end(), key) != theirs.end())
        return fmt::format("{}; it belongs in {}", what, title(other));
    }
    constexpr std::size_t few = 20;
    if (keys.size() > few)
      return fmt::format("{}; `cellwarden docs configuration` lists its keys", what);
  }
  return what + hint(key, keys, "its keys");
}

}  // namespace

std::string as_written(const TomlNode& node) {
  switch (node.kind) {
    case Kind::text: return " " + in_quotes(node.text);
    case Kind::integer:
    case Kind::number:
    case Kind::boolean: return " " + node.text;
    case Kind::date:
    case Kind::array:
    case Kind::table: return {};
  }
  return {};
}

void FaultList::add(TomlPlace place, std::string message) {
  faults_.push_back({file_, place.line, place.column, std::move(message)});
}

std::vector<ConfigurationFault> FaultList::take() {
  std::stable_sort(faults_.begin(), faults_.end(),
                   [](const ConfigurationFault& a, const ConfigurationFault& b) {
                     return TomlPlace{a.line, a.column} < TomlPlace{b.line, b.column};
                   });
  return std::move(faults_);
}

std::string read_value(const Option& option, const TomlNode& node, OptionValue& value) {
  switch (option.type) {
    case OptionType::quantity: {
      std::int32_t count = 0;
      std::string fault =
          read_quantity(node, option.unit, option.lowest, option.highest, option.example, count);
      value.number = count;
      return fault;
    }
    case OptionType::count: return read_count(node, option.lowest, option.highest, value.number);
    case OptionType::boolean: return read_boolean(node, value.number);
    case OptionType::names: return read_names(option, node, value);
    case OptionType::counts: return read_counts(option, node, value);
    case OptionType::curve: return read_curve(option, node, value);
    case OptionType::text_or_number:
      if (node.kind == Kind::integer) {
        std::string fault = read_count(node, option.lowest, option.highest, value.number);
        value.text = node.text;
        return fault;
      }
      break;
    case OptionType::text:
    case OptionType::name:
    case OptionType::path:
    case OptionType::topic:
    case OptionType::word: break;
  }
  if (node.kind != Kind::text) return wrong_kind(option, node);
  value.text = node.text;
  return check_text(option, node.text);
}

std::string read_parameter(Parameter parameter, const TomlNode& node, std::int32_t& count) {
  const ParameterFacts& row = facts(parameter);
  std::int64_t number = 0;
  std::string fault;
  if (row.unit == Unit::flag) {
    fault = read_boolean(node, number);
  } else if (row.unit == Unit::count) {
    fault = read_count(node, row.lowest, row.highest, number);
  } else {
    const std::string example = fmt::format("\"{}\"", quantity_text(row.highest, row.unit));
    return read_quantity(node, row.unit, row.lowest, row.highest, example, count);
  }
  count = static_cast<std::int32_t>(number);
  return fault;
}

SectionValues::SectionValues(const OptionSection& section, const TomlNode* table, TomlPlace place,
                             FaultList& faults)
    : section_(section), present_(table != nullptr), place_(place) {
  const auto of_section = [&section](const Option& row) { return row.section == section.name; };
  first_ = static_cast<std::size_t>(std::find_if(kOptions.begin(), kOptions.end(), of_section) -
                                    kOptions.begin());
  values_.resize(
      static_cast<std::size_t>(std::count_if(kOptions.begin(), kOptions.end(), of_section)));
  for (OptionValue& value : values_) value.place = place;
  if (table != nullptr)
    for (const TomlEntry& entry : table->entries) read(entry, faults);
  complete(faults);
}

const OptionValue& SectionValues::operator[](std::size_t option) const {
  CW_ASSERT(option >= first_ && option - first_ < values_.size());
  return values_[option - first_];
}

Millis SectionValues::span(std::size_t option) const {
  CW_ASSERT(kOptions[option].unit == Unit::millisecond);
  return {static_cast<std::int32_t>(number(option))};
}

void SectionValues::read(const TomlEntry& entry, FaultList& faults) {
  const TomlPlace at = entry.value.place;
  const auto blame = [&](const std::string& fault) {
    faults.add(at, fmt::format("{}{} {}", entry.key, as_written(entry.value), fault));
  };
  if (const Option* row = find_option(section_.name, entry.key)) {
    OptionValue& value = values_[static_cast<std::size_t>(row - kOptions.data()) - first_];
    value.given = true;
    value.place = at;
    const std::string fault = read_value(*row, entry.value, value);
    value.usable = fault.empty();
    if (!value.usable) blame(fault);
    return;
  }
  const auto parameter = find_parameter(entry.key);
  if (section_.takes_limits && parameter && is_policy(*parameter)) {
    std::int32_t count = 0;
    const std::string fault = read_parameter(*parameter, entry.value, count);
    if (fault.empty())
      limits_.push_back({*parameter, count, at});
    else
      blame(fault);
    return;
  }
  if (section_.name == "pack" && entry.key == "policy") return;  // a section of its own
  faults.add(entry.place, unknown_key(section_, entry.key));
}

void SectionValues::complete(FaultList& faults) {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const Option& row = kOptions[first_ + i];
    OptionValue& value = values_[i];
    if (value.given) continue;
    if (row.need == Need::defaulted) {
      const std::string fault = read_value(row, node_of_fallback(row), value);
      CW_ASSERT(fault.empty());
      value.usable = true;
    } else if (row.need == Need::required && present_) {
      faults.add(place_, fmt::format("{} has no {}: add a line like {} = {}", title(section_),
                                     row.key, row.key, row.example));
    }
  }
}

}  // namespace cw

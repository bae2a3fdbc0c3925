// SPDX-License-Identifier: Apache-2.0
#include "daemon/writes/setting_text.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "daemon/configuration/options.h"
#include "daemon/configuration/quantity_text.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

constexpr Control control_at(std::size_t i) { return static_cast<Control>(i); }

bool is_flag(Setting setting) { return setting_unit(setting) == Unit::flag; }

std::optional<std::int32_t> parse_flag(std::string_view text) {
  for (const std::string_view word : {"on", "true", "1"})
    if (text == word) return 1;
  for (const std::string_view word : {"off", "false", "0"})
    if (text == word) return 0;
  return std::nullopt;
}

std::optional<std::int32_t> parse_count(std::string_view text) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> all_keys() {
  std::vector<std::string_view> keys;
  for (std::size_t i = 0; i < kParameterCount; ++i)
    keys.push_back(file_key(static_cast<Parameter>(i)));
  for (std::size_t i = 1; i < kControlCount; ++i) keys.push_back(name(control_at(i)));
  return keys;
}

/// Empty: `value` is set.
std::string read_number(Setting setting, std::string_view text, std::int32_t& value) {
  const Unit unit = setting_unit(setting);
  if (unit == Unit::flag || unit == Unit::count) {
    const auto number = unit == Unit::flag ? parse_flag(text) : parse_count(text);
    if (!number) return unit == Unit::flag ? "is neither on nor off" : "is no whole number";
    value = *number;
    return {};
  }
  const QuantityText quantity = parse_quantity(text, unit);
  if (!quantity.count) return quantity.fault;
  value = *quantity.count;
  return {};
}

}  // namespace

std::optional<Setting> find_setting(std::string_view key) {
  for (std::size_t i = 0; i < kParameterCount; ++i)
    if (key == kParameters[i].key) return setting_of(static_cast<Parameter>(i));
  if (const auto parameter = find_parameter(key)) return setting_of(*parameter);
  for (std::size_t i = 1; i < kControlCount; ++i)
    if (key == name(control_at(i))) return setting_of(control_at(i));
  return std::nullopt;
}

std::string_view setting_key(Setting setting) {
  return setting.control == Control::parameter ? facts(setting.parameter).key
                                               : name(setting.control);
}

std::string_view setting_file_key(Setting setting) {
  return setting.control == Control::parameter ? file_key(setting.parameter)
                                               : name(setting.control);
}

Unit setting_unit(Setting setting) {
  switch (setting.control) {
    case Control::parameter: return facts(setting.parameter).unit;
    case Control::charge_switch:
    case Control::discharge_switch:
    case Control::balance_switch:
    case Control::emergency: return Unit::flag;
    case Control::voltage_calibration: return Unit::millivolt;
    case Control::current_calibration: return Unit::milliamp;
    case Control::name: break;
  }
  return Unit::count;
}

std::string value_text(Setting setting, std::int32_t value) {
  if (is_flag(setting)) return value != 0 ? "on" : "off";
  if (setting_unit(setting) == Unit::count) return fmt::format("{}", value);
  return quantity_text(value, setting_unit(setting));
}

std::string value_text(const Change& change) {
  if (change.setting.control == Control::name) return std::string(change.text.view());
  return value_text(change.setting, change.value);
}

ParsedChange parse_change(std::string_view key, std::string_view value) {
  const auto setting = find_setting(key);
  if (!setting)
    return {std::nullopt, fmt::format("unknown setting {}{}", in_quotes(key),
                                      hint(key, all_keys(), "the settings"))};
  Change change{*setting, 0, {}};
  const auto wrong = [&](std::string_view why) {
    return ParsedChange{std::nullopt,
                        fmt::format("{} {} {}", setting_file_key(*setting), in_quotes(value), why)};
  };
  if (setting->control == Control::name) {
    if (!change.text.assign(value)) return wrong("is longer than 24 characters");
    return {change, {}};
  }
  if (const std::string fault = read_number(*setting, value, change.value); !fault.empty())
    return wrong(fault);
  ParameterSet range;
  if (setting->control == Control::parameter && !range.set(setting->parameter, change.value)) {
    const ParameterFacts& row = facts(setting->parameter);
    return wrong(fmt::format("is outside {} to {}", value_text(*setting, row.lowest),
                             value_text(*setting, row.highest)));
  }
  return {change, {}};
}

}  // namespace cw

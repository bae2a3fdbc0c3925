// SPDX-License-Identifier: Apache-2.0
#include "core/board_preset.h"

#include <algorithm>

namespace cw {
namespace {

constexpr MilliampHours kLargePack{50'000};  // S2, 5.3.2: above it 5 mV
constexpr std::int32_t kLargePackTrigger = 5;

/// "10.07" is 10, "V15.30" is 15. Nothing if no version begins there.
std::optional<std::int32_t> major_version(std::string_view text) {
  if (text.starts_with('V')) text.remove_prefix(1);
  std::int32_t major = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits)
    if (digits < 4) major = major * 10 + (text[digits] - '0');
  if (digits == 0 || digits > 3 || digits == text.size() || text[digits] != '.')
    return std::nullopt;
  return major;
}

void at_most(ParameterSet& set, Parameter parameter, std::int32_t most) {
  const auto value = set.get(parameter);
  if (value && *value > most) set.set(parameter, most);
}

}  // namespace

std::optional<Generation> generation_of(std::string_view software_version) {
  const auto major = major_version(software_version);
  if (!major) return std::nullopt;
  if (*major <= 10) return Generation::board_10;
  if (*major == 11) return Generation::board_11;
  if (*major >= 14) return Generation::board_15;
  return std::nullopt;
}

void fit_to_model(ParameterSet& preset, const Model& model) {
  if (model.balance_current.count != 0)
    preset.set(Parameter::balance_current_max, model.balance_current.count);
  if (model.continuous_current.count == 0) return;
  preset.set(Parameter::discharge_overcurrent, model.continuous_current.count);
  at_most(preset, Parameter::charge_overcurrent, model.continuous_current.count);
}

std::optional<ParameterSet> preset_for(const Identity& identity, Chemistry chemistry) {
  const auto generation = generation_of(identity.software_version.view());
  if (!generation) return std::nullopt;
  ParameterSet values = preset_of(chemistry, *generation).values;
  const FoundModel found = find_model(identity.model.view());
  if (found.match != ModelMatch::unknown) fit_to_model(values, found.model);
  return values;
}

ParameterSet gateway_preset(Chemistry chemistry, std::optional<MilliampHours> capacity) {
  ParameterSet values = preset_of(chemistry, Generation::gateway).values;
  if (!capacity) return values;
  if (*capacity > kLargePack) values.set(Parameter::balance_trigger, kLargePackTrigger);
  at_most(values, Parameter::balance_current_max, capacity->count / 10);
  return values;
}

}  // namespace cw

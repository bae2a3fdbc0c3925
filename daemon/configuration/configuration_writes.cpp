// SPDX-License-Identifier: Apache-2.0
// What may be written to BMSs: names of settings, and words for many of them.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/configuration/configuration_parts.h"
#include "daemon/configuration/suggestion.h"
#include "daemon/writes/setting_text.h"

namespace cw {
namespace {

constexpr std::string_view kLimits = "limits";
constexpr std::string_view kSwitches = "switches";
constexpr Control kSwitchControls[] = {Control::charge_switch, Control::discharge_switch,
                                       Control::balance_switch};

std::vector<std::string_view> all_words() {
  std::vector<std::string_view> words{kLimits, kSwitches};
  for (std::size_t i = 0; i < kParameterCount; ++i)
    words.push_back(file_key(static_cast<Parameter>(i)));
  for (std::size_t i = 1; i < kControlCount; ++i) words.push_back(name(static_cast<Control>(i)));
  return words;
}

/// False: no such setting.
bool allow(std::string_view word, Allowance& allowance) {
  if (word == kLimits) {
    for (std::size_t i = 0; i < kParameterCount; ++i)
      if (kParameters[i].limit) allowance.parameters[i] = true;
    return true;
  }
  if (word == kSwitches) {
    for (const Control control : kSwitchControls) allowance.add(setting_of(control));
    return true;
  }
  const auto setting = find_setting(word);
  if (setting) allowance.add(*setting);
  return setting.has_value();
}

void read_allowance(const OptionValue& value, Allowance& allowance, FaultList& faults) {
  for (const ListedName& word : value.names)
    if (!allow(word.name, allowance))
      faults.add(word.place, fmt::format("unknown setting {}{}", in_quotes(word.name),
                                         hint(word.name, all_words(), "the settings")));
}

/// What subscribers are told that they may order. What needs more care than an entity asks for is
/// ordered by whoever knows its topic.
void announce(const Allowance& allowance, MqttOptions& mqtt) {
  for (std::size_t i = 0; i < kParameterCount; ++i)
    if (allowance.parameters[i])
      mqtt.settable.push_back({std::string(kParameters[i].key), static_cast<Parameter>(i)});
  for (const Control control : kSwitchControls)
    if (allowance.has(setting_of(control)))
      mqtt.settable.push_back({std::string(name(control)), std::nullopt});
  const auto& controls = allowance.controls;
  mqtt.commands =
      !mqtt.settable.empty() || std::find(controls.begin(), controls.end(), true) != controls.end();
}

}  // namespace

void configure_writes(const Sections& sections, Configuration& out, FaultList& faults) {
  for (const auto& [origin, row] :
       {std::pair{WriteOrigin::control_socket, option("writes", "control_socket")},
        std::pair{WriteOrigin::mqtt, option("writes", "mqtt")}})
    read_allowance(sections.writes[row], out.writes.allowed[static_cast<std::size_t>(origin)],
                   faults);
  announce(out.writes.allowed[static_cast<std::size_t>(WriteOrigin::mqtt)], out.mqtt);
  out.writes.unverified = sections.writes.boolean(option("writes", "unverified"));
}

}  // namespace cw

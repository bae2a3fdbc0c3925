// SPDX-License-Identifier: Apache-2.0
// Every topic the MQTT sink writes or reads, in one place. Levels are the configured names; topics
// never change while the program runs.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/fields.h"

namespace cw {

inline constexpr std::array<std::string_view, 3> kGroupNames = {"state", "cells", "stats"};
inline constexpr std::size_t kGroupCount = kGroupNames.size();
constexpr std::string_view name(Group group) {
  return kGroupNames[static_cast<std::size_t>(group)];
}

/// Below `<base>/<gateway>/`.
struct GatewayTopics {
  std::string status;      // online, offline; the last will
  std::string info;        // what runs here
  std::string supervisor;  // decisions and relays
  std::string bank;        // all packs as one battery
  std::string limits;      // what inverters are told, and why
  std::string event;       // what happened to the gateway itself
};

/// Below `<base>/<gateway>/<pack>/`.
struct PackTopics {
  std::string status;  // online, offline: is the BMS heard?
  std::string info;
  std::string alarms;
  std::string event;
  std::string parameters;  // the settings of the BMS
  std::string answer;      // what became of an order
  std::array<std::string, kGroupCount> groups;
};

GatewayTopics gateway_topics(std::string_view base, std::string_view gateway);
PackTopics pack_topics(std::string_view base, std::string_view gateway, std::string_view pack);

/// Where a setting of a pack is ordered. Given "+" twice: all of them, to subscribe to.
std::string set_topic(std::string_view base, std::string_view gateway, std::string_view pack,
                      std::string_view setting);

struct SetTopic {
  std::string_view pack;
  std::string_view setting;
};
/// Nothing: it is none.
std::optional<SetTopic> read_set_topic(std::string_view base, std::string_view gateway,
                                       std::string_view topic);

/// Where Home Assistant expects the discovery message of a device.
std::string discovery_topic(std::string_view prefix, std::string_view device);

/// Where Home Assistant says `online` after it connected to the broker.
std::string birth_topic(std::string_view prefix);

}  // namespace cw

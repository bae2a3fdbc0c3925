// SPDX-License-Identifier: Apache-2.0
#include "bridge/mqtt/mqtt_topics.h"

#include <fmt/format.h>

namespace cw {

GatewayTopics gateway_topics(std::string_view base, std::string_view gateway) {
  const auto topic = [&](std::string_view last) {
    return fmt::format("{}/{}/{}", base, gateway, last);
  };
  return {topic("status"), topic("info"),   topic("supervisor"),
          topic("bank"),   topic("limits"), topic("event")};
}

PackTopics pack_topics(std::string_view base, std::string_view gateway, std::string_view pack) {
  const auto topic = [&](std::string_view last) {
    return fmt::format("{}/{}/{}/{}", base, gateway, pack, last);
  };
  PackTopics topics{topic("status"),
                    topic("info"),
                    topic("alarms"),
                    topic("event"),
                    topic("parameters"),
                    topic("answer"),
                    {}};
  for (std::size_t i = 0; i < kGroupCount; ++i) topics.groups[i] = topic(kGroupNames[i]);
  return topics;
}

std::string set_topic(std::string_view base, std::string_view gateway, std::string_view pack,
                      std::string_view setting) {
  return fmt::format("{}/{}/{}/set/{}", base, gateway, pack, setting);
}

std::optional<SetTopic> read_set_topic(std::string_view base, std::string_view gateway,
                                       std::string_view topic) {
  constexpr std::string_view set = "/set/";
  const std::string start = fmt::format("{}/{}/", base, gateway);
  if (!topic.starts_with(start)) return std::nullopt;
  topic.remove_prefix(start.size());
  const std::size_t level = topic.find(set);
  if (level == std::string_view::npos) return std::nullopt;
  const SetTopic found{topic.substr(0, level), topic.substr(level + set.size())};
  if (found.pack.find('/') != std::string_view::npos) return std::nullopt;
  if (found.setting.find('/') != std::string_view::npos) return std::nullopt;
  return found;
}

std::string discovery_topic(std::string_view prefix, std::string_view device) {
  return fmt::format("{}/device/{}/config", prefix, device);
}

std::string birth_topic(std::string_view prefix) { return fmt::format("{}/status", prefix); }

}  // namespace cw

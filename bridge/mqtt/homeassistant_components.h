// SPDX-License-Identifier: Apache-2.0
// The pieces discovery documents are put together from; included by homeassistant*.cpp.
#pragma once
#include <fmt/format.h>

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "bridge/json.h"
#include "bridge/mqtt/homeassistant.h"

namespace cw {

/// Entity ids: lower case letters, digits and _ only.
inline std::string entity_slug(std::string_view text) {
  std::string slug = object_id(text);
  for (char& c : slug) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-') c = '_';
  }
  return slug;
}

struct Member {
  std::string_view key;
  std::string_view value;
};

inline void write_members(JsonWriter& json, std::initializer_list<Member> members) {
  for (const Member& member : members) {
    if (member.value.empty()) continue;  // Home Assistant refuses null where it wants text
    json.key(member.key);
    json.text(member.value);
  }
}

inline void write_availability(JsonWriter& json, std::initializer_list<std::string_view> topics) {
  json.key("avty");
  json.begin_array();
  for (const std::string_view topic : topics) {
    json.begin_object();
    write_members(json, {{"t", topic}});
    json.end_object();
  }
  json.end_array();
}

/// The components of one device.
class Components {
 public:
  Components(JsonWriter& json, std::string_view device, std::string_view slug)
      : json_(json), device_(device), slug_(entity_slug(slug)) {
    json_.key("cmps");
    json_.begin_object();
  }

  void begin(std::string_view platform, std::string_view key, std::string_view title) {
    json_.key(key);
    json_.begin_object();
    write_members(json_,
                  {{"p", platform},
                   {"uniq_id", fmt::format("{}_{}", device_, key)},
                   {"def_ent_id", fmt::format("{}.{}_{}", platform, slug_, entity_slug(key))},
                   {"name", title}});
  }
  void members(std::initializer_list<Member> members) { write_members(json_, members); }
  // Diagnostic entities stand apart; disabled ones wait until the user wants them.
  void category(bool diagnostic, bool enabled) {
    if (diagnostic) write_members(json_, {{"ent_cat", "diagnostic"}});
    if (enabled) return;
    json_.key("en");
    json_.boolean(false);
  }
  void number(std::string_view key, std::int64_t value) {
    json_.key(key);
    json_.integer(value);
  }
  void quantity(std::string_view key, std::int32_t count, Unit unit) {
    json_.key(key);
    json_.quantity(count, unit);
  }
  void words(std::string_view key, std::span<const std::string_view> all) {
    json_.key(key);
    json_.begin_array();
    for (const std::string_view word : all) json_.text(word);
    json_.end_array();
  }
  void availability(std::initializer_list<std::string_view> topics) {
    write_availability(json_, topics);
  }
  void end() { json_.end_object(); }

  void bury(std::span<const Tombstone> gone) {
    for (const Tombstone& stone : gone) {
      json_.key(stone.key);
      json_.begin_object();
      write_members(json_, {{"p", stone.platform}});
      json_.end_object();
    }
  }
  void finish() { json_.end_object(); }

 private:
  JsonWriter& json_;
  std::string_view device_;
  std::string slug_;
};

inline constexpr std::string_view kSensor = "sensor";
inline constexpr std::string_view kBinarySensor = "binary_sensor";

// JSON true, false and null come out of a template as these words; None is understood as unknown.
inline constexpr Member kTrue{"pl_on", "True"};
inline constexpr Member kFalse{"pl_off", "False"};

}  // namespace cw

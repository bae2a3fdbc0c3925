// SPDX-License-Identifier: Apache-2.0
#include "bridge/mqtt/homeassistant.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "bridge/json.h"
#include "bridge/mqtt/homeassistant_components.h"
#include "bridge/mqtt/homeassistant_limits.h"

namespace cw {
namespace {

bool is_object_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

struct Source {              // of one component
  std::string_view topic{};  // empty: the device's own state topic
  std::string value;         // the path inside the document: "voltage_V"
};

void add_value(Components& out, std::string_view key, std::string_view title, Unit unit,
               const HomeAssistant& how, const Source& source) {
  using Platform = HomeAssistant::Platform;
  if (how.platform == Platform::none) return;
  const bool sensor = how.platform == Platform::sensor;
  out.begin(sensor ? kSensor : kBinarySensor, key, title);
  out.members({{"stat_t", source.topic},
               {"val_tpl", fmt::format("{{{{ value_json.{} }}}}", source.value)},
               {"dev_cla", how.device_class}});
  if (sensor) {
    const std::string_view symbol = facts(unit).symbol;
    out.members({{"stat_cla", how.state_class}, {"unit_of_meas", symbol}});
    if (!how.state_class.empty() || !symbol.empty()) out.number("sug_dsp_prc", how.precision);
  } else {
    out.members({kTrue, kFalse});
  }
  out.category(how.diagnostic, how.enabled);
  out.end();
}

std::string value_of(const MqttSettable& setting) {
  return fmt::format("{{{{ value_json.{}{} }}}}", setting.parameter ? "parameters." : "",
                     setting.key);
}

std::string_view title_of(const MqttSettable& setting) {
  if (setting.parameter) return facts(*setting.parameter).title;
  for (const Field& field : kFields)
    if (field.facts.key == setting.key) return field.facts.title;
  return setting.key;
}

void add_fields(Components& out, const PackTopics& topics) {
  for (const Field& field : kFields) {
    const std::string_view topic = field.facts.group == Group::state
                                       ? std::string_view{}
                                       : topics.groups[static_cast<std::size_t>(field.facts.group)];
    add_value(out, field.facts.key, field.facts.title, field.unit, field.facts.home_assistant,
              {topic, std::string(field.facts.key)});
  }
}

void add_series(Components& out, const DiscoveredPack& pack) {
  for (std::size_t s = 0; s < kSeries.size(); ++s) {
    const SeriesFacts& series = kSeries[s];
    for (std::size_t i = 0; i < pack.shape.elements[s]; ++i)
      add_value(out,
                fmt::format("{}_{:02}_{}", series.element_key, i + 1, facts(series.unit).suffix),
                fmt::format("{} {}", series.title, i + 1), series.unit, series.home_assistant,
                {pack.topics.groups[static_cast<std::size_t>(series.group)],
                 fmt::format("{}[{}]", series.key, i)});
  }
}

void add_alarms(Components& out, const std::string& topic) {
  struct Row {
    std::string_view key, title, device_class, value;
  };
  constexpr Row rows[] = {{"problem", "Problem", "problem", "active"},
                          {"overheat", "Over-temperature", "heat", "overheat"},
                          {"cold", "Under-temperature", "cold", "cold"}};
  for (const Row& row : rows) {
    const bool main = &row == rows;
    out.begin(kBinarySensor, row.key, row.title);
    out.members({{"stat_t", topic},
                 {"val_tpl", fmt::format("{{{{ value_json.{} }}}}", row.value)},
                 {"dev_cla", row.device_class},
                 kTrue,
                 kFalse,
                 {"json_attr_t", main ? std::string_view{topic} : std::string_view{}}});
    out.number("qos", 1);
    out.category(!main, true);
    out.end();
  }
}

// The link itself: available as long as the gateway is, or it could never be seen to be off.
void add_connection(Components& out, std::string_view topic, std::string_view gateway_status) {
  out.begin(kBinarySensor, "connection", "Connection");
  out.members(
      {{"stat_t", topic}, {"dev_cla", "connectivity"}, {"pl_on", "online"}, {"pl_off", "offline"}});
  out.number("qos", 1);
  if (gateway_status.empty())
    out.availability({});
  else
    out.availability({gateway_status});
  out.category(true, true);
  out.end();
}

void add_events(Components& out, const std::string& topic, std::string_view gateway_status) {
  std::array<std::string_view, kEventKindCount> kinds;
  for (std::size_t i = 0; i < kEventKindCount; ++i) kinds[i] = name(static_cast<EventKind>(i));
  out.begin("event", "event", "Event");
  out.members({{"stat_t", topic}});
  out.words("evt_typ", kinds);
  out.number("qos", 1);
  out.availability({gateway_status});
  out.end();
}

// What the board says it is set to, never what was ordered.
void add_switch(Components& out, const DiscoverySource& source, const DiscoveredPack& pack,
                const MqttSettable& setting, const Member& state) {
  out.begin("switch", fmt::format("set_{}", setting.key), title_of(setting));
  out.members({state,
               {"val_tpl", value_of(setting)},
               {"cmd_t", set_topic(source.base, source.gateway, pack.name, setting.key)},
               {"stat_on", "True"},
               {"stat_off", "False"},
               {"ent_cat", "config"}});
  out.number("qos", 1);
  out.end();
}

void add_number(Components& out, const DiscoverySource& source, const DiscoveredPack& pack,
                const MqttSettable& setting, const Member& state) {
  const ParameterFacts& row = facts(*setting.parameter);
  out.begin("number", fmt::format("set_{}", setting.key), row.title);
  out.members({state,
               {"val_tpl", value_of(setting)},
               {"cmd_t", set_topic(source.base, source.gateway, pack.name, setting.key)},
               {"unit_of_meas", facts(row.unit).symbol},
               {"mode", "box"},
               {"ent_cat", "config"}});
  out.quantity("min", row.lowest, row.unit);
  out.quantity("max", row.highest, row.unit);
  out.quantity("step", 1, row.unit);
  out.number("qos", 1);
  out.end();
}

void add_settings(Components& out, const DiscoverySource& source, const DiscoveredPack& pack) {
  for (const MqttSettable* setting : pack.settable) {
    const bool parameter = setting->parameter.has_value();
    const Member state{"stat_t",
                       parameter ? std::string_view{pack.topics.parameters} : std::string_view{}};
    if (parameter && facts(*setting->parameter).unit != Unit::flag)
      add_number(out, source, pack, *setting, state);
    else
      add_switch(out, source, pack, *setting, state);
  }
}

// A decision holds while the pack is silent too: most of all then.
void add_supervisor(Components& out, std::string_view pack, const GatewayTopics& topics) {
  struct Row {
    std::string_view key, title, device_class, expression;
  };
  constexpr Row rows[] = {
      {"charge_allowed", "Supervisor allows charging", "", "{}.charge_allowed"},
      {"discharge_allowed", "Supervisor allows discharging", "", "{}.discharge_allowed"},
      {"supervisor_tripped", "Supervisor tripped", "problem", "({}.tripped | length > 0)"},
      {"bms_diverges", "BMS contradicts itself", "problem", "({}.divergences | length > 0)"}};
  const std::string object = fmt::format("value_json.packs['{}']", pack);
  for (const Row& row : rows) {
    const bool attributes = &row == &rows[2];
    out.begin(kBinarySensor, row.key, row.title);
    out.members({{"stat_t", topics.supervisor},
                 {"val_tpl",
                  fmt::format("{{{{ {} }}}}", fmt::format(fmt::runtime(row.expression), object))},
                 {"dev_cla", row.device_class},
                 kTrue,
                 kFalse});
    if (attributes)
      out.members({{"json_attr_t", topics.supervisor},
                   {"json_attr_tpl", fmt::format("{{{{ {} | tojson }}}}", object)}});
    out.number("qos", 1);
    out.availability({topics.status});
    out.category(true, true);
    out.end();
  }
}

void add_relay(Components& out, const RelayState& relay, const std::string& topic) {
  const std::string key = entity_slug(relay.name.view());
  const std::string object = fmt::format("value_json.relays['{}']", relay.name.view());
  struct Row {
    std::string_view suffix, title, device_class, member;
  };
  constexpr Row rows[] = {{"", "Relay {}", "", "energised"},
                          {"_fault", "Relay {} fault", "problem", "fault"}};
  for (const Row& row : rows) {
    out.begin(kBinarySensor, fmt::format("relay_{}{}", key, row.suffix),
              fmt::format(fmt::runtime(row.title), relay.name.view()));
    out.members({{"stat_t", topic},
                 {"val_tpl", fmt::format("{{{{ {}.{} }}}}", object, row.member)},
                 {"dev_cla", row.device_class},
                 kTrue,
                 kFalse});
    if (row.suffix.empty())
      out.members({{"json_attr_t", topic},
                   {"json_attr_tpl", fmt::format("{{{{ {} | tojson }}}}", object)}});
    out.number("qos", 1);
    out.category(!row.suffix.empty(), true);
    out.end();
  }
}

void write_origin(JsonWriter& json, const DiscoverySource& source) {
  json.key("o");
  json.begin_object();
  write_members(json, {{"name", "cellwarden"}, {"sw", source.version}});
  json.end_object();
}

void write_device(JsonWriter& json, std::string_view id, std::initializer_list<Member> members) {
  json.key("dev");
  json.begin_object();
  json.key("ids");
  json.begin_array();
  json.text(id);
  json.end_array();
  write_members(json, members);
  json.end_object();
}

}  // namespace

std::string object_id(std::string_view text) {
  std::string id(text);
  std::replace_if(
      id.begin(), id.end(), [](char c) { return !is_object_character(c); }, '_');
  return id;
}

std::string gateway_device(std::string_view gateway) {
  return fmt::format("cellwarden_{}", object_id(gateway));
}

std::string bank_device(std::string_view gateway) {
  return fmt::format("cellwarden_bank_{}", object_id(gateway));
}

std::string pack_device(std::string_view gateway, std::string_view name, std::string_view serial) {
  if (!serial.empty()) return fmt::format("cellwarden_{}", object_id(serial));
  return fmt::format("cellwarden_{}_{}", object_id(gateway), object_id(name));
}

void write_pack_discovery(std::string& out, const DiscoverySource& source,
                          const DiscoveredPack& pack, std::span<const Tombstone> gone) {
  JsonWriter json(out);
  json.begin_object();
  write_device(json, pack.device,
               {{"name", pack.name},
                {"mf", pack.identity.make.view()},
                {"mdl", pack.identity.model.view()},
                {"sw", pack.identity.software_version.view()},
                {"hw", pack.identity.hardware_version.view()},
                {"sn", pack.identity.serial.view()},
                {"via_device", gateway_device(source.gateway)}});
  write_origin(json, source);
  write_members(json, {{"stat_t", pack.topics.groups[static_cast<std::size_t>(Group::state)]},
                       {"avty_mode", "all"}});
  write_availability(json, {source.topics.status, pack.topics.status});
  Components components(json, pack.device, pack.name);
  components.bury(gone);
  add_fields(components, pack.topics);
  add_series(components, pack);
  add_alarms(components, pack.topics.alarms);
  add_connection(components, pack.topics.status, source.topics.status);
  add_events(components, pack.topics.event, source.topics.status);
  add_supervisor(components, pack.name, source.topics);
  add_settings(components, source, pack);
  components.finish();
  json.end_object();
}

void write_bank_discovery(std::string& out, const DiscoverySource& source, bool limits) {
  const std::string device = bank_device(source.gateway);
  JsonWriter json(out);
  json.begin_object();
  write_device(json, device,
               {{"name", fmt::format("{} bank", source.gateway)},
                {"mdl", "All packs in parallel"},
                {"via_device", gateway_device(source.gateway)}});
  write_origin(json, source);
  write_members(json, {{"stat_t", source.topics.bank}, {"avty_mode", "all"}});
  write_availability(json, {source.topics.status});
  Components components(json, device, fmt::format("{}_bank", source.gateway));
  for (const std::uint8_t i : kBankFields)
    add_value(components, kFields[i].facts.key, kFields[i].facts.title, kFields[i].unit,
              kFields[i].facts.home_assistant, {{}, std::string(kFields[i].facts.key)});
  const HomeAssistant count{HomeAssistant::Platform::sensor, "", "measurement", true, true, 0};
  add_value(components, "packs_in", "Packs connected", Unit::count, count, {{}, "packs_in"});
  if (limits) add_limits(components, source.topics.limits);
  if (limits) add_obedience(components, source.topics.limits);
  components.finish();
  json.end_object();
}

void write_gateway_discovery(std::string& out, const DiscoverySource& source,
                             std::span<const RelayState> relays,
                             std::span<const InverterState> inverters) {
  const std::string device = gateway_device(source.gateway);
  JsonWriter json(out);
  json.begin_object();
  write_device(json, device,
               {{"name", fmt::format("Cellwarden {}", source.gateway)},
                {"mf", "Cellwarden"},
                {"mdl", "Battery gateway"},
                {"sw", source.version}});
  write_origin(json, source);
  write_members(json, {{"stat_t", source.topics.supervisor}, {"avty_mode", "all"}});
  write_availability(json, {source.topics.status});
  Components components(json, device, source.gateway);
  add_connection(components, source.topics.status, {});
  constexpr std::string_view modes[] = {name(Mode::observe), name(Mode::control)};
  components.begin(kSensor, "mode", "Supervisor mode");
  components.members({{"val_tpl", "{{ value_json.mode }}"}, {"dev_cla", "enum"}});
  components.words("ops", modes);
  components.category(true, true);
  components.end();
  for (const RelayState& relay : relays) add_relay(components, relay, source.topics.supervisor);
  for (const InverterState& inverter : inverters)
    add_inverter(components, inverter, source.topics.limits);
  add_events(components, source.topics.event, source.topics.status);
  components.finish();
  json.end_object();
}

}  // namespace cw

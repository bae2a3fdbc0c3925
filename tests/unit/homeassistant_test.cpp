// SPDX-License-Identifier: Apache-2.0
// Discovery messages against Home Assistant's own rules: one key it does not know refuses a whole
// device, one unit that does not fit refuses an entity. One whole message is frozen as a file.
#include "bridge/mqtt/homeassistant.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>

#include "mqtt_support.h"

namespace cw {
namespace {

using namespace mqtt_test;
using Words = std::set<std::string>;

const Words kRootKeys = {"dev", "o", "stat_t", "avty", "avty_mode", "cmps"};
const Words kDeviceKeys = {"ids", "cns", "name", "mf", "mdl", "mdl_id",
                           "sw",  "hw",  "sn",   "sa", "cu",  "via_device"};
const Words kOriginKeys = {"name", "sw", "url"};
const Words kCommonKeys = {"p",       "uniq_id",   "def_ent_id",  "name",         "stat_t",
                           "val_tpl", "dev_cla",   "ent_cat",     "en",           "qos",
                           "avty",    "avty_mode", "json_attr_t", "json_attr_tpl"};
const std::map<std::string, Words> kPlatformKeys = {
    {"sensor", {"unit_of_meas", "stat_cla", "sug_dsp_prc", "ops"}},
    {"binary_sensor", {"pl_on", "pl_off"}},
    {"number", {"cmd_t", "min", "max", "step", "mode", "unit_of_meas"}},
    {"switch", {"cmd_t", "stat_on", "stat_off"}},
    {"event", {"evt_typ"}}};

// Device class: its units and the state classes it may have. "" stands for none.
struct ClassRule {
  Words units;
  Words state_classes;
};
const std::map<std::string, ClassRule> kSensorClasses = {
    {"voltage", {{"V", "mV"}, {"measurement"}}},
    {"current", {{"A", "mA"}, {"measurement"}}},
    {"power", {{"W", "kW"}, {"measurement"}}},
    {"battery", {{"%"}, {"measurement"}}},
    {"temperature", {{"°C", "K"}, {"measurement"}}},
    {"duration", {{"d", "h", "min", "s", "ms"}, {"", "measurement", "total", "total_increasing"}}},
    {"enum", {{""}, {""}}},
    {"timestamp", {{""}, {""}}},
};
const Words kBinaryClasses = {"",     "battery_charging", "cold",   "connectivity", "heat",
                              "plug", "problem",          "running"};
const std::regex kTopic("[a-z0-9_/-]+");

std::string text(const Json& json, const char* key) { return json.value(key, ""); }

void check_keys(const Json& object, const Words& allowed, const std::string& where) {
  for (const auto& [key, value] : object.items()) {
    EXPECT_EQ(allowed.count(key), 1u) << where << " has a key Home Assistant refuses: " << key;
    EXPECT_FALSE(value.is_null()) << where << "." << key;
  }
}

void check_availability(const Json& list, const std::string& where) {
  for (const Json& entry : list) {
    check_keys(entry, {"t"}, where);
    EXPECT_TRUE(std::regex_match(text(entry, "t"), kTopic)) << where;
  }
}

void check_sensor(const Json& json, const std::string& where) {
  const std::string device_class = text(json, "dev_cla");
  const std::string unit = text(json, "unit_of_meas");
  const std::string state_class = text(json, "stat_cla");
  if (!device_class.empty()) {
    const auto rule = kSensorClasses.find(device_class);
    ASSERT_NE(rule, kSensorClasses.end()) << where << " " << device_class;
    EXPECT_EQ(rule->second.units.count(unit), 1u) << where << " " << unit;
    EXPECT_EQ(rule->second.state_classes.count(state_class), 1u) << where << " " << state_class;
  }
  EXPECT_TRUE(Words({"", "measurement", "total_increasing"}).count(state_class)) << where;
  EXPECT_EQ(json.contains("ops"), device_class == "enum") << where;
  const bool numeric = !unit.empty() || !state_class.empty();
  EXPECT_EQ(json.contains("sug_dsp_prc"), numeric) << where << ": 0 decimals of V by default";
}

void check_component(const Json& json, const std::string& device, const std::string& key) {
  const std::string where = device + "/" + key;
  const std::string platform = text(json, "p");
  ASSERT_EQ(kPlatformKeys.count(platform), 1u) << where << " " << platform;
  if (json.size() == 1) return;  // a tombstone
  Words allowed = kCommonKeys;
  allowed.merge(Words(kPlatformKeys.at(platform)));
  check_keys(json, allowed, where);
  EXPECT_EQ(text(json, "uniq_id"), device + "_" + key);
  EXPECT_TRUE(std::regex_match(text(json, "def_ent_id"), std::regex(platform + "\\.[a-z0-9_]+")))
      << text(json, "def_ent_id");
  EXPECT_FALSE(text(json, "name").empty()) << where;
  if (json.contains("ent_cat")) {
    const bool is_set = platform == "number" || platform == "switch";
    EXPECT_EQ(text(json, "ent_cat"), is_set ? "config" : "diagnostic") << where;
  }
  if (json.contains("avty")) check_availability(json["avty"], where);
  if (json.contains("stat_t")) {
    EXPECT_TRUE(std::regex_match(text(json, "stat_t"), kTopic)) << where;
  }
  if (platform == "sensor") check_sensor(json, where);
  if (platform == "binary_sensor") {
    EXPECT_EQ(kBinaryClasses.count(text(json, "dev_cla")), 1u) << where;
    EXPECT_TRUE(json.contains("pl_on") && json.contains("pl_off")) << where;
  }
}

void check_device(const Json& json) {
  check_keys(json, kRootKeys, "root");
  check_keys(json.at("dev"), kDeviceKeys, "dev");
  check_keys(json.at("o"), kOriginKeys, "o");
  ASSERT_EQ(json["dev"].at("ids").size(), 1u) << "a shared id would merge devices";
  EXPECT_FALSE(text(json.at("o"), "name").empty());
  EXPECT_EQ(text(json, "avty_mode"), "all");
  check_availability(json.at("avty"), "root");
  const std::string device = json["dev"]["ids"][0];
  EXPECT_TRUE(std::regex_match(device, std::regex("[a-zA-Z0-9_-]+"))) << device;
  std::set<std::pair<std::string, std::string>> unique;
  for (const auto& [key, component] : json.at("cmps").items()) {
    check_component(component, device, key);
    if (component.size() == 1) continue;
    EXPECT_TRUE(unique.insert({text(component, "p"), text(component, "uniq_id")}).second) << key;
    EXPECT_EQ(text(component, "name").find(text(json["dev"], "name")), std::string::npos)
        << key << ": the device's name would be there twice";
  }
}

const DiscoverySource kSource{"cellwarden", "cabin", "1.2.3",
                              gateway_topics("cellwarden", "cabin")};

std::string pack_message(const PackState& state, std::span<const Tombstone> gone = {}) {
  Shape shape;
  shape.grow(state.pack);
  const PackTopics topics = pack_topics("cellwarden", "cabin", state.name.view());
  const std::string device =
      pack_device("cabin", state.name.view(), state.pack.identity.serial.view());
  std::string out;
  write_pack_discovery(out, kSource,
                       {device, state.name.view(), state.pack.identity, shape, topics}, gone);
  return out;
}

Json pack_json(const PackState& state) { return Json::parse(pack_message(state)); }

TEST(HomeAssistant, APackKeepsEveryRule) {
  check_device(pack_json(heard_pack("garage", {0}, 16)));
  check_device(pack_json(heard_pack("garage", {0}, kMaxCells)));
}

TEST(HomeAssistant, APackThatSaysNothingAboutItselfKeepsEveryRule) {
  const Json json = pack_json(silent_pack("garage"));
  check_device(json);
  for (const char* key : {"mf", "mdl", "sw", "hw", "sn"}) EXPECT_FALSE(json["dev"].contains(key));
}

TEST(HomeAssistant, TheBankKeepsEveryRule) {
  std::string out;
  write_bank_discovery(out, kSource, false);
  check_device(Json::parse(out));
}

TEST(HomeAssistant, TheGatewayKeepsEveryRule) {
  std::string out;
  InverterState inverter;
  inverter.name.assign("deye-1");
  write_gateway_discovery(out, kSource, std::vector{relay("main"), relay("buzzer-1")},
                          std::span{&inverter, 1});
  const Json json = Json::parse(out);
  check_device(json);
  EXPECT_TRUE(json["cmps"]["connection"]["avty"].empty()) << "else it could never be seen off";
  EXPECT_EQ(json["cmps"]["relay_buzzer_1"]["val_tpl"],
            "{{ value_json.relays['buzzer-1'].energised }}");
  const Json& heard = json["cmps"]["inverter_deye_1_heard"];
  EXPECT_EQ(heard["val_tpl"], "{{ value_json.inverters['deye-1'].heard }}");
  EXPECT_EQ(heard["stat_t"], kSource.topics.limits);
  EXPECT_EQ(json["cmps"]["inverter_deye_1_charge_current_limit"]["unit_of_meas"], "A");
}

TEST(HomeAssistant, EveryRowThatIsShownIsAComponentWithItsOwnTopic) {
  const PackState state = heard_pack("garage", {0}, 16);
  const Json json = pack_json(state);
  for (const Field& field : kFields) {
    const std::string key(field.facts.key);
    const bool shown = field.facts.home_assistant.platform != HomeAssistant::Platform::none;
    ASSERT_EQ(json["cmps"].contains(key), shown) << key;
    if (!shown) continue;
    const Json& component = json["cmps"][key];
    const std::string topic = component.value("stat_t", text(json, "stat_t"));
    EXPECT_TRUE(topic.ends_with(name(field.facts.group))) << key << " " << topic;
    EXPECT_EQ(component.value("en", true), field.facts.home_assistant.enabled) << key;
  }
  EXPECT_TRUE(json["cmps"].contains("cell_voltage_16_V"));
  EXPECT_FALSE(json["cmps"].contains("cell_voltage_17_V"));
  EXPECT_TRUE(json["cmps"].contains("temperature_02_C"));
}

// A key a template names and its document does not have is a warning a message in the user's log.
TEST(HomeAssistant, EveryTemplateNamesAKeyItsDocumentHas) {
  const PackState state = heard_pack("garage", {0}, 16);
  const Json json = pack_json(state);
  Shape shape;
  shape.grow(state.pack);
  std::map<std::string, Json> documents;
  for (const Group group : {Group::state, Group::cells, Group::stats}) {
    std::string out;
    GroupDocument(group).write(out, state, shape, {});
    documents["cellwarden/cabin/garage/" + std::string(name(group))] = Json::parse(out);
  }
  std::string out;
  write_alarms_document(out, AlarmSet{}, "jk-uart", {});
  documents[kAlarms] = Json::parse(out);
  const std::regex simple(R"(\{\{ value_json\.([A-Za-z_]+)(\[(\d+)\])? \}\})");
  int checked = 0;
  for (const auto& [key, component] : json["cmps"].items()) {
    const auto document = documents.find(component.value("stat_t", text(json, "stat_t")));
    if (document == documents.end()) continue;
    const std::string value_template = text(component, "val_tpl");
    std::smatch match;
    ASSERT_TRUE(std::regex_match(value_template, match, simple)) << value_template;
    ASSERT_TRUE(document->second.contains(match[1].str())) << key;
    if (match[3].matched) {
      EXPECT_LT(std::stoul(match[3].str()), document->second[match[1].str()].size()) << key;
    }
    ++checked;
  }
  EXPECT_GT(checked, 60);
}

TEST(HomeAssistant, OnlyTheStateOfChargeIsABattery) {
  const Json json = pack_json(heard_pack("garage", {0}));
  for (const auto& [key, component] : json["cmps"].items())
    EXPECT_EQ(text(component, "dev_cla") == "battery", key == "soc_pct") << key;
}

TEST(HomeAssistant, TheSupervisorIsSeenWhileThePackIsSilent) {
  const Json json = pack_json(heard_pack("garage", {0}));
  for (const char* key :
       {"charge_allowed", "discharge_allowed", "supervisor_tripped", "connection", "event"})
    EXPECT_EQ(json["cmps"][key]["avty"], Json::parse(R"([{"t":"cellwarden/cabin/status"}])"))
        << key;
}

TEST(HomeAssistant, EventKindsAreAllDeclared) {
  const Json kinds = pack_json(heard_pack("garage", {0}))["cmps"]["event"]["evt_typ"];
  for (const EventKind kind : {EventKind::started, EventKind::alarm_raised,
                               EventKind::relay_operated, EventKind::settings_changed})
    EXPECT_NE(std::find(kinds.begin(), kinds.end(), name(kind)), kinds.end()) << name(kind);
}

TEST(HomeAssistant, TombstonesComeFirstAndCarryNothingButThePlatform) {
  const std::vector<Tombstone> gone = {{"sensor", "old_key"}};
  const Json json = Json::parse(pack_message(heard_pack("garage", {0}), gone));
  EXPECT_EQ(json["cmps"].begin().key(), "old_key");
  EXPECT_EQ(json["cmps"]["old_key"], Json::parse(R"({"p":"sensor"})"));
  check_device(json);
}

// What it shows is what the board says, never what was ordered.
TEST(HomeAssistant, WhatMayBeOrderedHasAnEntity) {
  const PackState state = heard_pack("garage", {0});
  Shape shape;
  const PackTopics topics = pack_topics("cellwarden", "cabin", "garage");
  const MqttSettable limit{"cell_overvoltage_V", Parameter::cell_overvoltage};
  const MqttSettable charge{"charge_switch", std::nullopt};
  const MqttSettable* const settable[] = {&limit, &charge};
  std::string out;
  write_pack_discovery(
      out, kSource, {"cellwarden_1", "garage", state.pack.identity, shape, topics, settable}, {});
  const Json json = Json::parse(out);
  check_device(json);
  const Json& number = json["cmps"]["set_cell_overvoltage_V"];
  EXPECT_EQ(number["p"], "number");
  EXPECT_EQ(number["cmd_t"], "cellwarden/cabin/garage/set/cell_overvoltage_V");
  EXPECT_EQ(number["stat_t"], "cellwarden/cabin/garage/parameters");
  EXPECT_EQ(number["val_tpl"], "{{ value_json.parameters.cell_overvoltage_V }}");
  EXPECT_EQ(number["min"], 1.0);
  EXPECT_EQ(number["step"], 0.001);
  EXPECT_EQ(number["unit_of_meas"], "V");
  const Json& turned = json["cmps"]["set_charge_switch"];
  EXPECT_EQ(turned["p"], "switch");
  EXPECT_EQ(turned["cmd_t"], "cellwarden/cabin/garage/set/charge_switch");
  EXPECT_EQ(turned["val_tpl"], "{{ value_json.charge_switch }}");
  EXPECT_FALSE(turned.contains("stat_t")) << "the state of the device";
  EXPECT_FALSE(pack_json(state)["cmps"].contains("set_charge_switch"));
}

TEST(HomeAssistant, TombstonesAndLivingComponentsShareNoKey) {
  const Json json = pack_json(heard_pack("garage", {0}, kMaxCells));
  for (const Tombstone& stone : kPackTombstones)
    EXPECT_FALSE(json["cmps"].contains(std::string(stone.key))) << stone.key;
}

TEST(HomeAssistant, DevicesAreNamedByWhatNeverChanges) {
  EXPECT_EQ(pack_device("cabin", "garage", "4051748012345"), "cellwarden_4051748012345");
  EXPECT_EQ(pack_device("cabin", "garage", ""), "cellwarden_cabin_garage");
  EXPECT_EQ(pack_device("cabin", "garage", "A 1/ü"), "cellwarden_A_1___");
}

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// To take over a wanted change: CW_UPDATE_GOLDEN=1 test_mqtt, and read the difference.
TEST(HomeAssistant, TheMessageOfAPackIsAsFrozen) {
  const std::string path = CW_SOURCE_DIR "/tests/golden/mqtt/pack_discovery.json";
  const std::string now = pack_json(heard_pack("garage", {0}, 16)).dump(1) + "\n";
  if (std::getenv("CW_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << now;
  EXPECT_EQ(now, read_file(path)) << "unique ids and keys are for ever: see homeassistant.h";
}

}  // namespace
}  // namespace cw

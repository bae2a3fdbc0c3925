// SPDX-License-Identifier: Apache-2.0
// Frames of real batteries and constructed ones with the values their sources state, kept outside
// the project: captures must mean what is stated, constructed ones must come out byte for byte.
// Skipped where those frames are not at hand.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "bridge/inverter/can_profile.h"
#include "tests/unit/inverter_can_rig.h"

namespace cw::test {
namespace {

using nlohmann::json;

constexpr const char* kFrames = CW_SOURCE_DIR "/../shared/frames/inverter-can.json";

const CanProfile& profile_of(const std::string& name) {
  const std::map<std::string, std::string_view> ours = {{"pylon", "pylontech-can"},
                                                        {"victron", "victron-can"},
                                                        {"sma", "sma-can"},
                                                        {"solark", "solark-can"},
                                                        {"growatt_lv", "growatt-can"}};
  return *find_can_profile(ours.at(name));
}

/// What the sources call an alarm, and the kinds it is told as.
CanAlarmBits kinds_of(const std::string& name) {
  const std::map<std::string, CanAlarmBits> kinds = {
      {"low_voltage", bits_of({CanAlarm::cell_low_voltage, CanAlarm::pack_low_voltage})},
      {"high_voltage", bits_of({CanAlarm::cell_high_voltage, CanAlarm::pack_high_voltage})},
      {"high_charge_current", bits_of({CanAlarm::high_charge_current})},
      {"high_current", bits_of({CanAlarm::high_current})},
      {"high_temp", bits_of({CanAlarm::high_temperature})},
      {"low_temp_charge", bits_of({CanAlarm::low_temperature_charge})},
      {"bms_internal", bits_of({CanAlarm::internal})},
      {"cell_imbalance", bits_of({CanAlarm::imbalance})}};
  return kinds.at(name);
}

void expect_number(const CanHeard& heard, CanNumber number, const json& stated, double step) {
  ASSERT_TRUE(heard.of(number)) << facts(number).name;
  const double told = static_cast<double>(*heard.of(number)) * step;
  EXPECT_NEAR(told, stated.get<double>(), 1e-9) << facts(number).name;
}

/// False: `key` is nothing that we tell.
bool expect_value(const CanHeard& heard, const std::string& key, const json& stated) {
  const std::map<std::string, std::pair<CanNumber, double>> numbers = {
      {"cvl_V", {CanNumber::charge_voltage, 0.001}},
      {"ccl_A", {CanNumber::charge_current, 0.001}},
      {"dcl_A", {CanNumber::discharge_current, 0.001}},
      {"dvl_V", {CanNumber::discharge_voltage, 0.001}},
      {"soc_hires_pct", {CanNumber::soc, 0.01}},
      {"soh_pct", {CanNumber::soh, 0.01}},
      {"voltage_V", {CanNumber::voltage, 0.001}},
      {"current_A", {CanNumber::current, 0.001}},
      {"temp_C", {CanNumber::temperature, 0.1}},
      {"available_Ah", {CanNumber::remaining, 0.001}},
      {"installed_Ah", {CanNumber::capacity, 0.001}},
      {"online", {CanNumber::packs_online, 1}},
      {"block_charge", {CanNumber::packs_blocking_charge, 1}},
      {"block_discharge", {CanNumber::packs_blocking_discharge, 1}},
      {"offline", {CanNumber::packs_offline, 1}},
      {"modules", {CanNumber::packs, 1}},
      {"cell_min_mV", {CanNumber::cell_min, 1}},
      {"cell_max_mV", {CanNumber::cell_max, 1}}};
  if (key == "soc_pct") {
    EXPECT_EQ(*heard.of(CanNumber::soc) / 100, stated.get<int>());
    return true;
  }
  if (key == "temp_min_K" || key == "temp_max_K") {
    const CanNumber which =
        key == "temp_min_K" ? CanNumber::temperature_min : CanNumber::temperature_max;
    EXPECT_EQ(*heard.of(which), (stated.get<int>() - 273) * 10);
    return true;
  }
  const auto found = numbers.find(key);
  if (found == numbers.end()) return false;
  expect_number(heard, found->second.first, stated, found->second.second);
  return true;
}

/// False: `key` is nothing that we tell.
bool expect_words(const CanHeard& heard, std::uint32_t id, const std::string& key,
                  const json& stated) {
  if (key == "alarms" || key == "protection" || key == "warnings" || key == "alarm") {
    CanAlarmBits all = 0;
    for (const auto& one : stated) all |= kinds_of(one);
    EXPECT_EQ(key == "alarms" || key == "protection" ? heard.alarms : heard.warnings, all);
    return true;
  }
  if (key == "charge_request") {
    EXPECT_EQ(heard.of(CanFlag::force_charge), stated.get<bool>());
    return true;
  }
  if (key == "flags") {
    const auto has = [&](const char* flag) {
      return std::find(stated.begin(), stated.end(), flag) != stated.end();
    };
    EXPECT_EQ(heard.of(CanFlag::charge_enabled), has("charge_enable"));
    EXPECT_EQ(heard.of(CanFlag::discharge_enabled), has("discharge_enable"));
    EXPECT_EQ(heard.of(CanFlag::force_charge), false);
    return true;
  }
  const std::map<std::uint32_t, CanText> texts = {
      {0x35E, CanText::manufacturer},          {0x370, CanText::battery_name},
      {0x374, CanText::cell_min_place},        {0x375, CanText::cell_max_place},
      {0x376, CanText::temperature_min_place}, {0x377, CanText::temperature_max_place}};
  if (key != "text" || texts.count(id) == 0) return false;
  EXPECT_EQ(heard.of(texts.at(id)), stated.get<std::string>());
  return true;
}

TEST(InverterCanVectors, CapturesMeanWhatTheirSourcesSay) {
  std::ifstream in(kFrames);
  if (!in) GTEST_SKIP() << "no captured frames at " << kFrames;
  int checked = 0;
  const json all = json::parse(in);
  for (const json& capture : all.at("captures")) {
    const CanProfile& profile = profile_of(capture.at("profile"));
    for (const json& entry : capture.at("frames")) {
      SCOPED_TRACE(capture.at("id").get<std::string>() + " " + entry.at("id").get<std::string>());
      const CanFrame frame = frame_of(entry.at("id"), entry.at("data"));
      CanHeard heard;
      const bool known = decode(profile, frame, false, heard);
      for (const auto& [key, stated] : entry.at("expect").items()) {
        if (!known || key == "events" || key == "product_id" || key == "firmware" ||
            key == "token" || key == "charged_kWh" || key == "discharged_kWh")
          continue;  // fixed in what we send, or what an inverter says
        if (key == "text" && profile.name == "victron-can" && frame.id != 0x35E &&
            (frame.id < 0x370 || frame.id == 0x371 || frame.id > 0x377))
          continue;
        EXPECT_TRUE(expect_value(heard, key, stated) || expect_words(heard, frame.id, key, stated))
            << key;
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 70);
}

BankRequest request_of(const json& state) {
  BankRequest request;
  const auto milli = [&](const char* key) {
    return static_cast<std::int32_t>(std::llround(state.at(key).get<double>() * 1000));
  };
  const auto count = [&](const char* key, double factor) {
    return static_cast<std::int32_t>(std::llround(state.at(key).get<double>() * factor));
  };
  request.voice = Voice::speaking;
  request.charge_voltage.value = {milli("cvl_V")};
  request.discharge_voltage.value = {milli("dvl_V")};
  request.charge_current.value = {milli("ccl_A")};
  request.discharge_current.value = {milli("dcl_A")};
  request.charge_enabled = state.at("charge_enable");
  request.discharge_enabled = state.at("discharge_enable");
  request.force_charge = state.at("force_charge");
  request.full_charge_wanted = state.at("full_charge");
  BankMeasured& m = request.measured;
  m.voltage = Millivolts{milli("voltage_V")};
  m.current = Milliamps{milli("current_A")};
  m.soc = CentiPercent{count("soc_pct", 100)};
  m.soh = CentiPercent{count("soh_pct", 100)};
  m.temperature = DeciCelsius{count("temp_C", 10)};
  m.temperature_min = {{count("temp_min_C", 10)}, 1, 1};
  m.temperature_max = {{count("temp_max_C", 10)}, 1, 2};
  const auto place = [&](const char* key) { return state.value(key, std::uint8_t{1}); };
  m.cell_min = {{count("cell_min_mV", 1)}, 1, place("cell_min_no")};
  m.cell_max = {{count("cell_max_mV", 1)}, 1, place("cell_max_no")};
  m.capacity = MilliampHours{milli("capacity_Ah")};
  m.remaining = MilliampHours{milli("remaining_Ah")};
  m.cycles = Count{count("cycles", 1)};
  request.packs = state.at("modules");
  request.packs_online = state.at("online");
  request.packs_offline = state.at("offline");
  request.packs_blocking_charge = state.at("block_charge");
  request.packs_blocking_discharge = state.at("block_discharge");
  request.cells = static_cast<std::uint8_t>(state.value("total_cells", 32) / request.packs);
  return request;
}

void add_alarms(const json& names, AlarmSet& set) {
  const std::map<std::string, Alarm> alarms = {
      {"over_voltage", Alarm::cell_overvoltage},
      {"high_voltage", Alarm::cell_overvoltage},
      {"low_voltage", Alarm::cell_undervoltage},
      {"over_temp", Alarm::discharge_overtemperature},
      {"charge_over_current", Alarm::charge_overcurrent},
      {"high_discharge_current", Alarm::discharge_overcurrent}};
  for (const auto& one : names) set.add(alarms.at(one));
}

TEST(InverterCanVectors, ConstructedFramesComeOutByteForByte) {
  std::ifstream in(kFrames);
  if (!in) GTEST_SKIP() << "no constructed frames at " << kFrames;
  int checked = 0;
  const json all = json::parse(in);
  for (const json& vector : all.at("constructed")) {
    const json& state = vector.at("state");
    CanValues values;
    values.request = request_of(state);
    add_alarms(state.at("protection"), values.request.alarms);
    add_alarms(state.at("alarm"), values.request.warnings);
    values.raised = raised(values.request);
    ASSERT_TRUE(values.manufacturer.assign(state.at("manufacturer").get<std::string>()));
    ASSERT_TRUE(values.battery_name.assign(state.at("name").get<std::string>()));
    const CanProfile& profile = profile_of(vector.at("profile"));
    for (const json& entry : vector.at("frames")) {
      SCOPED_TRACE(vector.at("id").get<std::string>() + " " + entry.at("id").get<std::string>());
      const CanFrame wanted = frame_of(entry.at("id"), entry.at("data"));
      EXPECT_EQ(hex(profile, wanted.id, values), entry.at("data").get<std::string>());
      ++checked;
    }
  }
  EXPECT_GT(checked, 30);
}

}  // namespace
}  // namespace cw::test

// SPDX-License-Identifier: Apache-2.0
// The collection of CAN frames beside the project (../shared), where it is there: each decodes to
// what its source says.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "daemon/commands/decode.h"
#include "drivers/protocol/jk_can.h"

namespace cw {
namespace {

using Json = nlohmann::json;

const std::filesystem::path kFixtures = CW_SOURCE_DIR "/../shared/frames/jk-can.json";

/// What they call it, and what `decode` does.
const std::map<std::string, std::string> kKeys = {
    {"pack_voltage_v", "/voltage_V"},
    {"current_a", "/current_A"},
    {"soc_pct", "/soc_pct"},
    {"max_cell_v", "/cell_voltage_max_V"},
    {"min_cell_v", "/cell_voltage_min_V"},
    {"max_temperature_c", "/temperature_max_C"},
    {"min_temperature_c", "/temperature_min_C"},
    {"average_temperature_c", "/temperature_mean_C"},
    {"remaining_capacity_ah", "/capacity_remaining_Ah"},
    {"full_capacity_ah", "/capacity_full_Ah"},
    {"cycle_capacity_ah", "/cycle_capacity_Ah"},
    {"cycle_count", "/cycle_count"},
    {"runtime_s", "/runtime_s"},
    {"heating_current_a", "/heating_current_sent_A"},
    {"soh_pct", "/soh_pct"},
    {"charging_on", "/charge_mosfet"},
    {"discharging_on", "/discharge_mosfet"},
    {"balancing", "/balancing"},
    {"heating_on", "/heater"},
    {"charger_plugged", "/charger_plugged"},
    {"acc_on", "/acc"},
    {"request_voltage_v", "/charge_request/voltage_V"},
    {"request_current_a", "/charge_request/current_A"},
    {"heat_mode", "/charge_request/heat"},
    {"ignored", "/ignored"},
};
/// Positions they give as on the wire, from 0.
const std::map<std::string, std::string> kPositions = {
    {"max_cell_raw", "/cell_voltage_max_index"},
    {"min_cell_raw", "/cell_voltage_min_index"},
    {"max_temperature_raw", "/temperature_max_sensor"},
    {"min_temperature_raw", "/temperature_min_sensor"},
};
const std::map<std::string, std::string> kLevelNames = {
    {"cell_ov", "cell over-voltage"},       {"cell_uv", "cell under-voltage"},
    {"soc_low", "state of charge low"},     {"temperature_high", "temperature high"},
    {"temperature_low", "temperature low"},
};

bool same(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return std::abs(a.get<double>() - b.get<double>()) < 1e-9;
  return a == b;
}

Json at(const Json& decoded, const std::string& pointer) {
  const Json::json_pointer path(pointer);
  return decoded.contains(path) ? decoded[path] : Json("not printed");
}

void check_levels(const Json& levels, const Json& decoded) {
  EXPECT_EQ(levels.size(), decoded["alarm_levels"].size());
  for (const auto& [key, level] : levels.items())
    EXPECT_EQ(level, decoded["alarm_levels"][kLevelNames.at(key)]) << key;
}

void check_cells(const Json& frame, const Json& decoded) {
  const auto first = frame["first_cell"].get<std::size_t>() - 1;
  for (std::size_t i = 0; i < frame["cell_voltages_v"].size(); ++i) {
    const Json& wanted = frame["cell_voltages_v"][i];
    const Json got = at(decoded, fmt::format("/cell_voltage_V/{}", first + i));
    if (wanted == 0)
      EXPECT_TRUE(got.is_null() || got == "not printed") << got;
    else
      EXPECT_TRUE(same(wanted, got)) << wanted << " is " << got;
  }
}

void check_sensors(const Json& sensors, const Json& decoded) {
  for (std::size_t i = 0; i < sensors.size(); ++i) {
    const bool mosfet = i + 1 == jk_can::kMosfetSensor;
    const Json got =
        at(decoded, mosfet ? "/mosfet_temperature_C" : fmt::format("/temperature_C/{}", i));
    if (sensors[i].is_null())
      EXPECT_TRUE(got.is_null() || got == "not printed") << got;
    else
      EXPECT_TRUE(same(sensors[i], got)) << sensors[i] << " is " << got;
  }
}

void check_faults(std::uint32_t bits, const Json& decoded) {
  std::size_t named = 0;
  for (std::size_t i = 0; i < jk_can::kFaults.size(); ++i) {
    if ((bits >> i & 1) == 0) continue;
    ++named;
    const auto& alarm = jk_can::kFaults[i].alarm;
    const std::string name =
        alarm ? std::string(cw::name(*alarm)) : fmt::format("unknown_jk_can_bit_{}", i);
    const auto& alarms = decoded["alarms"];
    EXPECT_NE(std::find(alarms.begin(), alarms.end(), name), alarms.end()) << name;
  }
  EXPECT_EQ(decoded["alarms"].size(), named);
}

/// True: the key was understood.
bool check(const std::string& key, const Json& wanted, const Json& expected, const Json& decoded) {
  if (const auto row = kKeys.find(key); row != kKeys.end()) {
    const Json got = at(decoded, row->second);
    EXPECT_TRUE(same(wanted, got)) << key << ": " << wanted << " is " << got;
  } else if (const auto position = kPositions.find(key); position != kPositions.end()) {
    EXPECT_EQ(wanted.get<int>() + 1, at(decoded, position->second)) << key;
  } else if (key == "alarm_levels") {
    check_levels(wanted, decoded);
  } else if (key == "cell_voltages_v") {
    check_cells(expected, decoded);
  } else if (key == "temperatures_c") {
    check_sensors(wanted, decoded);
  } else if (key == "fault_bits") {
    check_faults(wanted.get<std::uint32_t>(), decoded);
  } else if (key == "charger_off") {
    EXPECT_EQ(wanted.get<bool>(), !at(decoded, "/charge_request/on").get<bool>());
  } else if (key == "control") {
    for (const auto& [name, value] : wanted.items())
      EXPECT_EQ(value, at(decoded, "/control/" + name)) << name;
  } else {
    // Said by another member, or no value of ours (V1's hours of discharging).
    return key == "first_cell" || key == "sensor_mask" || key == "v1_discharge_hours";
  }
  return true;
}

TEST(JkCanFixtures, EachDecodesToWhatItsSourceSays) {
  if (!std::filesystem::exists(kFixtures)) GTEST_SKIP() << kFixtures << " is not here";
  std::ifstream in(kFixtures);
  const Json fixtures = Json::parse(in);
  ASSERT_GE(fixtures.size(), 20U);
  for (const Json& fixture : fixtures) {
    SCOPED_TRACE(fixture["id"].get<std::string>());
    const auto id = std::stoul(fixture["can_id"].get<std::string>(), nullptr, 16);
    const std::string line =
        fmt::format(fmt::runtime(fixture["extended"] ? "{:08X}#{}" : "{:03X}#{}"), id,
                    fixture["hex"].get<std::string>());
    const auto decoded = decode_text(*find_protocol("jk-can"), line);
    ASSERT_EQ(decoded.size(), 1U);
    ASSERT_TRUE(decoded[0].good) << decoded[0].json;
    const Json printed = Json::parse(decoded[0].json);
    if (printed["ignored"] == false && !fixture["expected"].contains("control")) {
      EXPECT_EQ(fixture["device_address"], printed["address"]);
    }
    for (const auto& [key, wanted] : fixture["expected"].items())
      EXPECT_TRUE(check(key, wanted, fixture["expected"], printed)) << key << " is not checked";
  }
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Records and messages of real boards with the values their sources state, kept outside the
// project: every stated value that a pack has a place for is compared. Skipped where they are not
// at hand.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "bridge/pack_json.h"
#include "core/measurements.h"
#include "daemon/commands/decode.h"
#include "drivers/protocol/jk_modbus.h"

namespace cw {
namespace {

using jk_record::Layout;
using nlohmann::json;

constexpr const char* kModbus = CW_SOURCE_DIR "/../shared/frames/jk-modbus.json";
constexpr const char* kBluetooth = CW_SOURCE_DIR "/../shared/frames/jk-ble.json";

/// What the sources call it, and where it is printed.
const std::map<std::string, std::string> kValues = {
    {"cell_count", "/cell_count"},
    {"cell_voltages_v", "/cell_voltage_V"},
    {"cell_v", "/cell_voltage_V"},
    {"balance_wire_resistance_ohm", "/wire_resistance_ohm"},
    {"wire_res_ohm", "/wire_resistance_ohm"},
    {"mos_temperature_c", "/mosfet_temperature_C"},
    {"mos_c", "/mosfet_temperature_C"},
    {"temperature1_c", "/temperature_C/0"},
    {"t1_c", "/temperature_C/0"},
    {"temperature2_c", "/temperature_C/1"},
    {"t2_c", "/temperature_C/1"},
    {"pack_voltage_v", "/voltage_V"},
    {"pack_v", "/voltage_V"},
    {"cell_sum_v", "/voltage_V"},
    {"current_a", "/current_A"},
    {"balance_current_a", "/balance_current_A"},
    {"soc_pct", "/soc_pct"},
    {"remaining_capacity_ah", "/capacity_remaining_Ah"},
    {"remaining_ah", "/capacity_remaining_Ah"},
    {"full_capacity_ah", "/capacity_full_Ah"},
    {"full_ah", "/capacity_full_Ah"},
    {"cycle_count", "/cycle_count"},
    {"cycles", "/cycle_count"},
    {"cycle_capacity_ah", "/cycle_capacity_Ah"},
    {"cycle_ah", "/cycle_capacity_Ah"},
    {"precharge_on", "/precharge"},
    {"precharge", "/precharge"},
    {"charging_on", "/charge_mosfet"},
    {"charge_mos", "/charge_mosfet"},
    {"discharging_on", "/discharge_mosfet"},
    {"discharge_mos", "/discharge_mosfet"},
    {"emergency_time_s", "/emergency_remaining_s"},
    {"emergency_s", "/emergency_remaining_s"},
    {"cell_uv_v", "/parameters/cell_undervoltage_V"},
    {"cell_uvp_v", "/parameters/cell_undervoltage_V"},
    {"cell_uv_recovery_v", "/parameters/cell_undervoltage_recovery_V"},
    {"cell_uvpr_v", "/parameters/cell_undervoltage_recovery_V"},
    {"cell_ov_v", "/parameters/cell_overvoltage_V"},
    {"cell_ovp_v", "/parameters/cell_overvoltage_V"},
    {"cell_ov_recovery_v", "/parameters/cell_overvoltage_recovery_V"},
    {"cell_ovpr_v", "/parameters/cell_overvoltage_recovery_V"},
    {"balance_trigger_v", "/parameters/balance_trigger_V"},
    {"soc100_v", "/parameters/soc_100_voltage_V"},
    {"soc0_v", "/parameters/soc_0_voltage_V"},
    {"recommended_charge_v", "/parameters/request_charge_voltage_V"},
    {"charge_v", "/parameters/request_charge_voltage_V"},
    {"float_charge_v", "/parameters/request_float_voltage_V"},
    {"float_v", "/parameters/request_float_voltage_V"},
    {"power_off_v", "/parameters/power_off_voltage_V"},
    {"charge_oc_a", "/parameters/charge_overcurrent_A"},
    {"max_charge_a", "/parameters/charge_overcurrent_A"},
    {"charge_oc_delay_s", "/parameters/charge_overcurrent_delay_s"},
    {"charge_ocp_delay_s", "/parameters/charge_overcurrent_delay_s"},
    {"charge_oc_release_s", "/parameters/charge_overcurrent_release_s"},
    {"charge_ocpr_s", "/parameters/charge_overcurrent_release_s"},
    {"discharge_oc_a", "/parameters/discharge_overcurrent_A"},
    {"max_discharge_a", "/parameters/discharge_overcurrent_A"},
    {"discharge_oc_delay_s", "/parameters/discharge_overcurrent_delay_s"},
    {"discharge_ocp_delay_s", "/parameters/discharge_overcurrent_delay_s"},
    {"discharge_oc_release_s", "/parameters/discharge_overcurrent_release_s"},
    {"discharge_ocpr_s", "/parameters/discharge_overcurrent_release_s"},
    {"short_circuit_release_s", "/parameters/short_circuit_release_s"},
    {"scpr_s", "/parameters/short_circuit_release_s"},
    {"max_balance_current_a", "/parameters/balance_current_max_A"},
    {"max_balance_a", "/parameters/balance_current_max_A"},
    {"charge_ot_c", "/parameters/charge_overtemperature_C"},
    {"charge_otp_c", "/parameters/charge_overtemperature_C"},
    {"charge_ot_recovery_c", "/parameters/charge_overtemperature_recovery_C"},
    {"charge_otpr_c", "/parameters/charge_overtemperature_recovery_C"},
    {"discharge_ot_c", "/parameters/discharge_overtemperature_C"},
    {"discharge_otp_c", "/parameters/discharge_overtemperature_C"},
    {"discharge_ot_recovery_c", "/parameters/discharge_overtemperature_recovery_C"},
    {"discharge_otpr_c", "/parameters/discharge_overtemperature_recovery_C"},
    {"charge_ut_c", "/parameters/charge_undertemperature_C"},
    {"charge_utp_c", "/parameters/charge_undertemperature_C"},
    {"charge_ut_recovery_c", "/parameters/charge_undertemperature_recovery_C"},
    {"charge_utpr_c", "/parameters/charge_undertemperature_recovery_C"},
    {"mos_ot_c", "/parameters/mosfet_overtemperature_C"},
    {"mos_otp_c", "/parameters/mosfet_overtemperature_C"},
    {"mos_ot_recovery_c", "/parameters/mosfet_overtemperature_recovery_C"},
    {"mos_otpr_c", "/parameters/mosfet_overtemperature_recovery_C"},
    {"cell_count_setting", "/parameters/cell_count"},
    {"cells", "/parameters/cell_count"},
    {"charge_switch", "/charge_switch"},
    {"discharge_switch", "/discharge_switch"},
    {"balancer_switch", "/balance_switch"},
    {"balance_switch", "/balance_switch"},
    {"capacity_setting_ah", "/parameters/capacity_Ah"},
    {"capacity_ah", "/parameters/capacity_Ah"},
    {"short_circuit_delay_s", "/parameters/short_circuit_delay_s"},
    {"scp_delay_s", "/parameters/short_circuit_delay_s"},
    {"balance_start_v", "/parameters/balance_start_V"},
    {"start_balance_v", "/parameters/balance_start_V"},
    {"device_address", "/parameters/board_address"},
    {"address", "/parameters/board_address"},
    {"model", "/model"},
    {"hardware_version", "/hardware_version"},
    {"hw", "/hardware_version"},
    {"software_version", "/software_version"},
    {"sw", "/software_version"},
    {"device_name", "/name"},
    {"name", "/name"},
    {"serial_number", "/serial"},
    {"serial", "/serial"},
    {"user_data", "/user_data"},
};

/// 0 stands for "this firmware does not tell".
const std::set<std::string> kZeroIsNull = {
    "soc100_v",       "soc0_v", "charge_v", "float_v", "recommended_charge_v",
    "float_charge_v", "full_ah"};

bool is_same(const json& expected, const json& printed) {
  if (expected.is_array()) {
    if (!printed.is_array() || printed.size() != expected.size()) return false;
    for (std::size_t i = 0; i < expected.size(); ++i)
      if (!is_same(expected[i], printed[i])) return false;
    return true;
  }
  // Floats of balancers are rounded to what a pack counts in.
  if (expected.is_number() && printed.is_number())
    return std::abs(printed.get<double>() - expected.get<double>()) < 0.000'6;
  if (expected.is_boolean() && printed.is_number())
    return printed == (expected.get<bool>() ? 1 : 0);
  if (expected == "" && printed.is_null()) return true;
  return printed == expected;
}

/// Arrays of the sources reach as far as the layout, ours as far as the cells do.
json cut_to(const json& expected, const json& printed) {
  json cut = json::array();
  for (std::size_t i = 0; i < std::min(expected.size(), printed.size()); ++i)
    cut.push_back(expected[i]);
  return cut;
}

std::size_t compare(const json& expected, const json& printed) {
  std::size_t compared = 0;
  for (const auto& [key, value] : expected.items()) {
    const auto row = kValues.find(key);
    if (row == kValues.end()) continue;
    const json::json_pointer where(row->second);
    const json here = printed.contains(where) ? printed.at(where) : json();
    ++compared;
    if (kZeroIsNull.contains(key) && value == 0.0) {
      EXPECT_TRUE(here.is_null()) << key << ": " << here;
      continue;
    }
    EXPECT_TRUE(is_same(value.is_array() && here.is_array() ? cut_to(value, here) : value, here))
        << key << ": " << value << " is printed as " << here;
  }
  for (const char* bits : {"alarm_bits", "error_bits"}) {
    if (!expected.contains(bits)) continue;
    std::set<std::string> names;
    const AlarmSet alarms = jk_record::decode_alarms(expected[bits].get<std::uint32_t>());
    for (std::size_t i = 0; i < kAlarmCount; ++i)
      if (alarms.has(static_cast<Alarm>(i))) names.emplace(kAlarmNames[i]);
    EXPECT_EQ(printed["alarms"].get<std::set<std::string>>(), names);
    ++compared;
  }
  return compared;
}

void expect_no_passcode(const json& expected, const json& printed) {
  for (const char* key : {"device_passcode", "setup_passcode", "passcode"}) {
    if (!expected.contains(key) || expected[key] == "") continue;
    const std::string passcode = expected[key];
    for (const auto& [name, value] : printed.items()) EXPECT_NE(value, passcode) << name;
  }
}

json printed(Pack& pack, Instant now) {
  judge(pack);
  std::string text;
  JsonWriter writer(text);
  writer.begin_object();
  write_values(writer, pack, now, {0});
  write_alarms(writer, pack.alarms, "jk-ble", now, {0});
  write_identity(writer, pack.identity);
  write_parameters(writer, "parameters", pack.parameters);
  writer.end_object();
  return json::parse(text);
}

json read(const char* file) {
  std::ifstream in(file);
  return in ? json::parse(in) : json();
}

TEST(JkRecordFixtures, EveryStatedValueOfEveryRecordHeardOverBluetoothIsDecoded) {
  const json entries = read(kBluetooth);
  if (entries.is_null()) GTEST_SKIP() << kBluetooth << " is not here";
  std::size_t compared = 0;
  for (const json& entry : entries) {
    if (entry["kind"] != "frame") continue;
    SCOPED_TRACE(entry["id"].get<std::string>());
    const HexBytes hex = parse_hex(entry["hex"].get<std::string>());
    ASSERT_EQ(hex.bytes.size(), jk_record::kSize);
    const auto record = std::span{hex.bytes}.first<jk_record::kSize>();
    const json& expected = entry["expected"];
    EXPECT_EQ(jk_record::is_sound(record), !expected.contains("error"));
    if (expected.contains("error")) continue;
    const std::string protocol = entry["protocol"];
    const Layout layout = protocol == "JK04"       ? Layout::jk04
                          : protocol == "JK02_24S" ? Layout::jk02_24s
                                                   : Layout::jk02_32s;
    Pack pack;
    jk_record::apply(record, layout, Instant{1}, pack);
    const json here = printed(pack, Instant{1});
    compared += compare(expected, here);
    expect_no_passcode(expected, here);
    const std::string frame = expected["frame"];
    if (frame == "device_info") {
      EXPECT_EQ(jk_record::layout_by_version(pack.identity), layout);
    } else if (frame == "cell_info" && expected["cell_count"] != 0) {
      EXPECT_EQ(jk_record::layout_by_status(record), layout);
    }
  }
  EXPECT_GT(compared, 700U);
}

// --- RS485 ---------------------------------------------------------------------------------------

void check_record(const json& entry, const json& here, std::size_t& compared) {
  const json& expected = entry["expected"];
  compared += compare(expected, here);
  expect_no_passcode(expected, here);
}

/// Messages of Modbus: what is stated of the envelope, and the answer to it, if one is given.
void check_message(const json& entry, const json& here) {
  const json& message = here.contains("request") ? here["request"] : here["answer"];
  for (const auto& [key, expected] : entry["expected"].items())
    if (message.contains(key)) {
      EXPECT_EQ(message[key], expected) << key;
    } else {  // a setting that is written
      EXPECT_TRUE(kValues.contains(key)) << key;
    }
  if (!entry.contains("reply_hex")) return;
  const auto reply =
      decode_text(*find_protocol("jk-modbus"), entry["reply_hex"].get<std::string>());
  ASSERT_EQ(reply.size(), 1U);
  EXPECT_TRUE(reply[0].good) << reply[0].json;
}

TEST(JkRecordFixtures, EveryMessageHeardOnALineIsDecodedOrRefused) {
  const json entries = read(kModbus);
  if (entries.is_null()) GTEST_SKIP() << kModbus << " is not here";
  std::size_t compared = 0;
  for (const json& entry : entries) {
    SCOPED_TRACE(entry["id"].get<std::string>());
    const auto decoded = decode_text(*find_protocol("jk-modbus"), entry["hex"].get<std::string>());
    ASSERT_GE(decoded.size(), 1U);
    const json here = json::parse(decoded[0].json);
    if (entry["kind"] == "invalid") {
      EXPECT_FALSE(decoded[0].good) << here;
      EXPECT_NE(here["error"].get<std::string>().find("checksum"), std::string::npos);
      continue;
    }
    ASSERT_TRUE(decoded[0].good) << here;
    EXPECT_EQ(decoded.size(), 1U);
    if (here.contains("request") || here.contains("answer"))
      check_message(entry, here);
    else
      check_record(entry, here, compared);
  }
  EXPECT_GT(compared, 250U);
}

TEST(JkRecordFixtures, WhatTheMakerWritesIsWhatWeWouldRead) {
  const json entries = read(kModbus);
  if (entries.is_null()) GTEST_SKIP() << kModbus << " is not here";
  for (const json& entry : entries) {
    if (entry["kind"] != "write_request") continue;
    const HexBytes hex = parse_hex(entry["hex"].get<std::string>());
    jk_modbus::Message message;
    ASSERT_EQ(jk_modbus::open_message(hex.bytes, message).heard, Heard::frame);
    Pack pack;
    jk_record::Applied applied;
    if (!jk_record::apply_registers(message.first, message.data, Instant{1}, pack, applied))
      continue;
    SCOPED_TRACE(entry["id"].get<std::string>());
    json expected = entry["expected"];
    expected.erase("address");  // of the message
    EXPECT_GE(compare(expected, printed(pack, Instant{1})), 1U);
  }
}

}  // namespace
}  // namespace cw

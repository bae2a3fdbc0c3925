// SPDX-License-Identifier: Apache-2.0
// Frames of real boards with the values their sources state, kept outside the project: every stated
// value is compared with what `decode` prints. Skipped where those frames are not at hand.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "daemon/commands/decode.h"
#include "drivers/protocol/jk_uart.h"

namespace cw {
namespace {

using nlohmann::json;

constexpr const char* kFrames = CW_SOURCE_DIR "/../shared/frames/jk-4e57.json";

/// What the source calls it, and where `decode` prints it.
const std::map<std::string, std::string> kValues = {
    {"cell_voltages_v", "/cell_voltage_V"},
    {"mos_temperature_c", "/mosfet_temperature_C"},
    {"box_temperature_c", "/temperature_C/0"},
    {"battery_temperature_c", "/temperature_C/1"},
    {"pack_voltage_v", "/voltage_V"},
    {"current_a", "/current_A"},
    {"soc_pct", "/soc_pct"},
    {"cycle_count", "/cycle_count"},
    {"cycle_capacity_ah", "/cycle_capacity_Ah"},
    {"cell_count", "/cell_count"},
    {"charge_mos_on", "/charge_mosfet"},
    {"discharge_mos_on", "/discharge_mosfet"},
    {"balancing", "/balancing"},
    {"pack_ov_v", "/parameters/pack_overvoltage_V"},
    {"pack_uv_v", "/parameters/pack_undervoltage_V"},
    {"cell_ov_v", "/parameters/cell_overvoltage_V"},
    {"cell_ov_recovery_v", "/parameters/cell_overvoltage_recovery_V"},
    {"cell_ov_delay_s", "/parameters/cell_overvoltage_delay_s"},
    {"cell_uv_v", "/parameters/cell_undervoltage_V"},
    {"cell_uv_recovery_v", "/parameters/cell_undervoltage_recovery_V"},
    {"cell_uv_delay_s", "/parameters/cell_undervoltage_delay_s"},
    {"cell_diff_v", "/parameters/cell_voltage_difference_V"},
    {"discharge_oc_a", "/parameters/discharge_overcurrent_A"},
    {"discharge_oc_delay_s", "/parameters/discharge_overcurrent_delay_s"},
    {"charge_oc_a", "/parameters/charge_overcurrent_A"},
    {"charge_oc_delay_s", "/parameters/charge_overcurrent_delay_s"},
    {"balance_start_v", "/parameters/balance_start_V"},
    {"balance_trigger_v", "/parameters/balance_trigger_V"},
    {"balancer_enabled", "/balance_switch"},
    {"mos_ot_c", "/parameters/mosfet_overtemperature_C"},
    {"mos_ot_recovery_c", "/parameters/mosfet_overtemperature_recovery_C"},
    {"box_ot_c", "/parameters/box_overtemperature_C"},
    {"box_ot_recovery_c", "/parameters/box_overtemperature_recovery_C"},
    {"battery_temp_diff_c", "/parameters/temperature_difference_C"},
    {"charge_ot_c", "/parameters/charge_overtemperature_C"},
    {"discharge_ot_c", "/parameters/discharge_overtemperature_C"},
    {"charge_ut_c", "/parameters/charge_undertemperature_C"},
    {"charge_ut_recovery_c", "/parameters/charge_undertemperature_recovery_C"},
    {"discharge_ut_c", "/parameters/discharge_undertemperature_C"},
    {"discharge_ut_recovery_c", "/parameters/discharge_undertemperature_recovery_C"},
    {"cell_count_setting", "/parameters/cell_count"},
    {"capacity_setting_ah", "/parameters/capacity_Ah"},
    {"charge_switch", "/charge_switch"},
    {"discharge_switch", "/discharge_switch"},
    {"current_calibration_a", "/parameters/current_calibration_A"},
    {"board_address", "/parameters/board_address"},
    {"chemistry_code", "/parameters/chemistry_code"},
    {"sleep_delay_s", "/parameters/sleep_delay_s"},
    {"low_soc_alarm_pct", "/parameters/low_capacity_alarm_pct"},
    {"dedicated_charger", "/parameters/dedicated_charger"},
    {"device_id", "/name"},
    {"protocol_version", "/parameters/protocol_version"},
};

void expect_same(const json& expected, const json& printed, const std::string& what) {
  if (expected.is_array()) {
    ASSERT_TRUE(printed.is_array()) << what;
    ASSERT_EQ(printed.size(), expected.size()) << what;
    for (std::size_t i = 0; i < expected.size(); ++i)
      expect_same(expected[i], printed[i], what + " " + std::to_string(i + 1));
    return;
  }
  if (expected.is_number()) {
    ASSERT_TRUE(printed.is_number()) << what << ": " << printed;
    EXPECT_NEAR(printed.get<double>(), expected.get<double>(), 1e-9) << what;
    return;
  }
  if (expected == "" && printed.is_null()) return;  // nothing to say
  EXPECT_EQ(printed, expected) << what;
}

std::string slot_text(std::span<const std::uint8_t> data) {
  const std::string all(data.begin(), data.end());
  return all.substr(0, all.find('\0'));
}

std::string slot_hex(std::span<const std::uint8_t> data) {
  std::string text;
  for (const std::uint8_t byte : data) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

/// One frame, what is printed for it, and the slots themselves for what no pack has a place for.
struct Frame {
  json printed;
  std::span<const std::uint8_t> information;

  std::span<const std::uint8_t> slot(std::uint8_t id) const {
    return jk_uart::find_data(information, id).value_or(std::span<const std::uint8_t>{});
  }
};
using Check = std::function<void(const json& expected, const Frame& frame)>;

void check_alarms(const json& expected, const Frame& frame) {
  std::set<std::string> names;
  const AlarmSet alarms = jk_uart::decode_alarms(expected.get<std::uint32_t>());
  for (std::size_t i = 0; i < kAlarmCount; ++i)
    if (alarms.has(static_cast<Alarm>(i))) names.emplace(kAlarmNames[i]);
  for (unsigned bit = 0; bit < 16; ++bit)
    if ((alarms.unknown >> bit & 1) != 0) names.emplace(unknown_alarm_name("jk-uart", bit).view());
  EXPECT_EQ(frame.printed["alarms"].get<std::set<std::string>>(), names);
}

/// "11.XW_S11.26___": both printed parts in this order make up the text, but for its padding.
void check_version(const json& expected, const Frame& frame) {
  const auto hardware = frame.printed["hardware_version"].get<std::string>();
  const auto software = frame.printed["software_version"].get<std::string>();
  std::string text = expected;
  EXPECT_TRUE(text.starts_with(hardware + "_")) << text;
  text.erase(text.find_last_not_of('_') + 1);
  EXPECT_TRUE(text.ends_with("_S" + software)) << text;
}

void check_vendor_text(const json& expected, const Frame& frame) {
  const auto data = frame.slot(jk_uart::kVendorText);
  EXPECT_EQ(slot_hex(data), expected.get<std::string>());
  const std::string all(data.begin(), data.end());
  const json& model = frame.printed["model"];
  if (all.find("JK_") == std::string::npos && all.find("JK-") == std::string::npos)
    EXPECT_TRUE(model.is_null());
  else
    EXPECT_EQ(model.get<std::string>(), std::string(all.substr(all.find("JK")).c_str()));
}

/// 0 is what old firmware sends for "not known": printed as null, never as an empty battery.
void check_full_capacity(const json& expected, const Frame& frame) {
  const json& printed = frame.printed["capacity_full_Ah"];
  if (expected == 0)
    EXPECT_TRUE(printed.is_null());
  else
    expect_same(expected, printed, "capacity_full_Ah");
}

void check_password(const json& expected, const Frame& frame) {
  const std::string password = expected;
  EXPECT_EQ(slot_text(frame.slot(jk_uart::kPassword)), password);  // it is in the frame
  for (const auto& [key, value] : frame.printed.items())           // and nowhere else
    EXPECT_EQ(value.dump().find(password), std::string::npos) << key;
}

Check number_in_slot(std::uint8_t id) {
  return [id](const json& expected, const Frame& frame) {
    std::uint32_t number = 0;
    for (const std::uint8_t byte : frame.slot(id)) number = number << 8 | byte;
    const auto stated = expected.is_boolean() ? expected.get<bool>() : expected.get<unsigned>();
    EXPECT_EQ(number, stated) << "slot " << int{id};
  };
}

const std::map<std::string, Check> kChecks = {
    {"alarm_bits", check_alarms},
    {"software_version", check_version},
    {"manufacturer_field_hex", check_vendor_text},
    {"actual_capacity_ah", check_full_capacity},
    {"settings_password", check_password},
    {"working_minutes",
     [](const json& expected, const Frame& frame) {
       EXPECT_EQ(frame.printed["runtime_s"], expected.get<int>() * 60);
     }},
    {"temperature_sensor_count", number_in_slot(0x86)},
    {"status_bits", number_in_slot(jk_uart::kState)},
    {"current_calibrating", number_in_slot(0xB8)},
    {"manufacture_yymm",
     [](const json& expected, const Frame& frame) {
       EXPECT_EQ(slot_text(frame.slot(0xB5)), expected.get<std::string>());
     }},
};

void check_answer(const json& entry, const std::vector<std::uint8_t>& bytes) {
  const auto decoded = decode_bytes(*find_protocol("jk-uart"), bytes);
  ASSERT_EQ(decoded.size(), 1U);
  ASSERT_TRUE(decoded[0].good) << decoded[0].json;
  jk_uart::Envelope envelope;
  jk_uart::open_envelope(bytes, envelope);
  const Frame frame{json::parse(decoded[0].json), envelope.information};
  for (const auto& [key, expected] : entry["expected"].items()) {
    SCOPED_TRACE(key);
    if (const auto value = kValues.find(key); value != kValues.end())
      expect_same(expected, frame.printed.at(json::json_pointer(value->second)), key);
    else if (const auto check = kChecks.find(key); check != kChecks.end())
      check->second(expected, frame);
    else
      ADD_FAILURE() << "nobody compares this value";
  }
}

void check_request(const json& entry, const std::vector<std::uint8_t>& bytes) {
  ProtocolBox protocol(*find_protocol("jk-uart"), 0);
  Pack pack;
  EXPECT_EQ(protocol->feed(bytes, Instant{}, pack).heard, Heard::not_for_us);
  const auto decoded = decode_bytes(*find_protocol("jk-uart"), bytes);
  ASSERT_EQ(decoded.size(), 1U);
  ASSERT_TRUE(decoded[0].good) << decoded[0].json;
  const json printed = json::parse(decoded[0].json)["request"];
  for (const auto& [key, expected] : entry["expected"].items()) {
    SCOPED_TRACE(key);
    EXPECT_EQ(printed.at(key), expected);
  }
}

void check_refusal(const json& entry, const std::vector<std::uint8_t>& bytes) {
  const auto decoded = decode_bytes(*find_protocol("jk-uart"), bytes);
  ASSERT_EQ(decoded.size(), 1U);
  EXPECT_FALSE(decoded[0].good);
  const json printed = json::parse(decoded[0].json);
  for (const auto& [key, expected] : entry["expected"].items()) {
    SCOPED_TRACE(key);
    if (key == "valid")
      EXPECT_FALSE(expected.get<bool>());
    else if (key == "error")
      EXPECT_NE(printed["error"].get<std::string>().find(expected.get<std::string>()),
                std::string::npos);
    else
      EXPECT_EQ(printed.at(key), expected);
  }
}

TEST(JkUartFixtures, EveryStatedValueOfEveryFrameIsDecoded) {
  std::ifstream in(kFrames);
  if (!in) GTEST_SKIP() << kFrames << " is not here";
  const json entries = json::parse(in);
  ASSERT_FALSE(entries.empty());
  for (const json& entry : entries) {
    SCOPED_TRACE(entry["id"].get<std::string>());
    const HexBytes hex = parse_hex(entry["hex"].get<std::string>());
    ASSERT_EQ(hex.fault, "");
    const std::string kind = entry["kind"];
    if (kind == "read_all_reply")
      check_answer(entry, hex.bytes);
    else if (kind == "request")
      check_request(entry, hex.bytes);
    else if (kind == "invalid")
      check_refusal(entry, hex.bytes);
    else
      ADD_FAILURE() << "nobody looks at entries of kind " << kind;
  }
}

TEST(JkUartFixtures, RequestsAreBuiltAsTheSourcesShowThem) {
  std::ifstream in(kFrames);
  if (!in) GTEST_SKIP() << kFrames << " is not here";
  for (const json& entry : json::parse(in)) {
    if (entry["kind"] != "request") continue;
    const json& expected = entry["expected"];
    const auto id = expected["register_id"].get<std::uint8_t>();
    std::optional<Request> request;
    switch (static_cast<jk_uart::Command>(expected["command"].get<int>())) {
      case jk_uart::Command::read_all: request = jk_uart::read_all_request(); break;
      case jk_uart::Command::activate: request = jk_uart::activate_request(); break;
      case jk_uart::Command::password: request = jk_uart::password_request(); break;
      case jk_uart::Command::read_one: request = jk_uart::read_one_request(id); break;
      case jk_uart::Command::write:
        request =
            jk_uart::write_request(id, static_cast<std::uint32_t>(std::stoul(
                                           expected["data_hex"].get<std::string>(), nullptr, 16)));
        break;
    }
    ASSERT_TRUE(request) << entry["id"];
    if (expected["frame_source"] != 3) continue;  // ours is always a PC
    const HexBytes hex = parse_hex(entry["hex"].get<std::string>());
    EXPECT_EQ(std::vector<std::uint8_t>(request->view().begin(), request->view().end()), hex.bytes)
        << entry["id"];
  }
}

}  // namespace
}  // namespace cw

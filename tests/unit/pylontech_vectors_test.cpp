// SPDX-License-Identifier: Apache-2.0
// Lines of real batteries and inverters, kept outside the project: each is taken apart and put
// together again to the same characters. Skipped where they are not at hand.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bridge/inverter/pylontech_information.h"
#include "tests/unit/pylontech_rig.h"

namespace cw::pylontech {
namespace {

using nlohmann::json;

constexpr const char* kVectors = CW_SOURCE_DIR "/../shared/frames/inverter-rs485.json";

json vectors() {
  std::ifstream in(kVectors);
  return in ? json::parse(in) : json{};
}

std::string text_of(const json& value) { return value.is_string() ? value.get<std::string>() : ""; }

Parsed parse_line(const std::string& line) { return parse(std::string_view{line}.substr(1)); }

std::int32_t tenths(const json& value) {
  return static_cast<std::int32_t>(std::lround(value.get<double>() * 10));
}
std::int32_t kelvin(const json& value) { return tenths(value) + kKelvinOffset; }
std::int32_t place(const json& value) { return value[0].get<int>() << 8 | value[1].get<int>(); }

TEST(PylontechVectors, EveryCapturedLineIsReadAndMadeAgain) {
  const json all = vectors();
  if (all.is_null()) GTEST_SKIP() << kVectors << " is not here";
  int lines = 0;
  for (const json& entry : all["exchanges"]) {
    if (entry["expect"].contains("checksum_only")) continue;
    for (const char* key : {"request", "response"}) {
      const std::string line = text_of(entry[key]);
      if (line.empty()) continue;
      const Parsed parsed = parse_line(line);
      EXPECT_EQ(parsed.fault, Return::normal) << entry["id"];
      EXPECT_EQ(build(parsed.frame), line + "\r") << entry["id"];
      ++lines;
    }
  }
  EXPECT_GT(lines, 15);
}

TEST(PylontechVectors, TheSumOfTheDocumentsExampleIsOneLess) {
  const json all = vectors();
  if (all.is_null()) GTEST_SKIP() << kVectors << " is not here";
  for (const json& entry : all["exchanges"])
    if (entry["expect"].contains("checksum_only")) {
      const std::string line = entry["request"];
      const auto sum = std::stoul(entry["expect"]["checksum"].get<std::string>(), nullptr, 16);
      EXPECT_EQ(checksum(std::string_view{line}.substr(1, line.size() - 5)), sum);
      EXPECT_EQ(parse_line(line).fault, Return::checksum);
    }
}

TEST(PylontechVectors, LimitsOfRealModulesAreUnpackedByOurTables) {
  const json all = vectors();
  if (all.is_null()) GTEST_SKIP() << kVectors << " is not here";
  int seen = 0;
  for (const json& entry : all["exchanges"]) {
    const json& expect = entry["expect"];
    if (!expect.contains("cvl_mV")) continue;
    const Frame frame = parse_line(text_of(entry["response"])).frame;
    std::span<const std::uint8_t> rest = std::span{frame.information}.subspan(1);
    Management values{};
    ASSERT_TRUE(unpack(rest, std::span{kManagementOfPack}, values)) << entry["id"];
    EXPECT_EQ(values.charge_mV, expect["cvl_mV"]);
    EXPECT_EQ(values.discharge_mV, expect["dvl_mV"]);
    EXPECT_EQ(values.charge_current, tenths(expect["ccl_A"]));
    EXPECT_EQ(values.discharge_current, tenths(expect["dcl_A"]));
    ++seen;
  }
  EXPECT_GE(seen, 3);
}

struct Stated {
  const char* key;
  std::int32_t System::*member;
  std::int32_t (*number)(const json&);
};

constexpr auto kWhole = [](const json& value) { return value.get<std::int32_t>(); };
constexpr auto kHundredths = [](const json& value) {
  return static_cast<std::int32_t>(std::lround(value.get<double>() * 100));
};

const Stated kStated[] = {
    {"voltage_mV", &System::voltage_mV, kWhole},
    {"current_A", &System::current_cA, kHundredths},
    {"soc_pct", &System::soc_pct, kWhole},
    {"cycles_avg", &System::cycles_mean, kWhole},
    {"cycles_max", &System::cycles_max, kWhole},
    {"soh_avg", &System::soh_mean, kWhole},
    {"soh_min", &System::soh_min, kWhole},
    {"cell_max_mV", &System::cell_max_mV, kWhole},
    {"cell_max_id", &System::cell_max_where, place},
    {"cell_min_mV", &System::cell_min_mV, kWhole},
    {"cell_min_id", &System::cell_min_where, place},
    {"temp_avg_C", &System::cell_mean_dK, kelvin},
    {"temp_max_C", &System::cell_max_dK, kelvin},
    {"temp_max_id", &System::cell_max_dK_where, place},
    {"temp_min_C", &System::cell_min_dK, kelvin},
    {"temp_min_id", &System::cell_min_dK_where, place},
    {"mos_avg_C", &System::mosfet_mean_dK, kelvin},
    {"mos_max_C", &System::mosfet_max_dK, kelvin},
    {"mos_max_id", &System::mosfet_max_where, place},
    {"mos_min_C", &System::mosfet_min_dK, kelvin},
    {"mos_min_id", &System::mosfet_min_where, place},
    {"bms_avg_C", &System::board_mean_dK, kelvin},
    {"bms_max_C", &System::board_max_dK, kelvin},
    {"bms_max_id", &System::board_max_where, place},
    {"bms_min_C", &System::board_min_dK, kelvin},
    {"bms_min_id", &System::board_min_where, place},
};

/// The bank as the vector states it: limits and flags.
void apply(const json& state, sample::InverterBank& bank) {
  BankRequest& request = bank.request;
  const auto amps = [](const json& value) {
    return Milliamps{static_cast<std::int32_t>(std::lround(std::abs(value.get<double>()) * 1000))};
  };
  request.charge_voltage.value = {state["cvl_mV"].get<std::int32_t>()};
  request.discharge_voltage.value = {state["dvl_mV"].get<std::int32_t>()};
  request.charge_current.value = amps(state["ccl_A"]);
  request.discharge_current.value = amps(state["dcl_A"]);
  for (const json& flag : state["flags"])
    request.full_charge_wanted = request.full_charge_wanted || flag == "full_charge";
}

TEST(PylontechVectors, AskedLikeThisWeAnswerLikeThat) {
  const json all = vectors();
  if (all.is_null()) GTEST_SKIP() << kVectors << " is not here";
  int compared = 0;
  for (const json& entry : all["constructed"]) {
    if (!entry["request"].is_string()) continue;
    Rig rig;
    if (entry["state"].contains("cvl_mV")) apply(entry["state"], rig.bank);
    rig.tell();
    const std::string got = rig.ask(text_of(entry["request"]) + "\r");
    if (entry["state"].contains("soc_pct")) continue;  // see below
    EXPECT_EQ(got, text_of(entry["response"])) << entry["id"];
    ++compared;
  }
  EXPECT_GE(compared, 7);
}

TEST(PylontechVectors, TheSystemAnswerIsPackedAsStated) {
  const json all = vectors();
  if (all.is_null()) GTEST_SKIP() << kVectors << " is not here";
  for (const json& entry : all["constructed"]) {
    const json& state = entry["state"];
    if (!state.contains("soc_pct")) continue;
    System values{};
    for (const Stated& stated : kStated) values.*stated.member = stated.number(state[stated.key]);
    Packer packer;
    packer.put(values, kSystem);
    EXPECT_EQ(build({0x20, 2, kBatteryData, 0, packer.bytes()}), text_of(entry["response"]) + "\r");
    EXPECT_FALSE(packer.held());
  }
}

TEST(PylontechVectors, LengthsAreAsListed) {
  const json all = vectors();
  if (all.is_null()) GTEST_SKIP() << kVectors << " is not here";
  for (const json& entry : all["constructed"]) {
    if (!entry["state"].contains("lenid")) continue;
    for (const json& pair : entry["state"]["lenid"])
      EXPECT_EQ(length_field(pair[0].get<std::size_t>()),
                std::stoul(pair[1].get<std::string>(), nullptr, 16));
  }
}

}  // namespace
}  // namespace cw::pylontech

// SPDX-License-Identifier: Apache-2.0
// Requests with the exceptions they deserve, kept outside the project, against a SunSpec unit that
// takes writes. Skipped where they are not at hand.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/unit/modbus_bank_sample.h"
#include "tests/unit/modbus_rig.h"

namespace cw::modbus_test {
namespace {

using nlohmann::json;

constexpr const char* kFrames = CW_SOURCE_DIR "/../shared/frames/inverter-modbus.json";

Bytes bytes_of(const std::string& hex) {
  Bytes out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return out;
}

TEST(ModbusVectors, AreAnsweredWithTheirExceptions) {
  std::ifstream file(kFrames);
  if (!file) GTEST_SKIP() << "no frames at " << kFrames;
  const sample::BankSample bank;
  ModbusOptions options = bank.options();
  options.sunspec.port = 0;
  options.orders.from = {"127.0.0.1"};
  options.orders.points = {"802.SoCRsvMin"};
  Rig rig(options, false);
  rig.publish(bank.picture());
  Client client(rig, 0, ModbusPort::sunspec);
  int seen = 0;
  const json all = json::parse(file);
  for (const json& capture : all.at("captures")) {
    if (capture.at("id") != "modbus-tcp-exceptions") continue;
    for (const json& exchange : capture.at("frames")) {
      client.send_all(bytes_of(exchange.at("request")));
      EXPECT_EQ(client.reply(), bytes_of(exchange.at("response")))
          << exchange.at("expect").at("what");
      ++seen;
    }
  }
  EXPECT_GE(seen, 6);
}

}  // namespace
}  // namespace cw::modbus_test

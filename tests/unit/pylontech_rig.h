// SPDX-License-Identifier: Apache-2.0
// An inverter that asks batteries by Pylontech's protocol, in virtual time.
#pragma once
#include <gtest/gtest.h>

#include <string>

#include "bridge/inverter/pylontech_ascii.h"
#include "bridge/inverter/pylontech_rs485.h"
#include "tests/unit/inverter_bank.h"

namespace cw::pylontech {

inline std::string request(std::uint8_t command, std::vector<std::uint8_t> information = {},
                           std::uint8_t address = 2) {
  return build({0x20, address, kBatteryData, command, std::move(information)});
}

struct Rig {
  sample::InverterBank bank;
  std::unique_ptr<InverterProtocol> battery;

  explicit Rig(const InverterOptions& options = {}) : battery(make_pylontech_rs485(options)) {}

  void tell() { battery->tell(bank.picture(), bank.now); }
  void pass(Millis time) { bank.now = bank.now + time; }
  void send(std::string_view text) {
    battery->receive({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, bank.now);
  }
  /// The answer that is due by now, with its CR cut off; "": none.
  std::string next() {
    const auto bytes = battery->next(bank.now);
    if (bytes.empty()) return {};
    EXPECT_EQ(bytes.back(), '\r');
    return {bytes.begin(), bytes.end() - 1};
  }
  std::string ask(std::string_view text) {
    send(text);
    pass({10});
    return next();
  }
  /// INFO of a normal answer.
  std::vector<std::uint8_t> information(std::string_view text) {
    const std::string line = ask(text);
    EXPECT_FALSE(line.empty());
    if (line.empty()) return {};
    const Parsed parsed = parse(std::string_view{line}.substr(1));
    EXPECT_EQ(parsed.fault, Return::normal);
    EXPECT_EQ(parsed.frame.command, 0) << line;
    return parsed.frame.information;
  }
};

}  // namespace cw::pylontech

// SPDX-License-Identifier: Apache-2.0
// The words between a simulated inverter and simulated packs.
#include "daemon/simulate/inverter_run.h"

#include <gtest/gtest.h>

#include "daemon/simulate/simulation_order.h"

namespace cw {
namespace {

TEST(InverterRun, DividesTheCurrentAmongThePacks) {
  const std::vector<std::string> packs = {"garage", "shed"};
  const std::string orders = current_orders(packs, -51);
  EXPECT_EQ(orders, "garage current -25.5 A\nshed current -25.5 A\n");
  // A simulation understands them.
  const ReadOrder read = read_order("shed current -25.5 A", packs);
  ASSERT_TRUE(read.order) << read.fault;
  EXPECT_EQ(read.order->pack, 1U);
  EXPECT_EQ(read.order->fault, simulator::Fault::current);
  EXPECT_EQ(read.order->value, -25'500);
}

TEST(InverterRun, FindsTheVoltageInAnAnswer) {
  EXPECT_EQ(voltage_in("ok\nok\n{\"pack\":\"garage\",\"voltage_V\":53.21,\"current_A\":1}"), 53.21);
  EXPECT_FALSE(voltage_in("{\"voltage_V\":null}"));
  EXPECT_FALSE(voltage_in("error: no such pack"));
}

TEST(InverterRun, TakesNothingFromAnAnswerThatIsCutOrWrong) {
  EXPECT_EQ(simulator::find_inverter_reader("jk-uart"), nullptr);
  const auto reader = simulator::find_inverter_reader("pylontech-rs485")->make("", 0);
  const std::string line = "~20024600D012DAC0AF0004D207D9C0F98B\r";
  const auto hear = [&](std::string_view text) {
    return reader->hear({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  };
  EXPECT_FALSE(hear(line.substr(0, 20)));
  const auto limits = hear(line.substr(20));
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->charge_voltage, Millivolts{56'000});
  EXPECT_EQ(limits->discharge_voltage, Millivolts{44'800});
  EXPECT_EQ(limits->charge_current, Milliamps{123'400});
  EXPECT_EQ(limits->discharge_current, Milliamps{200'900});
  EXPECT_TRUE(limits->charge_enabled && limits->discharge_enabled);
  EXPECT_FALSE(limits->force_charge);
  std::string wrong = line;
  wrong[20] = '9';
  EXPECT_FALSE(hear(wrong));
}

}  // namespace
}  // namespace cw

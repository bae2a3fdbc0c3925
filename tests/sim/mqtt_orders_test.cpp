// SPDX-License-Identifier: Apache-2.0
// Settings ordered over MQTT, against a simulated board: carried out once and read back, or refused
// with the reason; whatever a broker repeats, stores or floods with.
#include "daemon/writes/mqtt_orders.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/sim/write_world.h"

namespace cw::test {
namespace {

constexpr std::int64_t kWall_ms = 1'790'000'000'000;

class MqttOrdersTest : public testing::Test {
 protected:
  static WriteOptions leave(bool mqtt) {
    WriteOptions options = WriteWorld::everything();
    options.allowed[1] = mqtt ? options.allowed[0] : Allowance{};
    return options;
  }
  void make(bool mqtt = true) {
    world = std::make_unique<WriteWorld>(leave(mqtt));
    orders = std::make_unique<MqttOrders>(
        world->gateway, [this](const MqttAnswer& answer) { answers.push_back(answer); },
        [this] { return kWall_ms + world->now.ms; });
  }
  void order(std::string setting, std::string payload, bool retained = false) {
    orders->take({"garage", std::move(setting), std::move(payload), retained}, world->now);
    world->run(1);
  }
  /// How many answers say so.
  std::ptrdiff_t said(std::string_view words) const {
    return std::count_if(answers.begin(), answers.end(), [&](const MqttAnswer& answer) {
      return answer.payload.find(words) != std::string::npos;
    });
  }
  std::size_t recorded(std::string_view words) const {
    std::size_t count = 0;
    for (const Event& event : world->records.of(EventKind::setting_outcome))
      count += event.detail.view().find(words) != std::string_view::npos ? 1U : 0U;
    return count;
  }
  std::optional<std::int32_t> overvoltage() {
    return world->truth(setting_of(Parameter::cell_overvoltage));
  }

  std::unique_ptr<WriteWorld> world;
  std::unique_ptr<MqttOrders> orders;
  std::vector<MqttAnswer> answers;
};

TEST_F(MqttOrdersTest, IsCarriedOutReadBackAndAnswered) {
  make();
  order("cell_overvoltage_V", R"({"id":"x1","value":3.62})");
  world->run(5'000);
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].payload.substr(0, answers[0].payload.find(",\"ts\"")),
            R"({"id":"x1","setting":"cell_overvoltage_V","value":3.620,"status":"accepted",)"
            R"("code":null,"message":"on its way")");
  EXPECT_NE(answers[1].payload.find(R"("status":"done","code":null,"message":"verified")"),
            std::string::npos)
      << answers[1].payload;
  EXPECT_FALSE(answers[1].refused);
  EXPECT_EQ(overvoltage(), 3'620);
  EXPECT_EQ(recorded("verified; by mqtt client x1"), 1U);
  EXPECT_EQ(world->records.of(EventKind::setting_ordered).size(), 1U);
}

TEST_F(MqttOrdersTest, HomeAssistantsWordsTurnASwitch) {
  make();
  order("charge_switch", "OFF");
  world->run(5'000);
  EXPECT_EQ(world->truth(setting_of(Control::charge_switch)), 0);
  order("charge_switch", "ON");
  world->run(5'000);
  EXPECT_EQ(world->truth(setting_of(Control::charge_switch)), 1);
  EXPECT_EQ(said(R"("status":"done")"), 2);
}

TEST_F(MqttOrdersTest, WithoutLeaveNothingIsSent) {
  make(false);
  const auto before = overvoltage();
  order("cell_overvoltage_V", "3.62");
  world->run(3'000);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(said(R"("status":"error","code":"forbidden")"), 1) << answers[0].payload;
  EXPECT_TRUE(answers[0].refused);
  EXPECT_EQ(overvoltage(), before);
  EXPECT_EQ(world->orders, 0);
  EXPECT_EQ(recorded("refused over mqtt"), 1U);
}

TEST_F(MqttOrdersTest, WhatTheBrokerHadStoredIsRecordedAndNotCarriedOut) {
  make();
  order("cell_overvoltage_V", "3.62", true);
  world->run(3'000);
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(world->orders, 0);
  EXPECT_EQ(recorded("the broker had stored"), 1U);
}

TEST_F(MqttOrdersTest, DeliveredTwiceItIsCarriedOutOnce) {
  make();
  const std::string payload = R"({"id":"once","value":"3.62 V"})";
  order("cell_overvoltage_V", payload);
  order("cell_overvoltage_V", payload);
  world->run(5'000);
  const int sent = world->orders;
  order("cell_overvoltage_V", payload);
  world->run(5'000);
  EXPECT_EQ(said(R"("status":"accepted")"), 2);
  EXPECT_EQ(said(R"("status":"done")"), 2);
  EXPECT_EQ(world->orders, sent);
  EXPECT_EQ(world->records.of(EventKind::setting_ordered).size(), 1U);
}

// Its client was told that it failed, and has given another order since.
TEST_F(MqttOrdersTest, WhatWasRefusedAsTooSoonOrBusyIsNotCarriedOutLate) {
  make();
  const std::string busy = R"({"id":"busy","value":"OFF"})";
  const std::string soon = R"({"id":"soon","value":3.61})";
  order("cell_overvoltage_V", "3.62");
  order("charge_switch", busy);
  order("cell_overvoltage_V", soon);
  ASSERT_EQ(said(R"("code":"busy")"), 1);
  ASSERT_EQ(said(R"("code":"rate")"), 1);
  world->run(10'000);
  order("charge_switch", busy);
  order("cell_overvoltage_V", soon);
  world->run(5'000);
  EXPECT_EQ(said(R"("code":"busy")"), 2);
  EXPECT_EQ(said(R"("code":"rate")"), 2);
  EXPECT_EQ(overvoltage(), 3'620);
  EXPECT_EQ(world->truth(setting_of(Control::charge_switch)), 1);
}

TEST_F(MqttOrdersTest, OfABurstTheFirstIsCarriedOut) {
  make();
  for (int i = 0; i < 20; ++i) order("cell_overvoltage_V", fmt::format("3.6{:02}", i));
  world->run(4'000);
  EXPECT_EQ(said(R"("code":"rate")"), 19);
  EXPECT_EQ(said(R"("status":"done")"), 1);
  EXPECT_EQ(overvoltage(), 3'600);
  order("cell_overvoltage_V", "3.61");
  EXPECT_EQ(said(R"("code":"rate")"), 20);
  world->run(1'500);
  order("cell_overvoltage_V", "3.61");
  world->run(4'000);
  EXPECT_EQ(overvoltage(), 3'610);
}

TEST_F(MqttOrdersTest, RulesRefuseWithTheReason) {
  make();
  order("cell_overvoltage_V", "2.5");
  EXPECT_EQ(said(R"("code":"rule","message":"cell_overvoltage)"), 1) << answers[0].payload;
  order("cell_undervoltage_V", "9");
  EXPECT_EQ(said(R"("code":"parse")"), 1);
  EXPECT_EQ(world->orders, 0);
}

TEST_F(MqttOrdersTest, WhatMakesNoSenseIsAnsweredAndRecorded) {
  make();
  order("cell_overvoltage", "3.62");  // the key of files: another topic
  order("no\nsuch", "1");
  EXPECT_EQ(said(R"("code":"unknown")"), 2);
  EXPECT_EQ(said(R"("setting":"no?such")"), 1);
  for (const char* payload : {"", "{}", "{\"value\":3.62", "[3.62]", "{\"value\":{}}", "3.6\x01"})
    order("cell_overvoltage_V", payload);
  order("cell_overvoltage_V", std::string(MqttCommand::kPayloadMost, '1'));
  EXPECT_EQ(said(R"("code":"parse")"), 7);
  EXPECT_EQ(world->orders, 0);
  EXPECT_EQ(recorded("refused over mqtt"), 9U);
}

TEST_F(MqttOrdersTest, AfterItsTimeItIsNotCarriedOut) {
  make();
  order("cell_overvoltage_V", R"({"value":3.62,"expires":1789999999})");
  EXPECT_EQ(said(R"("code":"expired")"), 1);
  EXPECT_EQ(world->orders, 0);
  order("cell_overvoltage_V", R"({"value":3.62,"expires":1790000060})");
  world->run(5'000);
  EXPECT_EQ(overvoltage(), 3'620);
}

TEST_F(MqttOrdersTest, ATimeBeyondAllReckoningIsNotOverYet) {
  make();
  order("cell_overvoltage_V", R"({"value":3.62,"expires":9223372036854775807})");
  world->run(5'000);
  EXPECT_EQ(said(R"("code":"expired")"), 0);
  EXPECT_EQ(overvoltage(), 3'620);
  order("charge_switch", R"({"value":"OFF","expires":-9223372036854775808})");
  EXPECT_EQ(said(R"("code":"expired")"), 1);
}

TEST_F(MqttOrdersTest, ASilentBoardIsAnError) {
  make();
  world->mute();
  order("cell_overvoltage_V", "3.62");
  world->run(20'000);
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_NE(answers[1].payload.find(R"("status":"error")"), std::string::npos);
  order("cell_overvoltage_V", "3.62");
  EXPECT_EQ(said(R"("code":"offline")"), 1);
}

TEST_F(MqttOrdersTest, ABoardThatKeepsItsValueIsAnError) {
  make();
  world->obey_nothing();
  order("cell_overvoltage_V", "3.62");
  world->run(20'000);
  EXPECT_EQ(said(R"("status":"error","code":"verify")"), 1);
}

TEST_F(MqttOrdersTest, NobodyFillsTheRecord) {
  make();
  for (int i = 0; i < 1'000; ++i) order("cell_overvoltage_V", "3.62", true);
  EXPECT_EQ(recorded("refused over mqtt"), 10U);
  world->run(61'000);
  order("cell_overvoltage_V", "3.62", true);
  EXPECT_EQ(recorded("(990 more were not recorded)"), 1U);
}

TEST_F(MqttOrdersTest, NobodyFillsTheRecordWithWhatIsForbidden) {
  make(false);
  for (std::size_t i = 0; i < kParameterCount; ++i)
    order(std::string{setting_key(setting_of(static_cast<Parameter>(i)))}, "1");
  EXPECT_GT(said(R"("code":"forbidden")"), 20);
  EXPECT_EQ(world->records.of(EventKind::setting_outcome).size(), 10U);
}

TEST_F(MqttOrdersTest, WithoutSuchAPackThereIsNobodyToAnswer) {
  make();
  orders->take({"attic", "charge_switch", "ON", false}, world->now);
  world->run(1);
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(recorded("there is no pack attic"), 1U);
}

}  // namespace
}  // namespace cw::test

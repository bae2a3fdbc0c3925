// SPDX-License-Identifier: Apache-2.0
// When what is sent, in virtual time: announcements in order, changes at once, quiet otherwise,
// nothing stale, nothing lost that must not be.
#include "bridge/mqtt/mqtt_publisher.h"

#include <gtest/gtest.h>

#include "bridge/mqtt/mqtt_retry.h"
#include "mqtt_support.h"

namespace cw {
namespace {

using namespace mqtt_test;

// The mailbox, the publisher and the outlet on one clock that only this class moves.
class Bench {
 public:
  explicit Bench(MqttOptions options = test_options()) : publisher(options, "1.2.3", 7) {}

  void show() {
    mailbox.put(scene.at(now), scene.all());
    turn();
  }
  void turn() {
    mailbox.take(model, taken, publisher.room_for_events());
    publisher.apply(model, taken, now);
    outlet.now = now;
    wanted = publisher.send_due(model, {now, kWallOfZero + now.ms}, outlet);
  }
  /// Until `end`, called exactly when the publisher asked for it.
  void run_until(Instant end) {
    int turns = 0;
    while (wanted <= end) {
      ASSERT_LT(++turns, 10'000) << "the publisher does not come to rest";
      now = std::max(wanted, now + 1_ms);
      turn();
    }
    now = end;
  }
  void hear_and_show(Instant when) {
    run_until(when);
    for (std::size_t i = 0; i < scene.packs.size(); ++i) scene.hear(i, now);
    show();
  }
  /// Connected, one pack heard, everything announced, the repetition behind us.
  void settle() {
    scene.packs = {heard_pack("garage", now)};
    publisher.on_connected(now);
    show();
    for (int second = 1; second <= 5; ++second) hear_and_show(Instant{second * 1000});
    outlet.sent.clear();
  }

  Instant now{0};
  Instant wanted{0};
  Scene scene;
  MqttMailbox mailbox;
  MqttPublisher publisher;
  MqttModel model;
  Taken taken;
  MemoryOutlet outlet;
};

TEST(MqttPublisher, AnnouncesDiscoveryThenStatusThenItselfThenValues) {
  Bench bench;
  bench.scene.packs = {heard_pack("garage", {0}), heard_pack("cellar", {0}, 4, "77")};
  bench.publisher.on_connected({0});
  bench.show();
  bench.run_until({500});
  const std::vector<std::string> order = {kGatewayConfig,
                                          "homeassistant/device/cellwarden_bank_cabin/config",
                                          kPackConfig,
                                          "homeassistant/device/cellwarden_77/config",
                                          kPackStatus,
                                          "cellwarden/cabin/cellar/status",
                                          "cellwarden/cabin/info",
                                          kGatewayStatus};
  ASSERT_GT(bench.outlet.sent.size(), order.size());
  for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(bench.outlet.sent[i].topic, order[i]);
  for (const char* topic : {kState, kCells, kStats, kAlarms, kSupervisor})
    EXPECT_GT(bench.outlet.position(topic), bench.outlet.position(kGatewayStatus)) << topic;
  const auto first = bench.outlet.of(kPackConfig).at(0).when;
  EXPECT_EQ(bench.outlet.of(order[3]).at(0).when, first + 50_ms);
}

TEST(MqttPublisher, RetainsWhatLateSubscribersMustSeeAndNoMeasuredValue) {
  Bench bench;
  bench.scene.packs = {heard_pack("garage", {0})};
  bench.publisher.on_connected({0});
  bench.show();
  for (const char* topic : {kGatewayConfig, kPackConfig, kPackStatus, kGatewayStatus, kAlarms,
                            kSupervisor, "cellwarden/cabin/garage/info"}) {
    ASSERT_EQ(bench.outlet.of(topic).size(), 1u) << topic;
    EXPECT_TRUE(bench.outlet.of(topic)[0].delivery.retain) << topic;
    EXPECT_EQ(bench.outlet.of(topic)[0].delivery.qos, 1) << topic;
  }
  for (const char* topic : {kState, kCells, kStats, "cellwarden/cabin/bank"}) {
    ASSERT_EQ(bench.outlet.of(topic).size(), 1u) << topic;
    EXPECT_FALSE(bench.outlet.of(topic)[0].delivery.retain) << topic;
    EXPECT_EQ(bench.outlet.of(topic)[0].delivery.qos, 0) << topic;
  }
}

TEST(MqttPublisher, RetainsValuesIfAskedTo) {
  MqttOptions options = test_options();
  options.retain_state = true;
  Bench bench(options);
  bench.scene.packs = {heard_pack("garage", {0})};
  bench.publisher.on_connected({0});
  bench.show();
  EXPECT_TRUE(bench.outlet.of(kState).at(0).delivery.retain);
}

TEST(MqttPublisher, SaysNothingToHomeAssistantIfSwitchedOff) {
  MqttOptions options = test_options();
  options.home_assistant = false;
  Bench bench(options);
  bench.scene.packs = {heard_pack("garage", {0})};
  bench.publisher.on_connected({0});
  bench.show();
  EXPECT_EQ(bench.outlet.of(kState).size(), 1u);
  for (const Sent& message : bench.outlet.sent)
    EXPECT_EQ(message.topic.find("homeassistant"), std::string::npos);
}

TEST(MqttPublisher, ValuesAreSaidOnceMoreWhenHomeAssistantHasMadeTheEntities) {
  Bench bench;
  bench.scene.packs = {heard_pack("garage", {0})};
  bench.publisher.on_connected({0});
  bench.show();
  for (int second = 1; second <= 2; ++second) bench.hear_and_show(Instant{second * 1000});
  EXPECT_EQ(bench.outlet.of(kCells).size(), 1u);
  bench.run_until({3'000});
  EXPECT_EQ(bench.outlet.of(kCells).size(), 2u);
  EXPECT_EQ(bench.outlet.of(kPackConfig).size(), 1u) << "discovery is not repeated with values";
}

TEST(MqttPublisher, ASteadyPackIsQuietButForItsBeat) {
  Bench bench;
  bench.settle();
  for (int second = 6; second <= 5 + 120; ++second) bench.hear_and_show(Instant{second * 1000});
  EXPECT_EQ(bench.outlet.of(kState).size(), 2u);
  EXPECT_EQ(bench.outlet.of(kCells).size(), 2u);
  EXPECT_EQ(bench.outlet.of(kAlarms).size(), 0u);
  EXPECT_EQ(bench.outlet.of(kPackStatus).size(), 0u);
}

TEST(MqttPublisher, AChangeOfStateGoesOutInTheTurnThatBringsIt) {
  Bench bench;
  bench.settle();
  bench.now = bench.now + 100_ms;
  bench.scene.packs[0].pack.scalars.current.set({20'000}, bench.now);
  bench.show();
  ASSERT_EQ(bench.outlet.of(kState).size(), 1u);
  EXPECT_EQ(Json::parse(bench.outlet.of(kState)[0].payload)["current_A"], 20.0);
}

TEST(MqttPublisher, CellsWaitForTheirIntervalAndThenTellTheNewestOnce) {
  Bench bench;
  bench.settle();  // cells were said at 3 s
  for (int second = 6; second <= 14; ++second) {
    bench.run_until(Instant{second * 1000});
    bench.scene.hear(0, bench.now);
    bench.scene.packs[0].pack.cell_voltage[0].set({3'400 + second}, bench.now);
    bench.show();
  }
  const auto cells = bench.outlet.of(kCells);
  ASSERT_EQ(cells.size(), 1u);
  EXPECT_EQ(cells[0].when.ms, 13'000);
  EXPECT_EQ(Json::parse(cells[0].payload)["cell_voltage_V"][0], 3.412)
      << "the interval ended a moment before the frame of 13 s was shown";
}

TEST(MqttPublisher, FlagsDoNotWaitForTheInterval) {
  MqttOptions options = test_options();
  options.state_interval = 30_s;
  Bench bench(options);
  bench.settle();
  bench.scene.packs[0].pack.scalars.soc.set({5'000}, bench.now);
  bench.show();
  EXPECT_EQ(bench.outlet.of(kState).size(), 0u);
  bench.scene.packs[0].pack.scalars.charge_mosfet.set({0}, bench.now);
  bench.show();
  ASSERT_EQ(bench.outlet.of(kState).size(), 1u);
  EXPECT_EQ(Json::parse(bench.outlet.of(kState)[0].payload)["soc_pct"], 50.0);
}

TEST(MqttPublisher, AnAlarmGoesOutAtOnceAndOnlyOnce) {
  Bench bench;
  bench.settle();
  AlarmSet alarms;
  alarms.add(Alarm::cell_overvoltage);
  for (int second = 6; second < 9; ++second) {
    bench.run_until(Instant{second * 1000});
    bench.scene.hear(0, bench.now);
    bench.scene.packs[0].pack.alarms.set(alarms, bench.now);
    bench.show();
  }
  ASSERT_EQ(bench.outlet.of(kAlarms).size(), 1u);
  EXPECT_EQ(bench.outlet.of(kAlarms)[0].when.ms, 6'000);
  EXPECT_EQ(Json::parse(bench.outlet.of(kAlarms)[0].payload)["alarms"][0], "cell_overvoltage");
}

TEST(MqttPublisher, ASilentPackGoesOfflineAndNullOnTimeEvenIfTheLoopStandsStill) {
  Bench bench;
  bench.settle();  // last heard at 5 s, stale after 3 s
  bench.run_until({20'000});
  ASSERT_EQ(bench.outlet.of(kPackStatus).size(), 1u);
  EXPECT_EQ(bench.outlet.of(kPackStatus)[0].payload, "offline");
  EXPECT_EQ(bench.outlet.of(kPackStatus)[0].when.ms, 8'001);
  for (const char* topic : {kState, kCells, kStats}) {
    ASSERT_EQ(bench.outlet.of(topic).size(), 1u) << topic;
    EXPECT_EQ(bench.outlet.of(topic)[0].when.ms, 8'001);
  }
  EXPECT_TRUE(Json::parse(bench.outlet.of(kState)[0].payload)["voltage_V"].is_null());
  EXPECT_TRUE(Json::parse(bench.outlet.of(kAlarms).at(0).payload)["active"].is_null());
}

TEST(MqttPublisher, APackThatComesBackIsOnlineAndFullAtOnce) {
  Bench bench;
  bench.settle();
  bench.run_until({20'000});
  bench.outlet.sent.clear();
  bench.scene.hear(0, bench.now);
  bench.show();
  EXPECT_EQ(bench.outlet.of(kPackStatus).at(0).payload, "online");
  EXPECT_EQ(Json::parse(bench.outlet.of(kState).at(0).payload)["voltage_V"], 53.12);
}

TEST(MqttPublisher, APackNeverHeardIsOfflineAndNotAnnounced) {
  Bench bench;
  bench.scene.packs = {silent_pack("garage")};
  bench.publisher.on_connected({0});
  bench.show();
  bench.run_until({30'000});
  EXPECT_EQ(bench.outlet.of(kPackStatus).at(0).payload, "offline");
  EXPECT_EQ(bench.outlet.of(kGatewayStatus).size(), 1u);
  for (const Sent& message : bench.outlet.sent)
    EXPECT_EQ(message.topic.find("cellwarden_cabin_garage"), std::string::npos);
}

TEST(MqttPublisher, WithoutASerialNumberThePackIsKnownByItsNameAfterAWait) {
  Bench bench;
  bench.scene.packs = {heard_pack("garage", {0}, 4, "")};
  bench.publisher.on_connected({0});
  bench.show();
  bench.run_until({2'500});
  const auto found = bench.outlet.of("homeassistant/device/cellwarden_cabin_garage/config");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].when.ms, 2'000);
}

TEST(MqttPublisher, AnIdentityOnceChosenIsNeverChangedByABetterOne) {
  Bench bench;
  bench.scene.packs = {heard_pack("garage", {0}, 4, "")};
  bench.publisher.on_connected({0});
  bench.show();
  bench.run_until({3'000});
  bench.scene.packs = {heard_pack("garage", bench.now)};
  bench.show();
  bench.run_until({10'000});
  EXPECT_EQ(bench.outlet.of(kPackConfig).size(), 0u);
  const auto found = bench.outlet.of("homeassistant/device/cellwarden_cabin_garage/config");
  ASSERT_EQ(found.size(), 2u) << "the device's own page shows the serial number";
  EXPECT_EQ(Json::parse(found[1].payload)["dev"]["sn"], "4051748012345");
}

TEST(MqttPublisher, TwoPacksWithOneSerialNumberAreTwoDevices) {
  Bench bench;
  bench.scene.packs = {heard_pack("garage", {0}), heard_pack("cellar", {0})};
  bench.publisher.on_connected({0});
  bench.show();
  bench.run_until({500});
  EXPECT_EQ(bench.outlet.of(kPackConfig).size(), 1u);
  EXPECT_EQ(bench.outlet.of("homeassistant/device/cellwarden_cabin_cellar/config").size(), 1u);
}

TEST(MqttPublisher, ADeviceThatShowsMoreCellsIsDiscoveredAgainAtADistance) {
  Bench bench;
  bench.scene.packs = {heard_pack("garage", {0}, 4)};
  bench.publisher.on_connected({0});
  bench.show();
  bench.run_until({100});
  bench.scene.packs = {heard_pack("garage", bench.now, 8)};
  bench.show();
  bench.run_until({2'500});
  const auto found = bench.outlet.of(kPackConfig);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[1].when.ms - found[0].when.ms, 2'000);
  EXPECT_TRUE(Json::parse(found[1].payload)["cmps"].contains("cell_voltage_08_V"));
}

TEST(MqttPublisher, ABirthBringsEverythingAgainAfterARandomDelay) {
  Bench bench;
  bench.settle();
  bench.run_until({20'000});
  bench.outlet.sent.clear();
  bench.publisher.on_birth(bench.now);
  bench.turn();
  bench.run_until({24'000});
  ASSERT_EQ(bench.outlet.of(kPackConfig).size(), 1u);
  const auto delay = bench.outlet.of(kPackConfig)[0].when.ms - 20'000;
  EXPECT_GE(delay, 500);
  EXPECT_LE(delay, 3'000);
  for (const char* topic : {kGatewayStatus, kPackStatus, kAlarms, kState, kSupervisor})
    EXPECT_GE(bench.outlet.of(topic).size(), 1u) << topic;
}

TEST(MqttPublisher, AStormOfBirthsIsOneAnnouncementInTenSeconds) {
  Bench bench;
  bench.settle();
  bench.run_until({20'000});
  bench.outlet.sent.clear();
  for (int i = 0; i < 30'000; i += 10) {
    bench.publisher.on_birth(bench.now);
    bench.turn();
    bench.run_until({20'000 + i});
  }
  const auto found = bench.outlet.of(kGatewayConfig);
  EXPECT_LE(found.size(), 3u);
  for (std::size_t i = 1; i < found.size(); ++i)
    EXPECT_GE(found[i].when.ms - found[i - 1].when.ms, 10'000);
}

TEST(MqttPublisher, ValuesFlowOnWhileABirthIsAnswered) {
  Bench bench;
  bench.settle();
  bench.publisher.on_birth(bench.now);
  bench.scene.packs[0].pack.scalars.current.set({20'000}, bench.now);
  bench.show();
  EXPECT_EQ(bench.outlet.of(kState).size(), 1u);
}

TEST(MqttPublisher, AfterALossEverythingIsAnnouncedAgainWithTheNewestValuesOnly) {
  Bench bench;
  bench.settle();
  bench.publisher.on_lost();
  for (int second = 6; second <= 600; ++second) {
    bench.now = Instant{second * 1000};
    bench.scene.hear(0, bench.now);
    bench.scene.packs[0].pack.scalars.current.set({second * 1000}, bench.now);
    bench.show();
  }
  EXPECT_TRUE(bench.outlet.sent.empty());
  bench.publisher.on_connected(bench.now);
  bench.turn();
  bench.run_until(bench.now + 1_s);
  EXPECT_EQ(bench.outlet.of(kPackConfig).size(), 1u);
  ASSERT_EQ(bench.outlet.of(kState).size(), 1u);
  EXPECT_EQ(Json::parse(bench.outlet.of(kState)[0].payload)["current_A"], 600.0);
}

TEST(MqttPublisher, WhatTheOutletRefusesIsSentLaterWithTheNewestValue) {
  Bench bench;
  bench.settle();
  bench.outlet.room = 0;
  bench.scene.packs[0].pack.scalars.current.set({20'000}, bench.now);
  bench.show();
  EXPECT_TRUE(bench.outlet.sent.empty());
  EXPECT_EQ(bench.wanted, bench.now + 20_ms);
  bench.scene.packs[0].pack.scalars.current.set({20'100}, bench.now);
  bench.show();
  bench.outlet.room = SIZE_MAX;
  bench.run_until(bench.now + 20_ms);
  ASSERT_EQ(bench.outlet.of(kState).size(), 1u);
  EXPECT_TRUE(Json::parse(bench.outlet.of(kState)[0].payload).contains("ts"));
}

TEST(MqttPublisher, AnAnnouncementThatIsRefusedHalfWayGoesOnWhereItStopped) {
  Bench bench;
  bench.scene.packs = {heard_pack("garage", {0})};
  bench.publisher.on_connected({0});
  for (int i = 0; i < 40; ++i) {
    bench.outlet.room = 1;
    bench.now = bench.now + 20_ms;
    bench.mailbox.put(bench.scene.at(bench.now), {});
    bench.turn();
  }
  EXPECT_EQ(bench.outlet.of(kPackConfig).size(), 1u);
  for (const char* topic : {kGatewayStatus, kState, kCells, kStats, kAlarms, kSupervisor})
    EXPECT_EQ(bench.outlet.of(topic).size(), 1u) << topic;
}

Event relay_event(int number) {
  Event event;
  event.kind = EventKind::relay_operated;
  event.pack.assign("garage");
  event.where = static_cast<std::uint8_t>(number);
  return event;
}

TEST(MqttEvents, AreSentInOrderAndAgainIfTheLossCameBeforeTheAcknowledgement) {
  Bench bench;
  bench.settle();
  for (int i = 1; i <= 3; ++i) bench.mailbox.put(relay_event(i));
  bench.turn();
  ASSERT_EQ(bench.outlet.of(kPackEvent).size(), 3u);
  EXPECT_FALSE(bench.outlet.of(kPackEvent)[0].delivery.retain);
  bench.publisher.on_acknowledged(1);
  bench.publisher.on_lost();
  bench.outlet.sent.clear();
  bench.publisher.on_connected(bench.now);
  bench.turn();
  const auto again = bench.outlet.of(kPackEvent);
  ASSERT_EQ(again.size(), 2u);
  EXPECT_EQ(Json::parse(again[0].payload)["where"], 2);
  EXPECT_EQ(Json::parse(again[1].payload)["where"], 3);
}

TEST(MqttEvents, AFullWindowOfWhichNothingWasDeliveredIsSentAgainWhole) {
  Bench bench;
  bench.settle();
  const auto window = static_cast<int>(bench.publisher.room_for_events());
  for (int i = 1; i <= window + 1; ++i) bench.mailbox.put(relay_event(i));
  bench.turn();
  ASSERT_EQ(bench.outlet.of(kPackEvent).size(), static_cast<std::size_t>(window));
  ASSERT_EQ(bench.publisher.room_for_events(), 0u);
  bench.publisher.on_lost();
  bench.outlet.sent.clear();
  bench.publisher.on_connected(bench.now);
  bench.turn();
  bench.publisher.on_acknowledged(static_cast<std::size_t>(window));
  bench.now = bench.now + 1_ms;
  bench.turn();
  const auto again = bench.outlet.of(kPackEvent);
  ASSERT_EQ(again.size(), static_cast<std::size_t>(window) + 1);
  for (int i = 0; i <= window; ++i)
    EXPECT_EQ(Json::parse(again[static_cast<std::size_t>(i)].payload)["where"], i + 1);
}

TEST(MqttEvents, AnOutageKeepsTheNewestThousandAndCountsTheRest) {
  Bench bench;
  bench.settle();
  bench.publisher.on_lost();
  for (int i = 0; i < 1'200; ++i) bench.mailbox.put(relay_event(i % 200 + 1));
  EXPECT_EQ(bench.mailbox.dropped(), 200u);
  bench.publisher.on_connected(bench.now);
  bench.turn();
  for (int i = 0; i < 200; ++i) {
    bench.publisher.on_acknowledged(32);
    bench.now = bench.now + 1_ms;
    bench.turn();
  }
  EXPECT_EQ(bench.outlet.of(kPackEvent).size(), 1'000u);
}

TEST(MqttEvents, OfTheGatewayItselfHaveATopicOfTheirOwn) {
  Bench bench;
  bench.settle();
  bench.mailbox.put(Event{});
  bench.turn();
  EXPECT_EQ(bench.outlet.of("cellwarden/cabin/event").size(), 1u);
}

TEST(MqttSupervisor, IsToldWhenADecisionMovesEvenIfNoPackChanged) {
  Bench bench;
  bench.settle();
  bench.scene.relays[0].energised = true;
  bench.mailbox.put(bench.scene.at(bench.now), {});
  bench.turn();
  ASSERT_EQ(bench.outlet.of(kSupervisor).size(), 1u);
  EXPECT_EQ(Json::parse(bench.outlet.of(kSupervisor)[0].payload)["relays"]["main"]["energised"],
            true);
  bench.mailbox.put(bench.scene.at(bench.now), {});
  bench.turn();
  EXPECT_EQ(bench.outlet.of(kSupervisor).size(), 1u) << "once";
}

TEST(MqttRetry, GrowsToAMinuteForABrokerThatRefuses) {
  MqttRetry retry(1);
  std::int64_t longest = 0;
  for (int i = 0; i < 20; ++i) longest = std::max(longest, retry.on_failed({0}, true).ms);
  EXPECT_GT(longest, 30'000);
  EXPECT_LE(longest, 60'000);
  EXPECT_LE(MqttRetry(1).on_failed({0}, true).ms, 1'000);
}

TEST(MqttRetry, AsksASilentBrokerEveryFewSecondsSoThatTenAreEnoughAfterItReturns) {
  MqttRetry retry(1);
  for (int i = 0; i < 100; ++i) EXPECT_LE(retry.on_failed({0}, false).ms, 4'000);
}

TEST(MqttRetry, ThreeConnectionsLostSoonAreSomebodyElseWithOurId) {
  MqttRetry retry(1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(retry.contested());
    retry.on_connected({i * 20'000});
    retry.on_lost({i * 20'000 + 900});
  }
  EXPECT_TRUE(retry.contested());
  retry.on_new_id();
  EXPECT_FALSE(retry.contested());
}

TEST(MqttRetry, AConnectionThatStoodIsNoEvidence) {
  MqttRetry retry(1);
  for (int i = 0; i < 10; ++i) {
    retry.on_connected({i * 100'000});
    EXPECT_LE(retry.on_lost({i * 100'000 + 10'001}).ms, i * 100'000 + 11'001);
    EXPECT_FALSE(retry.contested());
  }
}

// --- orders --------------------------------------------------------------------------------------

MqttOptions orderable() {
  MqttOptions options = test_options();
  options.commands = true;
  options.settable = {{"cell_overvoltage_V", Parameter::cell_overvoltage},
                      {"charge_switch", std::nullopt}};
  options.writable = {"garage"};
  return options;
}

TEST(MqttPublisher, SettingsAreSaidOnceAndWhenTheyChange) {
  constexpr const char* topic = "cellwarden/cabin/garage/parameters";
  Bench bench;
  bench.scene.packs = {heard_pack("garage", {0})};
  bench.publisher.on_connected({0});
  bench.show();
  bench.run_until({5'000});
  EXPECT_TRUE(bench.outlet.of(topic).empty()) << "it said none";
  ParameterSet& parameters = bench.scene.packs[0].pack.parameters;
  ASSERT_TRUE(parameters.set(Parameter::cell_overvoltage, 3'650));
  for (int second = 6; second < 20; ++second) {
    bench.run_until(Instant{second * 1'000});
    bench.show();
  }
  ASSERT_EQ(bench.outlet.of(topic).size(), 1U);
  EXPECT_TRUE(bench.outlet.of(topic)[0].delivery.retain);
  EXPECT_EQ(Json::parse(bench.outlet.of(topic)[0].payload)["parameters"]["cell_overvoltage_V"],
            3.65);
}

TEST(MqttPublisher, WhatMayBeOrderedIsAnnouncedOnceTheBoardSaysIt) {
  for (const bool writable : {true, false}) {
    MqttOptions options = orderable();
    if (!writable) options.writable.clear();
    Bench bench(options);
    bench.settle();
    ASSERT_TRUE(bench.scene.packs[0].pack.parameters.set(Parameter::cell_overvoltage, 3'650));
    bench.show();
    bench.run_until({20'000});
    const auto configs = bench.outlet.of(kPackConfig);
    EXPECT_EQ(configs.size(), writable ? 1U : 0U);
    if (!writable) continue;
    const Json components = Json::parse(configs[0].payload)["cmps"];
    EXPECT_TRUE(components.contains("set_cell_overvoltage_V"));
    EXPECT_TRUE(components.contains("set_charge_switch"));
  }
}

TEST(MqttPublisher, AnswersAreSentOnceAndARefusalRepeatsWhatIsSo) {
  Bench bench(orderable());
  bench.settle();
  bench.outlet.sent.clear();
  bench.mailbox.put(MqttAnswer{0, "no", true});
  bench.turn();
  const auto answers = bench.outlet.of("cellwarden/cabin/garage/answer");
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].payload, "no");
  EXPECT_EQ(answers[0].delivery.qos, 1);
  EXPECT_FALSE(answers[0].delivery.retain);
  EXPECT_EQ(bench.outlet.of(kState).size(), 1U);
  bench.turn();
  EXPECT_EQ(bench.outlet.of("cellwarden/cabin/garage/answer").size(), 1U);
}

}  // namespace
}  // namespace cw

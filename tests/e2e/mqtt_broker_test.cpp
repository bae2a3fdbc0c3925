// SPDX-License-Identifier: Apache-2.0
// The whole MQTT sink, threads and library included, against a real mosquitto: what its users see
// when a broker, a gateway or Home Assistant goes and comes.
#include "mqtt_broker.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "bridge/mqtt/mqtt.h"
#include "tests/unit/mqtt_support.h"

namespace cw {
namespace {

using namespace mqtt_test;
using namespace std::chrono_literals;

Instant monotonic_now() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(WallClock::now().time_since_epoch())
              .count()};
}

MqttOptions options_for(const Broker& broker, std::string_view gateway = "cabin") {
  MqttOptions options = test_options();
  options.broker = broker.url();
  options.gateway_id = gateway;
  return options;
}

// The daemon as the sink sees it: a pack that is heard ten times a second.
class Daemon {
 public:
  explicit Daemon(const MqttOptions& options) {
    scene.packs = {heard_pack("garage", monotonic_now())};
    sink = make_mqtt(options);
    frame();
  }
  void frame() {
    const Instant now = monotonic_now();
    scene.hear(0, now);
    scene.packs[0].pack.scalars.current.set({current}, now);
    scene.packs[0].pack.alarms.set(alarms, now);
    scene.packs[0].max_age = max_age;
    show();
  }
  void show() { sink->publish(scene.at(monotonic_now()), scene.all()); }
  bool until(const std::function<bool()>& done) { return until(kPatience, done); }
  bool until(std::chrono::milliseconds limit, const std::function<bool()>& done) {
    auto next = WallClock::now();
    return eventually(limit, [&] {
      if (!mute && WallClock::now() >= next) {
        frame();
        next = WallClock::now() + 100ms;
      }
      return done();
    });
  }
  void run_for(std::chrono::milliseconds time) {
    until(time, [] { return false; });
  }
  std::chrono::milliseconds time_to_stop() {
    const auto start = WallClock::now();
    sink.reset();
    return std::chrono::duration_cast<std::chrono::milliseconds>(WallClock::now() - start);
  }
  bool connected() const { return sink->health().ok; }

  Scene scene;
  std::int32_t current = 5'000;
  AlarmSet alarms;
  Millis max_age{3'000};
  bool mute = false;
  std::unique_ptr<Sink> sink;
};

// A stop takes 3 s at most; more is the machine's. Service managers wait far longer.
constexpr auto kStopMost = 10s;

// What a gateway says of itself when it has connected, the last first: it says it in this order.
bool everything_is_said(const Observer& observer) {
  for (const char* topic :
       {kSupervisor, kStats, kCells, kState, "cellwarden/cabin/garage/info", kAlarms,
        "cellwarden/cabin/info", kPackStatus, kPackConfig, kGatewayConfig})
    if (observer.count(topic) == 0) return false;
  return observer.last(kGatewayStatus) == "online";
}

class MqttBroker : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = missing_broker(); !missing.empty()) GTEST_SKIP() << missing;
    broker_ = std::make_unique<Broker>();
    broker_->start();
  }
  Broker& broker() { return *broker_; }

 private:
  std::unique_ptr<Broker> broker_;
};

TEST_F(MqttBroker, DiscoveryComesBeforeValues) {
  Observer observer(broker());
  Daemon daemon(options_for(broker()));
  ASSERT_TRUE(daemon.until([&] { return everything_is_said(observer); }));
  EXPECT_LT(observer.before_first(kGatewayConfig), observer.before_first(kPackConfig));
  EXPECT_LT(observer.before_first(kPackConfig), observer.before_first(kPackStatus));
  EXPECT_LT(observer.before_first(kPackStatus), observer.before_first(kGatewayStatus));
  EXPECT_LT(observer.before_first(kGatewayStatus), observer.before_first(kState));
  EXPECT_EQ(observer.last(kGatewayStatus), "online");
  EXPECT_EQ(Json::parse(observer.last(kState))["current_A"], 5.0);
  EXPECT_TRUE(daemon.sink->health().ok) << daemon.sink->health().detail;
}

TEST_F(MqttBroker, ALateSubscriberSeesEverythingButMeasuredValues) {
  Daemon daemon(options_for(broker()));
  {
    Observer early(broker());
    ASSERT_TRUE(daemon.until([&] { return everything_is_said(early); }));
  }
  const Observer late(broker());
  for (const char* topic : {kGatewayConfig, kPackConfig, kGatewayStatus, kPackStatus, kAlarms,
                            kSupervisor, "cellwarden/cabin/info", "cellwarden/cabin/garage/info"}) {
    ASSERT_GE(late.count(topic), 1u) << topic;
    EXPECT_TRUE(late.of(topic)[0].retained) << topic;
  }
  for (const Observed& message : late.all())
    EXPECT_FALSE(message.retained && (message.topic == kState || message.topic == kCells));
}

TEST_F(MqttBroker, ACleanStopSaysOfflineAndLeavesItForLateSubscribers) {
  Observer observer(broker());
  Daemon daemon(options_for(broker()));
  ASSERT_TRUE(daemon.until([&] { return observer.last(kGatewayStatus) == "online"; }));
  Event event;
  event.kind = EventKind::stopped;
  daemon.sink->record(event);
  daemon.show();
  const auto stop = daemon.time_to_stop();
  RecordProperty("stop_ms", static_cast<int>(stop.count()));
  EXPECT_LT(stop, kStopMost);
  ASSERT_TRUE(eventually([&] { return observer.last(kGatewayStatus) == "offline"; }));
  EXPECT_EQ(observer.count("cellwarden/cabin/event"), 1u) << "the last event is not lost";
  const Observer late(broker());
  ASSERT_EQ(late.count(kGatewayStatus), 1u);
  EXPECT_EQ(late.last(kGatewayStatus), "offline");
}

// The gateway of the next test; run by it in a process of its own.
TEST(MqttVictim, RunsUntilItIsKilled) {
  const char* const url = std::getenv("CW_TEST_BROKER");
  if (url == nullptr) GTEST_SKIP() << "only for AKilledGatewayIsOfflineAtOnce";
  MqttOptions options = test_options();
  options.broker = url;
  Daemon daemon(options);
  daemon.run_for(300s);
  FAIL() << "nobody killed it";
}

TEST_F(MqttBroker, AKilledGatewayIsOfflineAtOnce) {
  Observer observer(broker());
  setenv("CW_TEST_BROKER", broker().url().c_str(), 1);
  Process victim({std::filesystem::read_symlink("/proc/self/exe").string(),
                  "--gtest_filter=MqttVictim.RunsUntilItIsKilled"});
  unsetenv("CW_TEST_BROKER");
  ASSERT_TRUE(eventually([&] { return observer.last(kGatewayStatus) == "online"; }));
  const auto killed = WallClock::now();
  victim.end();
  ASSERT_TRUE(eventually([&] { return observer.last(kGatewayStatus) == "offline"; }));
  EXPECT_TRUE(observer.of(kGatewayStatus).back().retained);
  EXPECT_LT(observer.of(kGatewayStatus).back().when - killed, 15s) << "no keep-alive had to end";
}

// Who subscribes after the gateway has come back misses what it says once. Such a return shows
// nothing: `shown` says so by false, and there is another attempt with another gateway and a longer
// outage, after which the gateway looks less often.
class MqttBrokerReturns : public MqttBroker {
 protected:
  void attempt(const std::function<bool(Daemon&)>& shown) {
    for (longer_ = 0s; longer_ < 12s && !HasFatalFailure(); ++longer_) {
      Daemon daemon(options_for(broker()));
      ASSERT_TRUE(daemon.until([&] { return daemon.connected(); }));
      if (shown(daemon)) return;
    }
    ADD_FAILURE() << "the observer was always late";
  }
  bool dies(Daemon& daemon) {
    broker().kill();
    return daemon.until([&] { return !daemon.connected(); });
  }
  // Everything is said again, soon, with the newest value. False: the observer was late.
  bool returns(Daemon& daemon, std::chrono::milliseconds outage, int current) {
    EXPECT_TRUE(dies(daemon));
    daemon.current = 1'000 * current;
    daemon.run_for(outage + longer_);
    broker().start();
    const auto back = WallClock::now();
    const Observer observer(broker());
    if (daemon.connected()) return false;
    EXPECT_TRUE(daemon.until([&] { return everything_is_said(observer); }))
        << daemon.sink->health().detail;
    EXPECT_LT(WallClock::now() - back, 20s) << "10 s, and as many for a busy machine";
    const auto states = observer.of(kState);
    EXPECT_TRUE(!states.empty() && Json::parse(states[0].payload)["current_A"] == 1.0 * current)
        << "the newest value, and none of the outage";
    return true;
  }
  std::chrono::seconds longer_{};
};

TEST_F(MqttBrokerReturns, EverythingIsThereAgainWithinTenSecondsOfIt) {
  attempt([this](Daemon& daemon) { return returns(daemon, 200ms, 7) && returns(daemon, 6s, 8); });
}

TEST_F(MqttBrokerReturns, EventsOfTheOutageArriveAfterIt) {
  attempt([this](Daemon& daemon) {
    const auto record = [&](int number) {
      Event event;
      event.kind = EventKind::alarm_raised;
      event.pack.assign("garage");
      event.where = static_cast<std::uint8_t>(number);
      daemon.sink->record(event);
    };
    EXPECT_TRUE(dies(daemon));
    for (int i = 1; i <= 100; ++i) record(i);
    daemon.run_for(longer_);
    broker().start();
    const Observer observer(broker());
    if (daemon.connected()) return false;
    EXPECT_TRUE(daemon.until([&] { return observer.count(kPackEvent) >= 100; }));
    record(101);  // what is said twice is said before it
    EXPECT_TRUE(daemon.until([&] { return observer.count(kPackEvent) >= 101; }));
    const auto events = observer.of(kPackEvent);
    EXPECT_EQ(events.size(), 101u);
    for (std::size_t i = 0; i < events.size(); ++i)
      EXPECT_EQ(Json::parse(events[i].payload)["where"], i + 1) << "in order";
    EXPECT_EQ(daemon.sink->health().dropped, 0u);
    return true;
  });
}

TEST_F(MqttBroker, ABirthOfHomeAssistantIsAnsweredWithEverything) {
  Observer observer(broker());
  const auto before = WallClock::now();  // the first announcement is later
  Daemon daemon(options_for(broker()));
  ASSERT_TRUE(daemon.until([&] { return everything_is_said(observer); }));
  for (int i = 0; i < 5; ++i) broker().publish("homeassistant/status", "online");
  broker().publish("homeassistant/status", "offline");
  ASSERT_TRUE(daemon.until([&] { return observer.count(kPackConfig) > 1; }));
  const auto configs = observer.of(kPackConfig);
  EXPECT_GE(configs[1].when - before, 9'900ms) << "one announcement in ten seconds";
  EXPECT_EQ(configs[0].payload, configs[1].payload);
  ASSERT_TRUE(daemon.until([&] {
    return !observer.of(kState).empty() && observer.of(kState).back().when > configs[1].when;
  }));
  daemon.run_for(2s);
  EXPECT_EQ(observer.count(kPackConfig), 2u) << "one answer to many births";
}

TEST_F(MqttBroker, ASilentPackIsOfflineAndNull) {
  Observer observer(broker());
  Daemon daemon(options_for(broker()));
  daemon.max_age = Millis{500};
  ASSERT_TRUE(daemon.until([&] { return everything_is_said(observer); }));
  daemon.mute = true;
  ASSERT_TRUE(daemon.until([&] { return observer.last(kPackStatus) == "offline"; }));
  ASSERT_TRUE(eventually([&] {
    return Json::parse(observer.last(kState))["voltage_V"].is_null() &&
           Json::parse(observer.last(kCells))["cell_voltage_V"][0].is_null() &&
           Json::parse(observer.last(kAlarms))["active"].is_null();
  }));
  EXPECT_EQ(observer.last(kGatewayStatus), "online");
  daemon.mute = false;
  ASSERT_TRUE(daemon.until([&] { return observer.last(kPackStatus) == "online"; }));
}

TEST_F(MqttBroker, AnAlarmDoesNotWaitAndNoiseIsNotSent) {
  Observer observer(broker());
  MqttOptions options = options_for(broker());
  options.state_interval = Millis{3'600'000};
  options.beat = Millis{3'600'000};
  Daemon daemon(options);
  ASSERT_TRUE(daemon.until([&] { return everything_is_said(observer); }));
  ASSERT_TRUE(daemon.until([&] { return observer.count(kStats) > 1; }))
      << "the repetition for Home Assistant";
  const std::size_t states = observer.count(kState);
  for (int i = 0; i < 10; ++i) {
    daemon.current = 5'000 + (i % 2) * 150;  // inside the dead-band
    daemon.run_for(50ms);
  }
  EXPECT_EQ(observer.count(kState), states);
  daemon.alarms.add(Alarm::cell_overvoltage);
  daemon.frame();
  const auto raised = WallClock::now();
  ASSERT_TRUE(eventually(
      [&] { return Json::parse(observer.last(kAlarms))["alarms"] == Json({"cell_overvoltage"}); }));
  EXPECT_LT(observer.of(kAlarms).back().when - raised, 8s) << "no interval had to end";
}

TEST_F(MqttBroker, ALongOutageTakesNoMemory) {
  broker().kill();
  Daemon daemon(options_for(broker()));
  const auto flood = [&](int rounds) {
    Event event;
    for (int i = 0; i < rounds; ++i) {
      daemon.current = i * 300;
      daemon.frame();
      daemon.sink->record(event);
    }
  };
  flood(2'000);
  const auto before = mallinfo2().uordblks;
  flood(20'000);
  const auto after = mallinfo2().uordblks;
  EXPECT_LT(after, before + 512 * 1024) << "a queue would hold megabytes";
  EXPECT_EQ(daemon.sink->health().dropped, 22'000u - MqttMailbox::kEventsMost);
  EXPECT_FALSE(daemon.sink->health().ok);
  EXPECT_LT(daemon.time_to_stop(), kStopMost);
}

TEST_F(MqttBroker, AHungBrokerTakesNoMemoryAndCannotHoldUpAStop) {
  Daemon daemon(options_for(broker()));
  ASSERT_TRUE(daemon.until([&] { return daemon.connected(); }));
  daemon.run_for(500ms);
  broker().pause();
  const auto before = mallinfo2().uordblks;
  for (int i = 0; i < 20'000; ++i) {
    daemon.current = i * 300;
    daemon.frame();
    if (i % 200 == 0) std::this_thread::sleep_for(10ms);
  }
  EXPECT_LT(mallinfo2().uordblks, before + 2 * 1024 * 1024);
  EXPECT_LT(daemon.time_to_stop(), kStopMost);
  broker().resume();
}

TEST_F(MqttBroker, ABrokerThatNeverAnswersCannotHoldUpAStop) {
  broker().pause();
  Daemon daemon(options_for(broker()));
  daemon.run_for(500ms);
  EXPECT_FALSE(daemon.sink->health().ok);
  EXPECT_LT(daemon.time_to_stop(), kStopMost);
  broker().resume();
}

TEST_F(MqttBroker, TwoGatewaysWithOneIdFindPeaceAndSaySo) {
  Daemon first(options_for(broker()));
  Daemon second(options_for(broker()));
  const auto told = [](const Daemon& daemon) {
    return daemon.sink->health().detail.find("somebody else") != std::string::npos;
  };
  ASSERT_TRUE(eventually(90s,
                         [&] {
                           return first.sink->health().ok && second.sink->health().ok &&
                                  (told(first) || told(second));
                         }))
      << first.sink->health().detail << " / " << second.sink->health().detail;
  const auto end = WallClock::now() + 3s;
  while (WallClock::now() < end) {
    ASSERT_TRUE(first.sink->health().ok && second.sink->health().ok);
    std::this_thread::sleep_for(20ms);
  }
}

TEST(MqttLogin, AWrongPasswordIsToldWithoutTellingThePassword) {
  if (const std::string missing = missing_broker(); !missing.empty()) GTEST_SKIP() << missing;
  Broker broker("allow_anonymous false\npassword_file {dir}/passwords\n");
  const std::string file = broker.directory() + "/passwords";
  Process({"/usr/bin/mosquitto_passwd", "-b", "-c", file, "gateway", "right"}).wait();
  std::filesystem::permissions(file, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  broker.start();
  MqttOptions options = options_for(broker);
  options.username = "gateway";
  options.password = "quite-wrong";
  {
    Daemon daemon(options);
    ASSERT_TRUE(daemon.until([&] {
      return daemon.sink->health().detail.find("password") != std::string::npos;
    })) << daemon.sink->health().detail;
    EXPECT_EQ(daemon.sink->health().detail.find("quite-wrong"), std::string::npos);
  }
  options.password = "right";
  Daemon daemon(options);
  EXPECT_TRUE(daemon.until([&] { return daemon.connected(); })) << daemon.sink->health().detail;
}

// A certificate that signs itself, for the name localhost.
void make_certificate(const std::string& directory) {
  Process({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
           "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
           "-addext", "subjectAltName=DNS:localhost", "-keyout", directory + "/key.pem", "-out",
           directory + "/certificate.pem"})
      .wait();
  std::filesystem::permissions(directory + "/key.pem", std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
}

TEST(MqttTls, OnlyABrokerWithATrustedCertificateForItsNameIsBelieved) {
  if (const std::string missing = missing_broker(); !missing.empty()) GTEST_SKIP() << missing;
  if (!std::filesystem::exists("/usr/bin/openssl")) GTEST_SKIP() << "openssl is not installed";
  Broker broker("allow_anonymous true\ncertfile {dir}/certificate.pem\nkeyfile {dir}/key.pem\n");
  make_certificate(broker.directory());
  broker.start();
  MqttOptions options = options_for(broker);
  const auto connects_to = [&](const std::string& host) {
    options.broker = "mqtts://" + host + ":" + std::to_string(broker.port());
    Daemon daemon(options);
    EXPECT_TRUE(daemon.until([&] {
      return daemon.connected() || daemon.sink->health().detail.starts_with("cannot connect");
    })) << daemon.sink->health().detail;
    return daemon.connected();
  };
  EXPECT_FALSE(connects_to("localhost")) << "nobody we trust signed it";
  setenv("SSL_CERT_FILE", (broker.directory() + "/certificate.pem").c_str(), 1);
  EXPECT_TRUE(connects_to("localhost"));
  EXPECT_FALSE(connects_to("127.0.0.1")) << "the certificate is for another name";
  unsetenv("SSL_CERT_FILE");
}

}  // namespace
}  // namespace cw

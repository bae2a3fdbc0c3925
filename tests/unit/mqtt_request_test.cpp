// SPDX-License-Identifier: Apache-2.0
// What comes in over MQTT: topics and payloads of orders, and the bounded way to the loop.
#include "bridge/mqtt/mqtt_request.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "bridge/mqtt/mqtt_inbox.h"
#include "bridge/mqtt/mqtt_topics.h"

namespace cw {
namespace {

TEST(MqttRequest, IsAPlainValue) {
  EXPECT_EQ(read_request("3.65").value, "3.65");
  EXPECT_EQ(read_request(" ON\n").value, "ON");
  EXPECT_EQ(read_request("3.65 V").value, "3.65 V");
}

TEST(MqttRequest, IsAnObjectInAnyOrder) {
  const MqttRequest full = read_request(R"( { "expires" : 17 , "id":"x1","value":3.65 } )");
  EXPECT_EQ(full.fault, "");
  EXPECT_EQ(full.value, "3.65");
  EXPECT_EQ(full.id, "x1");
  EXPECT_EQ(full.expires_s, 17);
  EXPECT_EQ(read_request(R"({"value":"3.65 V"})").value, "3.65 V");
  EXPECT_EQ(read_request(R"({"value":true})").value, "true");
  EXPECT_EQ(read_request(R"({"value":"shed, \"b\""})").value, "");  // no escapes
}

TEST(MqttRequest, AnythingElseIsAFault) {
  for (const std::string_view payload :
       {"", " ", "{}", "{", "{\"value\"}", "{\"value\":}", "{\"value\":1", "{\"value\":1} 2",
        "{\"value\":1,}", "{\"value\":1,\"why\":2}", "{\"id\":\"x\"}", "{\"value\":[1]}",
        "{\"value\":{\"value\":1}}", "{\"value\":1,\"expires\":\"soon\"}",
        "{\"value\":1,\"expires\":99999999999999999999}", "a\"b", "\x01"})
    EXPECT_NE(read_request(payload).fault, "") << payload;
  const std::string id(kRequestIdMost + 1, 'x');
  EXPECT_NE(read_request("{\"value\":1,\"id\":\"" + id + "\"}").fault, "");
}

TEST(MqttTopics, ASetTopicIsReadBack) {
  const std::string topic = set_topic("a/b", "cabin", "garage", "charge_switch");
  EXPECT_EQ(topic, "a/b/cabin/garage/set/charge_switch");
  const auto read = read_set_topic("a/b", "cabin", topic);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->pack, "garage");
  EXPECT_EQ(read->setting, "charge_switch");
  for (const std::string_view other :
       {"a/b/cabin/garage/state", "a/b/attic/garage/set/x", "a/b/cabin/x/y/set/z",
        "a/b/cabin/garage/set/x/y", "homeassistant/status"})
    EXPECT_FALSE(read_set_topic("a/b", "cabin", other)) << other;
}

TEST(MqttInbox, RingsWhileThereIsSomethingAndIsBounded) {
  MqttInbox inbox;
  pollfd bell{inbox.descriptor(), POLLIN, 0};
  EXPECT_EQ(poll(&bell, 1, 0), 0);
  for (std::size_t i = 0; i < MqttInbox::kMost + 3; ++i)
    inbox.put({"garage", "charge_switch", std::to_string(i), false});
  EXPECT_EQ(poll(&bell, 1, 0), 1);
  const auto taken = inbox.take();
  ASSERT_EQ(taken.size(), MqttInbox::kMost);
  EXPECT_EQ(taken.front().payload, "0");
  EXPECT_EQ(inbox.dropped(), 3U);
  EXPECT_EQ(poll(&bell, 1, 0), 0);
}

}  // namespace
}  // namespace cw

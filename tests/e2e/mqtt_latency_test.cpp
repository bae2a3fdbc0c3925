// SPDX-License-Identifier: Apache-2.0
// How long a value takes from publish() to the socket, and how long publish() holds up the loop.
// A broker of thirty lines stamps the arrival, because a real one would be measured as well. What a
// busy machine adds is not ours: judged is the fastest tenth, which nobody held up; the medians are
// printed.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "bridge/mqtt/mqtt.h"
#include "mqtt_broker.h"
#include "tests/unit/mqtt_support.h"

namespace cw {
namespace {

using namespace mqtt_test;
using namespace std::chrono_literals;
using Microseconds = std::chrono::duration<double, std::micro>;

// Accepts one client, acknowledges, and stamps every PUBLISH on the state topic.
class StampingBroker {
 public:
  StampingBroker() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    listen(listener_, 1);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    url = "mqtt://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~StampingBroker() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }

  std::string url;
  std::atomic<std::size_t> states{0};
  std::atomic<WallClock::rep> arrived{0};

 private:
  void serve() {
    const int client = accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    std::string buffer;
    char bytes[65536];
    for (ssize_t size = 0; (size = recv(client, bytes, sizeof bytes, 0)) > 0;) {
      const auto now = WallClock::now().time_since_epoch().count();
      buffer.append(bytes, static_cast<std::size_t>(size));
      while (const std::size_t length = packet_length(buffer)) {
        answer(client, buffer.substr(0, length), now);
        buffer.erase(0, length);
      }
    }
    close(client);
  }
  // 0: not whole yet.
  static std::size_t packet_length(const std::string& buffer) {
    std::size_t body = 0;
    for (std::size_t i = 1; i < std::min<std::size_t>(buffer.size(), 5); ++i) {
      body |= static_cast<std::size_t>(buffer[i] & 0x7F) << (7 * (i - 1));
      if ((buffer[i] & 0x80) == 0) return buffer.size() >= i + 1 + body ? i + 1 + body : 0;
    }
    return 0;
  }
  void answer(int client, const std::string& packet, WallClock::rep now) {
    std::size_t at = 1;
    while ((packet[at++] & 0x80) != 0) {
    }
    std::string reply;
    switch (packet[0] >> 4 & 15) {
      case 1: reply = std::string("\x20\x02\x00\x00", 4); break;
      case 8: reply = "\x90\x03" + packet.substr(at, 2) + '\0'; break;
      case 12: reply = std::string("\xd0\x00", 2); break;
      case 3: {
        const auto length = static_cast<std::size_t>(packet[at] << 8 | packet[at + 1]);
        if (packet.substr(at + 2, length) == kState) {
          arrived = now;
          ++states;
        }
        if ((packet[0] & 2) != 0) reply = "\x40\x02" + packet.substr(at + 2 + length, 2);
        break;
      }
      default: break;
    }
    if (!reply.empty()) send(client, reply.data(), reply.size(), MSG_NOSIGNAL);
  }

  int listener_;
  std::thread thread_;
};

// The value below which this part of all values lies; sorts them.
double quantile(std::vector<double>& values, double part) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size()))];
}

TEST(MqttLatency, AValueIsOnTheSocketAMomentAfterPublish) {
  StampingBroker broker;
  MqttOptions options = test_options();
  options.broker = broker.url;
  Scene scene;
  scene.packs = {heard_pack("garage", {0}, 16)};
  const auto sink = make_mqtt(options);
  const auto all = scene.all();
  sink->publish(scene.at({0}), all);
  ASSERT_TRUE(eventually([&] { return broker.states >= 1; }));
  std::vector<double> latencies;
  std::vector<double> calls;
  for (int i = 1; i <= 400; ++i) {
    scene.packs[0].pack.scalars.current.set({i * 500}, {i});
    scene.packs[0].link.last_frame = {i};
    const Picture picture = scene.at({i});
    const std::size_t before = broker.states;
    const auto start = WallClock::now();
    sink->publish(picture, all);
    calls.push_back(Microseconds(WallClock::now() - start).count());
    ASSERT_TRUE(eventually([&] { return broker.states > before; })) << i;
    const WallClock::time_point arrived{WallClock::duration{broker.arrived.load()}};
    latencies.push_back(Microseconds(arrived - start).count());
  }
  std::printf("publish() to the socket: median %.0f us, 99th %.0f us; the call: median %.2f us\n",
              quantile(latencies, 0.5), quantile(latencies, 0.99), quantile(calls, 0.5));
  EXPECT_LT(quantile(latencies, 0.1), 20'000) << "Nagle's algorithm alone would take 40 ms";
  EXPECT_LT(quantile(calls, 0.1), 200);
}

// Without a connection nobody is woken: what is left is the copy.
TEST(MqttLatency, PublishOnlyCopies) {
  Scene scene;
  for (int i = 0; i < 8; ++i)
    scene.packs.push_back(heard_pack("pack" + std::to_string(i), {0}, 16));
  MqttMailbox mailbox;
  const Picture picture = scene.at({0});
  mailbox.put(picture, scene.all());
  const std::vector<std::size_t> one = {3};
  std::vector<double> calls;
  for (int i = 0; i < 2'000; ++i) {
    const auto start = WallClock::now();
    mailbox.put(picture, one);
    calls.push_back(Microseconds(WallClock::now() - start).count());
  }
  std::printf("put() of one pack of eight: median %.2f us\n", quantile(calls, 0.5));
  EXPECT_LT(quantile(calls, 0.1), 50);
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The wire towards inverters on the real loop, over a pair of sockets that stands in for the bus:
// what its troubles do to what is said, and what one port's troubles do to another.
#include <gtest/gtest.h>
#include <linux/can.h>
#include <sys/socket.h>

#include <chrono>
#include <map>

#include "daemon/inverters/inverter_farewell.h"
#include "daemon/inverters/inverter_ports.h"
#include "drivers/transport/can_socket.h"
#include "tests/unit/inverter_can_rig.h"

namespace cw::test {
namespace {

using namespace std::chrono_literals;

InverterPortConfiguration on_can(std::string_view protocol, Millis period) {
  InverterPortConfiguration configuration;
  configuration.name = "house";
  configuration.protocol = find_inverter_protocol(protocol);
  configuration.port.name = "no-such-can";
  configuration.options.period = period;
  configuration.try_again = {1};
  return configuration;
}

/// The other end of the bus, where an inverter would be.
class StandInBus {
 public:
  std::unique_ptr<Transport> transport() {
    return make_can_socket({.name = "can0"}, [this](const PortOptions&, std::string& why) {
      std::array<int, 2> ends{};
      if (down || ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends.data()) != 0) {
        why = "the interface is down";
        return Descriptor{};
      }
      end_ = Descriptor{ends[0]};
      return Descriptor{ends[1]};
    });
  }

  void cut() { end_.reset(); }

  void put(std::uint32_t id) const {
    can_frame frame{};
    frame.can_id = id;
    frame.can_dlc = 8;
    (void)::send(end_.get(), &frame, sizeof frame, MSG_NOSIGNAL);
  }

  std::vector<CanFrame> taken() const {
    std::vector<CanFrame> frames;
    can_frame got{};
    while (end_.valid() && ::recv(end_.get(), &got, sizeof got, MSG_DONTWAIT) == sizeof got) {
      CanFrame frame{.id = got.can_id & CAN_SFF_MASK, .length = got.can_dlc};
      std::copy_n(std::begin(got.data), 8, frame.data.begin());
      frames.push_back(frame);
    }
    return frames;
  }

  bool down = false;

 private:
  Descriptor end_;
};

class InverterPortTest : public testing::Test {
 protected:
  void tell(InverterPort& port) {
    const Instant now = loop_.now();
    port.tell({now, 0, Mode::observe, {}, bank_, {}, &request_});
  }

  /// Turns the loop until `done` says so, asking every millisecond; once a test. False: not within
  /// `seconds`.
  template <class Done>
  bool until(Done done, int seconds = 60) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{seconds};
    bool is = false;
    int ask = -1;
    ask = loop_.add_timer([&](Instant now) {
      is = done();
      if (is || std::chrono::steady_clock::now() > end) return loop_.stop(0);
      loop_.set_timer(ask, now + Millis{1});
    });
    loop_.set_timer(ask, loop_.now());
    loop_.run();
    loop_.stop_timer(ask);
    return is;
  }

  Loop loop_;
  Bank bank_;
  BankRequest request_ = good_request();
};

TEST_F(InverterPortTest, FiveHundredLinkDownsAndWhatIsSaidAfterwardsIsNeverOld) {
  StandInBus bus;
  InverterPort port(loop_, on_can("pylontech-can", {200}), bus.transport());
  port.start();
  int downs = 0;
  bool wrong = false;
  Instant cut = loop_.now();
  std::int64_t longest = 0;
  ASSERT_TRUE(until(
      [&] {
        tell(port);
        const auto frames = bus.taken();
        if (frames.empty()) return false;
        longest = std::max(longest, loop_.now().ms - cut.ms);
        for (const CanFrame& frame : frames) {
          CanHeard heard;
          decode(*find_can_profile("pylontech-can"), frame, false, heard);
          const std::int64_t current = request_.charge_current.value.count;
          wrong = wrong || heard.of(CanNumber::charge_current).value_or(current) != current;
        }
        if (++downs == 500) return true;
        bus.cut();
        request_.charge_current.value.count = 10'000 + downs * 100;
        cut = loop_.now();
        return false;
      },
      300));
  EXPECT_FALSE(wrong) << "a value from before the interruption";
  EXPECT_LT(longest, 2'000);
  EXPECT_EQ(port.state().reopened, 499U);
}

TEST_F(InverterPortTest, AnInterfaceThatIsDownIsSaidSoAndTakenWhenItIsBack) {
  StandInBus bus;
  bus.down = true;
  InverterPort port(loop_, on_can("victron-can", {1'000}), bus.transport());
  port.start();
  tell(port);
  EXPECT_FALSE(port.health().ok);
  EXPECT_NE(port.health().detail.find("the interface is down"), std::string::npos);
  int asked = 0;
  ASSERT_TRUE(until([&] {
    if (++asked == 50) bus.down = false;
    tell(port);
    return !bus.taken().empty();
  }));
  EXPECT_GE(asked, 50);
  EXPECT_TRUE(port.health().ok) << port.health().detail;
}

TEST_F(InverterPortTest, WhatTheInverterSaysArrives) {
  StandInBus bus;
  InverterPort port(loop_, on_can("pylontech-can", {200}), bus.transport());
  port.start();
  tell(port);
  EXPECT_FALSE(port.state().inverter.present);
  for (int i = 0; i < 100; ++i) bus.put(0x305);  // several records at once
  ASSERT_TRUE(until([&] { return port.state().inverter.received == 100; }));
  EXPECT_TRUE(port.state().inverter.present);
  EXPECT_EQ(port.health().detail, "can0: the inverter is heard");
}

TEST_F(InverterPortTest, OnePortsTroubleStaysItsOwn) {
  StandInBus bad;
  StandInBus good;
  bad.down = true;
  InverterPort sick(loop_, on_can("sma-can", {200}), bad.transport());
  InverterPort well(loop_, on_can("growatt-can", {200}), good.transport());
  sick.start();
  well.start();
  std::map<std::uint32_t, int> times;
  ASSERT_TRUE(until([&] {
    tell(sick);
    tell(well);
    for (const CanFrame& frame : good.taken()) ++times[frame.id];
    return times[0x320] >= 3;
  }));
  EXPECT_EQ(times.size(), 6U);
  EXPECT_FALSE(sick.state().open);
}

TEST_F(InverterPortTest, ABusNobodyReadsHoldsNothingUpAndIsForgotten) {
  StandInBus bus;
  InverterPort port(loop_, on_can("pylontech-can", {200}), bus.transport());
  port.start();
  int turns = 0;  // nobody takes a frame off the bus meanwhile
  ASSERT_TRUE(until([&] {
    tell(port);
    return ++turns == 500;
  }));
  EXPECT_GT(port.state().inverter.sent, 5U);
}

TEST_F(InverterPortTest, TheFarewellIsSaidOnEveryPortThatIsOpen) {
  StandInBus bad;
  StandInBus good;
  bad.down = true;
  InverterPort sick(loop_, on_can("sma-can", {1'000}), bad.transport());
  InverterPort well(loop_, on_can("pylontech-can", {1'000}), good.transport());
  sick.start();
  well.start();
  ASSERT_TRUE(until([&] {
    tell(sick);
    tell(well);
    return !good.taken().empty();
  }));
  const std::array<InverterPort*, 2> ports = {&sick, &well};
  const auto begun = std::chrono::steady_clock::now();
  say_farewell(ports, Millis{20'000});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s) << "it waits for nobody";
  std::map<std::uint32_t, std::string> last;
  for (const CanFrame& frame : good.taken()) last[frame.id] = hex(frame);
  EXPECT_EQ(last.size(), 6U);
  EXPECT_EQ(last[0x351], "280200000000D001");
  EXPECT_EQ(last[0x35C], "0000000000000000");
  tell(well);
  EXPECT_TRUE(good.taken().empty()) << "and not a word after it";
}

TEST_F(InverterPortTest, ManyPortsAreOneSink) {
  InverterPorts ports(loop_, {on_can("pylontech-can", {1'000}), on_can("sma-can", {1'000})});
  EXPECT_EQ(ports.size(), 2U);
  ports.start();
  const Instant now = loop_.now();
  ports.publish({now, 0, Mode::observe, {}, bank_, {}, nullptr}, {});
  ports.publish({now, 0, Mode::observe, {}, bank_, {}, &request_}, {});
  EXPECT_FALSE(ports.health().ok);
  EXPECT_EQ(ports.state(1).protocol, "sma-can");
  ports.say_farewell(Millis{1'000});
  EXPECT_TRUE(InverterPorts(loop_, {}).health().ok);
}

}  // namespace
}  // namespace cw::test

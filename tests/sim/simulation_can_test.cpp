// SPDX-License-Identifier: Apache-2.0
// Simulated boards on CAN: what people write of them, what their faults do to frames, and one on a
// pair of sockets that carry the kernel's frames. On a real interface: tests/lab/can_test.py.
#include <gtest/gtest.h>
#include <linux/can.h>
#include <sys/socket.h>

#include <cstring>
#include <functional>
#include <set>

#include "daemon/simulate/simulation_can.h"
#include "daemon/simulate/simulation_description.h"
#include "drivers/transport/can_socket.h"

namespace cw {
namespace {

using simulator::Fault;
using simulator::VirtualPack;

std::string fault_of_text(const std::string& text) { return describe_packs({text}).fault; }

TEST(SimulatedCan, TheDescriptionIsThatOfABoardOnAnInterface) {
  const auto described = describe_packs(
      {"name=a,protocol=jk-can,port=can0,address=3,version=v1,discharge_positive=yes,count=2"});
  ASSERT_EQ(described.fault, "");
  ASSERT_EQ(described.packs.size(), 2U);
  const auto& second = *described.packs[1].spec.can;
  EXPECT_EQ(described.packs[1].port, "can0");
  EXPECT_EQ(second.address, 4);
  EXPECT_EQ(second.version, jk_can::Version::v1);
  EXPECT_TRUE(second.discharge_positive);
}

TEST(SimulatedCan, FaultsOfTheDescriptionSayTheFix) {
  EXPECT_EQ(fault_of_text("name=a,protocol=jk-can"),
            "--pack a: jk-can: add port= with the CAN interface, for example port=vcan0");
  EXPECT_EQ(fault_of_text("name=a,protocol=jk-can,port=can0,address=15,count=2"),
            "--pack a: address 16: a board on CAN has one from 0 to 15");
  EXPECT_EQ(fault_of_text("name=a,protocol=jk-can,port=can0,line=x"),
            "--pack a: line: boards on CAN share their interface: give them one port=");
  EXPECT_NE(fault_of_text("name=a,protocol=jk-can,port=can0,version=2").find("write v1 or v2"),
            std::string::npos);
  EXPECT_EQ(describe_packs({"name=a,protocol=jk-can,port=can0", "name=b,protocol=jk-can,port=can0"})
                .fault,
            "a and b have address 0 on the bus \"can0\": give each its own");
  EXPECT_EQ(describe_packs({"name=a,protocol=jk-can,port=can0,address=1",
                            "name=b,protocol=jk-can,port=can0,address=2",
                            "name=c,protocol=jk-can,port=can1,address=1"})
                .fault,
            "");
}

simulator::PackSpec board() {
  simulator::PackSpec spec;
  spec.hold = true;
  spec.cell_voltages = {{3'310}};
  spec.can = simulator::JkCanBoardOptions{};
  return spec;
}

/// Its frames of two seconds.
std::vector<CanFrame> frames_with(Fault fault, std::int32_t value = 0) {
  VirtualPack pack(board(), 1, {0});
  pack.inject(fault, 0, value);
  std::vector<CanFrame> frames;
  for (std::int64_t ms = 0; ms < 2'000; ++ms) pack.broadcast({ms}, frames);
  return frames;
}

std::size_t healthy() {
  VirtualPack pack(board(), 1, {0});
  std::vector<CanFrame> frames;
  for (std::int64_t ms = 0; ms < 2'000; ++ms) pack.broadcast({ms}, frames);
  return frames.size();
}

TEST(SimulatedCan, FaultsOfAnswersAreFaultsOfFrames) {
  EXPECT_TRUE(frames_with(Fault::mute).empty());
  EXPECT_TRUE(frames_with(Fault::bad_checksum).empty()) << "controllers refuse those";
  EXPECT_EQ(frames_with(Fault::garbage).size(), healthy());
  std::set<std::uint8_t> seen;
  for (const CanFrame& frame : frames_with(Fault::garbage)) seen.insert(frame.data[7]);
  EXPECT_GT(seen.size(), 50U) << "random, where most frames of a healthy board have zeros";
  for (const CanFrame& frame : frames_with(Fault::truncate, 5)) EXPECT_EQ(frame.length, 5);
  const std::size_t left = frames_with(Fault::piece_loss, 5'000).size();
  EXPECT_GT(left, healthy() / 4);
  EXPECT_LT(left, healthy() * 3 / 4);
}

TEST(SimulatedCan, OneCellInSoManyRoundsIsASpike) {
  VirtualPack pack(board(), 1, {0});
  pack.inject(Fault::spike, 0, 5);
  std::vector<CanFrame> frames;
  int rounds = 0;
  int spikes = 0;
  for (std::int64_t ms = 0; ms < 20'000; ++ms) pack.broadcast({ms}, frames);
  for (const CanFrame& frame : frames) {
    if (frame.id != *jk_can::id_of(jk_can::Message::cells, 0)) continue;
    ++rounds;
    spikes += jk_can::number_at(frame.data, 0, 2) == 4'310 ? 1 : 0;
  }
  EXPECT_NEAR(rounds, 20, 2);
  EXPECT_NEAR(spikes, 4, 1);
}

TEST(SimulatedCan, ABoardThatIsReadOnlyObeysNoFrame) {
  VirtualPack pack(board(), 1, {0});
  const CanFrame order = jk_can::encode({.charge = false, .discharge = {}, .balance = {}});
  const auto charges = [&] {
    pack.advance(pack.time() + Millis{1'000});
    return pack.truth().scalars.charge_mosfet.fresh(pack.time(), {1'000})->count;
  };
  EXPECT_EQ(charges(), 1);
  pack.inject(Fault::read_only, 0, 0);
  pack.on_frame(order);
  EXPECT_EQ(charges(), 1);
  pack.clear(Fault::read_only);
  pack.on_frame(order);
  EXPECT_EQ(charges(), 0);
}

/// A bus of two nodes, made of sockets: the simulated board's, and ours.
class Bus2 {
 public:
  std::unique_ptr<Transport> transport() {
    return make_can_socket({.name = "can0"}, [this](const PortOptions&, std::string& why) {
      std::array<int, 2> ends{};
      if (gone || ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends.data()) != 0) {
        why = "the interface is not there";
        return Descriptor{};
      }
      ours = Descriptor{ends[0]};
      return Descriptor{ends[1]};
    });
  }
  std::vector<can_frame> heard() const {
    std::vector<can_frame> frames;
    can_frame frame{};
    while (::recv(ours.get(), &frame, sizeof frame, MSG_DONTWAIT) == sizeof frame)
      frames.push_back(frame);
    return frames;
  }
  bool say(const CanFrame& frame) const {
    can_frame out{};
    out.can_id = frame.id | (frame.extended ? CAN_EFF_FLAG : 0U);
    out.can_dlc = frame.length;
    std::memcpy(out.data, frame.data.data(), frame.data.size());
    return ::send(ours.get(), &out, sizeof out, MSG_NOSIGNAL) == sizeof out;
  }
  Descriptor ours;
  bool gone = false;
};

struct Step {
  std::string what;
  std::function<bool()> done;  // called again and again until it is true
};

/// Lets the loop turn, tending the node as a simulation does, until all steps are done; returns the
/// one that was not in time, if any.
std::string run(Loop& loop, SimulationEndpoint& node, const std::vector<Step>& steps) {
  Instant end = loop.now() + Millis{30'000};
  std::size_t at = 0;
  int timer = 0;
  timer = loop.add_timer([&](Instant now) {
    node.tend();
    if (steps[at].done()) {
      ++at;
      end = now + Millis{30'000};
    }
    if (at == steps.size() || now >= end) return loop.stop(0);
    loop.set_timer(timer, now + Millis{10});
  });
  loop.set_timer(timer, loop.now());
  loop.run();
  return at == steps.size() ? "" : steps[at].what;
}

TEST(SimulatedCan, ANodeBroadcastsObeysGoesAndComesBack) {
  Bus2 bus;
  Loop loop;
  VirtualPack pack(board(), 1, {0});
  const auto node = make_can_node(loop, "can0", bus.transport(), pack);
  bus.gone = true;
  EXPECT_FALSE(node->open());
  EXPECT_EQ(node->error(), "can0: the interface is not there");
  bus.gone = false;
  ASSERT_TRUE(node->open());
  EXPECT_EQ(node->address(), "can0");
  std::set<std::uint32_t> ids;
  int turns = 0;
  const auto late = run(
      loop, *node,
      {{"it broadcasts",
        [&] {
          for (const can_frame& frame : bus.heard()) ids.insert(frame.can_id);
          return ids.count(0x2F4) == 1 && ids.count(0x18E328F4 | CAN_EFF_FLAG) == 1;
        }},
       {"an order is said",
        [&] { return bus.say(jk_can::encode({.charge = false, .discharge = {}, .balance = {}})); }},
       {"it obeys",
        [&] {
          pack.advance(pack.time() + Millis{100});
          return pack.truth().scalars.charge_mosfet.fresh(pack.time(), {1'000})->count == 0;
        }},
       {"the interface goes away",
        [&] {
          bus.gone = true;
          bus.ours.reset();
          return ++turns > 5;
        }},
       {"it comes back, and the board with it",
        [&] {
          bus.gone = false;
          return bus.ours.valid() && !bus.heard().empty();
        }},
       {"it is unplugged",
        [&] {
          node->close();
          bus.heard();
          turns = 0;
          return true;
        }},
       {"and stays so", [&] { return ++turns > 20; }}});
  EXPECT_EQ(late, "");
  EXPECT_EQ(ids.count(0x18E428F4 | CAN_EFF_FLAG), 0U) << "of 16 cells, and more";
  EXPECT_TRUE(bus.heard().empty());
  EXPECT_FALSE(node->is_open());
}

}  // namespace
}  // namespace cw

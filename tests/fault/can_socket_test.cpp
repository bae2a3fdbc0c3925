// SPDX-License-Identifier: Apache-2.0
// The CAN transport over a pair of sockets that carry the kernel's frames: what a bus does to it
// without a bus. The real one is in tests/lab.
#include <gtest/gtest.h>
#include <linux/can.h>
#include <linux/can/error.h>
#include <sys/socket.h>

#include <cstring>

#include "drivers/transport/can_health.h"
#include "drivers/transport/can_socket.h"
#include "tests/fault/transport_rig.h"

namespace cw::test {
namespace {

class CanWire : public testing::Test {
 protected:
  CanWire() {
    transport_ = make_can_socket({.name = "can0"}, [this](const PortOptions&, std::string& why) {
      std::array<int, 2> ends{};
      if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends.data()) != 0 || gone_) {
        why = "the interface is not there";
        return Descriptor{};
      }
      bus_ = Descriptor{ends[0]};
      return Descriptor{ends[1]};
    });
  }

  bool put(const can_frame& frame) const {
    return ::send(bus_.get(), &frame, sizeof frame, MSG_NOSIGNAL) == sizeof frame;
  }
  bool put(std::uint32_t id, std::uint8_t first = 0) const {
    can_frame frame{};
    frame.can_id = id;
    frame.can_dlc = 8;
    frame.data[0] = first;
    return put(frame);
  }
  bool put_error(std::uint32_t id, std::uint8_t controller = 0) const {
    can_frame frame{};
    frame.can_id = id | CAN_ERR_FLAG;
    frame.can_dlc = CAN_ERR_DLC;
    frame.data[1] = controller;
    return put(frame);
  }
  /// All that is there now.
  std::vector<CanFrame> taken() {
    std::vector<CanFrame> frames;
    std::array<std::uint8_t, 512> room{};
    for (;;) {
      const auto got = transport_->on_ready(EPOLLIN, room);
      EXPECT_EQ(got.size() % kCanRecordSize, 0U);
      if (got.empty()) return frames;
      for (std::size_t at = 0; at < got.size(); at += kCanRecordSize)
        frames.push_back(*from_record(got.subspan(at)));
    }
  }
  std::vector<can_frame> sent() const {
    std::vector<can_frame> frames;
    can_frame frame{};
    while (::recv(bus_.get(), &frame, sizeof frame, MSG_DONTWAIT) == sizeof frame)
      frames.push_back(frame);
    return frames;
  }
  bool send(std::uint32_t id, std::uint8_t first = 0) {
    CanFrame frame{.id = id, .length = 8};
    frame.data[0] = first;
    return transport_->send(to_record(frame));
  }

  Descriptor bus_;
  bool gone_ = false;
  std::unique_ptr<Transport> transport_;
};

TEST_F(CanWire, FramesArriveWholeAndInOrder) {
  ASSERT_EQ(transport_->open(), Transport::State::open);
  for (std::uint32_t i = 0; i < 100; ++i)
    ASSERT_TRUE(
        put(i % 2 == 0 ? i : (0x18F128F4 + i) | CAN_EFF_FLAG, static_cast<std::uint8_t>(i)));
  const auto frames = taken();
  ASSERT_EQ(frames.size(), 100U);
  for (std::uint32_t i = 0; i < 100; ++i) {
    EXPECT_EQ(frames[i].data[0], i);
    EXPECT_EQ(frames[i].extended, i % 2 == 1);
    EXPECT_EQ(frames[i].id, i % 2 == 0 ? i : 0x18F128F4 + i);
  }
  EXPECT_EQ(transport_->complaint(), "");
}

TEST_F(CanWire, SeveralFramesGoOutInOneSend) {
  ASSERT_EQ(transport_->open(), Transport::State::open);
  const CanRecord one = to_record({.id = 0x100, .length = 1, .data = {7}});
  const CanRecord two = to_record({.id = 0x18F0F428, .extended = true, .length = 8});
  Bytes both(one.begin(), one.end());
  both.insert(both.end(), two.begin(), two.end());
  EXPECT_TRUE(transport_->send(both));
  const auto frames = sent();
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].can_id, 0x100U);
  EXPECT_EQ(frames[0].data[0], 7);
  EXPECT_EQ(frames[1].can_id, 0x18F0F428U | CAN_EFF_FLAG);
}

TEST_F(CanWire, WhatIsNoFrameIsNotSent) {
  ASSERT_EQ(transport_->open(), Transport::State::open);
  EXPECT_FALSE(transport_->send(Bytes{1, 2, 3}));
  EXPECT_FALSE(transport_->send(Bytes(15)));
  Bytes nine_bytes(kCanRecordSize);
  nine_bytes[4] = 9;
  EXPECT_FALSE(transport_->send(nine_bytes));
  EXPECT_TRUE(sent().empty());
}

TEST_F(CanWire, AFullBusKeepsTheNewestOfEachIdentifierAndGivesUpTheRestAloud) {
  ASSERT_EQ(transport_->open(), Transport::State::open);
  int accepted = 0;  // the socket's own buffer fills first
  while ((transport_->interest() & EPOLLOUT) == 0) {
    ASSERT_TRUE(send(0x100));
    ASSERT_LT(++accepted, 100'000);
  }
  EXPECT_TRUE(send(0x200, 1));
  EXPECT_TRUE(send(0x200, 2));
  EXPECT_TRUE(send(0x300, 3));
  const auto before = sent();
  transport_->on_ready(EPOLLOUT, std::span<std::uint8_t>{});
  const auto after = sent();
  ASSERT_EQ(after.size(), 3U);
  EXPECT_EQ(after[0].can_id, 0x100U);
  EXPECT_EQ(after[1].can_id, 0x200U);
  EXPECT_EQ(after[1].data[0], 2) << "the older value is not worth sending any more";
  EXPECT_EQ(after[2].can_id, 0x300U);
  EXPECT_EQ(transport_->interest() & EPOLLOUT, 0U);
}

TEST_F(CanWire, MoreIdentifiersThanCanWaitAreRefused) {
  ASSERT_EQ(transport_->open(), Transport::State::open);
  while ((transport_->interest() & EPOLLOUT) == 0) ASSERT_TRUE(send(0x100));
  std::uint32_t id = 0x200;
  while (send(id)) ASSERT_LT(++id, 0x300U);
  EXPECT_GE(id, 0x220U);
}

TEST_F(CanWire, AnInterfaceThatIsGoneIsSaidSoAndComesBack) {
  gone_ = true;
  EXPECT_EQ(transport_->open(), Transport::State::closed);
  EXPECT_EQ(transport_->error(), "can0: the interface is not there");
  gone_ = false;
  ASSERT_EQ(transport_->open(), Transport::State::open);
  bus_.reset();
  std::array<std::uint8_t, 512> room{};
  transport_->on_ready(EPOLLIN | EPOLLHUP, room);
  EXPECT_EQ(transport_->state(), Transport::State::closed);
  EXPECT_FALSE(transport_->error().empty());
  EXPECT_FALSE(send(0x100));
  ASSERT_EQ(transport_->open(), Transport::State::open);
  EXPECT_TRUE(put(0x2F4));
  EXPECT_EQ(taken().size(), 1U);
}

TEST_F(CanWire, FiveHundredTimesBusOffLoseNothingElse) {
  ASSERT_EQ(transport_->open(), Transport::State::open);
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(put_error(CAN_ERR_CRTL, CAN_ERR_CRTL_TX_PASSIVE));
    ASSERT_TRUE(put_error(CAN_ERR_BUSOFF));
    EXPECT_TRUE(taken().empty()) << "the controller's words are no frames of the bus";
    EXPECT_NE(transport_->complaint().find("bus-off: nothing is sent"), std::string::npos);
    ASSERT_TRUE(put_error(CAN_ERR_RESTARTED));
    ASSERT_TRUE(put(0x2F4));
    EXPECT_EQ(taken().size(), 1U);
    EXPECT_TRUE(send(0x351));
    EXPECT_EQ(sent().size(), 1U);
  }
  EXPECT_EQ(transport_->complaint(), "500 times bus-off, 500 restarts");
  transport_->open();
  EXPECT_EQ(transport_->complaint(), "");
}

TEST(CanHealth, TellsWhatTheControllerSays) {
  const auto error = [](std::uint32_t id, std::uint8_t controller) {
    CanFrame frame{.id = id, .error = true, .length = 8};
    frame.data[1] = controller;
    return frame;
  };
  CanHealth health;
  health.on_error(error(CAN_ERR_CRTL, CAN_ERR_CRTL_RX_WARNING));
  EXPECT_EQ(health.state(), CanState::warning);
  health.on_error(error(CAN_ERR_CRTL, CAN_ERR_CRTL_RX_PASSIVE));
  EXPECT_EQ(health.state(), CanState::passive);
  EXPECT_NE(health.text("can0").find("termination"), std::string::npos);
  health.on_error(error(CAN_ERR_CRTL, CAN_ERR_CRTL_ACTIVE));
  EXPECT_EQ(health.state(), CanState::active);
  EXPECT_EQ(health.text("can0"), "");
  health.on_error(error(CAN_ERR_BUSOFF, 0));
  EXPECT_NE(health.text("can7").find("ip link set can7"), std::string::npos);
  health.on_frame();
  EXPECT_EQ(health.state(), CanState::active) << "what is heard is not off";
  health.on_error(error(CAN_ERR_CRTL, CAN_ERR_CRTL_RX_OVERFLOW));
  health.on_overrun(12);
  health.on_unsent();
  EXPECT_EQ(health.text("can0"),
            "1 times bus-off, 0 restarts; 1 overflows in the controller; 12 frames came faster "
            "than they were read; 1 frames could not be sent");
}

TEST(CanSocket, WithoutItsInterfaceItSaysWhy) {
  const auto transport = make_transport(Bus::can, {.name = "no-such-can"});
  EXPECT_EQ(transport->open(), Transport::State::closed);
  EXPECT_TRUE(transport->error().starts_with("no-such-can: ")) << transport->error();
  EXPECT_EQ(transport->descriptor(), -1);
}

}  // namespace
}  // namespace cw::test

// SPDX-License-Identifier: Apache-2.0
// Orders: their turn, their answers, and that how they ended is reported once whatever happens.
#include "tests/unit/line_fixture.h"

namespace cw::test {
namespace {

class OrderTest : public LineTest {
 protected:
  // Station `number` (from 1) is told something.
  bool tell(int number, Order order = {}) {
    if (order.request.size == 0) order = order_to(static_cast<std::uint8_t>(number), 7);
    return line->order(static_cast<std::size_t>(number - 1), order);
  }
  // The next thing that goes out; its first byte.
  char sent() {
    for (int i = 0; i < 100; ++i)
      if (const auto request = step()) return static_cast<char>(request->bytes[0]);
    return 0;
  }
  void reply_order(int number, bool taken) {
    hear(reply_to_order(static_cast<std::uint8_t>(number), taken));
  }
  // The only report there is.
  OrderReport report() {
    const auto report = line->take_report();
    EXPECT_TRUE(report);
    EXPECT_FALSE(line->take_report()) << "one too many";
    return report.value_or(OrderReport{99, OrderEnd::sent, "none"});
  }
  // Every station has answered once, so nobody is due.
  void settle() {
    for (int i = 0; i < static_cast<int>(line->size()); ++i) reply(ask());
  }
};

TEST_F(OrderTest, GoesOutAtOnceWhileTheWireIsFree) {
  build(1);
  settle();
  ASSERT_TRUE(tell(1));
  EXPECT_LE(line->deadline(), now);
  EXPECT_EQ(sent(), 'W');
  EXPECT_TRUE(line->ordering());
  EXPECT_EQ(line->asking(), 0U);
}

TEST_F(OrderTest, WaitsForTheAnswerUnderWay) {
  build(1);
  ask();
  ASSERT_TRUE(tell(1));
  EXPECT_FALSE(line->on_time(now)) << "two requests at a time";
  after(10);
  reply(1);
  EXPECT_EQ(sent(), 'W');
}

TEST_F(OrderTest, GoesBeforeEveryStationThatIsDue) {
  build(3, {.interval = {0}});
  ask();
  ASSERT_TRUE(tell(3));
  after(10);
  reply(1);
  EXPECT_EQ(sent(), 'W');
}

TEST_F(OrderTest, KeepsTheSilenceOfTheLine) {
  build(1, {}, {.gap_least = {30}});
  settle();
  ASSERT_TRUE(tell(1));
  EXPECT_FALSE(line->on_time(now + Millis{29}));
  EXPECT_TRUE(line->on_time(now + Millis{30}));
}

TEST_F(OrderTest, AnAcknowledgementIsReportedOnce) {
  build(1);
  settle();
  ASSERT_TRUE(tell(1));
  sent();
  EXPECT_FALSE(line->take_report());
  after(10);
  reply_order(1, true);
  const OrderReport got = report();
  EXPECT_EQ(got.station, 0U);
  EXPECT_EQ(got.end, OrderEnd::acknowledged);
  EXPECT_FALSE(line->asking());
}

TEST_F(OrderTest, ARefusalIsReportedWithItsReason) {
  build(1);
  settle();
  ASSERT_TRUE(tell(1));
  sent();
  reply_order(1, false);
  const OrderReport got = report();
  EXPECT_EQ(got.end, OrderEnd::refused);
  EXPECT_EQ(got.why, "it does not want to");
}

TEST_F(OrderTest, SilenceEndsIt) {
  build(1);
  settle();
  ASSERT_TRUE(tell(1));
  sent();
  EXPECT_EQ(line->deadline(), now + Millis{300});
  now = line->deadline();
  line->on_time(now);
  EXPECT_EQ(report().end, OrderEnd::unanswered);
}

TEST_F(OrderTest, WhatIsNotAnsweredIsSentAndTheWireStaysQuiet) {
  build(1, {.interval = {0}});
  settle();
  Order order = order_to(1, 7);
  order.answered = false;
  order.request.reply_within = {20};
  order.quiet = {80};
  ASSERT_TRUE(tell(1, order));
  ASSERT_EQ(sent(), 'W');
  after(20);
  EXPECT_FALSE(line->on_time(now));
  EXPECT_EQ(report().end, OrderEnd::sent);
  EXPECT_FALSE(line->on_time(now + Millis{79}));
  ASSERT_TRUE(tell(1)) << "the second part";
  EXPECT_EQ(line->deadline(), now + Millis{80});
  EXPECT_EQ(sent(), 'W') << "before the station is asked again";
}

TEST_F(OrderTest, ItsStationIsAskedAgainRightBehindIt) {
  build(1, {.interval = {60'000}});
  settle();
  ASSERT_TRUE(tell(1));
  sent();
  after(5);
  reply_order(1, true);
  const Instant then = now;
  EXPECT_EQ(sent(), 'Q');
  EXPECT_EQ(now, then);
}

TEST_F(OrderTest, SaysNothingAboutTheLink) {
  build(1, {.lost_after = 1});
  settle();
  const LinkCounts before = status(1).counts;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(tell(1));
    ASSERT_EQ(sent(), 'W');
    now = line->deadline();
    const auto polled = line->on_time(now);
    EXPECT_EQ(report().end, OrderEnd::unanswered);
    EXPECT_EQ(status(1).link, Link::up);
    if (!polled) ask();
    reply(1);
  }
  EXPECT_EQ(status(1).counts.timeouts, before.timeouts);
  EXPECT_EQ(status(1).counts.requests, before.requests + 5);
  EXPECT_EQ(status(1).counts.frames, before.frames + 5);
}

TEST_F(OrderTest, OneOfAStationAtATime) {
  build(2);
  settle();
  ASSERT_TRUE(tell(1));
  EXPECT_FALSE(tell(1));
  EXPECT_TRUE(tell(2));
  sent();
  reply_order(1, true);
  EXPECT_FALSE(tell(1)) << "nobody took the report";
  EXPECT_EQ(report().station, 0U);
  EXPECT_TRUE(tell(1));
}

TEST_F(OrderTest, StationsGetTheirOrdersInTurn) {
  build(2);
  settle();
  ASSERT_TRUE(tell(1));
  ASSERT_TRUE(tell(2));
  for (const int number : {1, 2}) {
    const auto request = step();
    ASSERT_TRUE(request);
    ASSERT_EQ(request->bytes[0], kOrderMark);
    EXPECT_EQ(request->bytes[1], number);
    reply_order(number, true);
    EXPECT_EQ(report().station, static_cast<std::size_t>(number - 1));
  }
}

TEST_F(OrderTest, TheAnswerOfAnotherIsNotItsOwn) {
  build(2);
  settle();
  ASSERT_TRUE(tell(1));
  sent();
  reply_order(2, true);
  EXPECT_FALSE(line->take_report());
  EXPECT_TRUE(line->ordering());
  reply_order(1, true);
  EXPECT_EQ(report().end, OrderEnd::acknowledged);
}

TEST_F(OrderTest, AFrameThatComesBeforeItsAnswerIsAppliedAndEndsNothing) {
  build(1);
  settle();
  ASSERT_TRUE(tell(1));
  sent();
  const auto frames = status(1).counts.frames;
  reply(1);
  EXPECT_EQ(status(1).counts.frames, frames + 1);
  EXPECT_TRUE(line->ordering());
  reply_order(1, true);
  EXPECT_EQ(report().end, OrderEnd::acknowledged);
}

TEST_F(OrderTest, ALateAnswerIsNotTakenForThatToANewerRequest) {
  build(1);
  settle();
  ASSERT_TRUE(tell(1));
  sent();
  now = line->deadline();
  line->on_time(now);
  EXPECT_EQ(report().end, OrderEnd::unanswered);
  if (!line->asking()) ask();
  reply_order(1, true);
  EXPECT_FALSE(line->take_report());
  EXPECT_TRUE(line->asking()) << "the poll still waits for its own answer";
  EXPECT_EQ(status(1).counts.foreign, 1U);
}

TEST_F(OrderTest, ADamagedAnswerIsNoAnswer) {
  build(1);
  settle();
  ASSERT_TRUE(tell(1));
  sent();
  Bytes damaged = reply_to_order(1, true);
  damaged.back() ^= 1;
  hear(damaged);
  now = line->deadline();
  line->on_time(now);
  EXPECT_EQ(report().end, OrderEnd::unanswered);
  EXPECT_EQ(status(1).counts.bad_checksums, 1U);
}

TEST_F(OrderTest, AWireThatGoesDownBehindItLeavesItOpen) {
  build(2);
  settle();
  ASSERT_TRUE(tell(1));
  ASSERT_TRUE(tell(2));
  sent();
  line->on_down(now);
  const auto first = line->take_report();
  const auto second = line->take_report();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->end, OrderEnd::cut_off);
  EXPECT_EQ(second->end, OrderEnd::not_sent);
  EXPECT_FALSE(line->take_report());
  line->on_up(now);
  EXPECT_EQ(sent(), 'Q') << "it is not sent again by itself";
}

TEST_F(OrderTest, WithoutAWireItIsNotSent) {
  build(1);
  line->on_down(now);
  ASSERT_TRUE(tell(1));
  EXPECT_EQ(report().end, OrderEnd::not_sent);
  line->on_up(now);
  EXPECT_EQ(sent(), 'Q');
}

TEST_F(OrderTest, AStationThatOnlyListensIsNotMissedForIt) {
  build(1, {.interval = {1'000}, .lost_after = 1});
  protocol(1).only_listens = true;
  step();
  hear(answer(1, 1));
  after(900);
  ASSERT_FALSE(step()) << "heard: a new period begins";
  after(10);
  Order order = order_to(1, 7);
  order.answered = false;
  order.request.reply_within = {20};
  ASSERT_TRUE(tell(1, order));
  ASSERT_EQ(sent(), 'W');
  step();
  EXPECT_EQ(report().end, OrderEnd::sent);
  EXPECT_EQ(status(1).link, Link::up);
  step();
  EXPECT_EQ(status(1).link, Link::lost) << "a whole period without a frame is missed as ever";
}

TEST_F(OrderTest, WhateverHappensEveryOrderIsReportedOnce) {
  build(3, {.interval = {50}});
  std::uint32_t seed = 1;
  const auto random = [&seed](std::uint32_t most) {
    seed = seed * 1'664'525 + 1'013'904'223;
    return (seed >> 16) % most;
  };
  int given = 0;
  int reported = 0;
  bool up = true;
  const auto collect = [&] {
    while (line->take_report()) ++reported;
  };
  for (int i = 0; i < 20'000; ++i) {
    if (random(4) == 0 && tell(static_cast<int>(random(3)) + 1)) ++given;
    if (random(40) == 0) {
      up = !up;
      up ? line->on_up(now) : line->on_down(now);
    }
    after(static_cast<int>(random(120)));
    if (const auto request = line->on_time(now)) {
      const std::uint8_t address = request->bytes[1];
      const std::uint32_t does = random(4);
      if (does == 0) hear(Bytes(random(9), 'x'));
      if (does >= 2 && request->bytes[0] == kRequestMark) reply(address);
      if (does >= 2 && request->bytes[0] == kOrderMark) reply_order(address, does == 2);
    }
    if (random(3) != 0) collect();
  }
  line->on_down(now);
  collect();
  EXPECT_GT(given, 1'000);
  EXPECT_EQ(given, reported);
}

}  // namespace
}  // namespace cw::test

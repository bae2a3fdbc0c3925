// SPDX-License-Identifier: Apache-2.0
// Turns, intervals, time-outs, back-off, and what becomes of the wire.
#include "tests/unit/line_fixture.h"

namespace cw::test {
namespace {

TEST_F(LineTest, AsksAtOnceWhenTheWireComesUp) {
  build(1);
  EXPECT_EQ(line->deadline(), now);
  const auto request = line->on_time(now);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->bytes[1], 1);
  EXPECT_EQ(status(1).counts.requests, 1U);
}

TEST_F(LineTest, AsksNothingBeforeTheWireIsUp) {
  build(1);
  line->on_down(now);
  EXPECT_EQ(line->deadline(), Line::kNever);
  EXPECT_FALSE(line->on_time(now + Millis{3'600'000}));
  EXPECT_EQ(protocol(1).requests, 0U);
}

TEST_F(LineTest, ALineWithoutStationsHasNothingToDo) {
  build(0);
  EXPECT_EQ(line->deadline(), Line::kNever);
  EXPECT_FALSE(line->on_time(now));
  hear({1, 2, 3});
}

TEST_F(LineTest, AnAnswerIsAppliedAndReportedOnce) {
  build(1);
  ask();
  after(10);
  EXPECT_EQ(status(1).link, Link::unheard);
  reply(1);
  ASSERT_EQ(line->completed().size(), 1U);
  EXPECT_EQ(line->completed()[0], 0U);
  EXPECT_EQ(status(1).link, Link::up);
  EXPECT_EQ(status(1).last_frame, now);
  EXPECT_EQ(packs[0]->scalars.cycle_count.fresh(now, Millis{0})->count, 1);
  hear({});
  EXPECT_TRUE(line->completed().empty());
}

TEST_F(LineTest, AnAnswerMayComeByteByByte) {
  build(1);
  ask();
  for (const std::uint8_t byte : answer(1, 1)) {
    after(1);
    EXPECT_EQ(status(1).counts.frames, 0U);
    hear({byte});
  }
  EXPECT_EQ(status(1).counts.frames, 1U);
  EXPECT_EQ(status(1).counts.noise_bytes, 0U);
}

TEST_F(LineTest, NeverAsksTwiceAtATime) {
  build(2, {.interval = {0}});
  EXPECT_TRUE(line->on_time(now));
  for (int i = 0; i < 199; ++i) {
    after(1);
    EXPECT_FALSE(line->on_time(now));
  }
}

TEST_F(LineTest, TheNextDueRequestGoesOutAtOnceAfterAnAnswer) {
  build(2, {.interval = {0}});
  EXPECT_EQ(ask(), 1);
  after(3);
  reply(1);
  EXPECT_EQ(line->deadline(), now);
  EXPECT_TRUE(line->on_time(now));
  EXPECT_EQ(line->asking(), 1U);
}

TEST_F(LineTest, TheIntervalCountsFromRequestToRequest) {
  build(1);
  ask();
  const Instant asked = now;
  after(150);
  reply(1);
  EXPECT_EQ(line->deadline(), asked + Millis{1000});
}

TEST_F(LineTest, ALateTurnDoesNotShiftTheFollowingOnes) {
  build(1);
  ask();
  const Instant asked = now;
  after(10);
  reply(1);
  now = asked + Millis{1300};  // the line was busy with others
  ASSERT_TRUE(line->on_time(now));
  after(10);
  reply(1);
  EXPECT_EQ(line->deadline(), asked + Millis{2000});
}

TEST_F(LineTest, TurnsMissedAltogetherAreNotMadeUpFor) {
  build(1);
  ask();
  after(10);
  reply(1);
  after(10'000);
  ASSERT_TRUE(line->on_time(now));
  reply(1);
  ASSERT_TRUE(line->on_time(now)) << "one at once";
  reply(1);
  EXPECT_EQ(line->deadline(), now + Millis{1000}) << "and no flood";
}

TEST_F(LineTest, StationsTakeTurns) {
  build(3, {.interval = {0}});
  for (int round = 0; round < 5; ++round)
    for (int number = 1; number <= 3; ++number) {
      EXPECT_EQ(ask(), number);
      after(5);
      reply(number);
    }
}

TEST_F(LineTest, SilenceIsATimeoutAfterReplyWithin) {
  build(1);
  ask();
  EXPECT_EQ(line->deadline(), now + Millis{200});
  now = line->deadline();
  line->on_time(now);
  EXPECT_EQ(status(1).counts.timeouts, 1U);
  EXPECT_FALSE(line->asking());
}

TEST_F(LineTest, TheTimeToSendTheRequestBelongsToTheWait) {
  build(1, {}, {.byte_us = 1042});  // 9600 baud
  ask();
  EXPECT_EQ(line->deadline(), now + Millis{200 + 5});
}

TEST_F(LineTest, ALinkThatWasHeardFailsAtTheFirstMissAndIsLostAtTheThird) {
  build(1);
  ask();
  reply(1);
  EXPECT_EQ(status(1).link, Link::up);
  miss();
  EXPECT_EQ(status(1).link, Link::failing);
  miss();
  EXPECT_EQ(status(1).link, Link::failing);
  miss();
  EXPECT_EQ(status(1).link, Link::lost);
  ask();
  reply(1);
  EXPECT_EQ(status(1).link, Link::up);
  miss();
  EXPECT_EQ(status(1).link, Link::failing) << "the count of misses starts again";
}

TEST_F(LineTest, AStationThatNeverAnsweredStaysUnheard) {
  build(1);
  for (int i = 0; i < 10; ++i) miss();
  EXPECT_EQ(status(1).link, Link::unheard);
  EXPECT_EQ(status(1).counts.timeouts, 10U);
}

TEST_F(LineTest, BackOffDoublesFromTheSecondMissToItsLimit) {
  build(1, {.interval = {0}, .backoff_first = {500}, .backoff_most = {3000}});
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 7; ++i) {
    miss();
    pauses.push_back(line->deadline().ms - now.ms);
  }
  EXPECT_EQ(pauses, (std::vector<std::int64_t>{200, 500, 1000, 2000, 3000, 3000, 3000}));
}

TEST_F(LineTest, BackOffEndsWithTheFirstAnswer) {
  build(1, {.interval = {0}});
  for (int i = 0; i < 6; ++i) miss();
  ask();
  reply(1);
  EXPECT_EQ(line->deadline(), now);
}

TEST_F(LineTest, ABackOffOfAThousandMissesDoesNotOverflow) {
  build(1, {.interval = {0}});
  for (int i = 0; i < 1000; ++i) miss();
  EXPECT_EQ(line->deadline(), now + Millis{8500});
}

TEST_F(LineTest, AStationThatComesBackIsHeardWithinTenSeconds) {
  build(1);
  for (int i = 0; i < 20; ++i) miss();
  // Worst case: it comes back just too late for a request.
  ask();
  const Instant back = now;
  now = line->deadline();
  line->on_time(now);
  ask();
  EXPECT_LT(now.ms - back.ms, 10'000);
}

TEST_F(LineTest, WhenTheWireGoesDownAllThatWereHeardAreLostAtOnce) {
  build(3);
  ask();
  reply(1);
  ask();
  reply(2);
  ask();
  line->on_down(now);
  EXPECT_EQ(status(1).link, Link::lost);
  EXPECT_EQ(status(2).link, Link::lost);
  EXPECT_EQ(status(3).link, Link::unheard);
  EXPECT_FALSE(line->asking());
}

TEST_F(LineTest, ADeadWireIsNotATimeout) {
  build(1);
  ask();
  line->on_down(now);
  after(1'000'000);
  EXPECT_FALSE(line->on_time(now));
  EXPECT_EQ(status(1).counts.timeouts, 0U);
  EXPECT_EQ(line->deadline(), Line::kNever);
}

TEST_F(LineTest, EverybodyIsAskedAgainAtOnceWhenTheWireIsBack) {
  build(2);
  for (int i = 0; i < 12; ++i) miss();
  line->on_down(now);
  after(60'000);
  line->on_up(now);
  const Instant back = now;
  EXPECT_EQ(ask(), 1);
  EXPECT_EQ(now, back);
  reply(1);
  EXPECT_EQ(status(1).link, Link::up);
  EXPECT_EQ(ask(), 2);
  EXPECT_EQ(now, back);
}

TEST_F(LineTest, BytesFromBeforeTheWireWentDownAreForgotten) {
  build(1);
  ask();
  const Bytes frame = answer(1, 1);
  hear({frame.begin(), frame.begin() + 4});
  line->on_down(now);
  line->on_up(now);
  ask();
  hear({frame.begin() + 4, frame.end()});
  EXPECT_EQ(status(1).counts.frames, 0U);
}

TEST_F(LineTest, AStationThatWasLostWithTheWireIsNotFoundByAMiss) {
  build(1);
  ask();
  reply(1);
  line->on_down(now);
  line->on_up(now);
  miss();
  EXPECT_EQ(status(1).link, Link::lost);
}

TEST_F(LineTest, AStationWithNothingToAskTakesWhatComes) {
  build(1);
  protocol(1).only_listens = true;
  EXPECT_FALSE(line->on_time(now));
  after(100);
  hear(answer(1, 42));
  EXPECT_EQ(status(1).link, Link::up);
  EXPECT_EQ(status(1).counts.requests, 0U);
  EXPECT_EQ(status(1).counts.frames, 1U);
  ASSERT_EQ(line->completed().size(), 1U);
}

TEST_F(LineTest, ListenersOnOneWireEachTakeTheirOwn) {
  build(3);
  for (auto& each : protocols) each->only_listens = true;
  line->on_time(now);
  Bytes all;
  for (const std::uint8_t address : Bytes{3, 1, 2, 9}) {
    const Bytes frame = answer(address, 1);
    all.insert(all.end(), frame.begin(), frame.end());
  }
  hear(all);
  EXPECT_EQ(line->completed().size(), 3U);
  for (int number = 1; number <= 3; ++number) {
    EXPECT_EQ(status(number).counts.frames, 1U);
    EXPECT_EQ(protocol(number).wrong, 0U);
  }
  EXPECT_EQ(status(1).counts.foreign, 1U) << "the frame of station 9";
}

TEST_F(LineTest, AListenerThatHearsNothingFailsAndIsLost) {
  build(1);
  protocol(1).only_listens = true;
  line->on_time(now);
  hear(answer(1, 1));
  step();
  EXPECT_EQ(status(1).link, Link::up);
  step();
  EXPECT_EQ(status(1).link, Link::failing);
  step();
  step();
  EXPECT_EQ(status(1).link, Link::lost);
  EXPECT_EQ(status(1).counts.timeouts, 0U) << "nothing was asked";
}

TEST_F(LineTest, AListenerWithIntervalZeroDoesNotMakeTheOwnerSpin) {
  build(1, {.interval = {0}});
  protocol(1).only_listens = true;
  EXPECT_FALSE(line->on_time(now));
  EXPECT_GE(line->deadline(), now + Millis{100});
}

TEST_F(LineTest, AListenerHearsItsFramesWhileAnotherStationIsAsked) {
  build(2);
  protocol(2).only_listens = true;
  line->on_time(now);
  ask();
  ASSERT_EQ(line->asking(), 0U);
  hear(answer(1, protocol(1).number));
  after(1000);
  ASSERT_TRUE(line->on_time(now));
  hear(answer(2, 7));
  EXPECT_EQ(status(2).counts.frames, 1U);
  EXPECT_TRUE(line->asking());
}

TEST_F(LineTest, AFrameThatTwoCouldTakeBelongsToTheOneThatWasAsked) {
  build(3);
  for (auto& each : protocols) each->addressed = false;
  protocol(1).only_listens = true;
  protocol(3).only_listens = true;
  EXPECT_EQ(ask(), 2);
  reply(2);
  EXPECT_EQ(protocol(1).frames, 0U);
  EXPECT_EQ(protocol(2).frames, 1U);
  EXPECT_EQ(protocol(3).frames, 0U);
}

TEST_F(LineTest, WhatAListenerHalfHeardIsDroppedWhenAnotherIsAsked) {
  build(2);
  protocol(1).only_listens = true;
  ASSERT_EQ(ask(), 2);
  reply(2);
  hear({kAnswerMark, 1, 9, 40});  // and 41 bytes more, which never come
  ASSERT_EQ(ask(), 2);
  reply(2);
  EXPECT_EQ(status(2).counts.frames, 2U);
}

TEST_F(LineTest, BackOffStartsAgainWhenTheWireIsBack) {
  build(1, {.interval = {0}});
  for (int i = 0; i < 12; ++i) miss();
  line->on_down(now);
  line->on_up(now);
  miss();
  EXPECT_EQ(line->deadline(), now + Millis{200});
}

TEST_F(LineTest, ADamagedAnswerEndsABackOff) {
  build(1, {.interval = {0}});
  for (int i = 0; i < 6; ++i) miss();
  ask();
  Bytes frame = answer(1, protocol(1).number);
  frame.back() ^= 1;
  hear(frame);
  miss();
  EXPECT_EQ(line->deadline(), now + Millis{200}) << "the first silence since";
}

}  // namespace
}  // namespace cw::test

// SPDX-License-Identifier: Apache-2.0
// Noise, echoes, late, slow and damaged answers, and the gap they widen.
#include "tests/unit/line_fixture.h"

namespace cw::test {
namespace {

TEST_F(LineTest, NoiseBeforeAnAnswerIsCountedAndForgiven) {
  build(1);
  ask();
  hear({0, 0, 0xFF});
  reply(1);
  EXPECT_EQ(status(1).counts.noise_bytes, 3U);
  EXPECT_EQ(status(1).counts.frames, 1U);
  EXPECT_EQ(line->gap().count, 0);
}

TEST_F(LineTest, TheEchoOfTheRequestIsForeignAndNoAnswer) {
  build(1);
  const auto request = step();
  ASSERT_TRUE(request);
  hear({request->view().begin(), request->view().end()});
  EXPECT_EQ(status(1).counts.foreign, 1U);
  EXPECT_TRUE(line->asking());
  reply(1);
  EXPECT_EQ(status(1).counts.frames, 1U);
  EXPECT_EQ(line->gap().count, 0);
}

TEST_F(LineTest, EchoAndAnswerMayComeInOnePiece) {
  build(1);
  const auto request = step();
  Bytes both{request->view().begin(), request->view().end()};
  const Bytes frame = answer(1, 1);
  both.insert(both.end(), frame.begin(), frame.end());
  hear(both);
  EXPECT_EQ(status(1).counts.foreign, 1U);
  EXPECT_EQ(status(1).counts.frames, 1U);
}

TEST_F(LineTest, AnotherStationsAnswerIsNotTakenForTheOneAwaited) {
  build(2);
  ask();
  hear(answer(2, 1));
  EXPECT_EQ(status(1).counts.foreign, 1U);
  EXPECT_EQ(status(1).counts.frames + status(2).counts.frames, 0U);
  EXPECT_TRUE(line->asking());
}

TEST_F(LineTest, ALateAnswerIsDroppedWhileNobodyIsAsked) {
  build(1);
  miss();
  after(20);
  hear(answer(1, 1));
  EXPECT_TRUE(line->completed().empty());
  EXPECT_EQ(status(1).counts.frames, 0U);
  EXPECT_EQ(status(1).counts.noise_bytes, answer(1, 1).size());
}

TEST_F(LineTest, AStationIsNotAskedAgainWhileALateAnswerMayStillCome) {
  build(1, {.interval = {0}});
  miss();
  EXPECT_EQ(line->deadline(), now + Millis{200});
}

TEST_F(LineTest, OthersAreAskedAtOnceAfterATimeoutWhereAnswersNameTheirSender) {
  build(2, {.interval = {0}});
  ask();
  now = line->deadline();
  ASSERT_TRUE(line->on_time(now));
  EXPECT_EQ(line->asking(), 1U);
  hear(answer(1, 1));  // late
  EXPECT_EQ(protocol(2).wrong, 0U);
  EXPECT_EQ(status(2).counts.foreign, 1U);
  reply(2);
  EXPECT_EQ(status(2).counts.frames, 1U);
}

TEST_F(LineTest, WhereAnswersDoNotNameTheirSenderNobodyIsAskedUntilALateOneHasPassed) {
  build(2, {.interval = {0}}, {.addressed = false});
  for (auto& each : protocols) each->addressed = false;
  ask();
  now = line->deadline();
  EXPECT_FALSE(line->on_time(now));
  after(199);
  EXPECT_FALSE(line->on_time(now));
  hear(answer(1, 1));
  EXPECT_EQ(ask(), 2);
  reply(2);
  EXPECT_EQ(protocol(1).frames, 0U);
  EXPECT_EQ(protocol(2).wrong, 0U);
}

TEST_F(LineTest, WhatIsLeftOfAnOldAnswerDoesNotBeginANewOne) {
  build(1);
  ask();
  hear({kAnswerMark, 1, 1});  // and no more
  now = line->deadline();
  line->on_time(now);
  EXPECT_EQ(status(1).counts.timeouts, 1U);
  ask();
  reply(1);
  EXPECT_EQ(status(1).counts.frames, 1U);
  EXPECT_EQ(status(1).counts.noise_bytes, 3U);
}

TEST_F(LineTest, TheSecondOfTwoGluedAnswersIsNotWhatTheNextRequestGets) {
  build(1, {.interval = {0}});
  ask();
  Bytes twice = answer(1, 1);
  twice.insert(twice.end(), twice.begin(), twice.end());
  hear(twice);
  EXPECT_EQ(status(1).counts.frames, 1U);
  EXPECT_EQ(status(1).counts.noise_bytes, answer(1, 1).size());
  ask();
  reply(1);
  EXPECT_EQ(protocol(1).wrong, 0U);
}

TEST_F(LineTest, ASlowAnswerIsWaitedForWhileItsBytesKeepComing) {
  build(1);
  ask();
  const Bytes frame = answer(1, 1, 7);  // 12 bytes, 30 ms each: 360 ms
  for (const std::uint8_t byte : frame) {
    after(30);
    EXPECT_FALSE(line->on_time(now));
    hear({byte});
  }
  EXPECT_EQ(status(1).counts.frames, 1U);
  EXPECT_EQ(status(1).counts.timeouts, 0U);
}

TEST_F(LineTest, AnAnswerThatNeverEndsIsGivenUpAfterTwiceReplyWithin) {
  build(1);
  protocol(1).babbles = true;
  ask();
  const Instant asked = now;
  while (line->asking() && now < asked + Millis{10'000}) {
    after(10);
    hear({kAnswerMark});
    line->on_time(now);
  }
  EXPECT_EQ(now, asked + Millis{400});
}

TEST_F(LineTest, NoiseDoesNotExtendTheWait) {
  build(1);
  ask();
  const Instant asked = now;
  for (int i = 0; i < 19; ++i) {
    after(10);
    hear({0});
  }
  EXPECT_EQ(line->deadline(), asked + Millis{200});
}

TEST_F(LineTest, ADamagedAnswerIsGivenUpWhenTheWireFallsSilent) {
  build(1);
  ask();
  Bytes frame = answer(1, 1);
  frame[5] ^= 0x10;
  after(10);
  hear(frame);
  EXPECT_GE(status(1).counts.bad_checksums, 1U);
  EXPECT_EQ(line->deadline(), now + Millis{20});
  now = line->deadline();
  line->on_time(now);
  EXPECT_EQ(status(1).counts.timeouts, 1U);
}

TEST_F(LineTest, AStationThatAnswersDamagedIsNotBackedOff) {
  build(1, {.interval = {100}});
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(ask(), 1);
    Bytes frame = answer(1, protocol(1).number);
    frame.back() ^= 1;
    hear(frame);
    now = line->deadline();
    line->on_time(now);
    EXPECT_LE(line->deadline(), now + Millis{100});
  }
}

TEST_F(LineTest, AMalformedAnswerIsCountedAndDoesNotWidenTheGap) {
  build(1);
  ask();
  hear(answer(1, 1, 0));
  EXPECT_EQ(status(1).counts.malformed, 1U);
  now = line->deadline();
  line->on_time(now);
  EXPECT_EQ(status(1).counts.timeouts, 1U);
  EXPECT_EQ(line->gap().count, 0);
}

TEST_F(LineTest, TheGapWidensWithDamageOnceAnExchange) {
  build(1, {.interval = {0}});
  std::vector<int> gaps;
  for (int i = 0; i < 7; ++i) {
    ask();
    Bytes frame = answer(1, protocol(1).number);
    frame.back() ^= 1;
    hear(frame);
    hear(frame);
    gaps.push_back(line->gap().count);
  }
  EXPECT_EQ(gaps, (std::vector<int>{5, 10, 20, 40, 80, 100, 100}));
}

TEST_F(LineTest, TheGapIsKeptAndNarrowsWithGoodAnswers) {
  build(1, {.interval = {0}});
  ask();
  Bytes frame = answer(1, 1);
  frame.back() ^= 1;
  hear(frame);
  ASSERT_EQ(line->gap().count, 5);
  for (int i = 0; i < 4; ++i) {
    ask();
    reply(1);
    EXPECT_EQ(line->deadline(), now + Millis{i < 3 ? 5 : 0});
  }
  EXPECT_EQ(line->gap().count, 0);
  EXPECT_EQ(line->deadline(), now);
}

TEST_F(LineTest, TheGapNeverLeavesItsLimits) {
  build(1, {.interval = {0}}, {.gap_least = {8}, .gap_most = {30}});
  for (int i = 0; i < 10; ++i) {
    ask();
    Bytes frame = answer(1, protocol(1).number);
    frame.back() ^= 1;
    hear(frame);
  }
  EXPECT_EQ(line->gap().count, 30);
  for (int i = 0; i < 40; ++i) {
    ask();
    reply(1);
  }
  EXPECT_EQ(line->gap().count, 8);
}

TEST_F(LineTest, BytesNobodyAskedForWidenTheGapAndHoldTheNextRequestBack) {
  build(1, {.interval = {0}});
  ask();
  reply(1);
  hear({1, 2, 3, 4, 5});
  EXPECT_EQ(line->gap().count, 5);
  EXPECT_EQ(line->deadline(), now + Millis{5});
}

TEST_F(LineTest, AByteOrTwoFromATurningTransceiverAreNoReasonToSlowDown) {
  build(1, {.interval = {0}});
  for (int i = 0; i < 50; ++i) {
    ask();
    reply(1);
    hear({0});
    EXPECT_EQ(line->deadline(), now);
  }
  EXPECT_EQ(status(1).counts.noise_bytes, 50U);
}

TEST_F(LineTest, AWireThatIsNeverSilentDoesNotStopTheAskingForEver) {
  build(1, {.interval = {0}});
  ask();
  reply(1);
  const Instant answered = now;
  while (!line->asking() && now < answered + Millis{10'000}) {
    after(2);
    hear({9, 9, 9});
    line->on_time(now);
  }
  EXPECT_LE(now, answered + Millis{510});
}

TEST_F(LineTest, TheReceiveBufferIsBoundedAndLosesItsOldestBytesAsNoise) {
  build(1);
  protocol(1).babbles = true;
  ask();
  hear(Bytes(1000, 7));
  EXPECT_EQ(status(1).counts.noise_bytes, 1000U - 2 * kLongestFrame);
}

TEST_F(LineTest, AnAnswerBehindAFullBufferOfNoiseIsFound) {
  build(1);
  ask();
  Bytes bytes(5000, 0);
  const Bytes frame = answer(1, 1);
  bytes.insert(bytes.end(), frame.begin(), frame.end());
  hear(bytes);
  EXPECT_EQ(status(1).counts.frames, 1U);
  EXPECT_EQ(status(1).counts.noise_bytes, 5000U);
}

TEST_F(LineTest, AProtocolThatConsumesNothingOrTooMuchDoesNotStopTheLine) {
  struct Rogue final : Protocol {
    Fed feed(std::span<const std::uint8_t>, Instant, Pack&) override {
      return {consumed, cw::Heard::noise};
    }
    std::optional<Request> next_request(Instant) override { return Request{}; }
    std::size_t consumed = 0;
  } rogue;
  Pack pack;
  Line alone{{}, 16};
  alone.add(rogue, pack, {}, now);
  alone.on_up(now);
  ASSERT_TRUE(alone.on_time(now));
  alone.on_bytes(Bytes(100, 1), now);
  EXPECT_EQ(alone.status(0).counts.noise_bytes, 100U);
  rogue.consumed = 1'000'000;
  alone.on_bytes(Bytes(100, 1), now);
  EXPECT_EQ(alone.status(0).counts.noise_bytes, 200U);
}

TEST_F(LineTest, ARequestThatMayTakeNoTimeStillWaits) {
  build(1);
  protocol(1).reply_within = {0};
  ask();
  EXPECT_GT(line->deadline(), now);
}

TEST_F(LineTest, AnAnswerThatWasCutShortWidensTheGap) {
  build(1, {.interval = {0}});
  ask();
  hear({kAnswerMark, 1, 1});
  now = line->deadline();
  line->on_time(now);
  EXPECT_EQ(line->gap().count, 5);
}

TEST_F(LineTest, AfterADamagedAnswerTheNextIsWaitedForAsLongAsEver) {
  build(1);
  ask();
  Bytes frame = answer(1, 1);
  frame.back() ^= 1;
  hear(frame);
  miss();
  ask();
  after(10);
  hear({kAnswerMark});
  EXPECT_EQ(line->deadline(), now + Millis{190});
}

}  // namespace
}  // namespace cw::test

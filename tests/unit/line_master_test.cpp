// SPDX-License-Identifier: Apache-2.0
// Another master on the line: noticed by whole frames, never by noise or by what our own requests
// bring back; listened to; waited for until it is gone.
#include "tests/unit/line_fixture.h"

namespace cw::test {
namespace {

constexpr LineTimes kBus{.gap_least = {120},
                         .gap_most = {120},
                         .frame_gap = {100},
                         .listen_first = {2000},
                         .quiet = {60'000}};

class LineMasterTest : public LineTest {
 protected:
  Asking asking() { return status(1).asking; }
  // The other master asks a station, which answers.
  void foreign_poll(std::uint8_t address, bool answers = true) {
    hear(request_to(address, 200));
    after(10);
    if (answers) hear(answer(address, 200));
    after(200);
  }
};

TEST_F(LineMasterTest, IsNoticedBeforeAnythingWasSent) {
  build(2, {}, kBus);
  EXPECT_FALSE(line->on_time(now)) << "a line is listened to first";
  after(300);
  foreign_poll(1);
  EXPECT_EQ(asking(), Asking::another_master);
  EXPECT_EQ(status(2).asking, Asking::another_master);
  for (int i = 0; i < 100; ++i) {
    after(500);
    EXPECT_FALSE(line->on_time(now));
    foreign_poll(2);
  }
  EXPECT_EQ(status(1).counts.requests + status(2).counts.requests, 0U);
}

TEST_F(LineMasterTest, ASilentLineIsAskedAfterTheTimeToListen) {
  build(1, {}, kBus);
  EXPECT_EQ(line->deadline(), now + kBus.listen_first);
  EXPECT_EQ(ask(), 1);
  EXPECT_EQ(asking(), Asking::ours);
}

TEST_F(LineMasterTest, OneStrayFrameIsNoMaster) {
  build(1, {}, kBus);
  hear(request_to(1, 7));
  EXPECT_EQ(asking(), Asking::ours);
  after(31'000);
  hear(request_to(1, 7));
  EXPECT_EQ(asking(), Asking::ours) << "half a minute later it is a first one again";
}

TEST_F(LineMasterTest, ThatComesLaterIsNoticedBetweenOurRequests) {
  build(2, {}, kBus);
  ASSERT_EQ(ask(), 1);
  reply(1);
  after(200);
  foreign_poll(2);
  EXPECT_EQ(asking(), Asking::another_master);
}

TEST_F(LineMasterTest, IsNoticedByItsRequestsWhileAnAnswerIsAwaited) {
  build(2, {}, kBus);
  for (int i = 0; i < 2; ++i) {
    ASSERT_NE(ask(), 0);
    hear(request_to(9, 1));
  }
  EXPECT_EQ(asking(), Asking::another_master);
}

TEST_F(LineMasterTest, TheRequestUnderWayIsSeenToItsEnd) {
  build(1, {}, kBus);
  ASSERT_EQ(ask(), 1);
  hear(request_to(8, 1));
  hear(request_to(9, 1));
  reply(1);
  EXPECT_EQ(status(1).counts.frames, 1U);
  EXPECT_EQ(status(1).counts.requests, 1U);
  EXPECT_FALSE(step());
}

TEST_F(LineMasterTest, EverybodyTakesHisOwnOfWhatItPolls) {
  build(3, {}, kBus);
  for (std::uint8_t round = 0; round < 5; ++round)
    for (const std::uint8_t address : Bytes{1, 2, 3, 4}) foreign_poll(address, address != 2);
  EXPECT_GE(status(1).counts.frames, 4U);
  EXPECT_EQ(status(2).counts.frames, 0U);
  EXPECT_GE(status(3).counts.frames, 4U);
  EXPECT_EQ(status(1).link, Link::up);
  for (int number = 1; number <= 3; ++number)
    for (const auto& heard : protocol(number).heard) EXPECT_EQ(heard.address, number);
}

TEST_F(LineMasterTest, AStationItPollsNoMoreIsLostAfterThreeOfItsSlowestRounds) {
  build(2, {}, kBus);
  for (int i = 0; i < 3; ++i) {
    foreign_poll(1);
    foreign_poll(2);
  }
  const Instant gone = now;
  while (status(2).link != Link::lost && now.ms - gone.ms < 120'000) {
    foreign_poll(1);
    line->on_time(now);
  }
  EXPECT_EQ(status(1).link, Link::up);
  EXPECT_EQ(status(2).link, Link::lost);
  EXPECT_LE(now.ms - gone.ms, 61'000);
}

TEST_F(LineMasterTest, TheEchoOfOurRequestsIsNoMaster) {
  build(2, {.interval = {0}}, kBus);
  for (int i = 0; i < 1000; ++i) {
    const int number = ask();
    hear(request_to(static_cast<std::uint8_t>(number), protocol(number).number));
    reply(number);
  }
  EXPECT_EQ(asking(), Asking::ours);
}

TEST_F(LineMasterTest, LateAnswersAreNoMaster) {
  build(2, {.interval = {0}}, kBus);
  for (int i = 0; i < 200; ++i) {
    ASSERT_NE(ask(), 0);
    const auto late = static_cast<int>(*line->asking()) + 1;
    now = line->deadline();
    const auto next = line->on_time(now);
    after(5);
    reply(late);  // while another is asked, or nobody is
    if (!next) continue;
    after(5);
    reply(static_cast<int>(next->bytes[1]));
  }
  EXPECT_EQ(asking(), Asking::ours);
}

TEST_F(LineMasterTest, WhatIsDamagedIsNoMaster) {
  build(1, {}, kBus);
  for (int i = 0; i < 1000; ++i) {
    Bytes request = request_to(1, 7);
    Bytes frame = answer(1, 7);
    request.back() ^= 1;
    frame.back() ^= 1;
    hear(i % 2 == 0 ? request : frame);
    after(300);
    hear({request.begin(), request.end() - 1});
    hear(Bytes(i % 30, 0xFE));
    after(300);
    ASSERT_EQ(asking(), Asking::ours) << i;
  }
}

TEST_F(LineMasterTest, WeAskAgainOnceItWasSilentForAMinute) {
  build(2, {}, kBus);
  foreign_poll(1);
  foreign_poll(2);
  now = now + Millis{50'000};
  foreign_poll(1);
  const std::int64_t last = now.ms - 200;
  while (asking() == Asking::another_master) {
    now = line->deadline();
    line->on_time(now);
  }
  EXPECT_EQ(now.ms, last + 60'000);
  EXPECT_EQ(line->asking(), 0U);
  reply(1);
  EXPECT_EQ(ask(), 2);
  EXPECT_LE(now.ms, last + 60'000 + 120) << "all are due at once";
}

TEST_F(LineMasterTest, OneThatIsBackSoonIsWaitedForTwiceAsLong) {
  build(1, {}, kBus);
  std::vector<std::int64_t> waited;
  for (int i = 0; i < 6; ++i) {
    foreign_poll(1);
    foreign_poll(1);
    const std::int64_t last = now.ms - 200;
    while (asking() == Asking::another_master) {
      now = line->deadline();
      line->on_time(now);
    }
    waited.push_back((now.ms - last) / 1000);
    reply(1);
    after(200);
  }
  EXPECT_EQ(waited, (std::vector<std::int64_t>{60, 120, 240, 480, 480, 480}));
  now = now + Millis{700'000};
  line->on_time(now);
  reply(1);
  after(200);
  foreign_poll(1);
  foreign_poll(1);
  EXPECT_EQ(line->deadline().ms > now.ms, true);
  const std::int64_t last = now.ms - 200;
  while (asking() == Asking::another_master) {
    now = line->deadline();
    line->on_time(now);
  }
  EXPECT_EQ((now.ms - last) / 1000, 60) << "ten quiet minutes forget it";
}

TEST_F(LineMasterTest, ALineThatMayOnlyListenNeverAsks) {
  LineTimes times = kBus;
  times.only_listen = true;
  build(2, {}, times);
  EXPECT_EQ(asking(), Asking::never);
  for (int i = 0; i < 100; ++i) {
    foreign_poll(1);
    EXPECT_FALSE(step());
  }
  EXPECT_EQ(asking(), Asking::never);
  EXPECT_EQ(status(1).counts.frames, 100U);
  EXPECT_EQ(status(2).link, Link::unheard);
  line->on_down(now);
  line->on_up(now);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(step());
}

TEST_F(LineMasterTest, APortThatWentAwayBringsNoLeaveToAsk) {
  build(1, {}, kBus);
  foreign_poll(1);
  line->on_down(now);
  after(1000);
  line->on_up(now);
  after(5000);
  EXPECT_FALSE(line->on_time(now));
  hear(answer(1, 200));
  EXPECT_EQ(status(1).link, Link::up);
}

TEST_F(LineMasterTest, WeWaitForSilenceAfterWhatWasNotForUs) {
  build(1, {}, kBus);
  ASSERT_EQ(ask(), 1);
  reply(1);
  after(990);
  hear(request_to(5, 1));
  EXPECT_EQ(line->deadline(), now + kBus.gap_least);
}

TEST_F(LineMasterTest, WhatWasBegunEndsWithASilence) {
  build(1, {}, kBus);
  foreign_poll(1);
  const std::uint64_t before = status(1).counts.frames;
  const Bytes frame = answer(1, 9);
  hear({frame.begin(), frame.begin() + 4});
  after(101);
  hear({frame.begin() + 4, frame.end()});
  EXPECT_EQ(status(1).counts.frames, before) << "two halves that do not belong together";
  hear(frame);
  EXPECT_EQ(status(1).counts.frames, before + 1);
}

TEST_F(LineMasterTest, AnAnswerCutShortIsGivenUpWhenNothingMoreComes) {
  build(1, {}, kBus);
  ask();
  const Bytes frame = answer(1, protocol(1).number);
  hear({frame.begin(), frame.end() - 1});
  EXPECT_EQ(line->deadline(), now + kBus.frame_gap);
  after(60);
  hear({frame.back()});
  EXPECT_EQ(status(1).counts.frames, 1U);
}

TEST_F(LineMasterTest, AnEchoDoesNotShortenTheWaitForTheAnswer) {
  build(1, {}, kBus);
  const auto request = [&] {
    now = line->deadline();
    return line->on_time(now);
  }();
  ASSERT_TRUE(request);
  const Instant wait = line->deadline();
  const Bytes echo(request->view().begin(), request->view().end());
  hear({echo.begin(), echo.begin() + 2});
  hear({echo.begin() + 2, echo.end()});
  EXPECT_EQ(line->deadline(), wait);
}

TEST_F(LineMasterTest, SilenceIsPauseEnough) {
  build(2, {.interval = {0}}, kBus);
  ask();
  now = line->deadline();
  EXPECT_TRUE(line->on_time(now)) << "the next one is asked at once after a time-out";
}

TEST_F(LineMasterTest, RequestsInARowWithoutAByteAreCounted) {
  build(1, {.interval = {0}}, kBus);
  for (int i = 0; i < 8; ++i) miss();
  EXPECT_EQ(line->unheard_requests(), 8U);
  hear({0x17});
  EXPECT_EQ(line->unheard_requests(), 0U);
  ask();
  hear({0x17});
  now = line->deadline();
  line->on_time(now);
  EXPECT_EQ(line->unheard_requests(), 0U) << "something is there";
}

TEST_F(LineMasterTest, OneThatBackedOffHasTheNextTurnButNotTwiceInARow) {
  build(4, {.interval = {0}});
  const auto turn = [&] {
    const int number = ask();
    if (number > 2) {
      after(5);
      reply(number);
    }
    return number;
  };
  std::vector<int> turns;
  for (int i = 0; i < 400; ++i) turns.push_back(turn());
  for (std::size_t i = 20; i + 1 < turns.size(); ++i)
    EXPECT_FALSE(turns[i] <= 2 && turns[i + 1] <= 2) << i;
  const auto third = std::count(turns.begin(), turns.end(), 3);
  const auto fourth = std::count(turns.begin(), turns.end(), 4);
  EXPECT_NEAR(static_cast<double>(third), static_cast<double>(fourth), 8);
}

}  // namespace
}  // namespace cw::test

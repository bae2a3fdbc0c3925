// SPDX-License-Identifier: Apache-2.0
// The loop on real descriptors: what is ready or due at once is one turn, and nobody who was
// forgotten is called.
#include "daemon/loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace cw {
namespace {

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(ends_.data()), 0); }
  ~Pipe() {
    close_reader();
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int reader() const { return ends_[0]; }
  void write() const { EXPECT_EQ(::write(ends_[1], "x", 1), 1); }
  void read() const {
    char byte = 0;
    EXPECT_EQ(::read(ends_[0], &byte, 1), 1);
  }
  void close_reader() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

/// Notes who was called and where turns ended ("|"); stops the loop after `turns`.
class LoopTest : public testing::Test {
 protected:
  void end_after(int turns) {
    loop.at_end_of_turn([this, turns] {
      calls += '|';
      if (++turns_ == turns) loop.stop(0);
    });
  }
  void watch(const Pipe& pipe, char called) {
    loop.watch(pipe.reader(), EPOLLIN, [this, &pipe, called](std::uint32_t) {
      calls += called;
      pipe.read();
    });
  }

  Loop loop;
  std::string calls;

 private:
  int turns_ = 0;
};

TEST_F(LoopTest, WhatIsReadyAtOnceIsOneTurn) {
  const Pipe a;
  const Pipe b;
  watch(a, 'a');
  watch(b, 'b');
  a.write();
  b.write();
  end_after(1);
  loop.run();
  EXPECT_TRUE(calls == "ab|" || calls == "ba|") << calls;
}

TEST_F(LoopTest, TheRestOfManyIsServedInTheNextTurns) {
  constexpr std::size_t kMany = 100;
  const std::vector<Pipe> pipes(kMany);
  for (const Pipe& pipe : pipes) watch(pipe, 'x');
  for (const Pipe& pipe : pipes) pipe.write();
  end_after(4);
  loop.run();
  EXPECT_EQ(std::count(calls.begin(), calls.end(), 'x'), kMany);
}

TEST_F(LoopTest, WhoWasForgottenInTheSameTurnIsNotCalled) {
  const Pipe a;
  const Pipe b;
  const auto forget_the_other = [this](const Pipe& own, const Pipe& other) {
    loop.watch(own.reader(), EPOLLIN, [this, &own, &other](std::uint32_t) {
      calls += 'x';
      own.read();
      loop.forget(other.reader());
    });
  };
  forget_the_other(a, b);
  forget_the_other(b, a);
  a.write();
  b.write();
  end_after(1);
  loop.run();
  EXPECT_EQ(calls, "x|");
}

TEST_F(LoopTest, ANumberThatIsUsedAgainBelongsToTheNewOwner) {
  Pipe old;
  watch(old, 'o');
  const int number = old.reader();
  old.close_reader();  // before it is forgotten
  const Pipe made;
  ASSERT_EQ(made.reader(), number);
  watch(made, 'n');
  made.write();
  end_after(1);
  loop.run();
  EXPECT_EQ(calls, "n|");
}

TEST_F(LoopTest, ARewatchedDescriptorIsHeardAgain) {
  const Pipe pipe;
  watch(pipe, 'p');
  loop.rewatch(pipe.reader(), 0);
  pipe.write();
  const int timer = loop.add_timer([&](Instant) {
    calls += 't';
    loop.rewatch(pipe.reader(), EPOLLIN);
  });
  loop.set_timer(timer, {1});
  end_after(2);
  loop.run();
  EXPECT_EQ(calls, "t|p|");
}

TEST_F(LoopTest, TimersThatAreDueTogetherAreOneTurn) {
  const int a = loop.add_timer([&](Instant) { calls += 'a'; });
  const int b = loop.add_timer([&](Instant) { calls += 'b'; });
  const int stopped = loop.add_timer([&](Instant) { calls += 's'; });
  loop.set_timer(b, {1});
  loop.set_timer(a, {2});
  loop.set_timer(stopped, {1});
  loop.stop_timer(stopped);
  end_after(1);
  loop.run();
  EXPECT_EQ(calls, "ab|");
}

TEST_F(LoopTest, ATimerThatSetsItselfToThePastWaitsForTheNextTurn) {
  int again = 0;
  again = loop.add_timer([&](Instant) {
    calls += 'a';
    loop.set_timer(again, {1});
  });
  loop.set_timer(again, {1});
  end_after(3);
  loop.run();
  EXPECT_EQ(calls, "a|a|a|");
}

TEST_F(LoopTest, ATimerComesNotBeforeItsMoment) {
  Instant came{};
  Instant wanted{};
  const int first = loop.add_timer([&](Instant now) {
    wanted = now + Millis{30};
    loop.set_timer(1, wanted);
  });
  const int second = loop.add_timer([&](Instant now) { came = now; });
  ASSERT_EQ(second, 1);
  loop.set_timer(first, {1});
  end_after(2);
  loop.run();
  EXPECT_GE(came, wanted);
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Relays whose lines fail: what is tried again, what never waits, and what is reported.
#include "daemon/relays/relays.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cw {
namespace {

using namespace literals;

// A line that notes what it is told, and fails when it is broken.
struct Pin {
  bool broken = false;
  bool breaks_after_setting = false;  // the level is on the pin, and the read-back says otherwise
  bool level = false;
  std::vector<bool> told;
};

class PinLine : public RelayLine {
 public:
  explicit PinLine(Pin& pin) : pin_(pin) {}
  bool open(bool energised) override { return drive(energised); }
  bool drive(bool energised) override {
    pin_.told.push_back(energised);
    if (pin_.broken) return false;
    pin_.level = energised;
    return !(pin_.breaks_after_setting && energised);
  }
  bool dry_run() const override { return false; }
  const std::string& error() const override { return error_; }
  const std::string& name() const override { return error_; }

 private:
  Pin& pin_;
  std::string error_ = "the line is gone";
};

class RelaysTest : public testing::Test {
 protected:
  RelaysTest()
      : relays({{"charger", RelayRole::charge, {0}, {}, false}}, Mode::control,
               [this](const RelayConfiguration&) { return std::make_unique<PinLine>(pin); }) {
    relays.open(std::vector<RelayOrder>(1), now, events);
  }
  void want(bool on) {
    RelayOrder order;
    order.active = on;
    order.wanted = on;
    relays.act({&order, 1}, now, events);
  }
  int count(EventKind kind) const {
    int n = 0;
    for (const Event& event : events) n += event.kind == kind ? 1 : 0;
    return n;
  }

  Pin pin;
  Relays relays;
  std::vector<Event> events;
  Instant now{1'000'000};
};

TEST_F(RelaysTest, StartsAtTheSafeLevel) {
  EXPECT_EQ(pin.told, std::vector<bool>{false});
  EXPECT_FALSE(relays.states()[0].energised);
  EXPECT_TRUE(events.empty());
}

TEST_F(RelaysTest, DrivesOnlyWhatChanges) {
  want(true);
  want(true);
  want(false);
  EXPECT_EQ(pin.told, (std::vector<bool>{false, true, false}));
  EXPECT_EQ(count(EventKind::relay_operated), 2);
  EXPECT_EQ(relays.states()[0].operations, 2u);
}

TEST_F(RelaysTest, AFaultIsReportedOnceAndTriedAgainAfterASecond) {
  pin.broken = true;
  want(true);
  want(true);
  now = now + 999_ms;
  want(true);
  EXPECT_EQ(count(EventKind::relay_fault), 1);
  EXPECT_TRUE(relays.states()[0].fault);
  EXPECT_FALSE(relays.states()[0].energised);
  const std::size_t attempts = pin.told.size();
  pin.broken = false;
  now = now + 1_ms;
  want(true);
  EXPECT_EQ(pin.told.size(), attempts + 1);
  EXPECT_TRUE(relays.states()[0].energised);
  EXPECT_FALSE(relays.states()[0].fault);
}

TEST_F(RelaysTest, ALineThatGoesAwayAtRestIsNoticedWithinASecondAndDrivenAgain) {
  want(true);
  pin.broken = true;
  want(true);
  EXPECT_FALSE(relays.states()[0].fault);
  now = now + 1000_ms;
  want(true);
  EXPECT_EQ(count(EventKind::relay_fault), 1);
  EXPECT_TRUE(relays.states()[0].fault);
  pin.broken = false;
  pin.level = false;  // it came back as chips do
  now = now + 1000_ms;
  want(true);
  EXPECT_TRUE(pin.level);
  EXPECT_FALSE(relays.states()[0].fault);
  EXPECT_EQ(relays.states()[0].operations, 1u);
}

TEST_F(RelaysTest, OpeningNeverWaitsForTheRetryOfAClosing) {
  pin.broken = true;
  want(true);
  pin.broken = false;
  pin.level = true;  // the failed attempt has left the pin on
  want(false);
  EXPECT_FALSE(pin.level);
}

TEST_F(RelaysTest, AnAttemptThatFailsHalfWayIsTakenBackAtOnce) {
  pin.breaks_after_setting = true;
  want(true);
  EXPECT_FALSE(pin.level);
  EXPECT_TRUE(relays.states()[0].fault);
  EXPECT_FALSE(relays.states()[0].energised);
}

TEST_F(RelaysTest, AFaultWhileOpeningIsKeptUntilTheLineObeys) {
  want(true);
  pin.broken = true;
  want(false);
  EXPECT_TRUE(relays.states()[0].fault);
  EXPECT_TRUE(relays.states()[0].energised) << "as far as anybody knows it is still on";
  pin.broken = false;
  now = now + 1_s;
  want(false);
  EXPECT_FALSE(relays.states()[0].energised);
  EXPECT_FALSE(relays.states()[0].fault);
}

}  // namespace
}  // namespace cw

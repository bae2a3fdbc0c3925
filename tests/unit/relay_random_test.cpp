// SPDX-License-Identifier: Apache-2.0
// What the relays never do, whatever is wanted, sensed, commanded or restarted, in virtual time.
// A failure names its seed: CW_SEED=<seed> runs that one alone.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <deque>
#include <random>

#include "tests/unit/relay_rig.h"

namespace cw {
namespace {

using namespace literals;

enum : std::size_t { kLoad, kCharger, kResistor, kHeater, kLamp, kBreaker, kBeat, kRelays };

std::vector<RelayConfiguration> relays_of(std::mt19937_64& random) {
  const auto below = [&random](std::int32_t n) {
    return static_cast<std::int32_t>(random() % static_cast<std::uint64_t>(n));
  };
  RelayLimits main;
  main.precharge = kResistor;
  main.close_after = Millis{below(3) * 2'000};
  main.minimum_on = Millis{below(3) * 20'000};
  main.minimum_off = Millis{below(3) * 10'000};
  main.switchings_most = static_cast<std::uint8_t>(1 + below(12));
  main.retries_most = static_cast<std::uint8_t>(below(6));
  RelayLimits plain = main;
  plain.precharge.reset();
  RelayLimits heater = plain;
  heater.longest_on = Millis{below(2) * 120'000 + heater.minimum_on.count};
  return {relay_of("load", RelayRole::discharge, main),
          relay_of("charger", RelayRole::charge, plain),
          relay_of("resistor", RelayRole::precharge, plain),
          relay_of("heater", RelayRole::heater, heater),
          relay_of("lamp", RelayRole::alarm),
          relay_of("breaker", RelayRole::cutoff),
          relay_of("beat", RelayRole::heartbeat)};
}

// The relays, and what a witness remembers of them on a clock that no restart sets back.
class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), rig_(relays_of(random_)) {
    for (std::size_t i = 0; i < kRelays; ++i) rig_.has_contact[i] = i == kLoad || i == kCharger;
  }

  void live(int steps) {
    observe();
    for (int n = 0; n < steps && !testing::Test::HasFailure(); ++n) {
      disturb();
      const Millis span{
          static_cast<std::int32_t>(random_() % 8 == 0 ? random_() % 60'000 : random_() % 900)};
      pass(span);
    }
  }

 private:
  bool chance(unsigned of) { return random_() % of == 0; }
  std::size_t any() { return random_() % kRelays; }

  void disturb() {
    if (chance(3)) {
      const std::size_t i = any();
      const bool wanted = !chance(3);
      rig_.want(i, wanted, !wanted && chance(3));
    }
    if (chance(4))
      rig_.flow(chance(4) ? std::nullopt
                          : std::optional(
                                Milliamps{static_cast<std::int32_t>(random_() % 80'000) - 40'000}));
    if (chance(20)) rig_.senses[any()].fault ^= true;
    for (const std::size_t i : {kLoad, kCharger}) {
      if (chance(60)) rig_.held_contact[i] = chance(2);
      if (chance(10)) rig_.held_contact[i].reset();
    }
    if (chance(40)) command(any(), static_cast<RelayCommand>(random_() % 3));
    if (chance(80)) restart();
  }

  void command(std::size_t i, RelayCommand order) {
    if (order == RelayCommand::reset) {
      latched_[i] = false;
      faulted_ = faulted_ && i != kLoad;
      switchings_[i].clear();
    }
    rig_.command(i, order);
    observe();
  }

  // The time away is at least what the wall says: it may have stepped back, never ahead.
  void restart() {
    const Millis away{static_cast<std::int32_t>(random_() % 5'000'000)};
    const Millis back{static_cast<std::int32_t>(chance(4) ? random_() % 100'000'000 : 0)};
    true_ms_ += away.count;
    was_on_.fill(false);
    wanted_since_.fill(true_ms_);
    precharge_since_ = -1;
    begun_without_wish_ = -1;
    rig_.restart(Millis{away.count - back.count});
    last_now_ = rig_.now.ms;
    observe();
  }

  void pass(Millis span) {
    const Instant end = rig_.now + span;
    while (rig_.now < end) {
      const Instant tick = rig_.now + Millis{100};
      const Instant due = rig_.sequence.next_due(rig_.now).value_or(tick);
      rig_.now = std::min({end, tick, due > rig_.now ? due : tick});
      rig_.step();
      observe();
      if (testing::Test::HasFailure()) return;
    }
    rig_.step();
    observe();
  }

  void observe() {
    true_ms_ += rig_.now.ms - last_now_;
    last_now_ = rig_.now.ms;
    for (std::size_t i = 0; i < kRelays; ++i)
      if (!rig_.wishes[i].wanted) wanted_since_[i] = true_ms_;
    for (std::size_t i = 0; i < kRelays; ++i) {
      const bool on = rig_.on(i);
      if (on && !was_on_[i]) left_safe(i);
      EXPECT_FALSE(on && latched_[i]) << rig_.relays[i].name << " was latched";
      const Latch latch = rig_.latch(i);
      // A latch may still let what is under load be unloaded, and a fired cut-off is on.
      if (latch != Latch::none && !on && latch != Latch::fired) latched_[i] = true;
    }
    check_critical();
    check_unwanted();
    if (!rig_.on(kResistor)) precharge_since_ = -1;
    if (rig_.on(kResistor) && precharge_since_ < 0) precharge_since_ = true_ms_;
    for (std::size_t i = 0; i < kRelays; ++i) was_on_[i] = rig_.on(i);
  }

  void left_safe(std::size_t i) {
    const std::string& name = rig_.relays[i].name;
    if (i == kLoad || i == kCharger || i == kHeater || i == kBeat) {
      EXPECT_TRUE(rig_.wishes[i].wanted) << name << " closed unasked";
    }
    if (i == kLoad || i == kCharger) {
      EXPECT_GE(true_ms_ - wanted_since_[i], rig_.relays[i].limits.close_after.count)
          << name << " closed before its wish had held";
    }
    if (i == kResistor) {
      EXPECT_TRUE(rig_.wishes[kLoad].wanted) << "precharge without a wish";
      EXPECT_FALSE(faulted_) << "precharge after a fault";
    }
    if (i == kLoad) {
      EXPECT_GE(precharge_since_, 0) << "no precharge";
      EXPECT_GE(true_ms_ - precharge_since_, rig_.relays[kResistor].limits.precharge_time.count);
    }
    if (!row_of(rig_.relays[i].role).wears) return;
    auto& times = switchings_[i];
    times.push_back(true_ms_);
    while (true_ms_ - times.front() >= HourlyBudget::kHour.count) times.pop_front();
    EXPECT_LE(times.size(), rig_.relays[i].limits.switchings_most) << name;
  }

  void check_critical() {
    for (const std::size_t i : {kLoad, kCharger, kHeater}) {
      if (!rig_.wishes[i].critical || rig_.wishes[i].wanted) continue;
      EXPECT_FALSE(rig_.on(i)) << rig_.relays[i].name << " is on though critical";
      if (i == kLoad && was_on_[i]) faulted_ = true;
    }
  }

  void check_unwanted() {
    if (!rig_.on(kLoad) || rig_.wishes[kLoad].wanted) return void(begun_without_wish_ = -1);
    if (begun_without_wish_ < 0) begun_without_wish_ = true_ms_;
    const RelayLimits& limits = rig_.relays[kLoad].limits;
    EXPECT_LE(true_ms_ - begun_without_wish_,
              std::max(limits.minimum_on.count, limits.unload_time.count) + 100);
  }

  std::mt19937_64 random_;
  RelayRig rig_;
  std::array<bool, kRelays> was_on_{};
  std::array<bool, kRelays> latched_{};
  std::array<std::deque<std::int64_t>, kRelays> switchings_;
  std::array<std::int64_t, kRelays> wanted_since_{};
  std::int64_t true_ms_ = 0;
  std::int64_t last_now_ = rig_.now.ms;
  std::int64_t precharge_since_ = -1;
  std::int64_t begun_without_wish_ = -1;
  bool faulted_ = false;  // opened critically since the last reset
};

TEST(RelaysAtRandom, NeverBreakTheirPromises) {
  const char* const one = std::getenv("CW_SEED");
  const std::uint64_t first = one != nullptr ? std::strtoull(one, nullptr, 10) : 1;
  const std::uint64_t last = one != nullptr ? first : first + 99;
  for (std::uint64_t seed = first; seed <= last && !HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "CW_SEED=" << seed);
    World(seed).live(400);
  }
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// What counts as a trip in the wish of a main relay: a limit that was crossed, and nothing else.
#include <gtest/gtest.h>

#include "core/presets.h"
#include "daemon/relays/role_wishes.h"

namespace cw {
namespace {

using namespace literals;

class MainWishTest : public testing::Test {
 protected:
  MainWishTest() : packs_(1) {
    PackState& state = packs_[0];
    state.name.assign("garage");
    state.max_age = 3_s;
    state.policy = preset_of(Chemistry::lfp, Generation::gateway).values;
    state.policy.set(Parameter::cell_count, 4);
    state.policy.set(Parameter::charge_overcurrent, 100'000);
    state.policy.set(Parameter::discharge_overcurrent, 100'000);
  }
  // A minute in which every cell is at so many millivolts; nothing: the pack is silent.
  RelayWish after_a_minute(std::optional<std::int32_t> millivolts) {
    PackState& state = packs_[0];
    for (int second = 0; second < 60; ++second) {
      now_ = now_ + 1_s;
      if (millivolts) hear(state.pack, *millivolts);
      if (millivolts) state.link.link = Link::up;
      if (millivolts) state.link.last_frame = now_;
      state.guard.step(measure(state.pack, now_, state.usable_age(now_)), state.policy, now_);
    }
    return wish_of({"charger", RelayRole::charge, {0}}, packs_, {}, now_);
  }
  void hear(Pack& pack, std::int32_t millivolts) const {
    for (std::size_t i = 0; i < 4; ++i) pack.cell_voltage[i].set({millivolts}, now_);
    pack.scalars.cell_count.set({4}, now_);
    pack.scalars.voltage.set({4 * millivolts}, now_);
    pack.scalars.current.set({0}, now_);
    pack.scalars.mosfet_temperature.set({200}, now_);
    pack.temperature[0].set({200}, now_);
  }

  std::vector<PackState> packs_;
  Instant now_{1'000'000};
};

TEST_F(MainWishTest, OpensWhenAnEnergyManagerDisconnectsTheBankAndThatIsNoTrip) {
  ASSERT_TRUE(after_a_minute(3'300).wanted);
  packs_[0].disconnect = true;
  const RelayWish wish = after_a_minute(3'300);
  EXPECT_FALSE(wish.wanted);
  EXPECT_FALSE(wish.tripped);
  EXPECT_FALSE(wish.critical);
}

TEST_F(MainWishTest, OpensWhenAnInverterTakesMoreThanItWasToldAndThatIsATrip) {
  ASSERT_TRUE(after_a_minute(3'300).wanted);
  packs_[0].ignored = Switches::discharge;
  EXPECT_TRUE(after_a_minute(3'300).wanted);  // the other direction
  packs_[0].ignored = Switches::charge;
  const RelayWish wish = after_a_minute(3'300);
  EXPECT_FALSE(wish.wanted);
  EXPECT_TRUE(wish.tripped);
}

TEST_F(MainWishTest, IsATripOnlyByALimit) {
  EXPECT_FALSE(after_a_minute({}).tripped) << "not heard yet";
  EXPECT_TRUE(after_a_minute(3'300).wanted);
  const RelayWish silent = after_a_minute({});
  EXPECT_FALSE(silent.wanted);
  EXPECT_FALSE(silent.tripped);
  EXPECT_TRUE(after_a_minute(3'300).wanted);
  const RelayWish full = after_a_minute(3'700);
  EXPECT_FALSE(full.wanted);
  EXPECT_TRUE(full.tripped);
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// What a heater relay wants, in virtual time: heat while it is too cold to charge and there is
// something to heat with, for as long as it may, and while it helps.
#include <gtest/gtest.h>

#include <string>

#include "core/presets.h"
#include "daemon/relays/heater_wishes.h"
#include "daemon/relays/relay_sequence.h"

namespace cw {
namespace {

using namespace literals;

class HeaterRelayTest : public testing::Test {
 protected:
  HeaterRelayTest() : packs_(1), orders_(1), wishes_(1), heaters_(relays()) {
    PackState& state = packs_[0];
    state.name.assign("garage");
    state.max_age = 3_s;
    state.policy = preset_of(Chemistry::lfp, Generation::gateway).values;
    state.policy.set(Parameter::cell_count, 4);
    state.policy.set(Parameter::charge_overcurrent, 100'000);
    state.policy.set(Parameter::discharge_overcurrent, 100'000);
  }
  static std::vector<RelayConfiguration> relays() {
    return {{"heater", RelayRole::heater, {0}, {}, false}};
  }

  // A second passes; the pack is heard, unless it is silent, and the relay follows.
  void step() {
    now_ = now_ + 1_s;
    PackState& state = packs_[0];
    if (!silent_) {
      state.link.link = Link::up;
      state.link.last_frame = now_;
      Pack& pack = state.pack;
      for (std::size_t i = 0; i < 4; ++i) pack.cell_voltage[i].set({3'300}, now_);
      pack.scalars.cell_count.set({4}, now_);
      pack.scalars.voltage.set({13'200}, now_);
      pack.scalars.current.set({0}, now_);
      pack.scalars.mosfet_temperature.set({200}, now_);
      pack.temperature[0].set(temperature_, now_);
      if (soc_) pack.scalars.soc.set(*soc_, now_);
      if (charger_) pack.scalars.charger_plugged.set({*charger_}, now_);
    }
    state.guard.step(measure(state.pack, now_, state.usable_age(now_)), state.policy, now_);
    heaters_.step(wishes_, orders_, packs_, now_);
    orders_[0].active = driven_ && wishes_[0].wanted;
  }
  void run(Millis span) {
    for (std::int64_t done = 0; done < span.count; done += 1'000) step();
  }
  // Warm first, so that the cold is a limit that was crossed.
  void become_cold() {
    temperature_ = {200};
    run(10_s);
    temperature_ = {-150};
    run(60_s);
  }
  void allow_from_pack(std::int32_t centipercent) {
    packs_[0].policy.set(Parameter::heater_discharge_soc_min, centipercent);
  }
  bool wanted() const { return wishes_[0].wanted; }
  std::string reason() const { return std::string(wishes_[0].reason.view()); }

  std::vector<PackState> packs_;
  std::vector<RelayOrder> orders_;
  std::vector<RelayWish> wishes_;
  HeaterWishes heaters_;
  DeciCelsius temperature_{200};
  std::optional<std::int32_t> charger_;
  std::optional<CentiPercent> soc_{{6'000}};
  bool silent_ = false;
  bool driven_ = true;
  Instant now_{1'000'000};
};

TEST_F(HeaterRelayTest, HeatsWithACharger) {
  charger_ = 1;
  run(10_s);
  EXPECT_FALSE(wanted());
  EXPECT_EQ(reason(), "no pack is known to be too cold to charge");
  become_cold();
  EXPECT_TRUE(wanted()) << reason();
  charger_ = 0;
  step();
  EXPECT_FALSE(wanted());
  EXPECT_EQ(reason(), "garage: too cold, but nothing to heat with");
}

TEST_F(HeaterRelayTest, HasNothingToHeatWithWhereNobodyAllowsThePackItself) {
  become_cold();
  EXPECT_FALSE(wanted());
  EXPECT_EQ(reason(), "garage: too cold, but nothing to heat with");
}

TEST_F(HeaterRelayTest, HeatsFromThePackOnlyAboveItsState) {
  allow_from_pack(5'000);
  become_cold();
  EXPECT_TRUE(wanted()) << reason();
  soc_ = {5'000};
  step();
  EXPECT_FALSE(wanted());
  soc_.reset();
  run(10_s);
  EXPECT_FALSE(wanted()) << "nor of one that is not known";
}

TEST_F(HeaterRelayTest, DoesNotHeatWhatNobodyHears) {
  charger_ = 1;
  become_cold();
  ASSERT_TRUE(wanted());
  silent_ = true;
  run(10_s);
  EXPECT_FALSE(wanted());
  EXPECT_EQ(reason(), "garage: its temperature is not known");
}

TEST_F(HeaterRelayTest, IsTakenForBrokenWithoutARise) {
  charger_ = 1;
  become_cold();
  run(Heater::kRiseWithin);
  EXPECT_FALSE(wanted());
  EXPECT_EQ(reason(), "garage: not 1 °C warmer after heating for 1800 s; off until it was warm");
}

TEST_F(HeaterRelayTest, StopsAfterTheLongestTimeOfThePolicyEvenIfItHelps) {
  packs_[0].policy.set(Parameter::heater_time_max, 600'000);
  charger_ = 1;
  become_cold();
  run(600_s);
  EXPECT_FALSE(wanted());
  EXPECT_EQ(reason(), "garage: still too cold after heating for 600 s; off until it was warm");
  become_cold();
  EXPECT_TRUE(wanted()) << "it was warm: " << reason();
}

TEST_F(HeaterRelayTest, WhatIsNotDrivenHasNotHeated) {
  driven_ = false;
  charger_ = 1;
  become_cold();
  run(Heater::kRiseWithin);
  run(Heater::kRiseWithin);
  EXPECT_TRUE(wanted()) << reason();
  EXPECT_EQ(heaters_.next_due(now_), std::nullopt);
  driven_ = true;
  run(60_s);
  EXPECT_TRUE(wanted());
  EXPECT_EQ(heaters_.next_due(now_), now_ + 1_s);
}

TEST(HeaterLimits, AreReadAndNoNoteSaysOtherwise) {
  const LoadedConfiguration loaded = parse_configuration(
      "[[pack]]\nname=\"garage\"\nprotocol=\"jk-uart\"\nport=\"/dev/ttyUSB0\"\n"
      "chemistry=\"lfp\"\ncells=16\ncapacity=\"280 Ah\"\n"
      "[pack.policy]\nheater_time_max=\"2 h\"\nheater_discharge_soc_min=\"40 %\"\n",
      "test.toml");
  EXPECT_TRUE(loaded.faults.empty());
  for (const ConfigurationFault& note : loaded.notes)
    EXPECT_EQ(note.message.find("heater"), std::string::npos) << note.message;
}

}  // namespace
}  // namespace cw

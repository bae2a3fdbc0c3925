// SPDX-License-Identifier: Apache-2.0
// The mirrors in the daemon: what they find becomes state, events and words.
#include "daemon/mirrors.h"

#include <gtest/gtest.h>

#include "core/measurements.h"

namespace cw {
namespace {

using namespace literals;

class MirrorsTest : public testing::Test {
 protected:
  MirrorsTest() {
    PackConfiguration configuration;
    configuration.name = "garage";
    configuration.demanded.set(Parameter::cell_overvoltage, 3'500);
    mirrors = std::make_unique<Mirrors>(std::vector{configuration});
    PackState state;
    state.name.assign("garage");
    state.max_age = 3_s;
    packs.push_back(state);
  }

  // One frame a second, with every cell at `millivolts`.
  void hear(std::int32_t millivolts, std::int32_t seconds) {
    for (std::int32_t i = 0; i < seconds; ++i) {
      now = now + 1_s;
      Pack& pack = packs[0].pack;
      PackScalars& s = pack.scalars;
      packs[0].link.link = Link::up;
      packs[0].link.last_frame = now;
      s.cell_count.set({4}, now);
      for (std::size_t cell = 0; cell < 4; ++cell) pack.cell_voltage[cell].set({millivolts}, now);
      s.voltage.set({4 * millivolts}, now);
      s.current.set({1'000 + i}, now);
      s.soc.set({5'000}, now);
      s.capacity_full.set({100'000}, now);
      s.charge_mosfet.set({true}, now);
      s.discharge_mosfet.set({true}, now);
      pack.temperature[0].set({250}, now);
      pack.parameters.set(Parameter::cell_overvoltage, 3'650);
      pack.parameters.set(Parameter::cell_overvoltage_recovery, 3'550);
      pack.parameters.set(Parameter::cell_overvoltage_delay, 3'000);
      mirrors->step(0, packs, now, events);
    }
  }
  bool is_raised(Divergence kind) const {
    return packs[0].divergences[static_cast<std::size_t>(kind)].raised;
  }
  std::vector<Event> of(EventKind kind) const {
    std::vector<Event> found;
    for (const Event& event : events)
      if (event.kind == kind) found.push_back(event);
    return found;
  }

  std::unique_ptr<Mirrors> mirrors;
  std::vector<PackState> packs;
  std::vector<Event> events;
  Instant now{1'000'000};
};

TEST_F(MirrorsTest, AMissedTripIsToldOnceWithItsEvidenceAndTakenBack) {
  hear(3'300, 10);
  ASSERT_FALSE(is_raised(Divergence::missed_trip));
  events.clear();
  hear(3'700, 60);
  ASSERT_TRUE(is_raised(Divergence::missed_trip));
  const auto raised = of(EventKind::divergence_raised);
  ASSERT_EQ(raised.size(), 1U);
  EXPECT_EQ(raised[0].subject.view(), "missed_trip");
  EXPECT_EQ(raised[0].pack.view(), "garage");
  EXPECT_EQ(raised[0].value, 3'700);
  EXPECT_EQ(raised[0].limit, 3'650);
  EXPECT_EQ(raised[0].unit, Unit::millivolt);
  EXPECT_EQ(raised[0].where, 1);
  EXPECT_EQ(raised[0].detail.view(),
            "cell_overvoltage: cell 1 at 3.700 V, limit of the BMS 3.650 V, and charge is on");
  hear(3'400, 20);
  EXPECT_FALSE(is_raised(Divergence::missed_trip));
  EXPECT_EQ(of(EventKind::divergence_cleared).size(), 1U);
}

TEST_F(MirrorsTest, SettingsAreComparedWithWhatTheFileDemands) {
  hear(3'300, 5);
  const auto raised = of(EventKind::divergence_raised);
  ASSERT_EQ(raised.size(), 1U);
  EXPECT_EQ(raised[0].detail.view(),
            "1 laxer than the policy; the first: cell_overvoltage_V is 3.650 V, demanded 3.500 V");
  EXPECT_EQ(packs[0].mirror_settings, "read");
}

TEST_F(MirrorsTest, CountsForItselfAndShowsTheDifferenceWithItsSign) {
  hear(3'300, 2);
  const PackScalars& s = packs[0].pack.scalars;
  ASSERT_EQ(s.soc_counted.fresh(now, {0}), CentiPercent{5'000});
  packs[0].pack.scalars.current.set({100'000}, now);
  for (int i = 0; i < 600; ++i) {
    now = now + 1_s;
    packs[0].link.last_frame = now;
    packs[0].pack.scalars.current.set({100'000}, now);
    packs[0].pack.scalars.soc.set({5'000}, now);
    packs[0].pack.scalars.voltage.set({13'200}, now);
    mirrors->step(0, packs, now, events);
  }
  const std::int32_t counted = s.soc_counted.fresh(now, {0})->count;
  EXPECT_NEAR(counted, 6'665, 5) << "100 A for ten minutes";
  EXPECT_EQ(s.soc_difference.fresh(now, {0}), CentiPercent{5'000 - counted});
  EXPECT_TRUE(is_raised(Divergence::soc_drift));
}

TEST_F(MirrorsTest, SilenceRaisesNothing) {
  hear(3'300, 5);
  events.clear();
  packs[0].link.link = Link::lost;
  for (int i = 0; i < 1'000; ++i) {
    now = now + 100_ms;
    mirrors->step(0, packs, now, events);
  }
  EXPECT_TRUE(events.empty());
}

TEST(Divergences, AreAllExplained) {
  for (std::size_t i = 0; i < kDivergenceCount; ++i) {
    DivergenceEvidence evidence;
    evidence.value = INT32_MIN;
    evidence.reference = INT32_MAX;
    evidence.unit = Unit::milliamp;
    evidence.where = 32;
    evidence.switches = Switches::discharge;
    evidence.rule = Rule::discharge_undertemperature;
    evidence.parameter = Parameter::discharge_undertemperature_recovery;
    const auto kind = static_cast<Divergence>(i);
    EXPECT_FALSE(explain(kind, evidence).empty()) << kDivergences[i].name;
    EXPECT_LT(explain(kind, evidence).view().size(), 160U) << "cut off: " << kDivergences[i].name;
  }
}

}  // namespace
}  // namespace cw

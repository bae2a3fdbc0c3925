// SPDX-License-Identifier: Apache-2.0
// The mirror beside simulated boards: every lie is told within its grace time and taken back when
// it is over; eight healthy packs give none in three days.
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "core/mirror.h"
#include "core/step_filter.h"
#include "drivers/protocol/registry.h"
#include "simulator/virtual_pack.h"

namespace cw::simulator {
namespace {

constexpr Millis kPoll{1'000};
constexpr Millis kMaxAge{3'000};

// One pack, its mirror, and what lies between: a poll a second.
class Watched {
 public:
  explicit Watched(const PackSpec& spec, std::uint64_t seed = 1)
      : pack_(spec, seed, Instant{0}), chemistry_(spec.chemistry) {}
  // A board that has lived for a while.
  Watched(const VirtualPack& pack, Instant now)
      : pack_(pack), chemistry_(pack.spec().chemistry), now_(now) {}

  // One second later. What is heard is what the board tells, judged as in the daemon.
  void poll(std::optional<Milliamps> elsewhere = {}) {
    now_ = now_ + kPoll;
    pack_.advance(now_);
    ask();
    if (forget_settings) heard_.parameters = {};
    const bool fresh = heard_.scalars.voltage.fresh(now_, kMaxAge).has_value();
    mirror_.step({.pack = heard_,
                  .usable_age = fresh ? kMaxAge : Millis{-1},
                  .max_age = kMaxAge,
                  .chemistry = chemistry_,
                  .demanded = demanded,
                  .current_elsewhere = elsewhere,
                  .refused_steps = filter_.refused()},
                 now_);
    for (std::size_t i = 0; i < kDivergenceCount; ++i)
      ever_ |= std::uint32_t{is_raised(static_cast<Divergence>(i))} << i;
  }
  void run(std::int64_t seconds) {
    for (std::int64_t i = 0; i < seconds; ++i) poll();
  }
  // Seconds until `kind` is raised (or no longer is); at most `limit` + 1.
  std::int64_t until(Divergence kind, bool raised, std::int64_t limit) {
    for (std::int64_t i = 0; i <= limit; ++i) {
      if (is_raised(kind) == raised) return i;
      poll();
    }
    return limit + 1;
  }

  // Over the real wire, through the real decoder.
  void ask() {
    answers_.clear();
    pack_.on_bytes(protocol_->next_request(now_)->view(), now_, answers_);
    for (const Answer& answer : answers_)
      for (std::size_t used = 0; used < answer.bytes.size();) {
        const Fed fed = protocol_->feed(std::span(answer.bytes).subspan(used), now_, heard_);
        if (fed.heard == Heard::need_more) break;
        used += fed.consumed;
      }
    judge(heard_);
    filter_.filter(heard_, now_);
    derive(heard_, now_);
  }

  bool is_raised(Divergence kind) const { return mirror_.divergences().state(kind).raised; }
  const DivergenceState& state(Divergence kind) const { return mirror_.divergences().state(kind); }
  std::uint32_t ever() const { return ever_; }
  VirtualPack& pack() { return pack_; }
  const Mirror& mirror() const { return mirror_; }
  const Pack& heard() const { return heard_; }
  Milliamps size_of_current() const {
    const auto current = heard_.scalars.current.fresh(now_, kMaxAge).value_or(Milliamps{});
    return current.count < 0 ? -current : current;
  }
  ParameterSet demanded;
  bool forget_settings = false;

 private:
  VirtualPack pack_;
  Chemistry chemistry_;
  Pack heard_;
  StepFilter filter_;
  Mirror mirror_;
  Instant now_{0};
  std::uint32_t ever_ = 0;
  ProtocolBox protocol_{*find_protocol("jk-uart"), 0};
  std::vector<Answer> answers_;
};

PackSpec home_pack() {
  PackSpec spec;
  spec.capacity = {100'000};
  spec.step = {500};
  spec.start_hour = 9;
  return spec;
}

struct Lie {
  Divergence kind;
  const char* how;
  std::function<void(Watched&)> begin;
  std::function<void(Watched&)> end;
  std::int64_t within_s;  // of its beginning
};

std::vector<Lie> lies() {
  const auto inject = [](Fault fault, std::size_t number = 0, std::int32_t value = 0) {
    return [=](Watched& w) { w.pack().inject(fault, number, value); };
  };
  const auto clear_all = [](Watched& w) { w.pack().clear_faults(); };
  return {
      {Divergence::missed_trip, "a cell far too high and no trip",
       [=](Watched& w) {
         inject(Fault::protection_off)(w);
         inject(Fault::cell_voltage, 3, 4'000)(w);
       },
       clear_all, 3 + 10 + 4},
      {Divergence::missed_trip, "a cell far too low and no trip",
       [=](Watched& w) {
         inject(Fault::protection_off)(w);
         inject(Fault::cell_voltage, 5, 2'300)(w);
       },
       clear_all, 3 + 10 + 4},
      {Divergence::missed_trip, "hot cells and no trip",
       [=](Watched& w) {
         inject(Fault::protection_off)(w);
         inject(Fault::temperature, 2, 750)(w);
       },
       clear_all, 3 + 10 + 4},
      {Divergence::unexplained_trip, "charge held open for nothing", inject(Fault::charge_open),
       clear_all, 10 + 10 + 2},
      {Divergence::unexplained_trip, "discharge held open for nothing",
       inject(Fault::discharge_open), clear_all, 10 + 10 + 2},
      {Divergence::switch_disobeyed, "current through a welded MOSFET",
       [=](Watched& w) {
         inject(Fault::charge_open)(w);
         inject(Fault::charge_welded)(w);
         inject(Fault::current, 0, 20'000)(w);
       },
       clear_all, 10 + 2},
      {Divergence::cell_sum, "a pack voltage that its cells do not have",
       inject(Fault::pack_voltage, 0, 49'000), clear_all, 10 + 2},
      {Divergence::frozen_values, "the same answer again and again while current flows",
       [=](Watched& w) {
         inject(Fault::current, 0, -20'000)(w);
         w.run(5);
         inject(Fault::freeze)(w);
       },
       clear_all, 60},
      {Divergence::impossible_step, "single answers with a cell 1 V too high",
       [=](Watched& w) { inject(Fault::spike, 0, 2)(w); }, clear_all, 2},
      {Divergence::soc_drift, "a state of charge from nowhere", inject(Fault::soc, 0, 9'500),
       clear_all, 60 + 3},
  };
}

class EveryLie : public testing::TestWithParam<std::size_t> {};

TEST_P(EveryLie, IsToldWithinItsGraceTimeAndTakenBack) {
  const Lie lie = lies()[GetParam()];
  SCOPED_TRACE(lie.how);
  Watched watched{home_pack()};
  watched.run(120);
  ASSERT_EQ(watched.ever(), 0U) << "nothing was wrong yet";
  lie.begin(watched);
  EXPECT_LE(watched.until(lie.kind, true, lie.within_s), lie.within_s);
  ASSERT_TRUE(watched.is_raised(lie.kind));
  EXPECT_EQ(watched.state(lie.kind).times, 1U);
  lie.end(watched);
  const std::int64_t clear_s = 3'600;
  EXPECT_LE(watched.until(lie.kind, false, clear_s), clear_s);
}

std::string name_of_lie(const testing::TestParamInfo<std::size_t>& info) {
  std::string name{kDivergences[static_cast<std::size_t>(lies()[info.param].kind)].name};
  return name + "_" + std::to_string(info.param);
}
INSTANTIATE_TEST_SUITE_P(Divergences, EveryLie, testing::Range(std::size_t{0}, lies().size()),
                         name_of_lie);

TEST(Divergences, AMissedTripComesWithItsEvidence) {
  Watched watched{home_pack()};
  watched.run(30);
  watched.pack().inject(Fault::protection_off, 0, 0);
  watched.pack().inject(Fault::cell_voltage, 3, 4'000);
  watched.run(30);
  const DivergenceEvidence& evidence = watched.state(Divergence::missed_trip).evidence;
  EXPECT_EQ(evidence.rule, Rule::cell_overvoltage);
  EXPECT_EQ(evidence.value, 4'000);
  EXPECT_EQ(evidence.where, 3);
  EXPECT_EQ(evidence.reference, watched.heard().parameters.get(Parameter::cell_overvoltage));
  EXPECT_EQ(evidence.switches, Switches::charge);
}

TEST(Divergences, AProtectiveTripOfTheBoardIsNone) {
  // Each of them trips, holds its switch and releases; the mirror sees why every time.
  const std::pair<Fault, std::pair<std::size_t, std::int32_t>> reasons[] = {
      {Fault::cell_voltage, {3, 4'000}},       {Fault::cell_voltage, {3, 2'590}},
      {Fault::temperature, {2, 750}},          {Fault::temperature, {2, -250}},
      {Fault::mosfet_temperature, {0, 1'200}}, {Fault::current, {0, 80'000}},
      {Fault::current, {0, -150'000}}};
  for (const auto& [fault, at] : reasons) {
    SCOPED_TRACE(facts(fault).name);
    Watched watched{home_pack()};
    watched.run(60);
    watched.pack().inject(fault, at.first, at.second);
    watched.run(900);
    watched.pack().clear(fault);
    watched.run(900);
    EXPECT_EQ(watched.ever(), 0U);
  }
}

TEST(Divergences, SettingsThatProtectLessThanThePolicyAreNamed) {
  Watched watched{home_pack()};
  watched.run(5);
  const std::int32_t set = *watched.heard().parameters.get(Parameter::cell_overvoltage);
  ASSERT_TRUE(watched.demanded.set(Parameter::cell_overvoltage, set));
  watched.run(10);
  EXPECT_FALSE(watched.is_raised(Divergence::settings_differ)) << "as strict as demanded";
  ASSERT_TRUE(watched.demanded.set(Parameter::cell_overvoltage, set - 10));
  watched.run(4);
  ASSERT_TRUE(watched.is_raised(Divergence::settings_differ));
  const DivergenceEvidence& evidence = watched.state(Divergence::settings_differ).evidence;
  EXPECT_EQ(evidence.parameter, Parameter::cell_overvoltage);
  EXPECT_EQ(evidence.value, set);
  EXPECT_EQ(evidence.reference, set - 10);
  EXPECT_EQ(evidence.count, 1);
  ASSERT_TRUE(watched.demanded.set(Parameter::cell_overvoltage, set + 10));
  watched.run(4);
  EXPECT_FALSE(watched.is_raised(Divergence::settings_differ)) << "stricter than demanded";
}

// Loads come and go every half minute: enough to see which way the voltage answers.
std::int64_t seconds_until_sign_is_suspect(Watched& watched, std::int64_t limit) {
  for (std::int64_t i = 0; i < limit; ++i) {
    if (watched.is_raised(Divergence::current_sign)) return i;
    watched.pack().inject(Fault::current, 0, i / 30 % 2 == 0 ? -4'000 : -25'000);
    watched.poll();
  }
  return limit;
}

TEST(Divergences, AReversedShuntIsSuspectWithinTenMinutes) {
  Watched watched{home_pack()};
  EXPECT_EQ(seconds_until_sign_is_suspect(watched, 3'600), 3'600) << "it is right";
  watched.pack().inject(Fault::current_reversed, 0, 0);
  EXPECT_LT(seconds_until_sign_is_suspect(watched, 601), 600);
  watched.pack().clear(Fault::current_reversed);
  for (int i = 0; i < 1'800; ++i) {
    watched.pack().inject(Fault::current, 0, i / 30 % 2 == 0 ? -4'000 : -25'000);
    watched.poll();
  }
  EXPECT_FALSE(watched.is_raised(Divergence::current_sign));
}

TEST(Divergences, IdenticalValuesOfABatteryAtRestAreNotFrozen) {
  PackSpec spec = home_pack();
  spec.profile = ProfileKind::idle;
  Watched watched{spec};
  watched.run(3 * 3'600);
  EXPECT_EQ(watched.ever(), 0U);
  Watched idle{spec};
  for (int i = 0; i < 300; ++i) idle.poll(Milliamps{60'000});
  EXPECT_EQ(idle.ever(), 0U) << "it may rest beside a pack that is used";
}

TEST(Divergences, ASmallCurrentThatStopsMovingBesideABusyPackIsFrozen) {
  Watched watched{home_pack()};
  watched.pack().inject(Fault::current, 0, -2'000);
  watched.run(30);
  watched.pack().inject(Fault::freeze, 0, 0);
  for (int i = 0; i < 58; ++i) watched.poll(Milliamps{60'000});
  EXPECT_FALSE(watched.is_raised(Divergence::frozen_values));
  for (int i = 0; i < 5; ++i) watched.poll(Milliamps{60'000});
  EXPECT_TRUE(watched.is_raised(Divergence::frozen_values));
}

TEST(Divergences, ATripOlderThanWeAreIsExplainedByItsAlarm) {
  PackSpec spec = home_pack();
  VirtualPack board(spec, 1, Instant{0});
  board.inject(Fault::current, 0, -150'000);
  // Trips after its 300 s; we come 20 s later, when the current is long gone.
  board.advance(Instant{320'000});
  Watched watched{board, Instant{320'000}};
  watched.run(120);
  EXPECT_EQ(watched.ever(), 0U);
}

TEST(Divergences, WhatWasOnlyAssumedAccusesNobody) {
  Watched watched{home_pack()};
  watched.forget_settings = true;
  watched.run(10);
  watched.pack().inject(Fault::protection_off, 0, 0);
  watched.pack().inject(Fault::cell_voltage, 3, 4'000);
  watched.run(60);
  EXPECT_FALSE(watched.is_raised(Divergence::missed_trip));
}

TEST(Divergences, ALongSilenceIsNoDriftOfTheCharge) {
  PackSpec spec = home_pack();
  spec.soc = {3'000};
  Watched watched{spec};
  watched.pack().inject(Fault::current, 0, 40'000);
  watched.run(60);
  watched.pack().inject(Fault::mute, 0, 0);
  watched.run(3'600);
  watched.pack().clear(Fault::mute);
  watched.run(600);
  EXPECT_EQ(watched.ever(), 0U);
}

TEST(Divergences, OneAnswerInTwentyWithASpikeReachesNobody) {
  Watched watched{home_pack()};
  watched.run(10);
  std::int32_t highest = 0;
  watched.pack().inject(Fault::spike, 0, 20);
  for (int i = 0; i < 2'000; ++i) {
    watched.poll();
    highest = std::max(highest, watched.heard()
                                    .cell_voltage[0]
                                    .fresh(Instant{INT64_MAX / 2}, Millis{INT32_MAX})
                                    .value_or(Millivolts{})
                                    .count);
  }
  EXPECT_LT(highest, 3'700);
  EXPECT_TRUE(watched.is_raised(Divergence::impossible_step));
  EXPECT_EQ(watched.ever(), 1U << static_cast<unsigned>(Divergence::impossible_step));
}

// Eight packs of all kinds, as they stand in a house, over three days.
TEST(Divergences, ThreeDaysOfEightHealthyPacksGiveNone) {
  std::vector<std::unique_ptr<Watched>> packs;
  for (std::uint64_t i = 0; i < 8; ++i) {
    PackSpec spec = home_pack();
    spec.chemistry = static_cast<Chemistry>(i % 3);
    spec.generation = i % 2 == 0 ? Generation::board_11 : Generation::board_10;
    spec.old_firmware = i % 2 != 0;
    spec.cells = 8 + 2 * i;
    spec.capacity = {static_cast<std::int32_t>(50'000 + 40'000 * i)};
    spec.profile = i == 7 ? ProfileKind::idle : ProfileKind::home;
    spec.ambient = {static_cast<std::int32_t>(100 + 20 * i)};
    spec.soc = {4'000};
    spec.step = {1'000};
    packs.push_back(std::make_unique<Watched>(spec, 11 + i));
  }
  for (std::int64_t s = 0; s < 72 * 3'600; ++s)
    for (std::size_t i = 0; i < packs.size(); ++i) {
      Milliamps elsewhere{};
      for (std::size_t k = 0; k < packs.size(); ++k)
        if (k != i) elsewhere = std::max(elsewhere, packs[k]->size_of_current());
      packs[i]->poll(elsewhere);
    }
  for (std::size_t i = 0; i < packs.size(); ++i)
    for (std::size_t k = 0; k < kDivergenceCount; ++k)
      EXPECT_EQ(packs[i]->state(static_cast<Divergence>(k)).times, 0U)
          << "pack " << i << " " << kDivergences[k].name;
}

}  // namespace
}  // namespace cw::simulator

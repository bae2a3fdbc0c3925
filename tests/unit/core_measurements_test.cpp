// SPDX-License-Identifier: Apache-2.0
// From a pack's readings to what the protections see, what follows from them, and what is rejected;
// and many packs as one bank.
#include "core/measurements.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/fields.h"
#include "core/picture.h"

namespace cw {
namespace {

constexpr Instant kNow{7'000'000'000};
constexpr Millis kMaxAge{3'000};

Instant at(std::int64_t ms) { return {kNow.ms + ms}; }

Pack pack_with_cells(std::initializer_list<std::int32_t> millivolts, Instant now = kNow) {
  Pack pack;
  std::size_t i = 0;
  for (const std::int32_t mv : millivolts) pack.cell_voltage[i++].set({mv}, now);
  pack.scalars.cell_count.set({static_cast<std::int32_t>(i)}, now);
  return pack;
}

std::optional<std::int32_t> value(const Pack& pack, Input input, Instant now = kNow) {
  const Measurements seen = measure(pack, now, kMaxAge);
  return seen[input] ? std::optional{seen[input]->value} : std::nullopt;
}

TEST(Measure, SeesNothingInAPackThatWasNeverHeard) {
  for (const auto& input : measure(Pack{}, kNow, kMaxAge).values) EXPECT_FALSE(input);
}

TEST(Measure, FindsTheExtremeCellsAndTheirNumbersFromOne) {
  const Pack pack = pack_with_cells({3'300, 3'310, 3'290, 3'310});
  const Measurements seen = measure(pack, kNow, kMaxAge);
  EXPECT_EQ(seen[Input::highest_cell]->value, 3'310);
  EXPECT_EQ(seen[Input::highest_cell]->where, 2) << "the first of equals";
  EXPECT_EQ(seen[Input::lowest_cell]->value, 3'290);
  EXPECT_EQ(seen[Input::lowest_cell]->where, 3);
}

TEST(Measure, OneCellThatIsNotFreshBlindsBothCellRules) {
  Pack pack = pack_with_cells({3'300, 3'310, 3'290});
  pack.cell_voltage[0].set({3'300}, at(2'000));
  pack.cell_voltage[1].set({3'310}, at(2'000));
  pack.scalars.cell_count.set({3}, at(2'000));
  EXPECT_TRUE(value(pack, Input::highest_cell, at(3'000)));
  EXPECT_FALSE(value(pack, Input::highest_cell, at(3'001)));
  EXPECT_FALSE(value(pack, Input::lowest_cell, at(3'001)));
}

TEST(Measure, ARejectedCellBlindsBothCellRules) {
  Pack pack = pack_with_cells({3'300, 3'310});
  pack.cell_voltage[1].reject(kNow);
  EXPECT_FALSE(value(pack, Input::highest_cell));
  EXPECT_FALSE(value(pack, Input::lowest_cell));
}

TEST(Measure, ACellThatWasNeverHeardIsMissingAndNotUnfitted) {
  Pack pack = pack_with_cells({3'300, 3'310});
  pack.scalars.cell_count.set({3}, kNow);
  EXPECT_FALSE(value(pack, Input::highest_cell));
}

TEST(Measure, WithoutAPossibleCellCountThereAreNoCells) {
  Pack pack = pack_with_cells({3'300, 3'310});
  for (const std::int32_t count : {0, -1, 33, INT32_MAX, INT32_MIN}) {
    pack.scalars.cell_count.set({count}, kNow);
    EXPECT_FALSE(value(pack, Input::highest_cell)) << count;
  }
  pack.scalars.cell_count.reject(kNow);
  EXPECT_FALSE(value(pack, Input::highest_cell));
}

TEST(Measure, SeesAllThirtyTwoCells) {
  Pack pack;
  for (std::size_t i = 0; i < kMaxCells; ++i)
    pack.cell_voltage[i].set({3'300 + static_cast<std::int32_t>(i)}, kNow);
  pack.scalars.cell_count.set({32}, kNow);
  EXPECT_EQ(measure(pack, kNow, kMaxAge)[Input::highest_cell]->where, 32);
}

TEST(Measure, TakesTheReportedExtremesOfADeviceThatNeverSendsItsCells) {
  Pack pack;
  pack.scalars.cell_voltage_max.set({3'450}, kNow);
  pack.scalars.cell_voltage_max_index.set({9}, kNow);
  EXPECT_FALSE(value(pack, Input::highest_cell)) << "both or none";
  pack.scalars.cell_voltage_min.set({3'210}, kNow);
  EXPECT_EQ(value(pack, Input::highest_cell), 3'450);
  EXPECT_EQ(value(pack, Input::lowest_cell), 3'210);
  EXPECT_EQ(measure(pack, kNow, kMaxAge)[Input::highest_cell]->where, 9);
  EXPECT_EQ(measure(pack, kNow, kMaxAge)[Input::lowest_cell]->where, 0) << "nobody said which";
  EXPECT_FALSE(value(pack, Input::highest_cell, at(3'001)));
}

TEST(Measure, DoesNotTakeReportedExtremesInPlaceOfACellThatFellSilent) {
  Pack pack = pack_with_cells({3'300, 3'310});
  pack.cell_voltage[1].reject(kNow);
  pack.scalars.cell_voltage_max.set({3'310}, kNow);
  pack.scalars.cell_voltage_min.set({3'300}, kNow);
  EXPECT_FALSE(value(pack, Input::highest_cell));
}

TEST(Measure, TellsTheDirectionsOfTheCurrentApart) {
  Pack pack;
  pack.scalars.current.set({-12'000}, kNow);
  EXPECT_EQ(value(pack, Input::charge_current), -12'000);
  EXPECT_EQ(value(pack, Input::discharge_current), 12'000);
}

TEST(Measure, ACurrentThatCannotBeNegatedIsNone) {
  Pack pack;
  pack.scalars.current.set({INT32_MIN}, kNow);
  EXPECT_FALSE(value(pack, Input::charge_current));
  EXPECT_FALSE(value(pack, Input::discharge_current));
}

TEST(Measure, ASensorThatIsNotFittedDoesNotCount) {
  Pack pack;
  pack.temperature[1].set({250}, kNow);
  const Measurements seen = measure(pack, kNow, kMaxAge);
  EXPECT_EQ(seen[Input::hottest_temperature]->value, 250);
  EXPECT_EQ(seen[Input::hottest_temperature]->where, 2);
  EXPECT_EQ(seen[Input::coldest_temperature]->value, 250);
}

TEST(Measure, ASensorThatFellSilentOrSpeaksNonsenseBlindsTheTemperatureRules) {
  Pack pack;
  pack.temperature[0].set({250}, at(3'000));
  pack.temperature[1].set({260}, kNow);
  EXPECT_TRUE(value(pack, Input::hottest_temperature, at(3'000)));
  EXPECT_FALSE(value(pack, Input::hottest_temperature, at(3'001)));
  pack.temperature[1].reject(at(3'001));
  EXPECT_FALSE(value(pack, Input::coldest_temperature, at(3'001)));
}

TEST(Measure, NoSensorAtAllIsNoTemperature) {
  EXPECT_FALSE(value(Pack{}, Input::hottest_temperature));
}

TEST(Derive, FillsTheCellExtremesOfTheFrame) {
  Pack pack = pack_with_cells({3'300, 3'311, 3'290});
  derive(pack, kNow);
  EXPECT_EQ(pack.scalars.cell_voltage_max.fresh(kNow, {0})->count, 3'311);
  EXPECT_EQ(pack.scalars.cell_voltage_min.fresh(kNow, {0})->count, 3'290);
  EXPECT_EQ(pack.scalars.cell_voltage_delta.fresh(kNow, {0})->count, 21);
  EXPECT_EQ(pack.scalars.cell_voltage_mean.fresh(kNow, {0})->count, 3'300) << "rounded";
  EXPECT_EQ(pack.scalars.cell_voltage_max_index.fresh(kNow, {0})->count, 2);
  EXPECT_EQ(pack.scalars.cell_voltage_min_index.fresh(kNow, {0})->count, 3);
}

TEST(Derive, MakesNoExtremesOfAPartOfTheCells) {
  Pack pack = pack_with_cells({3'300, 3'311, 3'290});
  pack.cell_voltage[1].reject(kNow);
  derive(pack, kNow);
  EXPECT_FALSE(pack.scalars.cell_voltage_max.fresh(kNow, {0}));
  EXPECT_FALSE(pack.scalars.cell_voltage_min.fresh(kNow, {0}));
}

TEST(Derive, ComputesPowerWithTheSignOfTheCurrent) {
  Pack pack;
  pack.scalars.voltage.set({53'590}, kNow);
  pack.scalars.current.set({-2'080}, kNow);
  derive(pack, kNow);
  EXPECT_EQ(pack.scalars.power.fresh(kNow, {0})->count, -111'467);
}

TEST(Derive, KeepsWhatTheDeviceSaidItself) {
  Pack pack;
  pack.scalars.voltage.set({53'590}, kNow);
  pack.scalars.current.set({2'080}, kNow);
  pack.scalars.power.set({111'000}, kNow);
  pack.scalars.soc.set({5'000}, kNow);
  pack.scalars.capacity_nominal.set({100'000}, kNow);
  pack.scalars.capacity_remaining.reject(kNow);  // it said something, and that was nonsense
  derive(pack, kNow);
  EXPECT_EQ(pack.scalars.power.fresh(kNow, {0})->count, 111'000);
  EXPECT_EQ(pack.scalars.capacity_remaining.quality(), Quality::implausible);
}

TEST(Derive, MixesNoReadingsOfDifferentFrames) {
  Pack pack;
  pack.scalars.voltage.set({53'590}, at(-1));
  pack.scalars.current.set({2'080}, kNow);
  derive(pack, kNow);
  EXPECT_EQ(pack.scalars.power.quality(), Quality::absent);
}

TEST(Derive, RemainingCapacityFollowsFromTheLearntElseTheNominalCapacity) {
  Pack pack;
  pack.scalars.soc.set({2'500}, kNow);
  pack.scalars.capacity_nominal.set({280'000}, kNow);
  pack.scalars.capacity_full.set({0}, kNow);  // nothing learnt yet
  derive(pack, kNow);
  EXPECT_EQ(pack.scalars.capacity_remaining.fresh(kNow, {0})->count, 70'000);
  pack.scalars.soc.set({2'500}, at(1));
  pack.scalars.capacity_full.set({200'000}, at(1));
  derive(pack, at(1));
  EXPECT_EQ(pack.scalars.capacity_remaining.fresh(at(1), {0})->count, 50'000);
}

TEST(Derive, NeverOverflowsWhateverAFrameHolds) {
  for (const std::int32_t extreme : {INT32_MIN, INT32_MAX}) {
    Pack pack = pack_with_cells({INT32_MIN, INT32_MAX});
    pack.scalars.voltage.set({INT32_MAX}, kNow);
    pack.scalars.current.set({extreme}, kNow);
    pack.scalars.soc.set({extreme}, kNow);
    pack.scalars.capacity_full.set({INT32_MAX}, kNow);
    derive(pack, kNow);
    EXPECT_EQ(pack.scalars.power.quality(), Quality::implausible);
    EXPECT_EQ(pack.scalars.cell_voltage_delta.quality(), Quality::implausible);
    EXPECT_EQ(pack.scalars.capacity_remaining.quality(), Quality::implausible);
  }
}

TEST(Judge, RejectsWhatLiesOutsideTheRangeOfItsRowAndNothingElse) {
  for (const Field& field : kFields) {
    Pack pack;
    const auto judged = [&](std::int32_t count) {
      field.store(pack.scalars, count, kNow);
      judge(pack);
      return field.fresh(pack.scalars, kNow, {0});
    };
    EXPECT_EQ(judged(field.facts.lowest), field.facts.lowest) << field.facts.key;
    EXPECT_EQ(judged(field.facts.highest), field.facts.highest) << field.facts.key;
    EXPECT_FALSE(judged(field.facts.lowest - 1)) << field.facts.key;
    if (field.facts.highest < INT32_MAX) {
      EXPECT_FALSE(judged(field.facts.highest + 1)) << field.facts.key;
    }
    EXPECT_FALSE(judged(INT32_MIN)) << field.facts.key;
  }
}

TEST(Judge, RejectsImplausibleElementsOfASeries) {
  Pack pack = pack_with_cells({3'300, 6'001, -1});
  pack.temperature[0].set({-451}, kNow);
  pack.temperature[1].set({1'500}, kNow);
  pack.wire_resistance[31].set({10'000'001}, kNow);
  judge(pack);
  EXPECT_EQ(pack.cell_voltage[0].quality(), Quality::good);
  EXPECT_EQ(pack.cell_voltage[1].quality(), Quality::implausible);
  EXPECT_EQ(pack.cell_voltage[2].quality(), Quality::implausible);
  EXPECT_EQ(pack.cell_voltage[3].quality(), Quality::absent);
  EXPECT_EQ(pack.temperature[0].quality(), Quality::implausible);
  EXPECT_EQ(pack.temperature[1].quality(), Quality::good);
  EXPECT_EQ(pack.wire_resistance[31].quality(), Quality::implausible);
}

TEST(Judge, BlindsTheRulesThatReadARejectedValue) {
  Pack pack = pack_with_cells({3'300, 65'535});
  pack.scalars.current.set({2'000'001}, kNow);
  pack.temperature[0].set({-2'000}, kNow);
  pack.scalars.mosfet_temperature.set({1'501}, kNow);
  judge(pack);
  const Measurements seen = measure(pack, kNow, kMaxAge);
  for (std::size_t i = 0; i < kInputCount; ++i)
    if (static_cast<Input>(i) != Input::cells_in_range) {
      EXPECT_FALSE(seen.values[i]) << name(static_cast<Input>(i));
    }
  EXPECT_EQ(seen[Input::cells_in_range]->value, 1) << "what is implausible is no cell";
}

// The bank.

PackState heard_pack(std::int32_t amps, std::int32_t soc, std::int32_t capacity_mAh) {
  PackState state;
  state.max_age = kMaxAge;
  state.link.link = Link::up;
  state.link.last_frame = kNow;
  state.pack = pack_with_cells({3'300, 3'310});
  PackScalars& s = state.pack.scalars;
  s.voltage.set({52'000}, kNow);
  s.current.set({amps * 1'000}, kNow);
  s.power.set({amps * 52'000}, kNow);
  s.soc.set({soc}, kNow);
  s.capacity_nominal.set({capacity_mAh}, kNow);
  s.capacity_full.set({capacity_mAh}, kNow);
  s.capacity_remaining.set({capacity_mAh / 2}, kNow);
  s.charge_mosfet.set({1}, kNow);
  s.discharge_mosfet.set({1}, kNow);
  state.pack.alarms.set({}, kNow);
  return state;
}

std::optional<std::int32_t> count(const auto& reading) {
  const auto value = reading.fresh(kNow, {0});
  return value ? std::optional{value->count} : std::nullopt;
}

TEST(Bank, OfNothingIsEmpty) {
  const Bank bank = aggregate({}, kNow);
  EXPECT_EQ(bank.packs_in, 0);
  EXPECT_FALSE(count(bank.scalars.voltage));
}

TEST(Bank, SumsCurrentsAndCapacitiesAndWeighsTheStateOfCharge) {
  std::vector<PackState> packs{heard_pack(10, 8'000, 100'000), heard_pack(-4, 5'000, 300'000)};
  packs[1].pack.scalars.voltage.set({53'000}, kNow);
  const Bank bank = aggregate(packs, kNow);
  EXPECT_EQ(bank.packs, 2);
  EXPECT_EQ(bank.packs_in, 2);
  EXPECT_EQ(count(bank.scalars.voltage), 52'500);
  EXPECT_EQ(count(bank.scalars.current), 6'000);
  EXPECT_EQ(count(bank.scalars.power), 312'000);
  EXPECT_EQ(count(bank.scalars.capacity_full), 400'000);
  EXPECT_EQ(count(bank.scalars.soc), 5'750);
}

TEST(Bank, FindsTheExtremeCellsWithPackAndNumber) {
  std::vector<PackState> packs{heard_pack(0, 0, 1), heard_pack(0, 0, 1)};
  packs[1].pack.cell_voltage[1].set({3'400}, kNow);
  packs[0].pack.cell_voltage[0].set({3'200}, kNow);
  const Bank bank = aggregate(packs, kNow);
  EXPECT_EQ(count(bank.scalars.cell_voltage_max), 3'400);
  EXPECT_EQ(count(bank.scalars.cell_voltage_max_index), 2);
  EXPECT_EQ(bank.cell_voltage_max_pack, 2);
  EXPECT_EQ(count(bank.scalars.cell_voltage_min), 3'200);
  EXPECT_EQ(count(bank.scalars.cell_voltage_min_index), 1);
  EXPECT_EQ(bank.cell_voltage_min_pack, 1);
}

TEST(Bank, HasNoExtremesWhenOnePackDoesNotKnowItsOwn) {
  std::vector<PackState> packs{heard_pack(0, 0, 1), heard_pack(0, 0, 1)};
  packs[1].pack.cell_voltage[0].reject(kNow);  // it could be the highest of all
  const Bank bank = aggregate(packs, kNow);
  EXPECT_FALSE(count(bank.scalars.cell_voltage_max));
  EXPECT_FALSE(count(bank.scalars.cell_voltage_min));
  EXPECT_EQ(bank.cell_voltage_max_pack, 0);
}

TEST(Bank, HasNoSumWhenOnePackLacksItsPart) {
  std::vector<PackState> packs{heard_pack(1, 5'000, 1'000), heard_pack(1, 5'000, 1'000)};
  packs[0].pack.scalars.current.reject(kNow);
  const Bank bank = aggregate(packs, kNow);
  EXPECT_FALSE(count(bank.scalars.current));
  EXPECT_TRUE(count(bank.scalars.voltage));
}

TEST(Bank, LeavesOutPacksThatAreNotHeardOrNotConnected) {
  std::vector<PackState> packs{heard_pack(5, 5'000, 1'000), heard_pack(7, 5'000, 1'000),
                               heard_pack(9, 5'000, 1'000), PackState{}};
  packs[1].link.link = Link::lost;
  packs[2].pack.scalars.charge_mosfet.set({0}, kNow);
  packs[2].pack.scalars.discharge_mosfet.set({0}, kNow);
  const Bank bank = aggregate(packs, kNow);
  EXPECT_EQ(bank.packs, 4);
  EXPECT_EQ(bank.packs_in, 1);
  EXPECT_EQ(count(bank.scalars.current), 5'000);
}

TEST(Bank, HasNoVoltageOfPacksThatCannotBeParallel) {
  std::vector<PackState> packs{heard_pack(5, 5'000, 1'000), heard_pack(5, 5'000, 1'000)};
  packs[0].pack.scalars.cell_count.set({16}, kNow);
  packs[1].pack.scalars.cell_count.set({16}, kNow);
  EXPECT_TRUE(count(aggregate(packs, kNow).scalars.voltage));
  packs[1].pack.scalars.cell_count.set({8}, kNow);
  const Bank bank = aggregate(packs, kNow);
  EXPECT_FALSE(count(bank.scalars.voltage));
  EXPECT_EQ(count(bank.scalars.current), 10'000);
}

TEST(Bank, HearsTheAlarmsOfAPackThatDisconnectedItself) {
  std::vector<PackState> packs{heard_pack(5, 5'000, 1'000), heard_pack(0, 5'000, 1'000)};
  AlarmSet alarms;
  alarms.add(Alarm::cell_overvoltage);
  packs[1].pack.alarms.set(alarms, kNow);
  packs[1].pack.scalars.charge_mosfet.set({0}, kNow);
  packs[1].pack.scalars.discharge_mosfet.set({0}, kNow);
  const Bank bank = aggregate(packs, kNow);
  EXPECT_EQ(bank.packs_in, 1);
  EXPECT_TRUE(bank.alarms.fresh(kNow, {0})->has(Alarm::cell_overvoltage));
}

TEST(Bank, RejectsASumThatDoesNotFit) {
  std::vector<PackState> packs{heard_pack(0, 5'000, 2'000'000'000),
                               heard_pack(0, 5'000, 2'000'000'000)};
  const Bank bank = aggregate(packs, kNow);
  EXPECT_EQ(bank.scalars.capacity_full.quality(), Quality::implausible);
  EXPECT_EQ(count(bank.scalars.soc), 5'000) << "the weights have 64 bits";
}

}  // namespace
}  // namespace cw

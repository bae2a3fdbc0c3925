// SPDX-License-Identifier: Apache-2.0
// What the protections see of things that only some boards have: flags, wires, pack voltage, a
// charger; and of the cells as a whole.
#include <gtest/gtest.h>

#include "core/measurements.h"

namespace cw {
namespace {

constexpr Instant kNow{7'000'000'000};
constexpr Millis kMaxAge{3'000};

Instant at(std::int64_t ms) { return {kNow.ms + ms}; }

Pack pack_with_cells(std::initializer_list<std::int32_t> millivolts) {
  Pack pack;
  std::size_t i = 0;
  for (const std::int32_t mv : millivolts) pack.cell_voltage[i++].set({mv}, kNow);
  pack.scalars.cell_count.set({static_cast<std::int32_t>(i)}, kNow);
  return pack;
}

Pack pack_with_alarms(std::initializer_list<Alarm> alarms) {
  Pack pack;
  AlarmSet set;
  for (const Alarm alarm : alarms) set.add(alarm);
  pack.alarms.set(set, kNow);
  return pack;
}

Measurements seen(const Pack& pack, Instant now = kNow) { return measure(pack, now, kMaxAge); }

std::optional<std::int32_t> value(const Pack& pack, Input input, Instant now = kNow) {
  const Measurements m = seen(pack, now);
  return m[input] ? std::optional{m[input]->value} : std::nullopt;
}

bool fitted(const Pack& pack, Input input, Instant now = kNow) {
  return seen(pack, now).is_fitted(input);
}

TEST(MeasureBoard, MissesNoFlagOrWireThatWasNeverHeard) {
  const Measurements m = seen(Pack{});
  for (std::size_t i = 0; i < kInputCount; ++i) {
    const auto input = static_cast<Input>(i);
    const bool optional = input == Input::short_circuit || input == Input::charge_short_circuit ||
                          input == Input::internal_fault || input == Input::highest_wire_resistance;
    EXPECT_EQ(m.is_fitted(input), !optional) << name(input);
  }
}

TEST(MeasureBoard, MissesFlagsFromTheFirstTimeTheyWereHeard) {
  const Pack pack = pack_with_alarms({});
  for (const Input input :
       {Input::short_circuit, Input::charge_short_circuit, Input::internal_fault}) {
    EXPECT_TRUE(fitted(pack, input, at(10'000'000))) << name(input);
    EXPECT_FALSE(value(pack, input, at(3'001))) << name(input);
  }
}

TEST(MeasureBoard, TellsEachFlagFromTheOthers) {
  EXPECT_EQ(value(pack_with_alarms({}), Input::charge_short_circuit), 0);
  EXPECT_EQ(value(pack_with_alarms({}), Input::internal_fault), 0);
  const Pack charge = pack_with_alarms({Alarm::charge_short_circuit});
  EXPECT_EQ(value(charge, Input::charge_short_circuit), 1);
  EXPECT_EQ(value(charge, Input::internal_fault), 0);
  const Pack fault = pack_with_alarms({Alarm::internal_communication});
  EXPECT_EQ(value(fault, Input::internal_fault), 1);
  EXPECT_EQ(value(fault, Input::charge_short_circuit), 0);
  EXPECT_EQ(seen(fault)[Input::internal_fault]->heard, kNow);
}

TEST(MeasureBoard, TakesTheDischargeCurrentForAShortCircuitWhereThereAreNoFlags) {
  Pack pack;
  pack.scalars.current.set({-450'000}, kNow);
  EXPECT_TRUE(fitted(pack, Input::short_circuit));
  EXPECT_EQ(value(pack, Input::short_circuit), 450'000);
  EXPECT_FALSE(value(pack, Input::short_circuit, at(3'001)));
}

TEST(MeasureBoard, TakesTheFlagOfAShortCircuitWhateverTheCurrent) {
  Pack pack = pack_with_alarms({Alarm::discharge_short_circuit});
  EXPECT_EQ(value(pack, Input::short_circuit), kFlagged) << "even if the current is not known";
  pack.scalars.current.set({0}, kNow);
  EXPECT_EQ(value(pack, Input::short_circuit), kFlagged);
}

TEST(MeasureBoard, NeedsBothTheFlagsAndTheCurrentToSayThatThereIsNoShortCircuit) {
  Pack pack = pack_with_alarms({});
  EXPECT_FALSE(value(pack, Input::short_circuit)) << "the current is not known";
  pack.scalars.current.set({-1'000}, kNow);
  EXPECT_EQ(value(pack, Input::short_circuit), 1'000);
  pack.scalars.current.set({-1'000}, at(3'001));
  EXPECT_FALSE(value(pack, Input::short_circuit, at(3'001))) << "the flags are old";
}

TEST(MeasureBoard, FindsTheWorstOfTheWiresThatWereHeard) {
  Pack pack;
  pack.wire_resistance[1].set({61'000}, kNow);
  pack.wire_resistance[4].set({72'000}, kNow);
  EXPECT_TRUE(fitted(pack, Input::highest_wire_resistance));
  EXPECT_EQ(value(pack, Input::highest_wire_resistance), 72'000);
  EXPECT_EQ(seen(pack)[Input::highest_wire_resistance]->where, 5);
  pack.wire_resistance[1].reject(kNow);
  EXPECT_FALSE(value(pack, Input::highest_wire_resistance)) << "it could be the worst";
}

TEST(MeasureBoard, SeesThePackVoltageAsTheBoardSaysIt) {
  Pack pack = pack_with_cells({3'300, 3'300});
  EXPECT_FALSE(value(pack, Input::pack_voltage)) << "it is no sum of the cells";
  pack.scalars.voltage.set({6'612}, kNow);
  EXPECT_EQ(value(pack, Input::pack_voltage), 6'612);
  EXPECT_FALSE(value(pack, Input::pack_voltage, at(3'001)));
}

TEST(MeasureBoard, SeesTheDifferenceOfTheExtremesAsOldAsTheOlderOne) {
  Pack pack = pack_with_cells({3'300, 3'310, 3'290});
  pack.cell_voltage[1].set({3'312}, at(500));
  EXPECT_EQ(value(pack, Input::cell_difference, at(500)), 22);
  EXPECT_EQ(seen(pack, at(500))[Input::cell_difference]->heard, kNow);
  EXPECT_EQ(seen(pack, at(500))[Input::cell_difference]->where, 2) << "the highest";
  pack.cell_voltage[0].reject(at(500));
  EXPECT_FALSE(value(pack, Input::cell_difference, at(500)));
}

TEST(MeasureBoard, CountsTheCellsBetweenOneAndFiveVolts) {
  EXPECT_EQ(value(pack_with_cells({999, 1'000, 3'300, 5'000, 5'001}), Input::cells_in_range), 3);
}

TEST(MeasureBoard, CountsCellsWhateverTheBoardBelievesToHave) {
  Pack pack = pack_with_cells({3'300, 3'300, 3'300});
  pack.scalars.cell_count.set({4}, kNow);
  EXPECT_EQ(value(pack, Input::cells_in_range), 3);
}

TEST(MeasureBoard, ACountOfCellsIsANewSampleWheneverOneOfThemIsHeard) {
  Pack pack = pack_with_cells({3'300, 3'300, 3'300});
  EXPECT_EQ(seen(pack)[Input::cells_in_range]->heard, kNow);
  pack.cell_voltage[1].set({3'301}, at(700));
  EXPECT_EQ(seen(pack, at(900))[Input::cells_in_range]->heard, at(700));
}

TEST(MeasureBoard, HasNoCountWithoutAnyFreshCell) {
  const Pack pack = pack_with_cells({3'300, 3'300});
  EXPECT_FALSE(value(pack, Input::cells_in_range, at(3'001)));
}

TEST(MeasureBoard, TakesTheBoardsWordForTheCountIfItNeverSendsItsCells) {
  Pack pack;
  EXPECT_FALSE(value(pack, Input::cells_in_range));
  pack.scalars.cell_count.set({15}, kNow);
  EXPECT_EQ(value(pack, Input::cells_in_range), 15);
}

TEST(MeasureBoard, IsWokenByAChargerThatIsThereNow) {
  Pack pack;
  EXPECT_FALSE(seen(pack).wake);
  pack.scalars.charger_plugged.set({0}, kNow);
  EXPECT_FALSE(seen(pack).wake);
  pack.scalars.charger_plugged.set({1}, kNow);
  EXPECT_TRUE(seen(pack, at(3'000)).wake);
  EXPECT_FALSE(seen(pack, at(3'001)).wake) << "nobody knows";
}

TEST(MeasureBoard, KnowsWhenEachValueWasHeard) {
  Pack pack = pack_with_cells({3'300, 3'310});
  pack.scalars.current.set({5}, at(1));
  pack.temperature[0].set({200}, at(2));
  pack.scalars.mosfet_temperature.set({300}, at(3));
  pack.scalars.voltage.set({6'610}, at(4));
  const Measurements m = seen(pack, at(5));
  EXPECT_EQ(m[Input::highest_cell]->heard, kNow);
  EXPECT_EQ(m[Input::charge_current]->heard, at(1));
  EXPECT_EQ(m[Input::discharge_current]->heard, at(1));
  EXPECT_EQ(m[Input::hottest_temperature]->heard, at(2));
  EXPECT_EQ(m[Input::mosfet_temperature]->heard, at(3));
  EXPECT_EQ(m[Input::pack_voltage]->heard, at(4));
}

TEST(MeasureBoard, KnowsWhenReportedExtremesWereHeard) {
  Pack pack;
  pack.scalars.cell_voltage_max.set({3'450}, kNow);
  pack.scalars.cell_voltage_min.set({3'210}, at(1));
  EXPECT_EQ(seen(pack, at(2))[Input::highest_cell]->heard, kNow);
  EXPECT_EQ(seen(pack, at(2))[Input::lowest_cell]->heard, at(1));
}

}  // namespace
}  // namespace cw

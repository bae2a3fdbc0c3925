// SPDX-License-Identifier: Apache-2.0
// Every setting of every wire that can write, against the simulated board: set and read back,
// refused by a rule, refused by the board, not answered, the link lost between write and read-back.
#include <gtest/gtest.h>

#include "core/validation.h"
#include "tests/sim/write_world.h"

namespace cw::test {
namespace {

std::vector<Setting> all_settings() {
  std::vector<Setting> settings;
  for (std::size_t i = 0; i < kParameterCount; ++i)
    settings.push_back(setting_of(static_cast<Parameter>(i)));
  for (std::size_t i = 1; i < kControlCount; ++i)
    settings.push_back(setting_of(static_cast<Control>(i)));
  return settings;
}

const WriteRange* range_of(Setting setting) {
  for (const WriteRange& row : kWriteRanges)
    if (setting == setting_of(row.parameter)) return &row;
  return nullptr;
}

struct OnWire {
  std::string_view protocol;
  Setting setting;
  std::string_view generation{};
};

/// Those that the wire carries and shows, and boards do not keep to themselves.
std::vector<OnWire> writable_settings(std::string_view name, std::string_view generation = {}) {
  ProtocolBox protocol(*find_protocol(name),
                       ProtocolOptions{.address = 1, .generation = generation});
  std::vector<OnWire> writable;
  for (const Setting setting : all_settings()) {
    const WriteRange* range = range_of(setting);
    if (range != nullptr && !range->writable) continue;
    if (!is_reported(setting) || setting.control == Control::name) continue;
    if (protocol->settings()->writing(setting) != Writing::impossible)
      writable.push_back({name, setting, generation});
  }
  return writable;
}

/// Of those, the ones with a range narrower than that of the table.
std::vector<OnWire> ranged_settings(std::string_view name, std::string_view generation = {}) {
  std::vector<OnWire> ranged = writable_settings(name, generation);
  std::erase_if(ranged, [](const OnWire& one) { return range_of(one.setting) == nullptr; });
  return ranged;
}

/// What of the board's settings this wire tells; of the rest the gateway cannot know the order.
ParameterSet told(const ParameterSet& settings, const ParameterSet& heard) {
  ParameterSet told;
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    if (!heard.get(parameter)) continue;
    EXPECT_TRUE(told.set(parameter, *settings.get(parameter)));
  }
  return told;
}

class EverySetting : public testing::TestWithParam<OnWire> {
 protected:
  Setting setting() const { return GetParam().setting; }
  std::string_view protocol() const { return GetParam().protocol; }
  std::string_view generation() const { return GetParam().generation; }

  // A value that the rules allow and that is not the present one.
  Change good_change(WriteWorld& world) {
    const std::int32_t present = world.heard(setting()).value_or(0);
    if (setting_unit(setting()) == Unit::flag) return {setting(), 1 - present, {}};
    const std::int32_t step = world.settings().step(setting());
    for (const std::int32_t away : {1, -1, 2, -2, 10, -10, 20, -20, 50, 100, 200, 500}) {
      const Change change{setting(), present + away * step, {}};
      if (world.gateway.gate()
              .plan({0, WriteOrigin::control_socket, "test", {change}}, world.state(), world.now)
              .good())
        return change;
    }
    return {setting(), present, {}};
  }
};

TEST_P(EverySetting, IsSetAndReadBack) {
  WriteWorld world(WriteWorld::everything(), protocol(), generation());
  const Change change = good_change(world);
  const auto before = world.truth(setting());
  ASSERT_NE(before, change.value);
  const WriteResult result = world.write({change});
  ASSERT_EQ(result.steps.size(), 1U);
  EXPECT_EQ(result.steps[0].end, WriteEnd::verified) << name(result.steps[0].end);
  EXPECT_EQ(result.steps[0].planned.before, before);
  EXPECT_EQ(world.truth(setting()), change.value);
  EXPECT_EQ(world.heard(setting()), change.value);

  world.run(5'000);
  EXPECT_EQ(world.answers, 1);
  const auto ordered = world.records.of(EventKind::setting_ordered);
  const auto outcome = world.records.of(EventKind::setting_outcome);
  ASSERT_EQ(ordered.size(), 1U);
  ASSERT_EQ(outcome.size(), 1U);
  EXPECT_EQ(outcome[0].subject.view(), setting_key(setting()));
  EXPECT_EQ(outcome[0].value, change.value);
  EXPECT_EQ(outcome[0].limit, before);
  EXPECT_EQ(outcome[0].detail.view(), "verified; by uid 0");
  EXPECT_EQ(outcome[0].pack.view(), "garage");
  for (const Event& event : world.records.of(EventKind::settings_changed))
    if (event.subject.view() == setting_key(setting())) {
      EXPECT_EQ(event.detail.view(), "by uid 0");
    }
}

TEST_P(EverySetting, WithoutLeaveNothingIsSent) {
  WriteOptions options = WriteWorld::everything();
  options.allowed[0] = {};
  WriteWorld world(options, protocol(), generation());
  const auto before = world.truth(setting());
  const Change change{setting(), before.value_or(0) == 0 ? 1 : 0, {}};
  const WriteResult result = world.write({change});
  ASSERT_FALSE(result.plan.good());
  EXPECT_NE(result.plan.faults[0].find("may not be written"), std::string::npos);
  EXPECT_EQ(world.orders, 0);
  EXPECT_EQ(world.truth(setting()), before);
  EXPECT_TRUE(world.records.of(EventKind::setting_ordered).empty());
  EXPECT_EQ(world.records.of(EventKind::setting_outcome).size(), 1U);
}

class EveryRange : public EverySetting {};

TEST_P(EveryRange, BeyondItNothingIsSent) {
  const WriteRange* range = range_of(setting());
  WriteWorld world(WriteWorld::everything(), protocol(), generation());
  const std::int32_t step = world.settings().step(setting());
  const ParameterFacts& row = facts(setting().parameter);
  for (const std::int32_t value :
       {(range->lowest / step - 1) * step, (range->highest / step + 1) * step}) {
    if (value < row.lowest || value > row.highest) continue;  // no set can hold it
    const WriteResult result = world.write({{setting(), value, {}}});
    EXPECT_FALSE(result.plan.good()) << value;
  }
  EXPECT_EQ(world.orders, 0);
}

TEST_P(EverySetting, ABoardThatDoesNotObeyIsFoundOut) {
  WriteWorld world(WriteWorld::everything(), protocol(), generation());
  const Change change = good_change(world);
  const auto before = world.truth(setting());
  world.obey_nothing();
  const WriteResult result = world.write({change});
  ASSERT_EQ(result.steps.size(), 1U);
  EXPECT_EQ(result.steps[0].end, WriteEnd::not_taken) << name(result.steps[0].end);
  EXPECT_EQ(world.truth(setting()), before);
}

TEST_P(EverySetting, SilenceIsNoAnswerAndLookedAtLater) {
  WriteWorld world(WriteWorld::everything(), protocol(), generation());
  const Change change = good_change(world);
  world.mute();
  const WriteResult result = world.write({change});
  ASSERT_EQ(result.steps.size(), 1U);
  EXPECT_TRUE(is_open(result.steps[0].end)) << name(result.steps[0].end);
  world.heal();
  world.run(30'000);
  const auto outcome = world.records.of(EventKind::setting_outcome);
  ASSERT_EQ(outcome.size(), 2U);
  EXPECT_EQ(outcome[1].detail.view(), "heard again: the change was not taken; by uid 0");
}

TEST_P(EverySetting, ALinkLostBeforeItIsReadBackIsLookedAtLater) {
  WriteWorld world(WriteWorld::everything(), protocol(), generation());
  const Change change = good_change(world);
  bool cut = false;
  world.when_acknowledged = [&] { cut = true; };
  world.begin({change});
  for (int i = 0; i < 2'000 && !cut; ++i) world.run(1);
  ASSERT_TRUE(cut);
  ASSERT_FALSE(world.result);
  world.down();
  ASSERT_TRUE(world.result);
  EXPECT_EQ(world.result->steps[0].end, WriteEnd::unknown);
  world.run(1'000);
  world.up();
  world.run(60'000);  // some boards are asked for their settings rarely
  const auto outcome = world.records.of(EventKind::setting_outcome);
  ASSERT_EQ(outcome.size(), 2U);
  EXPECT_EQ(outcome[1].detail.view(), "heard again: the change was taken; by uid 0");
  EXPECT_EQ(world.answers, 1);
}

std::string setting_name(const testing::TestParamInfo<OnWire>& info) {
  return std::string(setting_file_key(info.param.setting));
}
INSTANTIATE_TEST_SUITE_P(JkUart, EverySetting, testing::ValuesIn(writable_settings("jk-uart")),
                         setting_name);
INSTANTIATE_TEST_SUITE_P(JkUart, EveryRange, testing::ValuesIn(ranged_settings("jk-uart")),
                         setting_name);
INSTANTIATE_TEST_SUITE_P(JkModbus, EverySetting, testing::ValuesIn(writable_settings("jk-modbus")),
                         setting_name);
INSTANTIATE_TEST_SUITE_P(JkModbus, EveryRange, testing::ValuesIn(ranged_settings("jk-modbus")),
                         setting_name);

#define CW_OVER_BLUETOOTH(Name, generation)                                            \
  INSTANTIATE_TEST_SUITE_P(Name, EverySetting,                                         \
                           testing::ValuesIn(writable_settings("jk-ble", generation)), \
                           setting_name);                                              \
  INSTANTIATE_TEST_SUITE_P(Name, EveryRange,                                           \
                           testing::ValuesIn(ranged_settings("jk-ble", generation)), setting_name)
CW_OVER_BLUETOOTH(JkBle04, "jk04");
CW_OVER_BLUETOOTH(JkBle24, "jk02-24s");
CW_OVER_BLUETOOTH(JkBle32, "jk02-32s");

class Writes : public testing::Test {
 protected:
  static Change to(Parameter parameter, std::int32_t value) {
    return {setting_of(parameter), value, {}};
  }
};

TEST_F(Writes, ASwitchOfAnotherIsForeign) {
  WriteWorld world(WriteWorld::everything());
  // Another master: its frame reaches the board and not us.
  std::vector<simulator::Answer> unseen;
  world.board.on_bytes(jk_uart::write_request(jk_uart::kChargeSwitch, 0)->view(), world.now,
                       unseen);
  world.run(3'000);
  const auto changed = world.records.of(EventKind::settings_changed);
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed[0].subject.view(), "charge_switch");
  EXPECT_EQ(changed[0].value, 0);
  EXPECT_EQ(changed[0].limit, 1);
  EXPECT_EQ(changed[0].detail.view(),
            "changed by someone else; `cellwarden parameters garage set charge_switch \"on\"` puts "
            "it back");
}

TEST_F(Writes, ALimitChangedBySomeoneElseIsToldWithItsOldValue) {
  WriteWorld world(WriteWorld::everything());
  const auto before = world.truth(setting_of(Parameter::cell_overvoltage));
  std::vector<simulator::Answer> unseen;
  world.board.on_bytes(jk_uart::password_request().view(), world.now, unseen);
  world.board.on_bytes(jk_uart::write_request(0x90, 3'700)->view(), world.now, unseen);
  world.run(2'000);  // within one poll of the settings
  const auto changed = world.records.of(EventKind::settings_changed);
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed[0].subject.view(), "cell_overvoltage_V");
  EXPECT_EQ(changed[0].value, 3'700);
  EXPECT_EQ(changed[0].limit, before);
  EXPECT_TRUE(changed[0].detail.view().starts_with("changed by someone else"))
      << changed[0].detail.view();
}

// The whole chain of cell voltages moves far down and up again; the board is asked after each step.
TEST_F(Writes, LimitsAreInOrderAfterEveryStep) {
  WriteWorld world(WriteWorld::everything());
  const std::vector<Parameter> chain = {
      Parameter::cell_undervoltage, Parameter::cell_undervoltage_recovery,
      Parameter::cell_overvoltage_recovery, Parameter::cell_overvoltage, Parameter::balance_start};
  for (const std::vector<std::int32_t>& values :
       {std::vector<std::int32_t>{1'500, 1'600, 1'700, 1'800, 1'750},
        {3'300, 3'400, 3'500, 3'600, 3'550}}) {
    std::vector<Change> changes;
    for (std::size_t i = 0; i < chain.size(); ++i) changes.push_back(to(chain[i], values[i]));
    world.begin(changes);
    for (int i = 0; i < 30'000 && !world.result; ++i) {
      world.run(1);
      ASSERT_EQ(validate(told(world.board.truth().parameters, world.state().pack.parameters)).count,
                0U);
    }
    ASSERT_TRUE(world.result);
    ASSERT_TRUE(world.result->plan.good()) << world.result->plan.faults[0];
    ASSERT_EQ(world.result->steps.size(), chain.size());
    for (const WriteStep& step : world.result->steps) EXPECT_EQ(step.end, WriteEnd::verified);
    for (std::size_t i = 0; i < chain.size(); ++i)
      EXPECT_EQ(world.truth(setting_of(chain[i])), values[i]);
  }
}

TEST_F(Writes, WhatBoardsKeepToThemselvesIsNotSent) {
  WriteWorld world(WriteWorld::everything());
  const auto present = world.heard(setting_of(Parameter::mosfet_overtemperature));
  const WriteResult result = world.write({to(Parameter::mosfet_overtemperature, *present - 50)});
  ASSERT_FALSE(result.plan.good());
  EXPECT_EQ(world.orders, 0);
}

TEST_F(Writes, AnOrderThatWouldBeBrokenIsRefusedWithTheRule) {
  WriteWorld world(WriteWorld::everything());
  const WriteResult result = world.write({to(Parameter::cell_overvoltage, 2'000)});
  ASSERT_FALSE(result.plan.good());
  EXPECT_NE(result.plan.faults[0].find("must be below cell_overvoltage_V"), std::string::npos)
      << result.plan.faults[0];
  EXPECT_EQ(world.orders, 0);
}

TEST_F(Writes, AfterAFailureNothingFurtherIsSent) {
  WriteWorld world(WriteWorld::everything());
  world.board.inject(simulator::Fault::read_only, 0, 0);
  const WriteResult result = world.write({to(Parameter::cell_overvoltage_delay, 4'000),
                                          to(Parameter::cell_undervoltage_delay, 4'000)});
  ASSERT_EQ(result.steps.size(), 2U);
  EXPECT_EQ(result.steps[0].end, WriteEnd::not_taken);
  EXPECT_EQ(result.steps[1].end, WriteEnd::not_sent);
}

TEST_F(Writes, WhatIsSoAlreadyIsNotSent) {
  WriteWorld world(WriteWorld::everything());
  const auto present = world.heard(setting_of(Parameter::cell_overvoltage));
  const WriteResult result = world.write({to(Parameter::cell_overvoltage, *present)});
  EXPECT_TRUE(result.plan.good());
  EXPECT_EQ(result.plan.already.size(), 1U);
  EXPECT_TRUE(result.steps.empty());
  EXPECT_EQ(world.orders, 0);
}

TEST_F(Writes, WhatNobodySawABoardObeyNeedsAWordMore) {
  WriteOptions options = WriteWorld::everything();
  options.unverified = false;
  WriteWorld world(options);
  EXPECT_FALSE(world.write({to(Parameter::cell_overvoltage_delay, 4'000)}).plan.good());
  const WriteResult result = world.write({{setting_of(Control::charge_switch), 0, {}}});
  ASSERT_EQ(result.steps.size(), 1U);
  EXPECT_EQ(result.steps[0].end, WriteEnd::verified);
}

TEST_F(Writes, AValueBetweenTheStepsOfTheBoardIsRefused) {
  WriteWorld world(WriteWorld::everything());
  const WriteResult result = world.write({to(Parameter::cell_overvoltage_delay, 4'500)});
  ASSERT_FALSE(result.plan.good());
  EXPECT_NE(result.plan.faults[0].find("in steps of 1 s"), std::string::npos)
      << result.plan.faults[0];
}

TEST_F(Writes, ABoardThatRefusesSaysWhy) {
  WriteWorld world(WriteWorld::everything(), "jk-modbus");
  world.modbus.refuses = true;
  const WriteResult result = world.write({{setting_of(Control::discharge_switch), 1, {}}});
  ASSERT_EQ(result.steps.size(), 1U);
  EXPECT_EQ(result.steps[0].end, WriteEnd::refused) << name(result.steps[0].end);
  EXPECT_FALSE(result.steps[0].why.empty());
}

TEST_F(Writes, OverBluetoothATextIsReadBack) {
  WriteWorld world(WriteWorld::everything(), "jk-ble", "jk02-32s");
  Change change{setting_of(Control::name), 0, {}};
  ASSERT_TRUE(change.text.assign("shed 7"));
  const WriteResult result = world.write({change});
  ASSERT_EQ(result.steps.size(), 1U) << (result.plan.good() ? "" : result.plan.faults[0]);
  EXPECT_EQ(result.steps[0].end, WriteEnd::verified) << name(result.steps[0].end);
  EXPECT_EQ(world.state().pack.identity.user_data.view(), "shed 7");
  ASSERT_TRUE(change.text.assign("longer than it is"));
  EXPECT_EQ(world.write({change}).steps[0].end, WriteEnd::not_sent);
}

TEST_F(Writes, ACalibrationIsAcknowledgedOrNot) {
  for (const std::string_view generation : {"jk02-24s", "jk02-32s"}) {
    WriteWorld world(WriteWorld::everything(), "jk-ble", generation);
    const auto voltage = world.state().pack.scalars.voltage.fresh(world.now, Millis{5'000});
    ASSERT_TRUE(voltage);
    const Change change{setting_of(Control::voltage_calibration), voltage->count + 40, {}};
    const WriteResult result = world.write({change});
    ASSERT_EQ(result.steps.size(), 1U) << generation;
    EXPECT_EQ(result.steps[0].end, WriteEnd::acknowledged) << name(result.steps[0].end);
    world.mute();
    const WriteResult silent = world.write({change});
    ASSERT_EQ(silent.steps.size(), 1U);
    EXPECT_EQ(silent.steps[0].end, WriteEnd::no_answer) << name(silent.steps[0].end);
  }
}

TEST_F(Writes, ACalibrationOnlyCorrectsWhatIsNearlyRight) {
  WriteWorld world(WriteWorld::everything(), "jk-ble", "jk02-32s");
  for (const std::int32_t millivolts : {0, 10'000, 90'000}) {
    const WriteResult result =
        world.write({{setting_of(Control::voltage_calibration), millivolts, {}}});
    ASSERT_FALSE(result.plan.good());
    EXPECT_NE(result.plan.faults[0].find("something else is wrong"), std::string::npos);
  }
  const WriteResult idle = world.write({{setting_of(Control::current_calibration), 5'000, {}}});
  ASSERT_FALSE(idle.plan.good());
  EXPECT_NE(idle.plan.faults[0].find("at least 1 A"), std::string::npos) << idle.plan.faults[0];
  EXPECT_EQ(world.orders, 0);
}

TEST_F(Writes, OverBluetoothNothingIsWrittenBeforeTheGenerationIsKnown) {
  ProtocolBox protocol(*find_protocol("jk-ble"), ProtocolOptions{});
  for (const Setting setting : all_settings())
    EXPECT_EQ(protocol->settings()->writing(setting), Writing::impossible);
}

// Its one order names no board, and nothing shows what became of it (docs/decisions/0018).
TEST_F(Writes, OverCanNothingIsWritten) {
  ProtocolBox protocol(*find_protocol("jk-can"), ProtocolOptions{});
  ASSERT_EQ(protocol->settings(), nullptr);
  const Pack pack;
  for (const Setting setting : all_settings()) {
    const Change change{setting, 1, {}};
    const WritePlan plan = plan_writes({&change, 1}, {pack, protocol->settings(), {}},
                                       WriteOrigin::control_socket, WriteWorld::everything());
    ASSERT_EQ(plan.faults.size(), 1U);
    EXPECT_EQ(plan.faults[0],
              std::string(setting_file_key(setting)) + " cannot be written over this wire");
  }
}

TEST_F(Writes, OneChangeOfAPackAtATime) {
  WriteWorld world(WriteWorld::everything());
  world.begin({to(Parameter::cell_overvoltage_delay, 4'000)});
  ASSERT_FALSE(world.result);
  int refused = 0;
  world.gateway.gate().write(
      {0, WriteOrigin::control_socket, "uid 1", {to(Parameter::cell_undervoltage_delay, 4'000)}},
      world.state(), world.now, [&](const WriteResult& result) {
        ++refused;
        EXPECT_EQ(result.plan.faults[0], "another change of this pack is under way");
      });
  EXPECT_EQ(refused, 1);
  world.run(5'000);
  ASSERT_TRUE(world.result);
  EXPECT_EQ(world.result->steps[0].end, WriteEnd::verified);
}

TEST_F(Writes, APackThatIsNotHeardIsNotWritten) {
  WriteWorld world(WriteWorld::everything());
  world.down();
  const WriteResult result = world.write({to(Parameter::cell_overvoltage_delay, 4'000)});
  ASSERT_FALSE(result.plan.good());
  EXPECT_EQ(world.orders, 0);
}

TEST_F(Writes, WhoeverWaitsIsAnsweredWhenTheGatewayStops) {
  WriteWorld world(WriteWorld::everything());
  world.begin({to(Parameter::cell_overvoltage_delay, 4'000)});
  ASSERT_FALSE(world.result);
  world.gateway.stop(world.now, 0);
  ASSERT_TRUE(world.result);
  EXPECT_EQ(world.result->steps[0].end, WriteEnd::unknown);
}

TEST_F(Writes, ItIsReadBackWithinTwoSeconds) {
  WriteWorld world(WriteWorld::everything());
  world.begin({to(Parameter::cell_overvoltage_delay, 4'000)});
  const Instant then = world.now;
  while (!world.result && world.now < then + Millis{10'000}) world.run(1);
  ASSERT_TRUE(world.result);
  EXPECT_LE(world.now, then + Millis{2'000});
}

}  // namespace
}  // namespace cw::test

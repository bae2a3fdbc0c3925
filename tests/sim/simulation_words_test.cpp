// SPDX-License-Identifier: Apache-2.0
// What people write to `simulate`: descriptions of packs, orders and scripts; and the plan of a
// paced wire. No ports, no clock.
#include <gtest/gtest.h>

#include "daemon/simulate/simulation_description.h"
#include "daemon/simulate/simulation_line.h"
#include "daemon/simulate/simulation_order.h"

namespace cw {
namespace {

using simulator::Fault;

DescribedPacks described(std::string text) { return describe_packs({std::move(text)}); }

TEST(Description, TheExampleMeansWhatItSays) {
  const auto packs =
      described("name=garage,chemistry=lfp,cells=16,capacity=280Ah,soc=60,link=/tmp/garage");
  ASSERT_EQ(packs.fault, "");
  ASSERT_EQ(packs.packs.size(), 1U);
  const SimulatedPack& pack = packs.packs[0];
  EXPECT_EQ(pack.spec.name, "garage");
  EXPECT_EQ(pack.spec.chemistry, Chemistry::lfp);
  EXPECT_EQ(pack.spec.cells, 16U);
  EXPECT_EQ(pack.spec.capacity, MilliampHours{280'000});
  EXPECT_EQ(pack.spec.soc, CentiPercent{6000});
  EXPECT_EQ(pack.link, "/tmp/garage");
}

TEST(Description, UnitsMayBeWrittenOrLeftOut) {
  for (const char* text : {"current=-12.5", "current=-12.5A", "current=-12500mA"}) {
    const auto packs = described(text);
    ASSERT_EQ(packs.fault, "") << text;
    EXPECT_EQ(packs.packs[0].spec.current, Milliamps{-12'500});
    EXPECT_EQ(packs.packs[0].spec.profile, simulator::ProfileKind::constant);
  }
  EXPECT_EQ(described("turnaround=0.3ms").packs[0].turnaround_us, 300);
}

TEST(Description, AHeldPackHasExactlyTheValuesThatAreGiven) {
  const auto packs = described(
      "hold=yes,cells=3,cell_voltage=3.301/3.302V/3303mV,temperature=21/-5.5C,"
      "mosfet_temperature=30,current=1");
  ASSERT_EQ(packs.fault, "");
  const simulator::PackSpec& spec = packs.packs[0].spec;
  EXPECT_EQ(spec.cell_voltages, (std::vector<Millivolts>{{3301}, {3302}, {3303}}));
  EXPECT_EQ(spec.temperatures, (std::vector<DeciCelsius>{{210}, {-55}}));
  EXPECT_EQ(spec.mosfet_temperature, DeciCelsius{300});
}

TEST(Description, NothingGivenMeansThreePacksOfThreeChemistries) {
  const DescribedPacks packs = describe_packs({});
  ASSERT_EQ(packs.fault, "");
  ASSERT_EQ(packs.packs.size(), 3U);
  EXPECT_EQ(packs.packs[0].spec.cells, 8U);
  EXPECT_EQ(packs.packs[0].spec.chemistry, Chemistry::lto);
  EXPECT_EQ(packs.packs[1].spec.cells, 16U);
  EXPECT_EQ(packs.packs[2].spec.cells, 24U);
  EXPECT_EQ(packs.packs[2].spec.chemistry, Chemistry::li_ion);
}

TEST(Description, ACountMakesCopiesWithNamesAndLinksOfTheirOwn) {
  const auto packs = described("name=p,link=/tmp/p,count=128").packs;
  ASSERT_EQ(packs.size(), 128U);
  EXPECT_EQ(packs[0].spec.name, "p-1");
  EXPECT_EQ(packs[127].spec.name, "p-128");
  EXPECT_EQ(packs[127].link, "/tmp/p-128");
}

TEST(Description, EveryExampleOfTheKeysIsItselfRight) {
  for (const SimulationKey& row : simulation_keys()) {
    SimulatedPack pack;
    EXPECT_EQ(row.set(pack, row.example), "") << row.key;
  }
}

TEST(Description, FaultsNameThePackTheKeyAndTheFix) {
  const auto fault = [](const char* text) { return described(text).fault; };
  EXPECT_EQ(fault("name=a,chemestry=lfp"),
            "--pack a: unknown key \"chemestry\"; did you mean \"chemistry\"?");
  EXPECT_EQ(fault("name=a,cells=33"),
            "--pack a: cells = \"33\": write a whole number from 2 to 32 (for example cells=16)");
  EXPECT_EQ(fault("capacity=280V").substr(0, 52),
            "--pack pack1: capacity = \"280V\": has the wrong unit:");
  EXPECT_EQ(fault("soc=101"), "--pack pack1: soc: from 0 % to 100 %");
  EXPECT_EQ(fault("garage"), "--pack pack1: \"garage\": write key=value, separated by commas");
  EXPECT_NE(fault("name=Garage"), "");
  EXPECT_NE(fault("name=status"), "");
  EXPECT_NE(fault("cell_voltage=3.3"), "");
  EXPECT_EQ(describe_packs({"name=a", "name=a"}).fault,
            "two packs are called \"a\": give each a name of its own");
  EXPECT_NE(describe_packs({"name=a,link=/tmp/x", "name=b,link=/tmp/x"}).fault, "");
}

const std::vector<std::string> kPacks = {"garage", "cabin"};

SimulationOrder order(std::string_view line) {
  const ReadOrder read = read_order(line, kPacks);
  EXPECT_TRUE(read.order.has_value()) << line << ": " << read.fault;
  return read.order.value_or(SimulationOrder{});
}

TEST(Order, AFaultWithItsNumberAndValue) {
  for (const char* line : {"cabin cell_voltage 3 3.70", "  cabin cell_voltage  3 3.70V ",
                           "cabin cell_voltage 3 3700 mV"}) {
    const SimulationOrder read = order(line);
    EXPECT_EQ(read.kind, SimulationOrder::Kind::inject);
    EXPECT_EQ(read.pack, 1U);
    EXPECT_EQ(read.fault, Fault::cell_voltage);
    EXPECT_EQ(read.number, 3U);
    EXPECT_EQ(read.value, 3700);
  }
  EXPECT_EQ(order("garage temperature 2 -12.5").value, -125);
  EXPECT_EQ(order("garage slow 300ms").value, 300);
  EXPECT_EQ(order("garage alarm_bits 16384").value, 16'384);
}

TEST(Order, PlainFaultsClearingAndQuestions) {
  EXPECT_EQ(order("garage mute").fault, Fault::mute);
  EXPECT_EQ(order("garage clear").kind, SimulationOrder::Kind::clear_all);
  EXPECT_EQ(order("garage clear mute").kind, SimulationOrder::Kind::clear);
  EXPECT_EQ(order("garage clear mute").fault, Fault::mute);
  EXPECT_EQ(order("state cabin").kind, SimulationOrder::Kind::state);
  EXPECT_EQ(order("state cabin").pack, 1U);
  EXPECT_EQ(order("status").kind, SimulationOrder::Kind::status);
  EXPECT_EQ(order("help").kind, SimulationOrder::Kind::help);
}

TEST(Order, EveryFaultCanBeGivenAsItIsShown) {
  for (std::size_t i = 0; i < simulator::kFaultCount; ++i) {
    const simulator::FaultRow& row = simulator::kFaults[i];
    const std::size_t number = row.form == simulator::FaultForm::numbered_value ? 1 : 0;
    const std::string text = fault_text(static_cast<Fault>(i), number, row.highest);
    const SimulationOrder read = order("garage " + text);
    EXPECT_EQ(read.fault, static_cast<Fault>(i));
    EXPECT_EQ(read.number, number);
    EXPECT_EQ(read.value, row.highest) << text;
  }
}

TEST(Order, WhatIsWrongIsSaidWithTheFix) {
  const auto fault = [](const char* line) {
    const ReadOrder read = read_order(line, kPacks);
    EXPECT_FALSE(read.order.has_value()) << line;
    return read.fault;
  };
  EXPECT_EQ(fault("garag mute"), "no pack \"garag\"; did you mean \"garage\"?");
  EXPECT_EQ(fault("garage mut"), "unknown fault \"mut\"; did you mean \"mute\"?");
  EXPECT_EQ(fault("garage cell_voltage 3"), "write cell_voltage CELL VOLTAGE");
  EXPECT_EQ(fault("garage cell_voltage 33 3.7"),
            "\"33\": write a number from 1 to 32 (cell_voltage CELL VOLTAGE)");
  EXPECT_EQ(fault("garage cell_voltage 3 7"), "\"7\": write a voltage from 0 V to 6 V");
  EXPECT_EQ(fault("garage mute 3"), "mute takes nothing more: leave out \"3\"");
  EXPECT_NE(fault("garage current ten"), "");
  EXPECT_NE(fault("garage"), "");
  EXPECT_NE(fault(""), "");
  EXPECT_NE(fault("state"), "");
  EXPECT_NE(fault("garage clear mute now"), "");
}

TEST(Script, OrdersComeByTimeWhateverTheOrderOfTheFile) {
  const ReadScript script = read_script(
      "# a fault\n\n20s garage clear\n1 min cabin mute # for ever\n10 s garage mute\n0 garage echo",
      "script", kPacks);
  ASSERT_TRUE(script.faults.empty()) << script.faults[0];
  ASSERT_EQ(script.orders.size(), 4U);
  EXPECT_EQ(script.orders[0].at, Millis{0});
  EXPECT_EQ(script.orders[1].at, Millis{10'000});
  EXPECT_EQ(script.orders[1].order.fault, Fault::mute);
  EXPECT_EQ(script.orders[2].at, Millis{20'000});
  EXPECT_EQ(script.orders[3].at, Millis{60'000});
}

TEST(Script, FaultsNameFileLineAndColumn) {
  const ReadScript script =
      read_script("10s garage mute\n  soon garage mute\n5s garage mut\n6s status\n", "f", kPacks);
  ASSERT_EQ(script.faults.size(), 3U);
  EXPECT_EQ(script.faults[0],
            "f:2:3: \"soon\": begin with the time since the start, for example 10s");
  EXPECT_EQ(script.faults[1], "f:3:11: unknown fault \"mut\"; did you mean \"mute\"?");
  EXPECT_EQ(script.faults[2], "f:4:4: answers nobody in a script: leave it out");
}

constexpr std::int64_t kByte_ns = 86'805;  // at 115200 baud

TEST(WirePlan, NoByteLeavesBeforeItsTimeAndTheLastNotLater) {
  WirePlan plan(115'200, 500);
  plan.on_request(21, 0);
  ASSERT_TRUE(plan.add(std::vector<std::uint8_t>(291, 0x55), {0}, false));
  const std::int64_t start = 21 * kByte_ns + 500'000;
  std::size_t sent = 0;
  while (const auto next = plan.next()) {
    EXPECT_TRUE(plan.due(*next - 1).empty());
    sent += plan.due(*next).size();
    EXPECT_EQ(*next, start + static_cast<std::int64_t>(sent) * kByte_ns);
  }
  EXPECT_EQ(sent, 291U);
}

TEST(WirePlan, ALateTimerSendsAllThatIsDueAtOnce) {
  WirePlan plan(115'200, 0);
  plan.on_request(21, 0);
  plan.add(std::vector<std::uint8_t>(291, 0), {0}, false);
  EXPECT_EQ(plan.due(1'000'000'000).size(), 291U);
  EXPECT_EQ(plan.next(), std::nullopt);
}

TEST(WirePlan, AnswersFollowEachOtherAndAnEchoRunsAlongWithTheRequest) {
  WirePlan plan(115'200, 1000);
  plan.on_request(21, 0);
  plan.add(std::vector<std::uint8_t>(21, 1), {0}, true);
  plan.add(std::vector<std::uint8_t>(10, 2), {0}, false);
  plan.add(std::vector<std::uint8_t>(10, 3), {5}, false);
  EXPECT_EQ(plan.next(), 21 * kByte_ns);
  EXPECT_EQ(plan.due(*plan.next()).size(), 21U);
  EXPECT_EQ(plan.next(), 21 * kByte_ns + 1'000'000 + 10 * kByte_ns);
  plan.due(*plan.next());
  EXPECT_EQ(plan.next(), 21 * kByte_ns + 2'000'000 + 5'000'000 + 20 * kByte_ns);
}

TEST(WirePlan, WhatNobodyTakesDoesNotPileUp) {
  WirePlan plan(115'200, 0);
  for (int i = 0; i < 16; ++i) EXPECT_TRUE(plan.add({1}, {0}, false));
  EXPECT_FALSE(plan.add({1}, {0}, false));
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The worked examples of charge-control.md, kept outside the project: every stated number is
// compared. Skipped where they are not at hand.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tests/unit/charge_rig.h"

namespace cw {
namespace {

using nlohmann::json;

constexpr const char* kVectors = CW_SOURCE_DIR "/../shared/frames/inverter-charge.json";

json vectors() {
  std::ifstream in(kVectors);
  return in ? json::parse(in) : json();
}

ChargeStage stage_named(const std::string& name) {
  if (name == "bulk") return ChargeStage::bulk;
  return name == "float" ? ChargeStage::floating : ChargeStage::absorption;
}

void fill(ChargeRig& rig, std::size_t i, const json& pack) {
  ReportedPack& r = rig.reported[i];
  r.age_ms = pack["age_ms"];
  r.voltage_mV = pack["sum_mV"];
  r.cell_min_mV = pack["cell_min_mV"];
  r.cell_max_mV = pack["cell_max_mV"];
  if (pack.contains("cells")) r.cells_mV = pack["cells"].get<std::vector<std::int32_t>>();
  r.temperature_min_dC = pack["temp_min_dC"].get<std::int32_t>();
  r.temperature_max_dC = pack["temp_max_dC"].get<std::int32_t>();
  r.mosfet_dC = pack["mos_dC"].get<std::int32_t>();
  r.current_mA = pack["current_mA"];
  r.remaining_mAh = pack["remain_mAh"].get<std::int32_t>();
  r.capacity_mAh = pack["capacity_mAh"].get<std::int32_t>();
  r.charge_on = pack["charge_on"].get<bool>();
  r.discharge_on = pack["discharge_on"].get<bool>();
  r.board_charge_mA = pack["ocp_charge_mA"].get<std::int32_t>();
  r.board_discharge_mA = pack["ocp_discharge_mA"].get<std::int32_t>();
  rig.own[i].charge_current = Milliamps{pack["max_charge_mA"]};
  rig.own[i].discharge_current = Milliamps{pack["max_discharge_mA"]};
}

// Packs whose values are old were heard once: the control first sees them young, as they were.
BankRequest one_step(ChargeRig& rig, const json& vector) {
  for (std::size_t i = 0; i < rig.packs.size(); ++i) fill(rig, i, vector["packs"][i]);
  rig.control.restore({.stage = stage_named(vector["state"])});
  const auto ages = rig.reported;
  std::int32_t oldest = 0;
  for (ReportedPack& pack : rig.reported) oldest = std::max(oldest, std::exchange(pack.age_ms, 0));
  rig.step();
  rig.reported = ages;
  rig.now = rig.now + Millis{oldest};
  return rig.step();
}

// After a start the charge voltage rises from float; the examples state where it gets to.
Millivolts settled(const BankLimit<Millivolts>& limit) {
  return limit.reason.cause == LimitCause::rising ? *limit.next_value : limit.value;
}

void compare(const json& expected, const BankRequest& got, const ChargeRig& rig,
             const std::string& id) {
  const std::map<std::string, std::function<json()>> read = {
      {"ccl_mA", [&] { return got.charge_current.value.count; }},
      {"dcl_mA", [&] { return got.discharge_current.value.count; }},
      {"cvl_mV", [&] { return settled(got.charge_voltage).count; }},
      {"soc_permille", [&] { return got.measured.soc.value().count / 10; }},
      {"voltage_mV", [&] { return got.measured.voltage.value().count; }},
      {"current_mA", [&] { return got.measured.current.value().count; }},
      {"temp_dC", [&] { return got.measured.temperature.value().count; }},
      {"online", [&] { return got.packs_online; }},
      {"offline", [&] { return got.packs_offline; }},
      {"block_charge", [&] { return got.packs_blocking_charge; }},
      {"block_discharge", [&] { return got.packs_blocking_discharge; }},
      {"charge_enable", [&] { return got.charge_enabled; }},
      {"discharge_enable", [&] { return got.discharge_enabled; }},
      {"comm_fail", [&] { return got.alarms.has(Alarm::internal_communication); }},
      {"pack_ccl_mA",
       [&] {
         json list;
         for (const auto& pack : rig.states) list.push_back(pack.charge.now.limit.value.count);
         return list;
       }},
      {"pack_dcl_mA",
       [&] {
         json list;
         for (const auto& pack : rig.states) list.push_back(pack.discharge.now.limit.value.count);
         return list;
       }},
  };
  for (const auto& [key, value] : expected.items()) {
    ASSERT_EQ(read.count(key), 1u) << id << " states " << key;
    EXPECT_EQ(read.at(key)(), value) << id << " " << key;
  }
}

TEST(ChargeVectors, EveryWorkedExampleGivesItsNumbers) {
  const json all = vectors();
  if (all.is_null()) GTEST_SKIP() << kVectors << " is not at hand";
  for (const json& vector : all["static"]) {
    const std::string id = vector["id"];
    ASSERT_TRUE(vector["config"].empty()) << id;
    ChargeSettings settings;
    settings.charge_current_most = settings.discharge_current_most = Milliamps{600'000};
    settings.bulk_again_soc = {};  // the example of float says nothing of the state of charge
    ChargeRig rig(vector["packs"].size(), settings);
    compare(vector["expect"], one_step(rig, vector), rig, id);
  }
}

std::int64_t ms(const json& step) { return step["t"].get<std::int64_t>() * 1000; }

// Between the stated steps one a second as the last: nothing may depend on how often one looks.
template <class Step>
void play(const json& sequence, Step step) {
  const json* before = nullptr;
  std::int64_t t = 0;
  for (const json& stated : sequence["steps"]) {
    for (; before != nullptr && t < ms(stated); t += 1000) step(*before, Instant{t}, false);
    t = ms(stated);
    step(stated, Instant{t}, true);
    before = &stated;
    t += 1000;
  }
}

void play_current(const json& sequence) {
  Slew slew;
  play(sequence, [&](const json& stated, Instant now, bool compared) {
    const SlewSettings settings{{30'000}, 5'000, stated["full_mA"].get<std::int32_t>() / 50};
    const auto out = slew.step(stated["target_mA"], settings, now);
    if (compared) {
      EXPECT_EQ(out, stated["out_mA"]) << stated;
    }
  });
}

void play_voltage(const json& sequence) {
  Slew slew;
  play(sequence, [&](const json& stated, Instant now, bool compared) {
    const auto out = slew.step(stated["target_mV"], {{60'000}, 1, 0}, now);
    if (compared) {
      EXPECT_EQ(out, stated["out_mV"]) << stated;
    }
  });
}

void play_stage(const json& sequence) {
  const ChargeSettings settings;
  StageMachine machine;
  for (const json& stated : sequence["steps"]) {
    const Instant now{ms(stated)};
    machine.step({.cells = 16,
                  .voltage = Millivolts{stated["voltage_mV"]},
                  .current = Milliamps{stated["current_mA"]},
                  .cell_difference = Millivolts{stated["delta_mV"]},
                  .soc = CentiPercent{stated["soc_permille"].get<std::int32_t>() * 10},
                  .capacity = MilliampHours{stated["capacity_mAh"]}},
                 settings, now, now.ms);
    EXPECT_EQ(name(machine.stage()), stated["state"].get<std::string>()) << stated;
    EXPECT_EQ(machine.voltage(16, settings, now).count, stated["cvl_mV"]) << stated;
    EXPECT_EQ(machine.full(), stated["full"].get<bool>()) << stated;
  }
}

void play_force(const json& sequence) {
  const ChargeSettings settings;
  ForceCharge force;
  play(sequence, [&](const json& stated, Instant now, bool compared) {
    const CentiPercent soc{stated["soc_permille"].get<std::int32_t>() * 10};
    const bool on = force.step(soc, Millivolts{stated["cell_min_mV"]}, settings, now);
    if (compared) {
      EXPECT_EQ(on, stated["force"].get<bool>()) << stated;
    }
  });
}

TEST(ChargeVectors, EverySequenceGivesItsNumbers) {
  const json all = vectors();
  if (all.is_null()) GTEST_SKIP() << kVectors << " is not at hand";
  const std::map<std::string, void (*)(const json&)> players = {{"slew_current", play_current},
                                                                {"slew_cvl", play_voltage},
                                                                {"state", play_stage},
                                                                {"force", play_force}};
  for (const json& sequence : all["sequences"]) {
    const std::string what = sequence["what"];
    ASSERT_EQ(players.count(what), 1u) << what;
    SCOPED_TRACE(sequence["id"].get<std::string>());
    players.at(what)(sequence);
  }
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The documents MQTT carries: complete, honest about what is not known, and quiet about noise.
#include "bridge/mqtt/mqtt_payload.h"

#include <gtest/gtest.h>

#include "mqtt_support.h"

namespace cw {
namespace {

using namespace mqtt_test;

constexpr Instant kNow{100'000};

Shape shape_of(const PackState& state) {
  Shape shape;
  shape.grow(state.pack);
  return shape;
}

Moment at(Instant now) { return {now, kWallOfZero + now.ms}; }

Json written(GroupDocument& document, const PackState& state, Instant now) {
  std::string out;
  document.write(out, state, shape_of(state), at(now));
  return Json::parse(out);
}

TEST(MqttGroups, EveryFieldAndSeriesTravelsInExactlyOneGroup) {
  const PackState state = heard_pack("garage", kNow);
  std::map<std::string, int> seen;
  for (const Group group : {Group::state, Group::cells, Group::stats}) {
    GroupDocument document(group);
    const Json json = written(document, state, kNow);
    for (const auto& [key, value] : json.items()) ++seen[key];
  }
  for (const Field& field : kFields) EXPECT_EQ(seen[std::string(field.facts.key)], 1);
  for (const SeriesFacts& series : kSeries) EXPECT_EQ(seen[std::string(series.key)], 1);
  EXPECT_EQ(seen["ts"], 3);
  EXPECT_EQ(seen.size(), kFieldCount + kSeries.size() + 1);
}

TEST(MqttGroups, NumbersHaveTheirUnitAndFlagsAreBooleans) {
  const PackState state = heard_pack("garage", kNow);
  GroupDocument document(Group::state);
  const Json json = written(document, state, kNow);
  EXPECT_EQ(json["voltage_V"], 53.12);
  EXPECT_EQ(json["current_A"], -12.4);
  EXPECT_EQ(json["soc_pct"], 64);
  EXPECT_EQ(json["charge_mosfet"], true);
  GroupDocument stats(Group::stats);
  EXPECT_EQ(written(stats, state, kNow)["temperature_C"], Json({21.3, -4.5}));
}

TEST(MqttGroups, TsIsWhenTheValuesWereMeasuredNotWhenTheyWereSent) {
  const PackState state = heard_pack("garage", kNow);
  GroupDocument document(Group::cells);
  EXPECT_DOUBLE_EQ(written(document, state, kNow + 2_s)["ts"], 1'790'000'100.0);
}

TEST(MqttGroups, OneValueThatIsNotFreshIsNullAndStaysInTheDocument) {
  PackState state = heard_pack("garage", kNow);
  state.pack.scalars.soc.reject(kNow);
  state.pack.cell_voltage[2].reject(kNow);
  GroupDocument document(Group::state);
  const Json json = written(document, state, kNow);
  EXPECT_TRUE(json.at("soc_pct").is_null());
  EXPECT_EQ(json["voltage_V"], 53.12);
  GroupDocument cells(Group::cells);
  EXPECT_EQ(written(cells, state, kNow)["cell_voltage_V"], Json({3.32, 3.321, nullptr, 3.323}));
}

TEST(MqttGroups, ASilentPackHasTheSameKeysAndOnlyNulls) {
  const PackState state = heard_pack("garage", kNow);
  for (const Group group : {Group::state, Group::cells, Group::stats}) {
    GroupDocument document(group);
    const Json before = written(document, state, kNow);
    const Json after = written(document, state, kNow + 3_s + 1_ms);
    ASSERT_EQ(after.size(), before.size());
    for (const auto& [key, value] : after.items()) {
      EXPECT_TRUE(before.contains(key));
      if (value.is_array()) {
        EXPECT_EQ(value.size(), before[key].size());
        for (const Json& element : value) EXPECT_TRUE(element.is_null()) << key;
      } else {
        EXPECT_TRUE(value.is_null()) << key;
      }
    }
  }
}

TEST(MqttGroups, APackDeclaredLostIsNullEvenWhileItsValuesAreYoung) {
  PackState state = heard_pack("garage", kNow);
  state.link.link = Link::lost;
  GroupDocument document(Group::state);
  EXPECT_TRUE(written(document, state, kNow)["voltage_V"].is_null());
}

TEST(MqttGroups, AChangeInsideTheDeadBandIsNoNewsAndIsHeld) {
  PackState state = heard_pack("garage", kNow);
  GroupDocument document(Group::state);
  written(document, state, kNow);
  state.pack.scalars.voltage.set({53'139}, kNow);
  EXPECT_EQ(document.compare(state, shape_of(state), kNow), News::none);
  state.pack.scalars.current.set({-9'000}, kNow);
  EXPECT_EQ(document.compare(state, shape_of(state), kNow), News::some);
  const Json json = written(document, state, kNow);
  EXPECT_EQ(json["voltage_V"], 53.12) << "another value's news does not carry this one's noise";
  EXPECT_EQ(json["current_A"], -9.0);
}

TEST(MqttGroups, ASlowDriftIsToldOnceItLeavesTheDeadBandOfWhatWasSaid) {
  PackState state = heard_pack("garage", kNow);
  GroupDocument document(Group::state);
  written(document, state, kNow);
  for (int step = 1; step < 20; ++step) {
    state.pack.scalars.voltage.set({53'120 + step}, kNow);
    EXPECT_EQ(written(document, state, kNow)["voltage_V"], 53.12) << step;
  }
  state.pack.scalars.voltage.set({53'140}, kNow);
  EXPECT_EQ(document.compare(state, shape_of(state), kNow), News::some);
  EXPECT_EQ(written(document, state, kNow)["voltage_V"], 53.14);
}

TEST(MqttGroups, FlagsAndValuesThatComeOrGoAreUrgent) {
  PackState state = heard_pack("garage", kNow);
  GroupDocument document(Group::state);
  EXPECT_EQ(document.compare(state, shape_of(state), kNow), News::urgent);
  written(document, state, kNow);
  state.pack.scalars.charge_mosfet.set({0}, kNow);
  EXPECT_EQ(document.compare(state, shape_of(state), kNow), News::urgent);
  written(document, state, kNow);
  EXPECT_EQ(document.compare(state, shape_of(state), kNow), News::none);
  state.pack.scalars.voltage.reject(kNow);
  EXPECT_EQ(document.compare(state, shape_of(state), kNow), News::urgent);
}

TEST(MqttGroups, AnArrayNeverBecomesShorter) {
  PackState state = heard_pack("garage", kNow, 16);
  Shape shape = shape_of(state);
  state = heard_pack("garage", kNow, 8);
  EXPECT_FALSE(shape.grow(state.pack));
  GroupDocument document(Group::cells);
  std::string out;
  document.write(out, state, shape, at(kNow));
  EXPECT_EQ(Json::parse(out)["cell_voltage_V"].size(), 16u);
}

TEST(MqttGroups, WritingASteadyStateAllocatesNothing) {
  const PackState state = heard_pack("garage", kNow, 32);
  GroupDocument document(Group::cells);
  std::string out;
  document.write(out, state, shape_of(state), at(kNow));
  const auto* const memory = out.data();
  const std::size_t capacity = out.capacity();
  for (int i = 0; i < 3; ++i) {
    out.clear();
    document.write(out, state, shape_of(state), at(kNow));
  }
  EXPECT_EQ(out.data(), memory);
  EXPECT_EQ(out.capacity(), capacity);
}

Json alarms_json(std::optional<AlarmSet> alarms) {
  std::string out;
  write_alarms_document(out, alarms, "jk-uart", at(kNow));
  return Json::parse(out);
}

TEST(MqttAlarms, NamesWhatIsRaisedAndKeepsBitsNobodyCanName) {
  AlarmSet alarms;
  alarms.add(Alarm::charge_overtemperature);
  alarms.unknown = 1u << 14;
  EXPECT_EQ(alarms_json(alarms),
            Json::parse(R"({"active":true,"overheat":true,"cold":false,)"
                        R"("alarms":["charge_overtemperature","unknown_jk_uart_bit_14"],)"
                        R"("ts":1790000100.000})"));
}

TEST(MqttAlarms, NoAlarmAndNotKnowingAreDifferent) {
  EXPECT_EQ(alarms_json(AlarmSet{})["active"], false);
  EXPECT_EQ(alarms_json(AlarmSet{})["alarms"], Json::array());
  for (const char* key : {"active", "overheat", "cold", "alarms"})
    EXPECT_TRUE(alarms_json(std::nullopt).at(key).is_null()) << key;
}

TEST(MqttDocuments, AnEventTellsWhatWasMeasuredAndAgainstWhat) {
  Event event;
  event.kind = EventKind::protection_tripped;
  event.pack.assign("garage");
  event.subject.assign("cell_overvoltage");
  event.value = 3'662;
  event.limit = 3'650;
  event.unit = Unit::millivolt;
  event.where = 7;
  event.detail.assign("cell 7 at \"3.662 V\"");
  event.wall_ms = kWallOfZero;
  std::string out;
  write_event_document(out, event);
  EXPECT_EQ(Json::parse(out),
            Json::parse(R"({"event_type":"protection_tripped","pack":"garage",)"
                        R"("subject":"cell_overvoltage","value":3.662,"limit":3.650,"unit":"V",)"
                        R"("where":7,"detail":"cell 7 at \"3.662 V\"","ts":1790000000.000})"));
}

TEST(MqttDocuments, AnEventOfTheGatewayHasNullsWhereNothingWasMeasured) {
  std::string out;
  write_event_document(out, Event{});
  EXPECT_EQ(Json::parse(out), Json::parse(R"({"event_type":"started","pack":null,"subject":null,)"
                                          R"("value":null,"limit":null,"unit":null,"where":null,)"
                                          R"("detail":null,"ts":0.000})"));
}

TEST(MqttDocuments, TheSupervisorSaysWhatItAllowsAndWhyNot) {
  Scene scene;
  scene.packs = {silent_pack("garage")};
  const std::vector<Verdict> verdicts = {verdict_of(scene.packs[0])};
  std::string out;
  write_supervisor_document(out, Mode::control, scene.packs, verdicts, scene.relays, at(kNow));
  const Json json = Json::parse(out);
  EXPECT_EQ(json["mode"], "control");
  EXPECT_EQ(json["packs"]["garage"]["charge_allowed"], false);
  EXPECT_EQ(json["packs"]["garage"]["tripped"]["cell_overvoltage"], "start");
  EXPECT_EQ(json["relays"]["main"]["role"], "charge");
  EXPECT_EQ(json["relays"]["main"]["energised"], false);
}

TEST(MqttDocuments, TheBankIsNullWhenItsSumIsTooOld) {
  Scene scene;
  scene.packs = {heard_pack("garage", kNow), heard_pack("cellar", kNow)};
  const Picture picture = scene.at(kNow);
  BankDocument document;
  std::string out;
  document.write(out, picture.bank, at(kNow), 4_s);
  Json json = Json::parse(out);
  EXPECT_EQ(json["current_A"], -24.8);
  EXPECT_EQ(json["packs_in"], 2);
  EXPECT_DOUBLE_EQ(json["ts"], 1'790'000'100.0);
  EXPECT_EQ(document.compare(picture.bank, kNow + 4_s, 4_s), News::none);
  EXPECT_EQ(document.compare(picture.bank, kNow + 5_s, 4_s), News::urgent);
  out.clear();
  document.write(out, picture.bank, at(kNow + 5_s), 4_s);
  json = Json::parse(out);
  EXPECT_TRUE(json["current_A"].is_null());
  EXPECT_TRUE(json["ts"].is_null());
}

}  // namespace
}  // namespace cw

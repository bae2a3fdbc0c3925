// SPDX-License-Identifier: Apache-2.0
#include "bridge/mqtt/mqtt_payload.h"

#include <algorithm>

#include "bridge/json.h"
#include "bridge/limits_json.h"
#include "bridge/pack_json.h"

namespace cw {
namespace {

using Value = std::optional<std::int32_t>;

bool left_dead_band(const Value& said, const Value& value, std::int32_t dead_band) {
  if (said.has_value() != value.has_value()) return true;
  if (!said) return false;
  const std::int64_t change = std::int64_t{*value} - *said;
  return change != 0 && (change >= dead_band || -change >= dead_band);
}

News news_of(const Value& said, const Value& value, Unit unit, std::int32_t dead_band) {
  if (!left_dead_band(said, value, dead_band)) return News::none;
  const bool came_or_went = said.has_value() != value.has_value();
  return came_or_went || unit == Unit::flag ? News::urgent : News::some;
}

constexpr std::size_t first_slot(std::size_t series) {
  std::size_t slot = kFieldCount;
  for (std::size_t i = 0; i < series; ++i) slot += kSeries[i].capacity;
  return slot;
}
static_assert(first_slot(kSeries.size()) == kFieldCount + 2 * kMaxCells + kMaxTemperatures);

// visit(slot, unit, dead_band, value) for every value of a group; all absent if the pack is lost.
template <class Visit>
void walk(Group group, const PackState& state, const Shape& shape, Instant now, Visit visit) {
  const bool heard = state.fresh(now);
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const Field& field = kFields[i];
    if (field.facts.group != group) continue;
    visit(i, field.unit, field.facts.dead_band,
          heard ? field.fresh(state.pack.scalars, now, state.max_age) : std::nullopt);
  }
  for (std::size_t s = 0; s < kSeries.size(); ++s) {
    if (kSeries[s].group != group) continue;
    const auto series = static_cast<Series>(s);
    for (std::size_t i = 0; i < shape[series]; ++i)
      visit(first_slot(s) + i, kSeries[s].unit, kSeries[s].dead_band,
            heard ? fresh_element(state.pack, series, i, now, state.max_age) : std::nullopt);
  }
}

Instant element_heard(const Pack& pack, Series series, std::size_t i) {
  switch (series) {
    case Series::cell_voltage: return pack.cell_voltage[i].heard();
    case Series::wire_resistance: return pack.wire_resistance[i].heard();
    case Series::temperature: return pack.temperature[i].heard();
  }
  return {};
}

// When the newest of the group's fresh values was measured.
std::optional<Instant> measured(Group group, const PackState& state, const Shape& shape,
                                Instant now) {
  std::optional<Instant> newest;
  walk(group, state, shape, now, [&](std::size_t slot, Unit, std::int32_t, const Value& value) {
    if (!value) return;
    std::optional<Instant> heard;
    if (slot < kFieldCount) {
      heard = kFields[slot].heard(state.pack.scalars);
    } else {
      std::size_t s = kSeries.size() - 1;
      while (slot < first_slot(s)) --s;
      heard = element_heard(state.pack, static_cast<Series>(s), slot - first_slot(s));
    }
    if (heard && (!newest || *heard > *newest)) newest = heard;
  });
  return newest;
}

void member(JsonWriter& json, std::string_view key, std::string_view value) {
  json.key(key);
  json.text(value);
}

void member(JsonWriter& json, std::string_view key, bool value) {
  json.key(key);
  json.boolean(value);
}

void member(JsonWriter& json, std::string_view key, std::int64_t value) {
  json.key(key);
  json.integer(value);
}

void text_or_null(JsonWriter& json, std::string_view key, std::string_view value) {
  json.key(key);
  value.empty() ? json.null() : json.text(value);
}

void write_ts(JsonWriter& json, std::int64_t wall_ms) {
  json.key("ts");
  json.decimal(wall_ms, 3);
}

constexpr std::uint64_t bits_ending_in(std::string_view ending) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < kAlarmCount; ++i)
    if (kAlarmNames[i].ends_with(ending)) bits |= std::uint64_t{1} << i;
  return bits;
}
constexpr std::uint64_t kHot = bits_ending_in("overtemperature");
constexpr std::uint64_t kCold = bits_ending_in("undertemperature");
static_assert(kHot != 0 && kCold != 0 && (kHot & kCold) == 0);

void write_alarm_names(JsonWriter& json, const AlarmSet& alarms, std::string_view protocol) {
  json.begin_array();
  for (std::size_t i = 0; i < kAlarmCount; ++i)
    if (alarms.has(static_cast<Alarm>(i))) json.text(kAlarmNames[i]);
  for (unsigned bit = 0; bit < 32; ++bit)
    if ((alarms.unknown >> bit & 1) != 0) json.text(unknown_alarm_name(protocol, bit).view());
  json.end_array();
}

void write_verdict(JsonWriter& json, const Verdict& verdict) {
  json.begin_object();
  member(json, "charge_allowed", verdict.decision.allows(Switches::charge));
  member(json, "discharge_allowed", verdict.decision.allows(Switches::discharge));
  member(json, "zero_current_requested", name(verdict.withheld));
  json.key("tripped");
  json.begin_object();
  for (std::size_t i = 0; i < kRuleCount; ++i)
    if (verdict.decision.is_tripped(static_cast<Rule>(i)))
      member(json, kRules[i].name, name(verdict.holdings[i].cause));
  json.end_object();
  json.key("why");
  json.begin_object();
  for (std::size_t i = 0; i < kRuleCount; ++i)
    if (verdict.decision.is_tripped(static_cast<Rule>(i)))
      member(json, kRules[i].name, explain(static_cast<Rule>(i), verdict.holdings[i]).view());
  json.end_object();
  json.key("off");
  json.begin_array();
  for (std::size_t i = 0; i < kRuleCount; ++i)
    if ((verdict.decision.off >> i & 1) != 0) json.text(kRules[i].name);
  json.end_array();
  json.key("divergences");
  json.begin_array();
  for (std::size_t i = 0; i < kDivergenceCount; ++i)
    if ((verdict.diverging >> i & 1) != 0) json.text(kDivergences[i].name);
  json.end_array();
  json.end_object();
}

void write_relay(JsonWriter& json, const RelayState& relay) {
  json.begin_object();
  member(json, "role", name(relay.role));
  member(json, "dry_run", relay.dry_run);
  member(json, "wanted", relay.wanted);
  member(json, "energised", relay.energised);
  member(json, "fault", relay.fault);
  member(json, "stage", relay.stage);
  text_or_null(json, "latch", relay.latch);
  member(json, "locked", relay.locked);
  member(json, "operations", std::int64_t{relay.operations});
  text_or_null(json, "reason", relay.reason.view());
  json.end_object();
}

std::array<std::uint8_t, 4> counts_of(const Bank& bank) {
  return {bank.packs, bank.packs_in, bank.cell_voltage_max_pack, bank.cell_voltage_min_pack};
}

}  // namespace

bool Shape::grow(const Pack& pack) {
  bool grew = false;
  for (std::size_t s = 0; s < kSeries.size(); ++s) {
    const std::size_t count = cw::elements(pack, static_cast<Series>(s));
    if (count <= elements[s]) continue;
    elements[s] = count;
    grew = true;
  }
  return grew;
}

News GroupDocument::compare(const PackState& state, const Shape& shape, Instant now) const {
  News news = News::none;
  walk(group_, state, shape, now,
       [&](std::size_t slot, Unit unit, std::int32_t dead_band, const Value& value) {
         news = std::max(news, news_of(said_[slot], value, unit, dead_band));
       });
  return news;
}

void GroupDocument::write(std::string& out, const PackState& state, const Shape& shape,
                          const Moment& at) {
  walk(group_, state, shape, at.now,
       [&](std::size_t slot, Unit, std::int32_t dead_band, const Value& value) {
         if (left_dead_band(said_[slot], value, dead_band)) said_[slot] = value;
       });
  JsonWriter json(out);
  json.begin_object();
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (kFields[i].facts.group != group_) continue;
    json.key(kFields[i].facts.key);
    json.quantity(said_[i], kFields[i].unit);
  }
  for (std::size_t s = 0; s < kSeries.size(); ++s) {
    if (kSeries[s].group != group_) continue;
    json.key(kSeries[s].key);
    json.begin_array();
    for (std::size_t i = 0; i < shape.elements[s]; ++i)
      json.quantity(said_[first_slot(s) + i], kSeries[s].unit);
    json.end_array();
  }
  if (const auto newest = measured(group_, state, shape, at.now)) {
    write_ts(json, at.wall_of(*newest));
  } else {
    json.key("ts");
    json.null();
  }
  json.end_object();
}

std::optional<AlarmSet> heard_alarms(const PackState& state, Instant now) {
  if (!state.fresh(now)) return std::nullopt;
  return state.pack.alarms.fresh(now, state.max_age);
}

void write_alarms_document(std::string& out, std::optional<AlarmSet> alarms,
                           std::string_view protocol, const Moment& since) {
  JsonWriter json(out);
  json.begin_object();
  const auto flag = [&](std::string_view key, bool value) {
    json.key(key);
    alarms ? json.boolean(value) : json.null();
  };
  const AlarmSet set = alarms.value_or(AlarmSet{});
  flag("active", set.any());
  flag("overheat", (set.named & kHot) != 0);
  flag("cold", (set.named & kCold) != 0);
  json.key("alarms");
  alarms ? write_alarm_names(json, set, protocol) : json.null();
  write_ts(json, since.wall_ms);
  json.end_object();
}

void write_info_document(std::string& out, const PackState& state, const Shape& shape) {
  JsonWriter json(out);
  json.begin_object();
  member(json, "pack", state.name.view());
  member(json, "protocol", state.protocol);
  member(json, "cells", static_cast<std::int64_t>(shape[Series::cell_voltage]));
  member(json, "temperatures", static_cast<std::int64_t>(shape[Series::temperature]));
  write_identity(json, state.pack.identity);
  json.end_object();
}

void write_parameters_document(std::string& out, const ParameterSet& parameters,
                               const Moment& since) {
  JsonWriter json(out);
  json.begin_object();
  write_parameters(json, "parameters", parameters);
  write_ts(json, since.wall_ms);
  json.end_object();
}

void write_gateway_document(std::string& out, std::string_view gateway, std::string_view version,
                            std::span<const PackState> packs) {
  JsonWriter json(out);
  json.begin_object();
  member(json, "gateway", gateway);
  member(json, "version", version);
  json.key("packs");
  json.begin_array();
  for (const PackState& pack : packs) json.text(pack.name.view());
  json.end_array();
  json.end_object();
}

void write_event_document(std::string& out, const Event& event) {
  JsonWriter json(out);
  json.begin_object();
  member(json, "event_type", name(event.kind));
  text_or_null(json, "pack", event.pack.view());
  text_or_null(json, "subject", event.subject.view());
  json.key("value");
  json.quantity(event.value, event.unit);
  json.key("limit");
  json.quantity(event.limit, event.unit);
  text_or_null(json, "unit", facts(event.unit).symbol);
  json.key("where");
  event.where == 0 ? json.null() : json.integer(event.where);
  text_or_null(json, "detail", event.detail.view());
  write_ts(json, event.wall_ms);
  json.end_object();
}

Verdict verdict_of(const PackState& pack) {
  Verdict verdict;
  verdict.decision = pack.guard.decision();
  verdict.withheld = pack.withheld;
  for (std::size_t i = 0; i < kRuleCount; ++i)
    verdict.holdings[i] = holding(pack.guard, static_cast<Rule>(i));
  for (std::size_t i = 0; i < kDivergenceCount; ++i)
    verdict.diverging |= std::uint32_t{pack.divergences[i].raised} << i;
  return verdict;
}

bool differs(const RelayState& a, const RelayState& b) {
  return a.name != b.name || a.role != b.role || a.dry_run != b.dry_run || a.wanted != b.wanted ||
         a.energised != b.energised || a.fault != b.fault || a.operations != b.operations ||
         a.stage != b.stage || a.latch != b.latch || a.locked != b.locked || a.reason != b.reason;
}

void write_supervisor_document(std::string& out, Mode mode, std::span<const PackState> packs,
                               std::span<const Verdict> verdicts,
                               std::span<const RelayState> relays, const Moment& at) {
  JsonWriter json(out);
  json.begin_object();
  member(json, "mode", name(mode));
  json.key("packs");
  json.begin_object();
  for (std::size_t i = 0; i < packs.size(); ++i) {
    json.key(packs[i].name.view());
    write_verdict(json, verdicts[i]);
  }
  json.end_object();
  json.key("relays");
  json.begin_object();
  for (const RelayState& relay : relays) {
    json.key(relay.name.view());
    write_relay(json, relay);
  }
  json.end_object();
  write_ts(json, at.wall_ms);
  json.end_object();
}

void write_limits_document(std::string& out, const BankRequest& request,
                           std::span<const PackState> packs,
                           std::span<const InverterState> inverters, const Moment& at) {
  JsonWriter json(out);
  json.begin_object();
  write_limits(json, request, packs);
  write_inverters(json, inverters, at.now, at.wall_ms);
  json.end_object();
}

News BankDocument::compare(const Bank& bank, Instant now, Millis max_age) const {
  if (bank.alarms.fresh(now, max_age) != alarms_said_ || bank.packs_in != counts_said_[1])
    return News::urgent;
  News news = counts_of(bank) == counts_said_ ? News::none : News::some;
  for (std::size_t i = 0; i < kBankFields.size(); ++i) {
    const Field& field = kFields[kBankFields[i]];
    news = std::max(news, news_of(said_[i], field.fresh(bank.scalars, now, max_age), field.unit,
                                  field.facts.dead_band));
  }
  return news;
}

void BankDocument::write(std::string& out, const Bank& bank, const Moment& at, Millis max_age) {
  alarms_said_ = bank.alarms.fresh(at.now, max_age);
  counts_said_ = counts_of(bank);
  std::optional<Instant> newest;
  JsonWriter json(out);
  json.begin_object();
  for (std::size_t i = 0; i < kBankFields.size(); ++i) {
    const Field& field = kFields[kBankFields[i]];
    const Value value = field.fresh(bank.scalars, at.now, max_age);
    if (value) newest = std::max(newest, field.heard(bank.scalars));
    if (left_dead_band(said_[i], value, field.facts.dead_band)) said_[i] = value;
    json.key(field.facts.key);
    json.quantity(said_[i], field.unit);
  }
  const auto pack_number = [&](std::string_view key, std::uint8_t number) {
    json.key(key);
    number == 0 ? json.null() : json.integer(number);
  };
  pack_number("cell_voltage_max_pack", bank.cell_voltage_max_pack);
  pack_number("cell_voltage_min_pack", bank.cell_voltage_min_pack);
  member(json, "packs", std::int64_t{bank.packs});
  member(json, "packs_in", std::int64_t{bank.packs_in});
  json.key("alarms");
  if (alarms_said_)
    write_alarm_names(json, *alarms_said_, "bank");
  else
    json.null();
  json.key("ts");
  newest ? json.decimal(at.wall_of(*newest), 3) : json.null();
  json.end_object();
}

}  // namespace cw

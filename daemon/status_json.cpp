// SPDX-License-Identifier: Apache-2.0
#include "daemon/status_json.h"

#include "bridge/explain.h"
#include "bridge/limits_json.h"
#include "bridge/pack_json.h"
#include "daemon/mirrors.h"
#include "daemon/version.h"

namespace cw {
namespace {

std::int32_t span_ms(Instant from, Instant to) {
  return static_cast<std::int32_t>(std::min<std::int64_t>(to.ms - from.ms, INT32_MAX));
}

void write_span(JsonWriter& json, std::string_view key, Instant from, Instant to) {
  json.key(key);
  json.quantity(span_ms(from, to), Unit::millisecond);
}

void write_member(JsonWriter& json, std::string_view key, std::string_view value) {
  json.key(key);
  json.text(value);
}

void write_member(JsonWriter& json, std::string_view key, bool value) {
  json.key(key);
  json.boolean(value);
}

// When time alone trips or releases it.
std::optional<Instant> due_of(const RuleRow& row, const RuleState& state,
                              const RuleLimits& limits) {
  if (state.phase == Phase::releasing) return state.since + Millis{limits.leave};
  if (state.violated && state.cause != Cause::limit && row.wait == Wait::delay)
    return state.began + limits.delay;
  return std::nullopt;
}

void write_rule(JsonWriter& json, const PackState& pack, Rule rule, Instant now) {
  const RuleRow& row = kRules[static_cast<std::size_t>(rule)];
  const RuleState& state = pack.guard.state(rule);
  const auto input = measure(pack.pack, now, pack.usable_age(now))[row.reads];
  const auto limits = limits_of(row, pack.policy);
  json.begin_object();
  write_member(json, "rule", row.name);
  write_member(json, "phase", name(state.phase));
  write_member(json, "cause", name(state.cause));
  json.key("value");
  json.quantity(input ? shown(input->value, row.unit) : std::nullopt, row.unit);
  json.key("age_s");
  input ? json.quantity(span_ms(input->heard, now), Unit::millisecond) : json.null();
  json.key("limit");
  json.quantity(limits ? shown(limits->limit, row.unit) : std::nullopt, row.unit);
  json.key(row.release == Release::by_time ? "release_s" : "recovery");
  json.quantity(limits ? std::optional{left_at(row, state, *limits)} : std::nullopt,
                row.release == Release::by_time ? Unit::millisecond : row.unit);
  json.key("delay_s");
  json.quantity(limits ? std::optional{limits->delay.count} : std::nullopt, Unit::millisecond);
  write_span(json, "since_s", state.since, now);
  json.key("due_s");
  const auto due = limits ? due_of(row, state, *limits) : std::nullopt;
  due&&* due > now ? json.quantity(span_ms(now, *due), Unit::millisecond) : json.null();
  json.key("trips");
  json.integer(state.trips);
  if (state.trips > 0) {
    json.key("worst");
    json.quantity(shown(state.worst, row.unit), row.unit);
  }
  write_member(json, "opens", name(row.opens));
  write_member(json, "explanation", explain(pack.guard, rule).view());
  json.end_object();
}

void write_supervisor(JsonWriter& json, const PackState& pack, Instant now) {
  const Decision& decision = pack.guard.decision();
  json.key("supervisor");
  json.begin_object();
  write_member(json, "charge_allowed", decision.allows(Switches::charge));
  write_member(json, "discharge_allowed", decision.allows(Switches::discharge));
  write_member(json, "zero_current_requested", name(pack.withheld));
  json.key("rules");
  json.begin_array();
  for (std::size_t i = 0; i < kRuleCount; ++i) write_rule(json, pack, static_cast<Rule>(i), now);
  json.end_array();
  json.end_object();
}

void write_divergences(JsonWriter& json, const PackState& pack, Instant now) {
  write_member(json, "mirror_settings", pack.mirror_settings);
  json.key("readings_left_out");
  json.integer(pack.readings_left_out);
  json.key("divergences");
  json.begin_array();
  for (std::size_t i = 0; i < kDivergenceCount; ++i) {
    const DivergenceState& divergence = pack.divergences[i];
    if (!divergence.raised) continue;
    json.begin_object();
    write_member(json, "divergence", kDivergences[i].name);
    write_member(json, "severity", name(kDivergences[i].severity));
    write_span(json, "since_s", divergence.raised_at, now);
    json.key("times");
    json.integer(divergence.times);
    const auto kind = static_cast<Divergence>(i);
    write_member(json, "explanation", explain(kind, divergence.evidence).view());
    json.end_object();
  }
  json.end_array();
}

void write_pack(JsonWriter& json, const PackState& pack, Instant now) {
  json.begin_object();
  write_member(json, "pack", pack.name.view());
  write_member(json, "protocol", pack.protocol);
  write_member(json, "fresh", pack.fresh(now));
  write_link(json, pack.link, now);
  write_values(json, pack.pack, now, pack.usable_age(now));
  write_alarms(json, pack.pack.alarms, pack.protocol, now, pack.usable_age(now));
  write_identity(json, pack.pack.identity);
  write_parameters(json, "parameters", pack.pack.parameters);
  json.key("parameters_age_s");
  pack.pack.parameters == ParameterSet{}
      ? json.null()
      : json.quantity(span_ms(pack.pack.parameters_heard, now), Unit::millisecond);
  write_parameters(json, "policy", pack.policy);
  write_supervisor(json, pack, now);
  write_divergences(json, pack, now);
  json.end_object();
}

// The bank is added up again whenever a pack changes or goes stale: it is as old as a pack may be.
Millis bank_age(std::span<const PackState> packs) {
  Millis most{};
  for (const PackState& pack : packs) most = std::max(most, pack.max_age);
  return most;
}

void write_bank(JsonWriter& json, const Bank& bank, Instant now, Millis max_age) {
  json.key("bank");
  json.begin_object();
  json.key("packs");
  json.integer(bank.packs);
  json.key("packs_in");
  json.integer(bank.packs_in);
  const auto pack_number = [&json](std::string_view key, std::uint8_t number) {
    json.key(key);
    number == 0 ? json.null() : json.integer(number);
  };
  pack_number("cell_voltage_max_pack", bank.cell_voltage_max_pack);
  pack_number("cell_voltage_min_pack", bank.cell_voltage_min_pack);
  for (const std::uint8_t i : kBankFields) {
    json.key(kFields[i].facts.key);
    json.quantity(kFields[i].fresh(bank.scalars, now, max_age), kFields[i].unit);
  }
  write_alarms(json, bank.alarms, "bank", now, max_age);
  json.end_object();
}

// Whose decisions it obeys.
void write_obeyed(JsonWriter& json, const Picture& picture, std::span<const std::size_t> packs) {
  json.key("packs");
  json.begin_array();
  for (const std::size_t i : packs) json.text(picture.packs[i].name.view());
  json.end_array();
}

void write_relay(JsonWriter& json, const Picture& picture, const StatusDetails& details,
                 std::size_t i) {
  const RelayState& relay = picture.relays[i];
  const Instant now = picture.now;
  json.begin_object();
  write_member(json, "relay", relay.name.view());
  write_member(json, "role", name(relay.role));
  if (i < details.relays.size()) write_obeyed(json, picture, details.relays[i].packs);
  write_member(json, "dry_run", relay.dry_run);
  write_member(json, "wanted", relay.wanted);
  write_member(json, "energised", relay.energised);
  write_member(json, "fault", relay.fault);
  write_member(json, "stage", relay.stage);
  json.key("latch");
  relay.latch.empty() ? json.null() : json.text(relay.latch);
  write_member(json, "locked", relay.locked);
  json.key("contact");
  relay.contact ? json.text(*relay.contact ? "closed" : "open") : json.null();
  json.key("operations");
  json.integer(relay.operations);
  write_span(json, "since_s", relay.since, now);
  write_member(json, "reason", relay.reason.view());
  json.end_object();
}

void write_inverter(JsonWriter& json, const InverterPortState& state, Instant now) {
  json.begin_object();
  write_member(json, "inverter", state.name);
  write_member(json, "protocol", state.protocol);
  write_member(json, "port", state.port);
  write_member(json, "open", state.open);
  write_member(json, "present", state.inverter.present);
  json.key("heard_s");
  state.inverter.heard ? json.quantity(span_ms(*state.inverter.heard, now), Unit::millisecond)
                       : json.null();
  struct Row {
    std::string_view key;
    std::uint64_t count;
  };
  for (const Row& row : {Row{"sent", state.inverter.sent}, Row{"received", state.inverter.received},
                         Row{"refused", state.inverter.refused}, Row{"dropped", state.dropped},
                         Row{"reopened", state.reopened}}) {
    json.key(row.key);
    json.integer(static_cast<std::int64_t>(row.count));
  }
  json.key("told");
  write_told(json, state.inverter.told);
  write_member(json, "trouble", state.trouble);
  json.end_object();
}

// The bound in force; whoever asked for it is named only if it is his and not the configured one.
void write_bound(JsonWriter& json, std::string_view key, CentiPercent bound,
                 const std::optional<SocBoundOrder>& order, Instant now) {
  const bool ordered = order && order->bound == bound;
  json.key(key);
  json.begin_object();
  json.key("soc_pct");
  json.quantity(bound.count, Unit::centipercent);
  json.key("by");
  ordered ? json.text(order->by) : json.null();
  json.key("since_s");
  ordered ? json.quantity(span_ms(order->since, now), Unit::millisecond) : json.null();
  json.end_object();
}

void write_soc_window(JsonWriter& json, const Picture& picture, const StatusDetails& details) {
  json.key("soc_window");
  if (picture.request == nullptr) return json.null();
  json.begin_object();
  write_bound(json, "least", picture.request->soc_min, details.soc_min, picture.now);
  write_bound(json, "most", picture.request->soc_max, details.soc_max, picture.now);
  json.end_object();
}

void write_details(JsonWriter& json, const StatusDetails& details, Instant now) {
  json.key("sinks");
  json.begin_object();
  for (const NamedHealth& sink : details.sinks) {
    json.key(sink.name);
    json.begin_object();
    write_member(json, "ok", sink.health.ok);
    write_member(json, "detail", sink.health.detail);
    json.key("dropped");
    json.integer(static_cast<std::int64_t>(sink.health.dropped));
    json.end_object();
  }
  json.end_object();
  json.key("wires");
  json.begin_array();
  for (const WireStatus& wire : details.wires) {
    json.begin_object();
    write_member(json, "wire", wire.name);
    write_member(json, "open", wire.open);
    write_member(json, "trouble", wire.trouble);
    json.end_object();
  }
  json.end_array();
  json.key("inverters");
  json.begin_array();
  for (const InverterPortState& inverter : details.inverters) write_inverter(json, inverter, now);
  json.end_array();
}

}  // namespace

void write_status(std::string& out, const Picture& picture, const StatusDetails& details) {
  out.clear();
  JsonWriter json(out);
  json.begin_object();
  write_member(json, "version", kVersion);
  json.key("time_s");
  json.decimal(picture.wall_ms, 3);
  write_span(json, "uptime_s", details.started, picture.now);
  write_member(json, "mode", name(picture.mode));
  json.key("packs");
  json.begin_array();
  for (const PackState& pack : picture.packs) write_pack(json, pack, picture.now);
  json.end_array();
  write_bank(json, picture.bank, picture.now, bank_age(picture.packs));
  json.key("limits");
  if (picture.request != nullptr) {
    json.begin_object();
    write_limits(json, *picture.request, picture.packs);
    json.end_object();
  } else {
    json.null();
  }
  write_soc_window(json, picture, details);
  json.key("relays");
  json.begin_array();
  for (std::size_t i = 0; i < picture.relays.size(); ++i) write_relay(json, picture, details, i);
  json.end_array();
  write_details(json, details, picture.now);
  json.end_object();
  out.push_back('\n');
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "bridge/limits_json.h"

#include "bridge/explain_limit.h"
#include "core/obedience.h"

namespace cw {
namespace {

void write_names(JsonWriter& json, std::string_view key, const AlarmSet& alarms) {
  json.key(key);
  json.begin_array();
  for (std::size_t i = 0; i < kAlarmCount; ++i)
    if (alarms.has(static_cast<Alarm>(i))) json.text(kAlarmNames[i]);
  json.end_array();
}

void write_why(JsonWriter& json, const LimitRow& row, const BankRequest& request,
               std::span<const PackState> packs) {
  const LimitView limit = row.view(request);
  json.key(row.name);
  json.begin_object();
  json.key("cause");
  json.text(name(limit.reason.cause));
  json.key("reason");
  json.text(explain(limit.reason, packs).view());
  json.key("next_limit");
  json.quantity(limit.next_value, row.unit);
  json.key("next_reason");
  limit.next_value ? json.text(explain(limit.next, packs).view()) : json.null();
  json.end_object();
}

void write_packs(JsonWriter& json, const BankRequest& request) {
  struct Row {
    std::string_view key;
    std::uint8_t BankRequest::*member;
  };
  constexpr Row rows[] = {{"packs_online", &BankRequest::packs_online},
                          {"packs_offline", &BankRequest::packs_offline},
                          {"packs_blocking_charge", &BankRequest::packs_blocking_charge},
                          {"packs_blocking_discharge", &BankRequest::packs_blocking_discharge}};
  for (const Row& row : rows) {
    json.key(row.key);
    json.integer(request.*row.member);
  }
}

}  // namespace

void write_told(JsonWriter& json, const std::optional<InverterTold>& told) {
  if (!told) return json.null();
  struct Row {
    std::string_view key;
    std::int32_t count;
    Unit unit;
  };
  json.begin_object();
  for (const Row& row :
       {Row{kRequestLimits[0].key, told->charge_voltage.count, Unit::millivolt},
        Row{kRequestLimits[1].key, told->discharge_voltage.count, Unit::millivolt},
        Row{kRequestLimits[2].key, told->charge_current.count, Unit::milliamp},
        Row{kRequestLimits[3].key, told->discharge_current.count, Unit::milliamp}}) {
    json.key(row.key);
    json.quantity(row.count, row.unit);
  }
  json.key("charge_enabled");
  json.boolean(told->charge_enabled);
  json.key("discharge_enabled");
  json.boolean(told->discharge_enabled);
  json.key("soc_pct");
  json.quantity(told->soc ? std::optional{told->soc->count} : std::nullopt, Unit::centipercent);
  json.end_object();
}

// A time to the second would be news every second.
void write_inverters(JsonWriter& json, std::span<const InverterState> inverters, Instant now,
                     std::int64_t wall_ms) {
  constexpr std::int64_t kMinute_s = 60;
  json.key("inverters");
  json.begin_object();
  for (const InverterState& inverter : inverters) {
    json.key(inverter.name.view());
    json.begin_object();
    json.key("protocol");
    json.text(inverter.protocol);
    json.key("open");
    json.boolean(inverter.open);
    json.key("heard");
    json.boolean(inverter.present);
    json.key("heard_ts");
    inverter.heard
        ? json.integer((wall_ms - (now.ms - inverter.heard->ms)) / 1000 / kMinute_s * kMinute_s)
        : json.null();
    json.key("told");
    write_told(json, inverter.told);
    json.end_object();
  }
  json.end_object();
}

void write_limits(JsonWriter& json, const BankRequest& request, std::span<const PackState> packs) {
  const bool told = request.voice != Voice::silent;
  json.key("voice");
  json.text(name(request.voice));
  json.key("charge_stage");
  told ? json.text(name(request.stage)) : json.null();
  for (const LimitRow& row : kRequestLimits) {
    json.key(row.key);
    json.quantity(told ? std::optional{row.view(request).value} : std::nullopt, row.unit);
  }
  for (const RequestFlag& flag : kRequestFlags) {
    json.key(flag.key);
    told ? json.boolean(request.*flag.member) : json.null();
  }
  json.key("soc_told_pct");
  json.quantity(
      told && request.measured.soc ? std::optional{request.measured.soc->count} : std::nullopt,
      Unit::centipercent);
  write_packs(json, request);
  write_names(json, "alarms", request.alarms);
  write_names(json, "warnings", request.warnings);
  json.key("not_obeyed");
  json.begin_array();
  for (std::size_t i = 0; i < kDisobeyedCount; ++i)
    if ((request.not_obeyed >> i & 1) != 0) json.text(name(static_cast<Disobeyed>(i)));
  json.end_array();
  json.key("why");
  json.begin_object();
  if (told)
    for (const LimitRow& row : kRequestLimits) write_why(json, row, request, packs);
  json.end_object();
}

}  // namespace cw

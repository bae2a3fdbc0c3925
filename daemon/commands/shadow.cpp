// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/shadow.h"

#include <fmt/format.h>

#include "bridge/json.h"
#include "bridge/pack_json.h"

namespace cw {
namespace {

bool holds(const RuleState& state) {
  return state.phase == Phase::tripped || state.phase == Phase::releasing;
}

// The word for what happened to a rule; empty if it decides what it decided before.
std::string_view transition(const RuleState& before, const RuleState& after, bool first) {
  if (after.trips != before.trips) return "tripped";
  if (after.phase == Phase::off) return before.phase == Phase::off ? "" : "off";
  if (!holds(after)) return holds(before) || before.phase == Phase::off ? "released" : "";
  if (after.cause == Cause::start && (first || before.cause != Cause::start)) return "start";
  if (after.cause == Cause::blind && before.cause != Cause::blind) return "blind";
  return "";
}

// What a line names as the limit: the one that was crossed, or the one that must be, to release.
std::optional<std::int32_t> limit_for(const RuleRow& row, std::string_view what,
                                      const ParameterSet& parameters) {
  const auto limits = limits_of(row, parameters);
  if (what == "off" || !limits) return std::nullopt;
  const bool crossed = what == "tripped" || row.release == Release::by_time ||
                       (row.is(kWoken) && what != "released");  // it never saw it crossed
  return shown(crossed ? limits->limit : limits->leave, row.unit);
}

std::optional<std::int32_t> value_of(const std::optional<Measurement>& seen, Unit unit) {
  return seen ? shown(seen->value, unit) : std::nullopt;
}

std::uint8_t where(const std::optional<Measurement>& seen) { return seen ? seen->where : 0; }

// What the heater does: a board that is off heats nothing, whatever it would like.
Heating heating(const Bms& bms) {
  const bool withheld = bms.heating() == Heating::heating && !bms.outputs().heater;
  return withheld ? Heating::idle : bms.heating();
}

std::string_view transition(Heating before, Heating after) {
  switch (after) {
    case Heating::idle: return before == Heating::heating ? "stopped" : "idle";
    case Heating::heating: return "started";
    case Heating::no_power: return "no_power";
    case Heating::spent: return "spent";
    case Heating::no_rise: return "no_rise";
  }
  return "";
}

bool flag_of(const Reading<Flag>& reading, Instant now, bool if_absent) {
  const auto flag = reading.fresh(now, {0});
  return flag ? flag->count != 0 : if_absent;
}

// What people and the installation do, by the names of the columns.
struct NamedInput {
  std::string_view name;
  bool BmsInputs::*member;
};
constexpr NamedInput kInputs[] = {{"charge_switch", &BmsInputs::charge_switch},
                                  {"discharge_switch", &BmsInputs::discharge_switch},
                                  {"balance_switch", &BmsInputs::balance_switch},
                                  {"heater_switch", &BmsInputs::heater_switch},
                                  {"charger_plugged", &BmsInputs::charger},
                                  {"button", &BmsInputs::button}};

void append_cell(std::string& out, std::optional<std::int32_t> count, Unit unit) {
  if (count) append_decimal(out, *count, facts(unit).decimals);
  out += ',';
}

}  // namespace

// What the pack holds is known in the first row or not at all: what is counted begins there.
void Shadow::begin(const Pack& pack, Instant now) {
  ChargeCount::Start charge{.nominal = {}, .soc = {}, .full_charges = {}, .gap = kLongestRow};
  const auto soc = pack.scalars.soc.fresh(now, {0});
  const auto set = parameters_.get(Parameter::capacity);
  const auto capacity = usable_capacity(pack.scalars, now, {0});
  knows_charge_ = soc && (capacity || set);
  if (knows_charge_) {
    charge.nominal = capacity ? *capacity : MilliampHours{*set};
    charge.soc = *soc;
  }
  // With its switch a trace says whether there is a heater.
  bms_ = Bms({.balance_most = {}, .heater = true, .charge = charge}, Start::tripped);
}

void Shadow::step(Pack& pack, const Actions& actions, Instant now, std::string& out) {
  judge(pack);
  derive(pack, now);
  judge(pack);
  first_ = !now_.has_value();
  if (first_) begin(pack, now);
  now_ = now;
  const PackScalars& s = pack.scalars;
  const BmsInputs inputs_before = inputs_;
  inputs_ = {.measurements = measure(pack, now, {0}),
             .charge_switch = flag_of(s.charge_switch, now, true),
             .discharge_switch = flag_of(s.discharge_switch, now, true),
             .balance_switch = flag_of(s.balance_switch, now, true),
             .heater_switch = actions.heater_switch,
             .charger = flag_of(s.charger_plugged, now, false),
             .button = actions.button};
  heard_current_ |= inputs_.measurements[Input::charge_current].has_value();
  const Bms before = bms_;
  if (actions.emergency) bms_.request_emergency(now);
  bms_.step(inputs_, parameters_, now);
  tell_inputs(inputs_before, out);
  tell_rules(before.protection(), out);
  tell_outputs(before, out);
}

void Shadow::tell_inputs(const BmsInputs& before, std::string& out) const {
  for (const auto& [subject, member] : kInputs)
    if (before.*member != inputs_.*member)
      tell({.subject = subject, .transition = inputs_.*member ? "on" : "off"}, out);
}

void Shadow::tell_rules(const Protection& before, std::string& out) const {
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    const auto rule = static_cast<Rule>(i);
    const auto what = transition(before.state(rule), bms_.protection().state(rule), first_);
    if (what.empty()) continue;
    const RuleRow& row = kRules[i];
    const auto& input = inputs_.measurements[row.reads];
    tell({.subject = row.name,
          .transition = what,
          .value = value_of(input, row.unit),
          .limit = limit_for(row, what, parameters_),
          .unit = row.unit,
          .where = where(input)},
         out);
  }
}

void Shadow::tell_outputs(const Bms& before, std::string& out) const {
  const Measurements& seen = inputs_.measurements;
  const BmsOutputs& was = before.outputs();
  const BmsOutputs& is = bms_.outputs();
  const bool emergency = is.emergency_remaining.count != 0;
  if (emergency != (was.emergency_remaining.count != 0))
    tell({.subject = "emergency",
          .transition = emergency ? "started" : "ended",
          .value = is.emergency_remaining.count,
          .unit = Unit::second},
         out);
  const auto& lowest = seen[Input::lowest_cell];
  if (is.on != was.on)
    tell({.subject = "power",
          .transition = is.on ? "on" : "off",
          .value = value_of(lowest, Unit::millivolt),
          .limit = parameters_.get(Parameter::power_off_voltage),
          .unit = Unit::millivolt,
          .where = where(lowest)},
         out);
  const bool balances = is.balance.action != BalanceAction::idle;
  if (balances != (was.balance.action != BalanceAction::idle))
    tell({.subject = "balance",
          .transition = balances ? "started" : "stopped",
          .value = value_of(seen[Input::cell_difference], Unit::millivolt),
          .limit = parameters_.get(Parameter::balance_trigger),
          .unit = Unit::millivolt,
          .where = where(seen[Input::highest_cell])},
         out);
  const auto& coldest = seen[Input::coldest_temperature];
  if (heating(bms_) != heating(before))
    tell({.subject = "heater",
          .transition = transition(heating(before), heating(bms_)),
          .value = value_of(coldest, Unit::decicelsius),
          .limit = parameters_.get(Parameter::charge_undertemperature_recovery),
          .unit = Unit::decicelsius,
          .where = where(coldest)},
         out);
}

void Shadow::tell(const News& news, std::string& out) const {
  append_decimal(out, now_->ms, 3);
  out += fmt::format(",{},{},", news.subject, news.transition);
  append_cell(out, news.value, news.unit);
  append_cell(out, news.limit, news.unit);
  out += fmt::format("{},", facts(news.unit).suffix);
  if (news.where != 0) out += std::to_string(news.where);
  const BmsOutputs& outputs = bms_.outputs();
  out += fmt::format(",{:d},{:d},{:d},{:d}\n", outputs.charge, outputs.discharge,
                     outputs.balance.action != BalanceAction::idle, outputs.heater);
}

namespace {

std::optional<std::int32_t> unless_zero(std::uint8_t index) {
  return index == 0 ? std::nullopt : std::optional<std::int32_t>{index};
}

constexpr std::string_view name(BalanceAction action) {
  constexpr std::string_view names[] = {"idle", "taking", "giving"};
  return names[static_cast<std::size_t>(action)];
}

void write_rule(JsonWriter& json, const RuleRow& row, const RuleState& state) {
  const bool by_limit = state.cause == Cause::limit;
  const auto known = [&](std::int32_t value) {
    return by_limit ? shown(value, row.unit) : std::nullopt;
  };
  json.key(row.name);
  json.begin_object();
  json.key("phase");
  json.text(name(state.phase));
  json.key("cause");
  json.text(name(state.cause));
  json.key("since_t_s");
  json.decimal(state.since.ms, 3);
  json.key("value");
  json.quantity(known(state.evidence.value), row.unit);
  json.key("limit");
  json.quantity(known(state.limit), row.unit);
  json.key("worst");
  json.quantity(known(state.worst), row.unit);
  json.key("unit");
  json.text(facts(row.unit).suffix);
  json.key("index");
  json.quantity(by_limit ? unless_zero(state.evidence.where) : std::nullopt, Unit::count);
  json.key("trips");
  json.integer(state.trips);
  json.end_object();
}

void write_balance(JsonWriter& json, const Balance& balance) {
  json.key("balance");
  json.begin_object();
  json.key("action");
  json.text(name(balance.action));
  json.key("highest");
  json.quantity(unless_zero(balance.highest), Unit::count);
  json.key("lowest");
  json.quantity(unless_zero(balance.lowest), Unit::count);
  json.key("current_A");
  json.quantity(balance.current.count, Unit::milliamp);
  json.end_object();
}

void write_error_codes(JsonWriter& json, std::uint16_t codes) {
  json.key("error_codes");
  json.begin_array();
  for (unsigned code = 0; code < 16; ++code)
    if ((codes >> code & 1U) != 0) json.integer(code);
  json.end_array();
}

}  // namespace

void Shadow::tell_final(std::string& out) const {
  const BmsOutputs& outputs = bms_.outputs();
  const bool counted = knows_charge_ && heard_current_;
  const auto if_counted = [counted](std::int32_t count) {
    return counted ? std::optional{count} : std::nullopt;
  };
  JsonWriter json{out};
  json.begin_object();
  json.key("t_s");
  if (now_)
    json.decimal(now_->ms, 3);
  else
    json.null();
  json.key("charge");
  json.boolean(outputs.charge);
  json.key("discharge");
  json.boolean(outputs.discharge);
  write_balance(json, outputs.balance);
  json.key("heater");
  json.boolean(outputs.heater);
  json.key("heating");
  json.text(name(bms_.heating()));
  json.key("on");
  json.boolean(now_ && outputs.on);
  json.key("emergency_remaining_s");
  json.integer(outputs.emergency_remaining.count);
  json.key("soc_counted_pct");
  json.quantity(if_counted(bms_.charge().soc().count), Unit::centipercent);
  json.key("estimated_Ah");
  json.quantity(if_counted(bms_.charge().estimated().count), Unit::milliamp_hour);
  write_error_codes(json, outputs.error_codes);
  json.key("rules");
  json.begin_object();
  for (std::size_t i = 0; i < kRuleCount; ++i)
    write_rule(json, kRules[i], bms_.protection().state(static_cast<Rule>(i)));
  json.end_object();
  write_parameters(json, "parameters", parameters_);
  json.end_object();
  out += '\n';
}

namespace {

// Somebody wants the rule: its limit is there or, if it can do without, one of its times is.
bool is_wanted(const RuleRow& row, const ParameterSet& parameters) {
  if (row.limit.source == Source::parameter) return parameters.get(row.limit.parameter).has_value();
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    if (reads(row, parameter) && parameters.get(parameter)) return true;
  }
  return false;
}

bool can_do_without(const RuleRow& row, Parameter parameter) {
  return row.limit.source == Source::parameter_or_none && row.limit.parameter == parameter;
}

}  // namespace

std::vector<std::string> half_known_rules(const ParameterSet& parameters) {
  std::vector<std::string> sentences;
  for (const RuleRow& row : kRules) {
    if (limits_of(row, parameters) || !is_wanted(row, parameters)) continue;
    std::string missing;
    for (std::size_t i = 0; i < kParameterCount; ++i) {
      const auto parameter = static_cast<Parameter>(i);
      if (!reads(row, parameter) || parameters.get(parameter) || can_do_without(row, parameter))
        continue;
      missing += fmt::format("{}{}", missing.empty() ? "" : ", ", facts(parameter).key);
    }
    sentences.push_back(fmt::format("{} is off: no {}", row.name, missing));
  }
  return sentences;
}

}  // namespace cw

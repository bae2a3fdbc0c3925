// SPDX-License-Identifier: Apache-2.0
#include "daemon/writes/write_orders.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/writes/setting_text.h"

namespace cw {
namespace {

std::string_view take(std::string_view& rest, char end) {
  const auto size = std::min(rest.find(end), rest.size());
  const std::string_view word = rest.substr(0, size);
  rest.remove_prefix(std::min(size + 1, rest.size()));
  return word;
}

/// As a file of parameters has it.
std::string file_value(Parameter parameter, std::int32_t value) {
  const Unit unit = facts(parameter).unit;
  if (unit == Unit::flag) return value != 0 ? "true" : "false";
  const std::string text = value_text(setting_of(parameter), value);
  return unit == Unit::count ? text : fmt::format("\"{}\"", text);
}

std::string arrow(const PlannedChange& planned) {
  const Setting setting = planned.change.setting;
  return fmt::format("{}: {} -> {}", setting_file_key(setting),
                     planned.before ? value_text(setting, *planned.before) : "not known",
                     value_text(planned.change));
}

/// What comes before the outcome: what needs no writing, and what is worth a word.
std::string preamble(const WritePlan& plan) {
  std::string text;
  for (const Change& change : plan.already)
    text +=
        fmt::format("{}: is {} already\n", setting_file_key(change.setting), value_text(change));
  for (const std::string& note : plan.notes) text += fmt::format("note: {}\n", note);
  for (const std::string& fault : plan.faults) text += fmt::format("{}\n", fault);
  return text;
}

std::string plan_answer(const WritePlan& plan) {
  std::string text = preamble(plan);
  for (const PlannedChange& planned : plan.steps)
    text += fmt::format("{}: would be sent\n", arrow(planned));
  return text + (plan.good() ? "ok\n" : "refused\n");
}

std::string result_answer(const WriteResult& result) {
  if (!result.plan.good()) return preamble(result.plan) + "refused\n";
  std::string text = preamble(result.plan);
  std::string_view end = "ok";
  for (const WriteStep& step : result.steps) {
    text += fmt::format("{}: {}{}{}\n", arrow(step.planned), name(step.end),
                        step.why.empty() ? "" : ": ", step.why);
    if (is_open(step.end))
      end = "unknown";
    else if (!is_good(step.end) && end == "ok")
      end = "failed";
  }
  return fmt::format("{}{}\n", text, end);
}

/// Empty: `changes` has them all; else every fault, a line each.
std::string read_changes(std::string_view text, std::vector<Change>& changes) {
  std::string faults;
  while (!text.empty()) {
    std::string_view pair = take(text, '\t');
    const std::string_view key = take(pair, '=');
    const ParsedChange parsed = parse_change(key, pair);
    if (parsed.change)
      changes.push_back(*parsed.change);
    else
      faults += parsed.fault + "\n";
  }
  return faults.empty() && changes.empty() ? "nothing to write\n" : faults;
}

std::string selected(const PackState& state, std::string_view keys, Instant now) {
  if (keys.empty()) return parameter_file(state, now);
  std::string text;
  while (!keys.empty()) {
    const std::string_view key = take(keys, ' ');
    const auto setting = find_setting(key);
    if (!setting) return parse_change(key, "").fault + "\nrefused\n";
    const auto value = reported(state.pack, *setting, {INT64_MIN});
    if (!value) return fmt::format("{}: this board does not say it\nrefused\n", key);
    text += setting->control == Control::parameter
                ? fmt::format("{} = {}\n", key, file_value(setting->parameter, *value))
                : fmt::format("# {} = {}\n", key, value_text(*setting, *value));
  }
  return text;
}

}  // namespace

std::string parameter_file(const PackState& state, Instant now) {
  std::string text = fmt::format("# {}: the settings of its BMS\n", state.name.view());
  if (!state.fresh(now)) text += "# not heard at present: as they were heard last\n";
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    if (const auto value = state.pack.parameters.get(parameter))
      text += fmt::format("{} = {}\n", setting_file_key(setting_of(parameter)),
                          file_value(parameter, *value));
  }
  for (const auto control :
       {Control::charge_switch, Control::discharge_switch, Control::balance_switch})
    if (const auto value = reported(state.pack, setting_of(control), {INT64_MIN}))
      text += fmt::format("# {} = {}\n", name(control), value_text(setting_of(control), *value));
  return text;
}

bool answer_write_order(const ControlRequest& request, Gateway& gateway, Instant now,
                        const std::function<void(std::string)>& reply) {
  std::string_view rest = request.line;
  if (take(rest, ' ') != "parameters") return false;
  const std::string_view pack = take(rest, ' ');
  const std::string_view verb = take(rest, ' ');
  const auto packs = gateway.store().packs();
  const auto state = std::find_if(packs.begin(), packs.end(),
                                  [&](const PackState& one) { return one.name.view() == pack; });
  const auto refuse = [&](std::string text) {
    reply(std::move(text) + "refused\n");
    return true;
  };
  if (state == packs.end()) return refuse(fmt::format("there is no pack {}\n", pack));
  if (verb == "get") {
    reply(selected(*state, rest, now));
    return true;
  }
  if (verb != "set" && verb != "plan") return refuse("known are get, set and plan\n");
  if (!request.trusted)
    return refuse("only root and the gateway's own user may write settings; try sudo\n");
  WriteRequest write{static_cast<std::size_t>(state - packs.begin()),
                     WriteOrigin::control_socket,
                     fmt::format("uid {}", request.uid),
                     {}};
  if (std::string faults = read_changes(rest, write.changes); !faults.empty())
    return refuse(std::move(faults));
  if (verb == "plan")
    reply(plan_answer(gateway.gate().plan(write, *state, now)));
  else
    gateway.gate().write(write, *state, now,
                         [reply](const WriteResult& result) { reply(result_answer(result)); });
  return true;
}

}  // namespace cw

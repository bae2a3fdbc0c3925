// SPDX-License-Identifier: Apache-2.0
#include "daemon/writes/write_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/assert.h"
#include "daemon/configuration/parameter_text.h"
#include "daemon/writes/setting_text.h"

namespace cw {
namespace {

bool is_parameter(const Change& change) { return change.setting.control == Control::parameter; }

ParameterSet parameters_of(std::span<const Change> changes) {
  ParameterSet set;
  for (const Change& change : changes)
    if (is_parameter(change)) CW_ASSERT(set.set(change.setting.parameter, change.value));
  return set;
}

/// A calibration moves everything the board decides by: it may only correct what is nearly right.
std::string calibration_fault(const Change& change, const Pack& pack) {
  const bool volts = change.setting.control == Control::voltage_calibration;
  if (!volts && change.setting.control != Control::current_calibration) return {};
  constexpr std::int64_t kCurrentLeast_mA = 1'000;
  const std::int64_t percent = volts ? 10 : 20;
  const auto last = [](const auto& reading) -> std::optional<std::int64_t> {
    const auto value = reading.fresh(reading.heard(), {0});
    return value ? std::optional<std::int64_t>{value->count} : std::nullopt;
  };
  const auto measured = volts ? last(pack.scalars.voltage) : last(pack.scalars.current);
  const std::string_view key = setting_file_key(change.setting);
  if (!measured) return fmt::format("{}: this board does not say what it measures", key);
  const std::int64_t size = std::abs(*measured);
  if (!volts && size < kCurrentLeast_mA)
    return fmt::format("{}: let at least 1 A flow, so that there is something to compare", key);
  if (std::abs(change.value - *measured) * 100 <= size * percent) return {};
  return fmt::format(
      "{} {}: the board measures {}, which is more than {} % away: something else is "
      "wrong",
      key, value_text(change), value_text(change.setting, static_cast<std::int32_t>(*measured)),
      percent);
}

/// Why this change may not be sent, whatever goes with it; empty: it may.
std::string fault_of(const Change& change, const WriteTarget& target, WriteOrigin origin,
                     const WriteOptions& options) {
  const std::string_view key = setting_file_key(change.setting);
  if (!options.allowed[static_cast<std::size_t>(origin)].has(change.setting))
    return fmt::format("{} may not be written: add it to {} in [writes] of the configuration", key,
                       name(origin));
  const Writing writing =
      target.settings == nullptr ? Writing::impossible : target.settings->writing(change.setting);
  if (writing == Writing::impossible)
    return fmt::format("{} cannot be written over this wire", key);
  if (writing == Writing::unverified && !options.unverified)
    return fmt::format(
        "{} was never seen to be written over this wire: unverified = true in [writes] allows it",
        key);
  const std::int32_t step = target.settings->step(change.setting);
  if (change.value % step != 0)
    return fmt::format("{} {}: the board counts it in steps of {}", key, value_text(change),
                       value_text(change.setting, step));
  if (is_parameter(change) && !target.pack.parameters.get(change.setting.parameter))
    return fmt::format("{}: this board does not say what it is set to", key);
  return calibration_fault(change, target.pack);
}

/// What the rules of the core say about all of them together.
void check_rules(const ParameterSet& changes, const WriteTarget& target, WritePlan& plan) {
  const ParameterSet& settings = target.pack.parameters;
  for (const Breach& breach : check_write(changes, settings, target.plant)) {
    const std::string text = breach_text(breach, target.plant);
    (is_warning(breach.bound) ? plan.notes : plan.faults).push_back(text);
  }
  const Violations broken = validate_write(changes, settings);
  ParameterSet after = settings;
  for (std::size_t i = 0; i < kParameterCount; ++i)
    if (const auto value = changes.get(static_cast<Parameter>(i)))
      CW_ASSERT(after.set(static_cast<Parameter>(i), *value));
  for (std::size_t i = 0; i < broken.count; ++i)
    plan.faults.push_back(violation_text(broken.rules[i], after));
}

/// True if `change` breaks no ordering that was not broken before.
bool breaks_nothing(const ParameterSet& before, const Change& change) {
  ParameterSet after = before;
  CW_ASSERT(after.set(change.setting.parameter, change.value));
  const Violations was = validate(before);
  const Violations is = validate(after);
  return std::all_of(is.rules.begin(), is.rules.begin() + is.count, [&](const Ordering& rule) {
    return std::find(was.rules.begin(), was.rules.begin() + was.count, rule) !=
           was.rules.begin() + was.count;
  });
}

// From a valid set to a valid set there always is such an order: what is raised, from the top, then
// what is lowered, from the bottom, is one. From a set that is out of order there may be none.
void put_in_order(std::vector<Change> waiting, const ParameterSet& settings, WritePlan& plan) {
  ParameterSet set = settings;
  while (!waiting.empty()) {
    const auto next = std::find_if(waiting.begin(), waiting.end(), [&](const Change& change) {
      return breaks_nothing(set, change);
    });
    if (next == waiting.end()) {
      plan.faults.push_back(fmt::format(
          "{} and what is to be changed with it: there is no order of writing that breaks no rule "
          "on the way",
          setting_file_key(waiting.front().setting)));
      return;
    }
    plan.steps.push_back({*next, set.get(next->setting.parameter)});
    CW_ASSERT(set.set(next->setting.parameter, next->value));
    waiting.erase(next);
  }
}

bool named_twice(std::span<const Change> changes, std::size_t at) {
  return std::any_of(changes.begin(), changes.begin() + static_cast<std::ptrdiff_t>(at),
                     [&](const Change& other) { return other.setting == changes[at].setting; });
}

}  // namespace

WritePlan plan_writes(std::span<const Change> changes, const WriteTarget& target,
                      WriteOrigin origin, const WriteOptions& options) {
  WritePlan plan;
  std::vector<Change> parameters;
  std::vector<PlannedChange> others;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Change& change = changes[i];
    if (named_twice(changes, i))
      plan.faults.push_back(fmt::format("{} is named twice", setting_file_key(change.setting)));
    const auto before = reported(target.pack, change.setting, {INT64_MIN});
    if (before == change.value)
      plan.already.push_back(change);
    else if (std::string fault = fault_of(change, target, origin, options); !fault.empty())
      plan.faults.push_back(std::move(fault));
    else if (is_parameter(change))
      parameters.push_back(change);
    else
      others.push_back({change, before});
  }
  if (!plan.good()) return plan;
  check_rules(parameters_of(parameters), target, plan);
  if (plan.good()) put_in_order(std::move(parameters), target.pack.parameters, plan);
  if (!plan.good())
    plan.steps.clear();
  else
    plan.steps.insert(plan.steps.end(), others.begin(), others.end());
  return plan;
}

}  // namespace cw

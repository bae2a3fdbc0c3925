// SPDX-License-Identifier: Apache-2.0
#include "core/mirror.h"

#include <algorithm>

#include "core/board_preset.h"

namespace cw {
namespace {

constexpr Millis kLate{1'000};  // so late a silence may be noticed
constexpr CentiPercent kFull{9'950};

}  // namespace

void Mirror::load(const Pack& pack, Chemistry chemistry) {
  const Identity& identity = pack.identity;
  const bool same_board =
      model_ == identity.model && software_version_ == identity.software_version;
  if (loaded_ && same_board && device_ == pack.parameters) return;
  if (!loaded_ || !same_board) assumed_ = preset_for(identity, chemistry).value_or(ParameterSet{});
  loaded_ = true;
  model_ = identity.model;
  software_version_ = identity.software_version;
  device_ = pack.parameters;
  settings_ = assumed_;
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    if (const auto value = device_.get(parameter)) (void)settings_.set(parameter, *value);
  }
  name_source();
}

// Of the limits that rules read.
void Mirror::name_source() {
  bool any_read = false;
  bool any_assumed = false;
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    const bool needed = std::any_of(kRules.begin(), kRules.end(), [parameter](const RuleRow& rule) {
      return reads(rule, parameter);
    });
    if (!needed || !settings_.get(parameter)) continue;
    (device_.get(parameter) ? any_read : any_assumed) = true;
  }
  source_ = any_read && any_assumed ? Settings::partly_assumed
            : any_read              ? Settings::read
            : any_assumed           ? Settings::assumed
                                    : Settings::unknown;
}

bool Mirror::step(const Inputs& inputs, Instant now) {
  load(inputs.pack, inputs.chemistry);
  const Measurements seen = measure(inputs.pack, now, inputs.usable_age);
  protection_.step(seen, settings_, now);
  count_charge(inputs, seen, now);
  std::uint32_t before = 0;
  std::uint32_t after = 0;
  const auto raised = [this](std::size_t i) {
    return std::uint32_t{divergences_.state(static_cast<Divergence>(i)).raised} << i;
  };
  for (std::size_t i = 0; i < kDivergenceCount; ++i) before |= raised(i);
  divergences_.step({.pack = inputs.pack,
                     .usable_age = inputs.usable_age,
                     .seen = seen,
                     .mirror = protection_,
                     .settings = settings_,
                     .demanded = inputs.demanded,
                     .counted_soc = count_ ? std::optional{count_->soc()} : std::nullopt,
                     .current_elsewhere = inputs.current_elsewhere,
                     .refused_steps = inputs.refused_steps},
                    now);
  for (std::size_t i = 0; i < kDivergenceCount; ++i) after |= raised(i);
  return before != after;
}

void Mirror::count_charge(const Inputs& inputs, const Measurements& seen, Instant now) {
  const PackScalars& s = inputs.pack.scalars;
  if (inputs.usable_age < Millis{0}) return count_.reset();  // nobody counted: it begins anew
  // A board that says "full" knows better, or is caught by its next cycle.
  const auto told = s.soc.fresh(now, inputs.usable_age);
  if (told && told->count >= kFull.count && count_ && count_->soc() < kFull) count_.reset();
  if (!count_) {
    const auto soc = s.soc.fresh(now, inputs.usable_age);
    const auto capacity = usable_capacity(s, now, inputs.usable_age);
    // A board that starts up tells 0 % for some seconds: nothing to begin with.
    if (!soc || soc->count == 0 || !capacity) return;
    count_.emplace(ChargeCount::Start{
        .nominal = *capacity, .soc = *soc, .full_charges = {}, .gap = inputs.max_age + kLate});
  }
  const auto tripped = [this](Rule rule) {
    const RuleState& state = protection_.state(rule);
    return state.phase == Phase::tripped && state.cause == Cause::limit && !state.blind;
  };
  ChargeCount::Sample sample;
  if (const auto& current = seen[Input::charge_current]) sample.current = {current->value};
  if (const auto& voltage = seen[Input::pack_voltage]) sample.voltage = {voltage->value};
  if (const auto& cell = seen[Input::highest_cell]) sample.highest_cell = {cell->value};
  sample.overvoltage =
      tripped(Rule::cell_overvoltage) && sample.current && sample.highest_cell &&
      sample.highest_cell->count > settings_.get(Parameter::cell_overvoltage).value_or(INT32_MAX);
  sample.undervoltage = tripped(Rule::cell_undervoltage) && seen[Input::lowest_cell] &&
                        seen[Input::lowest_cell]->value <
                            settings_.get(Parameter::cell_undervoltage).value_or(INT32_MIN);
  count_->step(sample, settings_, now);
}

}  // namespace cw

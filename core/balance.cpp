// SPDX-License-Identifier: Apache-2.0
#include "core/balance.h"

#include <algorithm>

namespace cw {
namespace {

bool is_needed(const Measurements& seen, const ParameterSet& limits) {
  const auto& highest = seen[Input::highest_cell];
  const auto& lowest = seen[Input::lowest_cell];
  const auto start = limits.get(Parameter::balance_start);
  const auto trigger = limits.get(Parameter::balance_trigger);
  return highest && lowest && start && trigger && highest->where != 0 && lowest->where != 0 &&
         highest->value > *start && highest->value - lowest->value > *trigger;
}

std::int32_t size_of_current(const ParameterSet& limits, Milliamps most) {
  const std::int32_t setting = limits.get(Parameter::balance_current_max).value_or(0);
  return most.count > 0 ? std::min(setting, most.count) : setting;
}

}  // namespace

const Balance& Balancer::step(const Measurements& measurements, const ParameterSet& limits,
                              bool permitted, Milliamps most, Instant now) {
  const std::int32_t size = size_of_current(limits, most);
  if (!permitted || size == 0 || !is_needed(measurements, limits)) {
    balance_ = {};
    return balance_;
  }
  const bool begins = balance_.action == BalanceAction::idle;
  if (!begins && now < turn_at_) {
    balance_.current = {balance_.action == BalanceAction::taking ? -size : size};
    return balance_;
  }
  // Which cells they are is looked at anew at every turn, and kept in between.
  const bool take = begins || balance_.action == BalanceAction::giving;
  balance_.action = take ? BalanceAction::taking : BalanceAction::giving;
  balance_.highest = measurements[Input::highest_cell]->where;
  balance_.lowest = measurements[Input::lowest_cell]->where;
  balance_.current = {take ? -size : size};
  turn_at_ = now + kHalf;
  return balance_;
}

}  // namespace cw

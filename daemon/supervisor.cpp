// SPDX-License-Identifier: Apache-2.0
#include "daemon/supervisor.h"

#include <array>

#include "bridge/explain.h"
#include "bridge/format_reason.h"
#include "daemon/relays/role_wishes.h"

namespace cw {
namespace {

Event rule_event(const PackState& state, Rule rule, EventKind kind, Instant now) {
  const RuleRow& row = kRules[static_cast<std::size_t>(rule)];
  const RuleState& rule_state = state.guard.state(rule);
  Event event;
  event.kind = kind;
  event.when = now;
  event.pack = state.name;
  event.subject.assign(row.name);
  event.unit = row.unit;
  if (kind == EventKind::protection_tripped) {
    event.detail.assign(explain(state.guard, rule).view());
    if (rule_state.cause == Cause::limit) {
      event.value = rule_state.evidence.value;
      event.limit = rule_state.limit;
      event.where = rule_state.evidence.where;
    }
  }
  return event;
}

using Causes = std::array<Cause, kRuleCount>;

Causes causes_of(const Protection& guard) {
  Causes causes{};
  for (std::size_t i = 0; i < kRuleCount; ++i) causes[i] = guard.state(static_cast<Rule>(i)).cause;
  return causes;
}

// One event stands for all rules that have no fresh value: they go blind together.
void note_blindness(const PackState& state, bool went_blind, bool sees_again, Instant now,
                    std::vector<Event>& events) {
  if (!went_blind && !sees_again) return;
  Event event;
  event.kind = went_blind ? EventKind::protection_tripped : EventKind::protection_released;
  event.when = now;
  event.pack = state.name;
  event.subject.assign("no_fresh_value");
  std::size_t blind = 0;
  for (std::size_t i = 0; i < kRuleCount; ++i)
    if (state.guard.state(static_cast<Rule>(i)).cause == Cause::blind) ++blind;
  event.detail = format_reason("{} of {} rules have no fresh value", blind, kRuleCount);
  events.push_back(event);
}

}  // namespace

Supervisor::Supervisor(const std::vector<RelayConfiguration>& relays)
    : relays_(relays), wishes_(relays.size()) {}

bool Supervisor::step(PackState& state, bool woken, Instant now, std::vector<Event>& events) {
  const Decision before = state.guard.decision();
  const Causes causes = causes_of(state.guard);
  Measurements seen = measure(state.pack, now, state.usable_age(now));
  seen.wake = seen.wake || woken;
  const Decision after = state.guard.step(seen, state.policy, now);
  bool went_blind = false;
  bool sees_again = false;
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    const auto rule = static_cast<Rule>(i);
    const Cause cause = state.guard.state(rule).cause;
    if (cause == causes[i]) continue;
    if (cause == Cause::limit)
      events.push_back(rule_event(state, rule, EventKind::protection_tripped, now));
    if (causes[i] == Cause::limit && !after.is_tripped(rule))
      events.push_back(rule_event(state, rule, EventKind::protection_released, now));
    if (cause == Cause::blind) went_blind = true;
    if (causes[i] == Cause::blind && !after.is_tripped(rule)) sees_again = true;
  }
  note_blindness(state, went_blind, sees_again, now, events);
  return !(before == after);
}

std::span<const RelayWish> Supervisor::wishes(std::span<const PackState> packs, Instant now) {
  for (std::size_t i = 0; i < relays_.size(); ++i)
    wishes_[i] = wish_of(relays_[i], packs, wishes_[i], now);
  return wishes_;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "daemon/supervisor.h"

#include <fmt/format.h>

#include <array>

#include "daemon/relays/role_wishes.h"

namespace cw {
namespace {

constexpr std::size_t kReasonMost = 160;  // of Reason

// Into a fixed buffer: the supervisor allocates nothing while it works.
template <std::size_t N, class... Arguments>
Text<N> format_text(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  char buffer[N];
  const auto end = fmt::format_to_n(buffer, N, format, std::forward<Arguments>(arguments)...);
  Text<N> text;
  text.assign({buffer, std::min(end.size, N)});
  return text;
}

double in_unit(std::int32_t count, Unit unit) {
  double value = count;
  for (unsigned i = 0; i < facts(unit).decimals; ++i) value /= 10;
  return value;
}

// "cell 7", "sensor 2" or nothing.
Reason place(const RuleRow& row, std::uint8_t where) {
  if (where == 0) return {};
  const bool cell = row.reads == Input::highest_cell || row.reads == Input::lowest_cell;
  return format_text<kReasonMost>("{} {} ", cell ? "cell" : "sensor", where);
}

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
  event.detail = format_text<160>("{} of {} rules have no fresh value", blind, kRuleCount);
  events.push_back(event);
}

}  // namespace

Reason explain(const Protection& guard, Rule rule) {
  if (!guard.decision().is_tripped(rule)) return {};
  const RuleRow& row = kRules[static_cast<std::size_t>(rule)];
  const RuleState& state = guard.state(rule);
  if (state.cause == Cause::blind) return format_text<kReasonMost>("{}: no fresh value", row.name);
  if (state.cause == Cause::start)
    return format_text<kReasonMost>("{}: not yet shown to be safe", row.name);
  const char* const after = state.blind ? "; no fresh value now" : "";
  if (row.unit == Unit::flag || !shown(state.evidence.value, row.unit))
    return format_text<kReasonMost>("{}: the board reports it{}", row.name, after);
  const UnitFacts unit = facts(row.unit);
  return format_text<kReasonMost>(
      "{}: {}at {:.{}f} {}, limit {:.{}f} {}{}", row.name, place(row, state.evidence.where).view(),
      in_unit(state.evidence.value, row.unit), unit.decimals, unit.symbol,
      in_unit(state.limit, row.unit), unit.decimals, unit.symbol, after);
}

Supervisor::Supervisor(const std::vector<RelayConfiguration>& relays)
    : relays_(relays), wishes_(relays.size()) {}

bool Supervisor::step(PackState& state, Instant now, std::vector<Event>& events) {
  const Decision before = state.guard.decision();
  const Causes causes = causes_of(state.guard);
  const Decision after =
      state.guard.step(measure(state.pack, now, state.usable_age(now)), state.policy, now);
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

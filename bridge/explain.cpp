// SPDX-License-Identifier: Apache-2.0
#include "bridge/explain.h"

#include "bridge/format_reason.h"

namespace cw {
namespace {

// "cell 7 ", "sensor 2 " or nothing.
Reason place(const RuleRow& row, std::uint8_t where) {
  if (where == 0) return {};
  const bool sensor =
      row.reads == Input::hottest_temperature || row.reads == Input::coldest_temperature;
  return format_reason("{} {} ", sensor ? "sensor" : "cell", where);
}

}  // namespace

Holding holding(const Protection& guard, Rule rule) {
  if (!guard.decision().is_tripped(rule)) return {};
  const RuleState& state = guard.state(rule);
  if (state.cause != Cause::limit) return {state.cause, {}, 0, state.blind};
  const Measurement evidence{state.evidence.value, state.evidence.where, {}};
  return {state.cause, evidence, state.limit, state.blind};
}

Reason explain(Rule rule, const Holding& held) {
  const RuleRow& row = row_of(rule);
  switch (held.cause) {
    case Cause::none: return {};
    case Cause::start: return format_reason("{}: not yet shown to be safe", row.name);
    case Cause::blind: return format_reason("{}: no fresh value", row.name);
    case Cause::limit: break;
  }
  const char* const after = held.blind ? "; no fresh value now" : "";
  if (row.unit == Unit::flag || !shown(held.evidence.value, row.unit))
    return format_reason("{}: the board reports it{}", row.name, after);
  return format_reason("{}: {}at {}, limit {}{}", row.name, place(row, held.evidence.where).view(),
                       amount_text(held.evidence.value, row.unit).view(),
                       amount_text(held.limit, row.unit).view(), after);
}

Reason explain(const Protection& guard, Rule rule) { return explain(rule, holding(guard, rule)); }

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "bridge/explain.h"

#include <fmt/format.h>

#include <algorithm>

namespace cw {
namespace {

// Into a fixed buffer: nothing is allocated while deciding.
template <class... Arguments>
Reason words(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  char buffer[160];
  const auto end =
      fmt::format_to_n(buffer, sizeof buffer, format, std::forward<Arguments>(arguments)...);
  Reason reason;
  reason.assign({buffer, std::min(end.size, sizeof buffer)});
  return reason;
}

double in_unit(std::int32_t count, Unit unit) {
  double value = count;
  for (unsigned i = 0; i < facts(unit).decimals; ++i) value /= 10;
  return value;
}

// "cell 7 ", "sensor 2 " or nothing.
Reason place(const RuleRow& row, std::uint8_t where) {
  if (where == 0) return {};
  const bool sensor =
      row.reads == Input::hottest_temperature || row.reads == Input::coldest_temperature;
  return words("{} {} ", sensor ? "sensor" : "cell", where);
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
    case Cause::start: return words("{}: not yet shown to be safe", row.name);
    case Cause::blind: return words("{}: no fresh value", row.name);
    case Cause::limit: break;
  }
  const char* const after = held.blind ? "; no fresh value now" : "";
  if (row.unit == Unit::flag || !shown(held.evidence.value, row.unit))
    return words("{}: the board reports it{}", row.name, after);
  const UnitFacts unit = facts(row.unit);
  const std::string_view gap = unit.symbol.empty() ? "" : " ";
  return words("{}: {}at {:.{}f}{}{}, limit {:.{}f}{}{}{}", row.name,
               place(row, held.evidence.where).view(), in_unit(held.evidence.value, row.unit),
               unit.decimals, gap, unit.symbol, in_unit(held.limit, row.unit), unit.decimals, gap,
               unit.symbol, after);
}

Reason explain(const Protection& guard, Rule rule) { return explain(rule, holding(guard, rule)); }

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "daemon/mirrors.h"

#include <algorithm>

#include "bridge/format_reason.h"
#include "core/assert.h"

namespace cw {
namespace {

Reason explain_missed_trip(const DivergenceEvidence& e) {
  const RuleRow& rule = row_of(*e.rule);
  const bool cell = rule.reads == Input::highest_cell || rule.reads == Input::lowest_cell;
  char place[16] = "";
  if (e.where != 0)
    *fmt::format_to_n(place, sizeof place - 1, "{} {} ", cell ? "cell" : "sensor", e.where).out = 0;
  return format_reason("{}: {}at {}, limit of the BMS {}, and {} is on", rule.name,
                       static_cast<const char*>(place), amount_text(e.value, e.unit).view(),
                       amount_text(e.reference, e.unit).view(), name(e.switches));
}

Event divergence_event(const PackState& state, Divergence kind, Instant now) {
  const DivergenceState& divergence = state.divergences[static_cast<std::size_t>(kind)];
  Event event;
  event.kind = divergence.raised ? EventKind::divergence_raised : EventKind::divergence_cleared;
  event.when = now;
  event.pack = state.name;
  event.subject.assign(kDivergences[static_cast<std::size_t>(kind)].name);
  if (!divergence.raised) return event;
  event.value = divergence.evidence.value;
  event.limit = divergence.evidence.reference;
  event.unit = divergence.evidence.unit;
  event.where = divergence.evidence.where;
  event.detail.assign(explain(kind, divergence.evidence).view());
  return event;
}

void tell_count(PackState& state, const std::optional<ChargeCount>& count, Instant now) {
  PackScalars& s = state.pack.scalars;
  const auto soc = s.soc.fresh(now, {0});
  if (!count || !soc) return;
  s.soc_counted.set(count->soc(), now);
  s.soc_difference.set(*soc - count->soc(), now);
}

}  // namespace

Reason explain(Divergence kind, const DivergenceEvidence& e) {
  const auto value = amount_text(e.value, e.unit);
  const auto reference = amount_text(e.reference, e.unit);
  switch (kind) {
    case Divergence::missed_trip: return explain_missed_trip(e);
    case Divergence::unexplained_trip:
      return format_reason("{} is set to on and held off; the BMS reports {}", name(e.switches),
                           e.count != 0 ? "an alarm that its values do not explain" : "no alarm");
    case Divergence::settings_differ:
      return format_reason("{} laxer than the policy; the first: {} is {}, demanded {}", e.count,
                           facts(*e.parameter).key, value.view(), reference.view());
    case Divergence::switch_disobeyed:
      return format_reason("{} should be off; current {}", name(e.switches), value.view());
    case Divergence::cell_sum:
      return format_reason("the pack says {}, its cells add up to {}", value.view(),
                           reference.view());
    case Divergence::frozen_values:
      if (!e.reference) return format_reason("cells, voltage and current {} repeat", value.view());
      return format_reason("cells, voltage and current {} repeat; another pack carries {}",
                           value.view(), reference.view());
    case Divergence::impossible_step:
      return format_reason("{} readings left out so far", value.view());
    case Divergence::current_sign:
      return format_reason("in {} changes of current the voltage went the other way", e.count);
    case Divergence::soc_drift:
      return format_reason("the BMS says {}, counted {}", value.view(), reference.view());
  }
  return {};
}

Mirrors::Mirrors(const std::vector<PackConfiguration>& packs) {
  for (const PackConfiguration& pack : packs) {
    const Preset* const preset = find_preset(pack.chemistry);
    CW_ASSERT(preset != nullptr);
    pairs_.push_back({{}, preset->chemistry, pack.demanded});
  }
  flows_.resize(pairs_.size());
}

// The largest current of another pack, whichever way: a pack that rests beside it is frozen.
std::optional<Milliamps> Mirrors::current_elsewhere(std::size_t but, Instant now) const {
  std::optional<Milliamps> most;
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    const Flow& flow = flows_[i];
    if (i != but && now <= flow.until && (!most || flow.size > *most)) most = flow.size;
  }
  return most;
}

bool Mirrors::step(std::size_t i, std::span<PackState> packs, Instant now,
                   std::vector<Event>& events) {
  Pair& pair = pairs_[i];
  PackState& state = packs[i];
  flows_[i] = {};
  const Reading<Milliamps>& flow = state.pack.scalars.current;
  if (const auto current = flow.fresh(now, state.usable_age(now)))
    flows_[i] = {current->count < 0 ? -*current : *current,
                 std::min(flow.heard(), state.link.last_frame) + state.max_age};
  const bool moved = pair.mirror.step({.pack = state.pack,
                                       .usable_age = state.usable_age(now),
                                       .max_age = state.max_age,
                                       .chemistry = pair.chemistry,
                                       .demanded = pair.demanded,
                                       .current_elsewhere = current_elsewhere(i, now),
                                       .refused_steps = state.readings_left_out},
                                      now);
  tell_count(state, pair.mirror.count(), now);
  state.mirror_settings = name(pair.mirror.source());
  for (std::size_t k = 0; k < kDivergenceCount; ++k) {
    const auto kind = static_cast<Divergence>(k);
    const bool was_raised = state.divergences[k].raised;
    state.divergences[k] = pair.mirror.divergences().state(kind);
    if (state.divergences[k].raised != was_raised)
      events.push_back(divergence_event(state, kind, now));
  }
  return moved;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "daemon/store.h"

#include <algorithm>

#include "core/fields.h"
#include "core/measurements.h"

namespace cw {
namespace {

// The first moment after `now` at which a value that is fresh now is no longer.
Instant first_expiry(const PackState& state, Instant now) {
  Instant next = Store::kNever;
  const auto consider = [&](auto quality, Instant heard) {
    const Instant ends = heard + state.max_age + Millis{1};
    if (quality == Quality::good && ends > now) next = std::min(next, ends);
  };
  for (const auto heard : kHeard)
    if (const auto when = heard(state.pack.scalars)) consider(Quality::good, *when);
  for (const auto& r : state.pack.cell_voltage) consider(r.quality(), r.heard());
  for (const auto& r : state.pack.wire_resistance) consider(r.quality(), r.heard());
  for (const auto& r : state.pack.temperature) consider(r.quality(), r.heard());
  consider(state.pack.alarms.quality(), state.pack.alarms.heard());
  return next;
}

Event event_of(const PackState& state, EventKind kind, std::string_view subject, Instant now) {
  Event event;
  event.kind = kind;
  event.when = now;
  event.pack = state.name;
  event.subject.assign(subject);
  return event;
}

}  // namespace

Store::Store(std::vector<PackState> packs)
    : packs_(std::move(packs)), memories_(packs_.size()), expiries_(packs_.size(), kNever) {
  changed_.reserve(packs_.size());
  events_.reserve(64);
}

void Store::mark_changed(std::size_t i) {
  if (memories_[i].changed) return;
  memories_[i].changed = true;
  changed_.push_back(i);
}

void Store::mark_all_changed() {
  for (std::size_t i = 0; i < packs_.size(); ++i) mark_changed(i);
}

void Store::frame(std::size_t i, Instant now) {
  PackState& state = packs_[i];
  judge(state.pack);
  memories_[i].steps.filter(state.pack, now);
  state.readings_left_out = memories_[i].steps.refused();
  derive(state.pack, now);
  judge(state.pack);  // what was derived can be out of range as well
  expiries_[i] = first_expiry(state, now);
  note_alarms(i, now);
  note_parameters(i, now);
  note_switches(i, now);
  mark_changed(i);
}

void Store::link(std::size_t i, const LinkStatus& status, Instant now) {
  PackState& state = packs_[i];
  const Link before = state.link.link;
  if (state.link.asking != status.asking) mark_changed(i);
  state.link = status;
  if (state.link.link != Link::unheard && !state.fresh(now)) state.link.link = Link::lost;
  if (state.link.link != before) mark_changed(i);
  note_link(i, now);
}

void Store::expire(Instant now) {
  for (std::size_t i = 0; i < packs_.size(); ++i) {
    if (now < expiries_[i]) continue;
    expiries_[i] = first_expiry(packs_[i], now);
    if (!packs_[i].fresh(now)) packs_[i].link.link = Link::lost;
    mark_changed(i);
    note_link(i, now);
  }
}

Instant Store::next_expiry() const {
  const auto first = std::min_element(expiries_.begin(), expiries_.end());
  return first == expiries_.end() ? kNever : *first;
}

void Store::clear_changes() {
  for (const std::size_t i : changed_) memories_[i].changed = false;
  changed_.clear();
  events_.clear();
}

void Store::note_link(std::size_t i, Instant now) {
  const PackState& state = packs_[i];
  Memory& memory = memories_[i];
  const bool up = state.link.link == Link::up && state.fresh(now);
  if (up && !memory.up_reported) {
    memory.up_reported = true;
    memory.lost_reported = false;
    events_.push_back(event_of(state, EventKind::link_up, state.protocol, now));
  }
  if (state.link.link == Link::lost && !memory.lost_reported) {
    memory.lost_reported = true;
    memory.up_reported = false;
    events_.push_back(event_of(state, EventKind::link_lost, state.protocol, now));
  }
}

void Store::note_alarms(std::size_t i, Instant now) {
  const PackState& state = packs_[i];
  const auto alarms = state.pack.alarms.fresh(now, {0});
  if (!alarms) return;
  const AlarmSet before = memories_[i].alarms;
  memories_[i].alarms = *alarms;
  const std::uint64_t named = alarms->named ^ before.named;
  for (std::size_t n = 0; n < kAlarmCount; ++n) {
    if ((named >> n & 1) == 0) continue;
    const bool raised = alarms->has(static_cast<Alarm>(n));
    events_.push_back(event_of(state, raised ? EventKind::alarm_raised : EventKind::alarm_cleared,
                               kAlarmNames[n], now));
  }
  const std::uint32_t unknown = alarms->unknown ^ before.unknown;
  for (unsigned bit = 0; bit < 32; ++bit) {
    if ((unknown >> bit & 1) == 0) continue;
    const bool raised = (alarms->unknown >> bit & 1) != 0;
    Event event = event_of(state, raised ? EventKind::alarm_raised : EventKind::alarm_cleared,
                           unknown_alarm_name(state.protocol, bit).view(), now);
    events_.push_back(event);
  }
}

void Store::note_parameters(std::size_t i, Instant now) {
  Memory& memory = memories_[i];
  const Pack& pack = packs_[i].pack;
  if (pack.parameters_heard != now || pack.parameters == memory.parameters) return;
  const bool first = !memory.parameters_known;
  for (std::size_t p = 0; !first && p < kParameterCount; ++p) {
    const auto parameter = static_cast<Parameter>(p);
    const auto value = pack.parameters.get(parameter);
    const auto before = memory.parameters.get(parameter);
    if (value == before) continue;
    Event event = event_of(packs_[i], EventKind::settings_changed, kParameters[p].key, now);
    event.value = value;
    event.limit = before;  // what it was
    event.unit = kParameters[p].unit;
    event.detail.assign("the device's own setting; limit holds the former value");
    events_.push_back(event);
  }
  memory.parameters = pack.parameters;
  memory.parameters_known = true;
}

// What a device is set to, not what it does: nobody but a person or a program changes it.
void Store::note_switches(std::size_t i, Instant now) {
  struct Row {
    std::string_view key;
    Reading<Flag> PackScalars::*member;
  };
  constexpr Row kSwitches[] = {{"charge_switch", &PackScalars::charge_switch},
                               {"discharge_switch", &PackScalars::discharge_switch},
                               {"balance_switch", &PackScalars::balance_switch}};
  static_assert(std::size(kSwitches) == std::tuple_size_v<decltype(Memory::switches)>);
  for (std::size_t s = 0; s < std::size(kSwitches); ++s) {
    const auto heard = (packs_[i].pack.scalars.*kSwitches[s].member).fresh(now, {0});
    std::optional<std::int32_t>& before = memories_[i].switches[s];
    if (!heard || heard->count == before) continue;
    if (before) {
      Event event = event_of(packs_[i], EventKind::settings_changed, kSwitches[s].key, now);
      event.value = heard->count;
      event.limit = before;
      event.unit = Unit::flag;
      events_.push_back(event);
    }
    before = heard->count;
  }
}

}  // namespace cw

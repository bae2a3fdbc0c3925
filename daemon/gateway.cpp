// SPDX-License-Identifier: Apache-2.0
#include "daemon/gateway.h"

#include "core/assert.h"
#include "daemon/log.h"

namespace cw {
namespace {

std::vector<PackState> initial_packs(const Configuration& configuration) {
  std::vector<PackState> packs;
  for (const PackConfiguration& pack : configuration.packs) {
    PackState state;
    CW_ASSERT(state.name.assign(pack.name));
    state.protocol = pack.protocol->name;
    state.max_age = pack.stale_after;
    state.policy = pack.policy;
    packs.push_back(state);
  }
  return packs;
}

Event gateway_event(EventKind kind, Instant now, std::string_view detail) {
  Event event;
  event.kind = kind;
  event.when = now;
  event.detail.assign(detail);
  return event;
}

Severity severity(EventKind kind) {
  switch (kind) {
    case EventKind::link_lost:
    case EventKind::alarm_raised:
    case EventKind::protection_tripped:
    case EventKind::relay_fault: return Severity::warning;
    case EventKind::started:
    case EventKind::stopped:
    case EventKind::link_up:
    case EventKind::alarm_cleared:
    case EventKind::protection_released:
    case EventKind::relay_operated:
    case EventKind::settings_changed: return Severity::notice;
  }
  return Severity::notice;
}

void log_event(const Event& event) {
  log(severity(event.kind), event.pack.empty() ? "gateway" : event.pack.view(), "{}{}{}{}{}",
      name(event.kind), event.subject.empty() ? "" : " ", event.subject.view(),
      event.detail.empty() ? "" : ": ", event.detail.view());
}

}  // namespace

Gateway::Gateway(const Configuration& configuration)
    : configuration_(configuration),
      store_(initial_packs(configuration)),
      supervisor_(configuration.relays),
      relays_(configuration.relays, configuration.mode) {}

void Gateway::add(Sink& sink) {
  sinks_.push_back(&sink);
  store_.mark_all_changed();
}

void Gateway::start(Instant now, std::int64_t wall_ms) {
  store_.events().push_back(gateway_event(EventKind::started, now, name(configuration_.mode)));
  relays_.open(now, store_.events());
  on_tick(now);
  end_turn(now, wall_ms);
}

void Gateway::stop(Instant now, std::int64_t wall_ms) {
  relays_.release(now, store_.events());
  store_.events().push_back(gateway_event(EventKind::stopped, now, ""));
  publish(now, wall_ms);
}

void Gateway::on_frame(std::size_t pack, Instant now) { store_.frame(pack, now); }

void Gateway::on_link(std::size_t pack, const LinkStatus& status, Instant now) {
  store_.link(pack, status, now);
}

void Gateway::on_tick(Instant now) {
  store_.expire(now);
  tick_due_ = true;
}

void Gateway::end_turn(Instant now, std::int64_t wall_ms) {
  if (!tick_due_ && store_.changed().empty() && store_.events().empty()) return;
  const bool moved = decide(now);
  tick_due_ = false;
  const bool news = moved || bank_moved_ || !store_.changed().empty() || !store_.events().empty();
  bank_moved_ = false;
  if (news) publish(now, wall_ms);
}

// True if a decision or a relay is not as it was.
bool Gateway::decide(Instant now) {
  bool moved = false;
  std::vector<Event>& events = store_.events();
  if (tick_due_) {
    for (std::size_t i = 0; i < store_.packs().size(); ++i)
      moved |= supervisor_.step(store_.pack(i), now, events);
    aggregate_bank(now);
  } else {
    bool lost = false;
    for (const std::size_t i : store_.changed()) {
      moved |= supervisor_.step(store_.pack(i), now, events);
      lost |= !store_.pack(i).fresh(now);
    }
    bank_is_old_ |= !store_.changed().empty();
    if (lost) aggregate_bank(now);  // sums may wait for the tick, the loss of a pack may not
  }
  moved |= relays_.act(supervisor_.wishes(store_.packs(), now), now, events);
  return moved;
}

// With many packs this costs more than a frame: once a tick is enough for a sum.
void Gateway::aggregate_bank(Instant now) {
  if (!bank_is_old_ && store_.changed().empty()) return;
  bank_ = aggregate(store_.packs(), now);
  bank_is_old_ = false;
  bank_moved_ = true;
}

Picture Gateway::picture(Instant now, std::int64_t wall_ms) const {
  return {now, wall_ms, configuration_.mode, store_.packs(), bank_, relays_.states()};
}

void Gateway::publish(Instant now, std::int64_t wall_ms) {
  for (Event& event : store_.events()) {
    event.wall_ms = wall_ms;
    log_event(event);
    for (Sink* sink : sinks_) sink->record(event);
  }
  const Picture picture_now = picture(now, wall_ms);
  for (Sink* sink : sinks_) sink->publish(picture_now, store_.changed());
  store_.clear_changes();
}

}  // namespace cw

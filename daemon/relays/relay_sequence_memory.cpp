// SPDX-License-Identifier: Apache-2.0
// The sequence over restarts, and what an operator does to it.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/relays/relay_sequence.h"

namespace cw {
namespace {

// What happened at `then` on the wall, on the clock of this process. A wall that stepped back since
// knows nothing of its past: everything counts as if it were now.
Instant since_start(std::int64_t then, bool stepped_back, Instant now, std::int64_t wall_ms) {
  if (stepped_back) return now;
  return {now.ms - std::min<std::int64_t>(wall_ms - then, HourlyBudget::kHour.count)};
}

void restore_times(const std::vector<std::int64_t>& times, bool stepped_back, Instant now,
                   std::int64_t wall_ms, HourlyBudget& budget) {
  std::vector<Instant> instants;
  instants.reserve(times.size());
  for (const std::int64_t then : times)
    instants.push_back(since_start(then, stepped_back, now, wall_ms));
  std::sort(instants.begin(), instants.end());
  for (const Instant instant : instants) budget.note(instant);
}

bool stepped_back(const Memory& memory, std::int64_t wall_ms) {
  const auto later = [wall_ms](std::int64_t time) { return time > wall_ms; };
  return std::any_of(memory.relays.begin(), memory.relays.end(), [&](const RelayMemory& relay) {
    return std::any_of(relay.switchings.begin(), relay.switchings.end(), later) ||
           std::any_of(relay.retries.begin(), relay.retries.end(), later);
  });
}

std::vector<std::int64_t> on_the_wall(std::span<const Instant> times, Instant now,
                                      std::int64_t wall_ms) {
  std::vector<std::int64_t> wall;
  for (const Instant time : times) wall.push_back(wall_ms - (now.ms - time.ms));
  return wall;
}

}  // namespace

void RelaySequence::restore(const Memory& memory, Instant now, std::int64_t wall_ms,
                            std::vector<Event>& events) {
  const bool back = stepped_back(memory, wall_ms);
  for (const RelayMemory& relay : memory.relays) {
    const auto found = std::find_if(relays_.begin(), relays_.end(),
                                    [&](const auto& known) { return known.name == relay.name; });
    if (found == relays_.end()) {
      if (relay.latch == Latch::none && !relay.locked) continue;
      Event event;
      event.kind = EventKind::state_unreadable;
      event.when = now;
      event.subject.assign(relay.name.substr(0, 64));
      event.detail.assign("it was latched or locked out, and is not configured any more");
      events.push_back(event);
      continue;
    }
    Life& life = lives_[static_cast<std::size_t>(found - relays_.begin())];
    life.latch = relay.latch;
    life.locked = relay.locked;
    life.tripped = relay.tripped;
    restore_times(relay.switchings, back, now, wall_ms, life.switchings);
    restore_times(relay.retries, back, now, wall_ms, life.retries);
  }
}

// What only reports goes on reporting: a bell that is held silent is not safe.
void RelaySequence::distrust(Instant now, std::string_view why, std::vector<Event>& events) {
  events_ = &events;
  Event event;
  event.kind = EventKind::state_unreadable;
  event.when = now;
  event.detail.assign(fmt::format("{}: every relay stays safe until `cellwarden relay NAME reset`",
                                  why.substr(0, 100)));
  events.push_back(event);
  for (std::size_t i = 0; i < relays_.size(); ++i)
    if (role(i).obeys != Obeys::trouble) latch(i, Latch::unreadable_state, now);
}

std::string RelaySequence::command(std::size_t relay, RelayCommand command, std::string_view origin,
                                   Instant now, std::vector<Event>& events) {
  Life& life = lives_[relay];
  events_ = &events;
  if (command == RelayCommand::lock && role(relay).obeys == Obeys::stage1)
    return "a cut-off cannot be locked out: it could not fire";
  if (command == RelayCommand::unlock && !life.locked) return "it is not locked out";
  if (command == RelayCommand::reset && life.latch == Latch::none)
    return fmt::format("it is not latched; it is {}: {}", row_of(life.stage).name,
                       orders_[relay].reason.view());
  if (command != RelayCommand::reset) {
    life.locked = command == RelayCommand::lock;
  } else {
    life.latch = Latch::none;
    life.tripped = false;
    life.switchings.clear();
    life.retries.clear();
  }
  ++revision_;
  tell(EventKind::relay_command, relay, fmt::format("{} by {}", name(command), origin), now);
  return {};
}

Memory RelaySequence::memory(Instant now, std::int64_t wall_ms) const {
  Memory memory;
  for (std::size_t i = 0; i < relays_.size(); ++i) {
    const Life& life = lives_[i];
    RelayMemory relay;
    relay.name = relays_[i].name;
    relay.latch = life.latch;
    relay.locked = life.locked;
    relay.tripped = life.tripped;
    relay.switchings = on_the_wall(life.switchings.times(), now, wall_ms);
    relay.retries = on_the_wall(life.retries.times(), now, wall_ms);
    memory.relays.push_back(std::move(relay));
  }
  return memory;
}

}  // namespace cw

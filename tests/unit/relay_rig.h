// SPDX-License-Identifier: Apache-2.0
// Relays of one bank in virtual time: what is wanted and sensed is set, time passes, and what the
// sequence orders is looked at. Contacts follow their coils at once unless a test holds them.
#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/relays/relay_sequence.h"

namespace cw {

struct RelayRig {
  explicit RelayRig(std::vector<RelayConfiguration> configured, Mode mode = Mode::control)
      : relays(std::move(configured)),
        sequence(relays, mode),
        wishes(relays.size()),
        senses(relays.size()),
        has_contact(relays.size()),
        held_contact(relays.size()) {}

  void want(std::size_t i, bool wanted, bool critical = false) {
    wishes[i].wanted = wanted;
    wishes[i].critical = critical;
    wishes[i].tripped = !wanted;
    wishes[i].reason.assign(wanted ? "allowed" : critical ? "short circuit" : "too cold");
  }
  /// Not wanted because a pack is not heard: no limit was crossed.
  void go_blind(std::size_t i) {
    wishes[i] = {};
    wishes[i].reason.assign("no fresh value");
  }
  void flow(std::optional<Milliamps> current) {
    for (RelaySense& sense : senses) sense.current = current;
    steady = current;
  }
  void step() {
    for (std::size_t i = 0; i < relays.size(); ++i) {
      senses[i].current_heard = now;
      if (has_contact[i]) senses[i].contact = held_contact[i].value_or(on(i));
    }
    sequence.step(wishes, senses, now, events);
  }
  /// Time passes; a step every 100 ms, and whenever the sequence asks for one.
  void run(Millis span) {
    const Instant end = now + span;
    while (now < end) {
      const Instant tick = now + Millis{100};
      const Instant due = sequence.next_due(now).value_or(tick);
      now = std::min({end, tick, due > now ? due : tick});
      step();
    }
  }
  void restart(Millis away = Millis{1'000}) {
    const Memory memory = sequence.memory(now, wall());
    now = {now.ms / 7 + 12'345};  // another boot, another monotonic clock
    wall_offset = wall_before + away.count - now.ms;
    sequence = RelaySequence(relays, Mode::control);
    sequence.restore(memory, now, wall(), events);
    step();
  }
  std::int64_t wall() {
    wall_before = now.ms + wall_offset;
    return wall_before;
  }

  bool on(std::size_t i) const { return sequence.orders()[i].active; }
  RelayStage stage(std::size_t i) const { return sequence.orders()[i].stage; }
  Latch latch(std::size_t i) const { return sequence.orders()[i].latch; }
  std::string_view reason(std::size_t i) const { return sequence.orders()[i].reason.view(); }
  std::string command(std::size_t i, RelayCommand command) {
    std::string refusal = sequence.command(i, command, "uid 0", now, events);
    step();
    return refusal;
  }
  std::vector<std::string> told(EventKind kind) const {
    std::vector<std::string> texts;
    for (const Event& event : events)
      if (event.kind == kind)
        texts.push_back(std::string(event.subject.view()) + ": " +
                        std::string(event.detail.view()));
    return texts;
  }

  std::vector<RelayConfiguration> relays;
  RelaySequence sequence;
  std::vector<RelayWish> wishes;
  std::vector<RelaySense> senses;
  std::vector<bool> has_contact;
  std::vector<std::optional<bool>> held_contact;
  std::optional<Milliamps> steady;
  std::vector<Event> events;
  Instant now{1'000'000};
  std::int64_t wall_offset = 1'790'000'000'000;
  std::int64_t wall_before = 0;
};

/// The defaults, but that a relay closes as soon as it may.
inline RelayLimits at_once() {
  RelayLimits limits;
  limits.close_after = {};
  return limits;
}

inline RelayConfiguration relay_of(std::string name, RelayRole role, RelayLimits limits = at_once(),
                                   std::vector<std::size_t> packs = {0}) {
  return {std::move(name), role, std::move(packs), {}, false, {}, limits};
}

inline RelayRig rig_of(RelayRole role, RelayLimits limits = at_once()) {
  return RelayRig({relay_of("main", role, limits)});
}

// 0 the main relay, 1 its precharge relay, 2 a lamp.
inline RelayRig precharged(RelayLimits limits = at_once()) {
  limits.precharge = 1;
  return RelayRig({relay_of("main", RelayRole::discharge, limits),
                   relay_of("resistor", RelayRole::precharge), relay_of("lamp", RelayRole::alarm)});
}

}  // namespace cw

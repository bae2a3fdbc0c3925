// SPDX-License-Identifier: Apache-2.0
#include "daemon/relays/relay_control.h"

#include <algorithm>

namespace cw {
namespace {

constexpr Millis kContactsEvery{200};  // well within the time contacts have to settle

void add_current(RelaySense& sense, const PackState& pack, Instant now) {
  const auto current = pack.pack.scalars.current.fresh(now, pack.usable_age(now));
  if (!current || !sense.current) return sense.current.reset();
  *sense.current = *sense.current + *current;
  sense.current_heard = std::min(sense.current_heard, pack.pack.scalars.current.heard());
}

}  // namespace

RelayControl::RelayControl(const std::vector<RelayConfiguration>& configuration, Mode mode,
                           const Relays::MakeLine& make_line,
                           const Relays::MakeContact& make_contact)
    : heaters_(configuration),
      sequence_(configuration, mode),
      relays_(configuration, mode, make_line, make_contact),
      senses_(configuration.size()) {
  for (const RelayConfiguration& relay : configuration) packs_.push_back(relay.packs);
}

void RelayControl::restore(const Memory& memory, Instant now, std::int64_t wall_ms,
                           std::vector<Event>& events) {
  sequence_.restore(memory, now, wall_ms, events);
  for (std::size_t i = 0; i < states().size(); ++i)
    for (const RelayMemory& relay : memory.relays)
      if (relay.name == states()[i].name.view()) relays_.set_operations(i, relay.operations);
}

void RelayControl::distrust(std::string_view why, Instant now, std::vector<Event>& events) {
  sequence_.distrust(now, why, events);
}

void RelayControl::start(std::span<const RelayWish> wishes, std::span<const PackState> packs,
                         Instant now, std::vector<Event>& events) {
  sense(packs, now, events);
  sequence_.step(complete(wishes, packs, now), senses_, now, events);
  relays_.open(sequence_.orders(), now, events);
}

bool RelayControl::act(std::span<const RelayWish> wishes, std::span<const PackState> packs,
                       Instant now, std::vector<Event>& events) {
  sense(packs, now, events);
  sequence_.step(complete(wishes, packs, now), senses_, now, events);
  return relays_.act(sequence_.orders(), now, events);
}

std::span<const RelayWish> RelayControl::complete(std::span<const RelayWish> wishes,
                                                  std::span<const PackState> packs, Instant now) {
  wishes_.assign(wishes.begin(), wishes.end());
  heaters_.step(wishes_, sequence_.orders(), packs, now);
  return wishes_;
}

void RelayControl::sense(std::span<const PackState> packs, Instant now,
                         std::vector<Event>& events) {
  relays_.read_contacts(now, events);
  for (std::size_t i = 0; i < senses_.size(); ++i) {
    RelaySense& sense = senses_[i];
    sense.current = Milliamps{0};
    sense.current_heard = now;
    for (const std::size_t pack : packs_[i]) add_current(sense, packs[pack], now);
    sense.contact = states()[i].contact;
    sense.fault = states()[i].fault;
    sense.joining = packs[packs_[i].front()].joining;
  }
}

std::optional<Instant> RelayControl::next_due(Instant now) const {
  auto due = sequence_.next_due(now);
  const auto consider = [&due](Instant when) { due = due ? std::min(*due, when) : when; };
  if (const auto heaters = heaters_.next_due(now)) consider(*heaters);
  if (relays_.has_contacts()) consider(now + kContactsEvery);
  const bool fault = std::any_of(states().begin(), states().end(),
                                 [](const RelayState& state) { return state.fault; });
  if (fault) consider(now);
  return due;
}

std::string RelayControl::command(std::string_view relay, RelayCommand command,
                                  std::string_view origin, Instant now,
                                  std::vector<Event>& events) {
  for (std::size_t i = 0; i < states().size(); ++i)
    if (states()[i].name.view() == relay) return sequence_.command(i, command, origin, now, events);
  return "there is no such relay";
}

Memory RelayControl::memory(Instant now, std::int64_t wall_ms) const {
  Memory memory = sequence_.memory(now, wall_ms);
  for (std::size_t i = 0; i < memory.relays.size(); ++i)
    memory.relays[i].operations = states()[i].operations;
  return memory;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "daemon/relays/relays.h"

#include <fmt/format.h>

#include <algorithm>

namespace cw {
namespace {

constexpr Millis kRetryEvery{1000};
constexpr Millis kRenewEvery{1000};  // a line at rest, whose chip may have gone away

Event relay_fault(const RelayState& state, std::string_view error, Instant now) {
  Event event;
  event.kind = EventKind::relay_fault;
  event.when = now;
  event.subject.assign(state.name.view());
  event.detail.assign(error.substr(0, 160));
  return event;
}

Event relay_operated(const RelayState& state, Instant now) {
  Event event;
  event.kind = EventKind::relay_operated;
  event.when = now;
  event.subject.assign(state.name.view());
  event.value = state.energised ? 1 : 0;
  event.unit = Unit::flag;
  char detail[160];
  const auto end = fmt::format_to_n(detail, sizeof detail, "{}{}: {}",
                                    state.energised ? "energised" : "released",
                                    state.dry_run ? " (dry run)" : "", state.reason.view());
  event.detail.assign({detail, std::min(end.size, sizeof detail)});
  return event;
}

// It changes all the time: what people are told is that it beats, not each beat.
bool beats(const RelayState& state) { return state.role == RelayRole::heartbeat; }

bool has_fired(const RelayState& state) { return state.latch == row_of(Latch::fired).name; }

}  // namespace

std::unique_ptr<RelayLine> Relays::make_relay_line(const RelayConfiguration& relay) {
  return relay.gpio.chip.empty() ? make_dry_run_line(relay.name) : make_gpio_line(relay.gpio);
}

std::unique_ptr<ContactLine> Relays::make_contact_line(const RelayConfiguration& relay) {
  return relay.feedback.chip.empty() ? nullptr : make_gpio_contact(relay.feedback);
}

Relays::Relays(const std::vector<RelayConfiguration>& configuration, Mode mode,
               const MakeLine& make_line, const MakeContact& make_contact)
    : mode_(mode) {
  for (const RelayConfiguration& relay : configuration) {
    auto line = make_line(relay);
    RelayState state;
    state.name.assign(relay.name);
    state.role = relay.role;
    state.dry_run = line->dry_run();
    state.energised = relay.safe_energised && relay.role != RelayRole::heartbeat;
    state.reason.assign("not decided yet");
    states_.push_back(state);
    Output output{std::move(line), make_contact(relay), relay.safe_energised};
    output.level = relay.safe_energised;
    outputs_.push_back(std::move(output));
  }
}

void Relays::open(std::span<const RelayOrder> orders, Instant now, std::vector<Event>& events) {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    note(states_[i], orders[i]);
    states_[i].since = now;
    const bool stays = mode_ == Mode::control && has_fired(states_[i]);
    drive(i, outputs_[i].safe_energised != stays, now, events);
  }
}

void Relays::read_contacts(Instant now, std::vector<Event>& events) {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    Output& output = outputs_[i];
    if (!output.contact || (output.contact_fault && now < output.read_again_at)) continue;
    RelayState& state = states_[i];
    state.contact = output.contact->closed();
    if (!state.contact && !output.contact_fault)
      events.push_back(relay_fault(state, output.contact->error(), now));
    output.contact_fault = !state.contact;
    output.read_again_at = now + kRetryEvery;
    state.fault = output.line_fault || output.contact_fault;
  }
}

bool Relays::has_contacts() const {
  return std::any_of(outputs_.begin(), outputs_.end(),
                     [](const Output& output) { return output.contact != nullptr; });
}

void Relays::set_operations(std::size_t relay, std::uint32_t operations) {
  states_[relay].operations = operations;
}

bool Relays::note(RelayState& state, const RelayOrder& order) const {
  const std::string_view stage = row_of(order.stage).name;
  const std::string_view latch =
      order.latch == Latch::none ? std::string_view{} : row_of(order.latch).name;
  const bool changed = state.wanted != order.wanted || !(state.reason == order.reason) ||
                       state.stage != stage || state.latch != latch || state.locked != order.locked;
  state.wanted = order.wanted;
  state.reason = order.reason;
  state.stage = stage;
  state.latch = latch;
  state.locked = order.locked;
  return changed;
}

bool Relays::act(std::span<const RelayOrder> orders, Instant now, std::vector<Event>& events) {
  bool changed = false;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    RelayState& state = states_[i];
    Output& output = outputs_[i];
    changed |= note(state, orders[i]);
    const bool level = output.safe_energised != (mode_ == Mode::control && orders[i].active);
    const bool was_energised = state.energised;
    const bool was_fault = state.fault;
    // Only the same attempt waits: one in the other direction, to safety above all, never does.
    const bool waits = output.line_fault && level == output.attempted && now < output.retry_at;
    const bool due = level != output.level || output.line_fault || now >= output.renew_at;
    if (!waits && due) drive(i, level, now, events);
    if (beats(state) && mode_ == Mode::control && !output.line_fault) {
      state.energised = orders[i].stage != RelayStage::safe;
      if (state.energised != was_energised) {
        state.since = now;
        ++state.operations;
        events.push_back(relay_operated(state, now));
      }
    }
    changed |= state.energised != was_energised || state.fault != was_fault;
  }
  return changed;
}

void Relays::release(Instant now, std::vector<Event>& events) {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    RelayState& state = states_[i];
    state.wanted = false;
    if (has_fired(state)) continue;
    state.reason.assign("the gateway stops");
    if (outputs_[i].level != outputs_[i].safe_energised || outputs_[i].line_fault)
      drive(i, outputs_[i].safe_energised, now, events);
    if (!beats(state) || !state.energised) continue;
    state.energised = false;
    events.push_back(relay_operated(state, now));
  }
}

void Relays::drive(std::size_t i, bool energised, Instant now, std::vector<Event>& events) {
  RelayState& state = states_[i];
  Output& output = outputs_[i];
  const bool was_fault = output.line_fault;
  const bool done = output.open ? output.line->drive(energised) : output.line->open(energised);
  output.attempted = energised;
  output.renew_at = now + kRenewEvery;
  output.line_fault = !done;
  state.fault = output.line_fault || output.contact_fault;
  if (!done) {
    if (!was_fault) events.push_back(relay_fault(state, output.line->error(), now));
    // Whatever the failed attempt has left on the pin must not be the dangerous level.
    if (energised != output.safe_energised) output.line->drive(output.safe_energised);
    // A line that cannot be driven is taken again from the start: the chip may have come back.
    output.open = false;
    output.retry_at = now + kRetryEvery;
    return;
  }
  output.open = true;
  const bool moved = output.level != energised;
  output.level = energised;
  if (beats(state) || (!moved && !was_fault)) return;
  state.energised = energised;
  state.since = now;
  if (moved) ++state.operations;
  events.push_back(relay_operated(state, now));
}

}  // namespace cw

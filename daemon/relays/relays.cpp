// SPDX-License-Identifier: Apache-2.0
#include "daemon/relays/relays.h"

#include <fmt/format.h>

#include <algorithm>

namespace cw {
namespace {

constexpr Millis kRetryEvery{1000};

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

}  // namespace

std::unique_ptr<RelayLine> Relays::make_relay_line(const RelayConfiguration& relay) {
  return relay.gpio.chip.empty() ? make_dry_run_line(relay.name) : make_gpio_line(relay.gpio);
}

Relays::Relays(const std::vector<RelayConfiguration>& configuration, Mode mode,
               const MakeLine& make_line)
    : mode_(mode) {
  for (const RelayConfiguration& relay : configuration) {
    auto line = make_line(relay);
    RelayState state;
    state.name.assign(relay.name);
    state.role = relay.role;
    state.dry_run = line->dry_run();
    state.energised = relay.safe_energised;
    state.reason.assign("not decided yet");
    states_.push_back(state);
    outputs_.push_back({std::move(line), relay.safe_energised});
  }
}

void Relays::open(Instant now, std::vector<Event>& events) {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    states_[i].since = now;
    drive(i, outputs_[i].safe_energised, now, events);
  }
}

bool Relays::act(std::span<const RelayWish> wishes, Instant now, std::vector<Event>& events) {
  bool changed = false;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    RelayState& state = states_[i];
    const bool reason_changed = !(state.reason == wishes[i].reason);
    if (reason_changed || state.wanted != wishes[i].wanted) changed = true;
    state.wanted = wishes[i].wanted;
    state.reason = wishes[i].reason;
    const bool safe = outputs_[i].safe_energised;
    const bool level = mode_ == Mode::control && state.wanted ? !safe : safe;
    if (level == state.energised && !state.fault) continue;
    // Only the same attempt waits: one in the other direction, to safety above all, never does.
    if (state.fault && level == outputs_[i].attempted && now < outputs_[i].retry_at) continue;
    drive(i, level, now, events);
    changed = true;
  }
  return changed;
}

void Relays::release(Instant now, std::vector<Event>& events) {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    states_[i].wanted = false;
    states_[i].reason.assign("the gateway stops");
    if (states_[i].energised != outputs_[i].safe_energised || states_[i].fault)
      drive(i, outputs_[i].safe_energised, now, events);
  }
}

void Relays::drive(std::size_t i, bool energised, Instant now, std::vector<Event>& events) {
  RelayState& state = states_[i];
  Output& output = outputs_[i];
  const bool was_fault = state.fault;
  const bool done = output.open ? output.line->drive(energised) : output.line->open(energised);
  output.attempted = energised;
  state.fault = !done;
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
  if (state.energised == energised && !was_fault) return;
  const bool moved = state.energised != energised;
  state.energised = energised;
  state.since = now;
  if (moved) ++state.operations;
  events.push_back(relay_operated(state, now));
}

}  // namespace cw

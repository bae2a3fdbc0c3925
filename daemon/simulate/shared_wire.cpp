// SPDX-License-Identifier: Apache-2.0
#include "daemon/simulate/shared_wire.h"

#include <algorithm>

namespace cw {
namespace {

constexpr std::int64_t kMillisecond_ns = 1'000'000;

Instant instant(std::int64_t now) { return {now / kMillisecond_ns}; }

}  // namespace

// The only board of a port takes the port with it; one of several leaves the others their line.
bool SharedWire::is_on(const simulator::VirtualPack& pack) const {
  return !is_shared() || !pack.faults().has(simulator::Fault::unplug);
}

void SharedWire::on_bytes(std::span<const std::uint8_t> in, std::int64_t now) {
  const bool collision = is_shared() && plan_.busy(now);
  plan_.on_request(in.size(), now);
  if (!collision) return tell_boards(in, now);
  ++collisions_;
  plan_.garble();
}

void SharedWire::tell_boards(std::span<const std::uint8_t> in, std::int64_t now) {
  answers_.clear();
  for (simulator::VirtualPack* pack : packs_)
    if (is_on(*pack)) pack->on_bytes(in, instant(now), answers_);
  for (simulator::Answer& answer : answers_)
    plan_.add(std::move(answer.bytes), answer.delay, answer.echo);
}

std::span<const std::uint8_t> SharedWire::due(std::int64_t now) {
  let_masters_speak(now);
  const auto bytes = plan_.due(now);
  if (is_shared() && !plan_.said().empty()) {
    heard_.assign(plan_.said().begin(), plan_.said().end());
    tell_boards(heard_, now);
  }
  return bytes;
}

// As the real ones: it does not listen before it speaks.
void SharedWire::let_masters_speak(std::int64_t now) {
  for (simulator::VirtualPack* pack : packs_) {
    if (!pack->spec().master || !is_on(*pack)) continue;
    auto words = pack->speak(instant(now));
    if (words.empty()) continue;
    const bool collision = plan_.busy(now);
    plan_.say(std::move(words), now);
    if (!collision) continue;
    ++collisions_;
    plan_.garble();
  }
}

std::optional<std::int64_t> SharedWire::next() const {
  std::optional<std::int64_t> next = plan_.next();
  for (const simulator::VirtualPack* pack : packs_) {
    if (!pack->spec().master || !is_on(*pack)) continue;
    const std::int64_t speaks = pack->speaks_at().ms * kMillisecond_ns;
    next = next ? std::min(*next, speaks) : speaks;
  }
  return next;
}

}  // namespace cw

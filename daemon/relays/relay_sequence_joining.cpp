// SPDX-License-Identifier: Apache-2.0
// A relay that serves one pack alone brings it to the bus: it waits until charge control says that
// the voltages fit and hardly any current flows, and one pack comes after the other.
#include "bridge/format_reason.h"
#include "daemon/relays/relay_sequence.h"

namespace cw {
namespace {

constexpr Millis kTellAgain{60'000};  // another reason to wait; while two of them alternate

// The pack that it serves alone.
std::optional<std::size_t> own_pack(const RelayConfiguration& relay) {
  if (row_of(relay.role).carries == Switches::none || relay.packs.size() != 1) return std::nullopt;
  return relay.packs.front();
}

}  // namespace

// Another pack is on its way to the bus: what is known of the bus is not true any more.
std::optional<std::size_t> RelaySequence::joins_now(std::size_t i) const {
  if (joined_) return joined_;
  for (std::size_t j = 0; j < relays_.size(); ++j)
    if (j != i && own_pack(relays_[j]) && row_of(lives_[j].stage).closing) return j;
  return std::nullopt;
}

bool RelaySequence::may_join(std::size_t i, Joining joining, Instant now) {
  Life& life = lives_[i];
  if (mode_ == Mode::observe || joining == Joining::is_in || !own_pack(relays_[i])) return true;
  if (joining == Joining::may) {
    if (const auto other = joins_now(i)) {
      life.waits = format_reason("waits until {} has joined the bus", relays_[*other].name);
      return false;
    }
    joined_ = i;
    tell(EventKind::relay_sequence, i, "joins the bus", now);
    life.joining_told = Joining::is_in;
    return true;
  }
  life.joining = joining;
  life.waits = format_reason("waits to join the bus: {}", name(joining));
  const bool first = life.joining_told == Joining::is_in || life.joining_told == Joining::unknown;
  if (life.joining_told != joining && (first || now >= life.joining_told_at + kTellAgain)) {
    life.joining_told = joining;
    life.joining_told_at = now;
    tell(EventKind::relay_sequence, i, life.waits.view(), now);
  }
  return false;
}

// Only current can be asked away; voltages come together by themselves, or never.
std::optional<std::size_t> RelaySequence::joining() const {
  for (std::size_t i = 0; i < relays_.size(); ++i)
    if (lives_[i].joining == Joining::current_flows) return own_pack(relays_[i]);
  return std::nullopt;
}

}  // namespace cw

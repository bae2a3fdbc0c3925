// SPDX-License-Identifier: Apache-2.0
// Deciding: runs the protection core of every pack over its values and says what each relay should
// do. A pure function of state and time; it never touches a line.
#pragma once
#include <span>
#include <vector>

#include "core/event.h"
#include "core/picture.h"
#include "daemon/configuration/configuration.h"
#include "daemon/relays/relay_wish.h"

namespace cw {

class Supervisor {
 public:
  explicit Supervisor(const std::vector<RelayConfiguration>& relays);

  /// Runs the guard of one pack; what trips and releases becomes events. `woken`: an operator takes
  /// it upon himself to use a pack that is off. True: a switch moved.
  bool step(PackState& state, bool woken, Instant now, std::vector<Event>& events);

  /// What every relay should do now, in the order of the configuration.
  std::span<const RelayWish> wishes(std::span<const PackState> packs, Instant now);

 private:
  std::vector<RelayConfiguration> relays_;
  std::vector<RelayWish> wishes_;
};

}  // namespace cw

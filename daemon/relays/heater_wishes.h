// SPDX-License-Identifier: Apache-2.0
// What relays of role heater want: the heater of the core (core/heating.h), one for each pack that
// a relay heats. Other roles want what follows from the moment; a heater remembers how long it was
// on and whether that helped.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "core/heating.h"
#include "core/picture.h"
#include "daemon/configuration/configuration.h"
#include "daemon/relays/relay_wish.h"

namespace cw {

class HeaterWishes {
 public:
  explicit HeaterWishes(const std::vector<RelayConfiguration>& relays);

  /// Writes the wishes of the heaters among `wishes`, and leaves the others as they are. `orders`:
  /// what came of the wishes before, because only what was driven on has heated. All are in the
  /// order of the configuration.
  void step(std::span<RelayWish> wishes, std::span<const RelayOrder> orders,
            std::span<const PackState> packs, Instant now);

  /// When step() may decide something else although nothing that it is told changes. Nothing:
  /// never.
  std::optional<Instant> next_due(Instant now) const;

 private:
  struct HeatedPack {
    std::size_t pack;
    Heater heater;
  };
  struct HeaterRelay {
    std::size_t relay;
    std::vector<HeatedPack> packs;
  };

  std::vector<HeaterRelay> heaters_;
};

}  // namespace cw

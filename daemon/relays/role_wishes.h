// SPDX-License-Identifier: Apache-2.0
// What each role of a relay wants of the packs it obeys. Pure: state and time in, a wish out.
#pragma once
#include <span>
#include <vector>

#include "core/picture.h"
#include "daemon/configuration/configuration.h"
#include "daemon/relays/relay_wish.h"

namespace cw {

/// `before`: what it wished last, for roles that start and stop at different values.
RelayWish wish_of(const RelayConfiguration& relay, std::span<const PackState> packs,
                  const RelayWish& before, Instant now);

}  // namespace cw

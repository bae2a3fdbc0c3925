// SPDX-License-Identifier: Apache-2.0
// What passes between deciding and acting: the supervisor wishes, the sequence orders, the relays
// do.
#pragma once
#include "core/picture.h"
#include "daemon/relays/relay_stage.h"

namespace cw {

/// What one relay should do, and why.
struct RelayWish {
  bool wanted = false;
  Reason reason{};
  bool critical = false;  // not wanted, and under whatever load: it opens at once
  bool tripped = false;   // not wanted, because a limit was crossed: closing again is a retry
};

/// What the sequence wants of one relay now.
struct RelayOrder {
  bool active = false;  // leave the safe level
  RelayStage stage = RelayStage::safe;
  Latch latch = Latch::none;
  bool locked = false;
  bool wanted = false;  // what it obeys wants it on, whether it may or not
  Reason reason;
};

}  // namespace cw

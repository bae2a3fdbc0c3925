// SPDX-License-Identifier: Apache-2.0
// What the supervisor says and the relays do: the only thing that passes between deciding and
// acting.
#pragma once
#include "core/picture.h"

namespace cw {

/// What one relay should do, and why.
struct RelayWish {
  bool wanted = false;
  Reason reason;
};

}  // namespace cw

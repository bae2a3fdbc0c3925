// SPDX-License-Identifier: Apache-2.0
// Where state goes. A sink sees the frozen picture, copies what it needs, and never blocks the
// caller and never touches a pack.
#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "core/event.h"
#include "core/picture.h"

namespace cw {

struct Health {
  bool ok = false;
  std::string detail;         // for people: "connected to 127.0.0.1:1883"
  std::uint64_t dropped = 0;  // what had to be thrown away since the start
};

class Sink {
 public:
  virtual ~Sink() = default;

  /// The picture of this turn. `changed`: indices into picture.packs of the packs that completed a
  /// frame, changed their link or whose values went stale since the last call; may be empty on a
  /// turn that only moved relays or the bank.
  virtual void publish(const Picture& picture, std::span<const std::size_t> changed) = 0;

  /// Something happened. Called before publish() of the same turn, in order.
  virtual void record(const Event& event) = 0;

  virtual Health health() const = 0;
};

}  // namespace cw

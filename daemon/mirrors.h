// SPDX-License-Identifier: Apache-2.0
// The mirrors of all packs in the daemon: steps them, and turns what they find into state that is
// published and into events. Decides nothing and drives nothing.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "core/event.h"
#include "core/mirror.h"
#include "core/picture.h"
#include "daemon/configuration/configuration.h"

namespace cw {

class Mirrors {
 public:
  explicit Mirrors(const std::vector<PackConfiguration>& packs);

  /// Call when pack `i` was heard or fell silent: between its frames there is nothing new to hold
  /// against each other. True: what is told of the pack changed.
  bool step(std::size_t i, std::span<PackState> packs, Instant now, std::vector<Event>& events);

 private:
  struct Pair {
    Mirror mirror;
    Chemistry chemistry;
    ParameterSet demanded;  // what the operator wrote
  };
  struct Flow {  // what a pack carries, whichever way, and how long that may be believed
    Milliamps size{};
    Instant until{-1};
  };
  std::optional<Milliamps> current_elsewhere(std::size_t but, Instant now) const;

  std::vector<Pair> pairs_;
  std::vector<Flow> flows_;  // by pack; beside each other, for every step looks at all
};

/// What speaks for a divergence, for people: "cell 3 at 3.700 V, limit 3.650 V, and charge is on".
Reason explain(Divergence kind, const DivergenceEvidence& evidence);

}  // namespace cw

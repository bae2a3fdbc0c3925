// SPDX-License-Identifier: Apache-2.0
// From the limits of single packs to one of the bank, so that no pack gets more than its own,
// whether the current divides by capacity or as it does now (charge-control.md, section 8).
#pragma once
#include <cstddef>
#include <optional>
#include <span>

#include "core/bounds.h"
#include "core/charge_validation.h"
#include "core/pack_limit.h"
#include "core/timed_condition.h"

namespace cw {

/// How much of the bank's current a pack was seen to carry: `own` of `total`, while the currents
/// were steady. A worse share counts at once; a better one when it was better by a tenth for ten
/// minutes while every pack was heard. It is kept while too little current flows to measure it
/// anew, and dropped when more packs take part than then.
struct PackShare {
  Milliamps own{};  // 0: never measured
  Milliamps total{};
  std::size_t among = 0;  // so many packs took part
  TimedCondition better;
};

/// The current of a pack as it was read last, and when it was last read to have moved.
struct CurrentWatch {
  std::optional<Instant> heard;
  Milliamps current{};
  std::optional<Instant> moved;
};

/// One direction of one pack, between steps.
struct FlowState {
  PackLimit now;
  PackLimit last;  // when it was last heard: a pack that is lost holds the bank to it
  PackShare share;
};

/// What charge control keeps of a pack.
struct ChargePackState {
  ChargeInput input;
  CurveInputs seen;
  FlowState charge, discharge;
  CurrentWatch carried;
  Backlash ceiling;  // the charge voltage it asks for
  bool over_ceiling = false;
  std::optional<Instant> zero_asked;  // for it to join: when that began last
  ChargeBreaches contradictions;      // of what its board told with the curves: a tenth is left

  FlowState& of(Flow flow) { return flow == Flow::charge ? charge : discharge; }
  const FlowState& of(Flow flow) const { return flow == Flow::charge ? charge : discharge; }
  /// Configured, and nobody knows whether current flows through it.
  bool is_lost() const { return input.presence == Presence::lost && !input.is_switched_off(); }
};

/// Notes what its current does. Call with every step, before update_shares().
void watch_current(ChargePackState& pack);

/// Measures the shares anew where enough current flows, and flows steadily: packs are read one
/// after the other, and what is read before and after a step of the load are no shares of one
/// current.
void update_shares(Flow flow, std::span<ChargePackState> packs, Instant now);

/// The sum of what the packs that take part may carry at most; of those that are lost, when they
/// were last heard.
Milliamps full_limit(Flow flow, std::span<const ChargePackState> packs);

/// Bounds by every pack that takes part, and by those that are lost: nothing if no heard pack
/// takes part.
Bounds<Milliamps> shared_limit(Flow flow, std::span<const ChargePackState> packs);

}  // namespace cw

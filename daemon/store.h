// SPDX-License-Identifier: Apache-2.0
// The only writer of state. Drivers' frames end here: judged against the field table, completed
// with what follows from them, and compared with before, so that what happened is an event. It
// does no I/O and reads no clock.
#pragma once
#include <array>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "core/event.h"
#include "core/picture.h"
#include "core/step_filter.h"

namespace cw {

class Store {
 public:
  /// The packs never move afterwards: protocols write into them by reference.
  explicit Store(std::vector<PackState> packs);

  PackState& pack(std::size_t i) { return packs_[i]; }
  std::span<const PackState> packs() const { return packs_; }
  /// For what decides upon them: the decisions are kept beside the values.
  std::span<PackState> writable() { return packs_; }
  /// Whether pack `i` is among changed().
  bool is_changed(std::size_t i) const { return memories_[i].changed; }

  /// A frame of pack `i` was applied at `now`.
  void frame(std::size_t i, Instant now);

  /// What the line says about pack `i`: its counts, and whether it answers.
  void link(std::size_t i, const LinkStatus& status, Instant now);

  /// Notices values that became too old.
  void expire(Instant now);

  /// The first moment at which expire() has something to notice; kNever if nothing is fresh.
  Instant next_expiry() const;
  static constexpr Instant kNever{std::numeric_limits<std::int64_t>::max()};

  /// Somebody new wants to see everything.
  void mark_all_changed();

  /// Packs changed since clear_changes(), each once.
  std::span<const std::size_t> changed() const { return changed_; }

  /// What happened since clear_changes(), in order. Without wall time: the caller stamps it.
  std::vector<Event>& events() { return events_; }
  const std::vector<Event>& events() const { return events_; }
  void clear_changes();

 private:
  struct Memory {  // what a pack looked like before
    StepFilter steps{};
    AlarmSet alarms{};
    ParameterSet parameters{};
    std::array<std::optional<std::int32_t>, 3> switches{};
    bool parameters_known = false;
    bool lost_reported = false;
    bool up_reported = false;
    bool changed = false;
  };

  void mark_changed(std::size_t i);
  void note_alarms(std::size_t i, Instant now);
  void note_parameters(std::size_t i, Instant now);
  void note_switches(std::size_t i, Instant now);
  void note_link(std::size_t i, Instant now);

  std::vector<PackState> packs_;
  std::vector<Memory> memories_;
  std::vector<Instant> expiries_;  // by pack: the first moment a value of it becomes too old
  std::vector<std::size_t> changed_;
  std::vector<Event> events_;
};

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The way from what is wanted of the relays to what is driven: precharge before closing, unloading
// before opening, rests, budgets, latches, welded contacts, the second cut-off, the heartbeat. A
// pure decision: no I/O, no clock, and no heap after construction but for what survives a restart.
#pragma once
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/event.h"
#include "daemon/configuration/configuration.h"
#include "daemon/kept_state.h"
#include "daemon/relays/relay_wish.h"
#include "daemon/relays/switching_budget.h"

namespace cw {

/// What is known about one relay besides what is wanted of it.
struct RelaySense {
  std::optional<Milliamps>
      current;                  // of the packs it serves, added up; absent unless all are fresh
  Instant current_heard{};      // of the oldest of them
  std::optional<bool> contact;  // its auxiliary contact is closed; absent: none, or unreadable
  bool fault = false;           // its line cannot be driven, or its contact not be read
  Joining joining = Joining::is_in;  // whether the pack behind it alone may come to the bus
};

enum class RelayCommand : std::uint8_t { lock, unlock, reset };
constexpr std::string_view name(RelayCommand command) {
  constexpr std::string_view names[] = {"lock", "unlock", "reset"};
  return names[static_cast<std::size_t>(command)];
}

class RelaySequence {
 public:
  /// In `observe` nobody follows the orders, so that contacts and cut-offs are not judged.
  RelaySequence(const std::vector<RelayConfiguration>& relays, Mode mode);

  /// Before the first step: goes on where another process left off. What it cannot place (a relay
  /// that is not configured any more) becomes an event. A wall clock that stepped back counts every
  /// switching as within the hour.
  void restore(const Memory& memory, Instant now, std::int64_t wall_ms, std::vector<Event>& events);

  /// Before the first step, instead of restore(): nobody knows what was latched, so everything is.
  void distrust(Instant now, std::string_view why, std::vector<Event>& events);

  /// Decides for all relays; `wishes` and `senses` are in the order of the configuration.
  void step(std::span<const RelayWish> wishes, std::span<const RelaySense> senses, Instant now,
            std::vector<Event>& events);

  std::span<const RelayOrder> orders() const { return orders_; }

  /// A pack for whose currents zero limits are asked for, by index.
  std::span<const Switches> withheld() const { return withheld_; }

  /// A pack whose relay waits for the current of the bank to fall before it closes, by index.
  std::optional<std::size_t> joining() const;

  /// When step() may decide something else although nothing that it is told changes. Nothing:
  /// never.
  std::optional<Instant> next_due(Instant now) const;

  /// An operator's. Empty: done; else why not, for people. `origin`: who, for the event.
  std::string command(std::size_t relay, RelayCommand command, std::string_view origin, Instant now,
                      std::vector<Event>& events);

  /// What must survive a restart, without operations and packs. revision() changes with it.
  Memory memory(Instant now, std::int64_t wall_ms) const;
  std::uint32_t revision() const { return revision_; }

 private:
  struct Life {
    explicit Life(const RelayConfiguration& configured);

    RelayStage stage = RelayStage::safe;
    Instant since{};     // of the stage; one that proves itself is safe since it was
    Instant on_since{};  // since it left its safe level
    RelayWish demand;    // what it should do, everything weighed
    Reason waits;        // why it does not yet; empty: it does
    Latch latch = Latch::none;
    std::optional<Instant> wanted_since;  // without a break, while it is not closing or closed
    bool locked = false;
    bool tripped = false;                   // opened by a trip: closing again is a retry
    std::optional<Instant> critical_since;  // safe, and critically so
    HourlyBudget switchings;
    HourlyBudget retries;
    std::optional<Instant> contact_differs;  // since when
    bool contact_trouble = false;
    std::optional<std::size_t> user;        // of a precharge relay: who closes through it
    bool beat = false;                      // of a heartbeat: its level
    Instant beat_at{};                      // and when it changes
    std::vector<std::size_t> neighbours;    // relays that share a pack with it
    Joining joining = Joining::is_in;       // why it waits to bring its pack to the bus
    Joining joining_told = Joining::is_in;  // as it was last told
    Instant joining_told_at{};
  };
  using Senses = std::span<const RelaySense>;

  const RelayLimits& limits(std::size_t i) const { return relays_[i].limits; }
  const RoleRow& role(std::size_t i) const { return row_of(relays_[i].role); }
  bool reached(Instant when, Instant now);
  void first_step(Instant now);

  void judge_contact(std::size_t i, const RelaySense& sense, Instant now);
  void watch_stage1(std::size_t cutoff, Senses senses, Instant now);
  bool still_flows(std::size_t i, const RelaySense& sense, const RelayLimits& cutoff) const;

  RelayWish own_demand(std::size_t i, const RelayWish& wish, Senses senses) const;
  std::optional<RelayWish> hold(std::size_t i) const;
  Reason latched_reason(std::size_t i) const;
  std::optional<std::size_t> faulty_neighbour(std::size_t i, Senses senses, bool latched) const;

  void advance(std::size_t i, Senses senses, Instant now);
  bool has_proved(std::size_t i, Instant now);
  void note_critical(std::size_t i, Instant now);
  void close(std::size_t i, Instant now);
  bool may_close(std::size_t i, const RelaySense& sense, Instant now);
  bool may_join(std::size_t i, Joining joining, Instant now);
  std::optional<std::size_t> joins_now(std::size_t i) const;
  bool has_budget(std::size_t i, Instant now);
  void precharge(std::size_t i, Senses senses, Instant now);
  void settle(std::size_t i, const RelaySense& sense, Instant now);
  void stay_on(std::size_t i, const RelaySense& sense, Instant now);
  void unload(std::size_t i, const RelaySense& sense, Instant now);
  void open(std::size_t i, Instant now);
  void fail_closing(std::size_t i, Instant now);
  void enter(std::size_t i, RelayStage stage, Instant now);
  void latch(std::size_t i, Latch latch, Instant now);
  void follow_mains(std::size_t precharge, Instant now);
  void beat(std::size_t i, Instant now);
  void write_order(std::size_t i);
  void withhold();
  void tell(EventKind kind, std::size_t i, std::string_view detail, Instant now,
            const RelaySense* sense = nullptr);

  std::vector<RelayConfiguration> relays_;
  Mode mode_;
  std::vector<Life> lives_;
  std::vector<RelayOrder> orders_;
  std::vector<Switches> withheld_;
  std::vector<Event>* events_ = nullptr;  // of the running call
  std::optional<Instant> due_;
  std::uint32_t revision_ = 0;
  bool stepped_ = false;
  std::optional<std::size_t> joined_;  // in this step: whose relay brought its pack to the bus
};

}  // namespace cw

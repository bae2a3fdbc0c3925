// SPDX-License-Identifier: Apache-2.0
// Charge control in the daemon: when it is stepped, what of it becomes an event, and what survives
// a restart. The deciding is core/charge_control.h.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/charge_control.h"
#include "core/event.h"
#include "core/limits_table.h"
#include "core/obedience.h"
#include "core/picture.h"
#include "daemon/configuration/configuration.h"
#include "daemon/kept_state.h"

namespace cw {

class BankControl {
 public:
  /// Without [bank] it decides nothing, and request() is nullptr.
  explicit BankControl(const BankConfiguration& configuration);

  /// Before the first step: goes on where a former process left off. `packs`: for their names.
  void restore(const BankMemory& memory, std::span<const PackState> packs, Instant now,
               std::int64_t wall_ms);

  /// What must survive a restart; nothing without a bank. revision() changes with it.
  std::optional<BankMemory> memory(std::span<const PackState> packs, Instant now,
                                   std::int64_t wall_ms) const;
  std::uint32_t revision() const { return revision_; }

  /// An operator's: be full once, or not any more. Empty: done; else why not, for people.
  std::string order_full_charge(bool on, std::string_view origin, Instant now,
                                std::vector<Event>& events);

  /// What an energy manager asks for from now on. True: that is something else than before.
  bool order(const BankOrders& orders);

  /// A pack, by index, whose relay waits for the current to fall so that it may join the bus.
  void let_join(std::optional<std::size_t> pack);

  /// Whether a pack that is off the bus may join it, as of the last step; in, without a bank.
  Joining joining(std::size_t pack) const;

  /// Decides anew if a second is over since the last time, or `at_once`. True: inverters
  /// are to be told what request() says.
  bool step(std::span<const PackState> packs, bool at_once, Instant now, std::int64_t wall_ms,
            std::vector<Event>& events);

  /// Nothing: it is not configured.
  std::optional<Instant> next_due() const;

  const BankRequest* request() const { return enabled_ ? &request_ : nullptr; }

  /// Whether an energy manager wants the bank off the bus.
  bool disconnect() const { return enabled_ && orders_.disconnect; }

  /// Currents that inverters do not stop although they were told to: the relays are the last step.
  Switches ignored() const { return ignored_; }

 private:
  void watch_obedience(Instant now, std::vector<Event>& events);
  void enforce(const EscalationLadder& ladder, Instant now, std::vector<Event>& events);
  void note_contradictions(std::span<const PackState> packs, Instant now,
                           std::vector<Event>& events);
  void note_full_charge(ChargeStage before, Instant now, std::vector<Event>& events);
  void note_memory();
  void note_changes(std::span<const PackState> packs, const BankRequest& before, Instant now,
                    std::vector<Event>& events);

  bool enabled_;
  const BankConfiguration configuration_;
  std::vector<ChargePackState> states_;
  ChargeControl control_;
  Obedience obedience_;
  BankRequest request_;                   // as it is told
  std::array<Escalation, 2> enforced_{};  // by flow
  Switches ignored_ = Switches::none;
  BankOrders orders_;  // of energy managers
  std::uint8_t joining_pack_ = 0;
  bool full_charge_ = false;  // an operator ordered it, and it is not done
  std::optional<Instant> stepped_;
  struct Told {
    LimitReason reason;
    Instant when{};
  };
  std::array<Told, kLimitCount> told_{};
  std::vector<ChargeBreaches> contradictions_;  // by pack: as they were told

  /// What revision() stands for, on the clock of this process. How long a disobedience lasts counts
  /// in steps of ten seconds here: that much of it a crash may forgive.
  struct Kept {
    ChargeMemory charge;
    bool full_charge = false;
    ObedienceMemory obedience;
    std::vector<std::array<std::uint8_t, 2>> shares;
    friend bool operator==(const Kept&, const Kept&) = default;
  };
  Kept kept() const;
  Kept kept_;
  std::uint32_t revision_ = 0;
};

}  // namespace cw

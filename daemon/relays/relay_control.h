// SPDX-License-Identifier: Apache-2.0
// Relays as the gateway sees them: what the supervisor wishes goes through the sequence to the
// lines, what they and the packs show goes back into it, and what must survive a restart comes out.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/relays/heater_wishes.h"
#include "daemon/relays/relay_sequence.h"
#include "daemon/relays/relays.h"

namespace cw {

class RelayControl {
 public:
  RelayControl(const std::vector<RelayConfiguration>& configuration, Mode mode,
               const Relays::MakeLine& make_line = Relays::make_relay_line,
               const Relays::MakeContact& make_contact = Relays::make_contact_line);

  /// Before start(): what a former process kept; or why that is not known.
  void restore(const Memory& memory, Instant now, std::int64_t wall_ms, std::vector<Event>& events);
  void distrust(std::string_view why, Instant now, std::vector<Event>& events);

  /// Every line to its safe level (a cut-off that has fired stays so).
  void start(std::span<const RelayWish> wishes, std::span<const PackState> packs, Instant now,
             std::vector<Event>& events);

  /// Decides and drives. True if a state changed.
  bool act(std::span<const RelayWish> wishes, std::span<const PackState> packs, Instant now,
           std::vector<Event>& events);

  void release(Instant now, std::vector<Event>& events) { relays_.release(now, events); }

  std::span<const RelayState> states() const { return relays_.states(); }
  std::span<const RelayOrder> orders() const { return sequence_.orders(); }
  std::span<const Switches> withheld() const { return sequence_.withheld(); }

  /// A pack whose relay waits for the current of the bank to fall, by index.
  std::optional<std::size_t> joining() const { return sequence_.joining(); }

  /// When act() may do something else although nothing that it is told changes. Nothing: never.
  std::optional<Instant> next_due(Instant now) const;

  /// An operator's. Empty: done; else why not, for people.
  std::string command(std::string_view relay, RelayCommand command, std::string_view origin,
                      Instant now, std::vector<Event>& events);

  /// What must survive a restart, without packs; revision() changes with it.
  Memory memory(Instant now, std::int64_t wall_ms) const;
  std::uint32_t revision() const { return sequence_.revision(); }

 private:
  void sense(std::span<const PackState> packs, Instant now, std::vector<Event>& events);

  /// What is wished, and what heaters wish that remember.
  std::span<const RelayWish> complete(std::span<const RelayWish> wishes,
                                      std::span<const PackState> packs, Instant now);

  std::vector<std::vector<std::size_t>> packs_;  // by relay
  HeaterWishes heaters_;
  std::vector<RelayWish> wishes_;
  RelaySequence sequence_;
  Relays relays_;
  std::vector<RelaySense> senses_;
};

}  // namespace cw

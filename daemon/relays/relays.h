// SPDX-License-Identifier: Apache-2.0
// Acting: turns what the sequence orders into levels on lines, reads the auxiliary contacts, and
// says so. It starts every line at its safe level and leaves it there on the way out. It decides
// nothing.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/event.h"
#include "core/picture.h"
#include "daemon/configuration/configuration.h"
#include "daemon/relays/relay_wish.h"
#include "drivers/gpio/contact_line.h"
#include "drivers/gpio/relay_line.h"

namespace cw {

class Relays {
 public:
  using MakeLine = std::function<std::unique_ptr<RelayLine>(const RelayConfiguration&)>;
  using MakeContact = std::function<std::unique_ptr<ContactLine>(const RelayConfiguration&)>;

  /// `make_line` makes the line of a relay; the default asks the kernel, or makes a dry run.
  /// `make_contact` that of its auxiliary contact; nullptr: it has none.
  Relays(const std::vector<RelayConfiguration>& configuration, Mode mode,
         const MakeLine& make_line = make_relay_line,
         const MakeContact& make_contact = make_contact_line);

  static std::unique_ptr<RelayLine> make_relay_line(const RelayConfiguration& relay);
  static std::unique_ptr<ContactLine> make_contact_line(const RelayConfiguration& relay);

  /// Takes every line and drives it to its safe level; in `control` a cut-off that has fired stays
  /// so. Faults become events; the line is tried again later.
  void open(std::span<const RelayOrder> orders, Instant now, std::vector<Event>& events);

  /// Reads the contacts into states(). One that cannot be read is not known.
  void read_contacts(Instant now, std::vector<Event>& events);

  /// In `control`: drives what is ordered. In `observe`: only notes it. True if a state changed.
  bool act(std::span<const RelayOrder> orders, Instant now, std::vector<Event>& events);

  /// Drives every line to its safe level; a cut-off that has fired stays so.
  void release(Instant now, std::vector<Event>& events);

  std::span<const RelayState> states() const { return states_; }
  bool has_contacts() const;

  /// Of a former process: operations are counted over restarts.
  void set_operations(std::size_t relay, std::uint32_t operations);

 private:
  struct Output {
    std::unique_ptr<RelayLine> line;
    std::unique_ptr<ContactLine> contact;
    bool safe_energised;
    bool level = false;  // what was last driven
    bool open = false;
    bool line_fault = false;
    bool attempted = false;  // the level of the last attempt
    Instant retry_at{};      // after a fault: when the same level is tried again
    Instant renew_at{};      // when the same level is driven again, to see that it still can be
    bool contact_fault = false;
    Instant read_again_at{};
  };

  void drive(std::size_t i, bool energised, Instant now, std::vector<Event>& events);
  bool note(RelayState& state, const RelayOrder& order) const;

  Mode mode_;
  std::vector<Output> outputs_;
  std::vector<RelayState> states_;
};

}  // namespace cw

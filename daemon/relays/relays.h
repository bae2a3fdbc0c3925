// SPDX-License-Identifier: Apache-2.0
// Acting: turns what the supervisor wants into levels on lines, and says so. It starts every line
// at its safe level and leaves it there on the way out. It decides nothing.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/event.h"
#include "core/picture.h"
#include "daemon/configuration/configuration.h"
#include "daemon/relays/relay_wish.h"
#include "drivers/gpio/relay_line.h"

namespace cw {

class Relays {
 public:
  using MakeLine = std::function<std::unique_ptr<RelayLine>(const RelayConfiguration&)>;

  /// `make_line` makes the line of a relay; the default asks the kernel, or makes a dry run.
  Relays(const std::vector<RelayConfiguration>& configuration, Mode mode,
         const MakeLine& make_line = make_relay_line);

  static std::unique_ptr<RelayLine> make_relay_line(const RelayConfiguration& relay);

  /// Drives every line to its safe level. Faults become events; the line is tried again later.
  void open(Instant now, std::vector<Event>& events);

  /// In `control`: drives what is wanted. In `observe`: only notes it. True if a state changed.
  bool act(std::span<const RelayWish> wishes, Instant now, std::vector<Event>& events);

  /// Drives every line to its safe level.
  void release(Instant now, std::vector<Event>& events);

  std::span<const RelayState> states() const { return states_; }

 private:
  struct Output {
    std::unique_ptr<RelayLine> line;
    bool safe_energised;
    bool open = false;
    bool attempted = false;  // the level of the last attempt
    Instant retry_at{};      // after a fault: when the same level is tried again
  };

  void drive(std::size_t i, bool energised, Instant now, std::vector<Event>& events);

  Mode mode_;
  std::vector<Output> outputs_;
  std::vector<RelayState> states_;
};

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The packs on one wire: their protocols behind one Line, and the listener that learns what became
// of the bytes. It has no wire and no clock of its own: the daemon drives it with a Transport
// (wire.h), a replay with a recording.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "daemon/configuration/configuration.h"
#include "drivers/protocol/registry.h"
#include "drivers/session/line.h"

namespace cw {

/// Who is told what a wire brings.
class WireListener {
 public:
  virtual void on_frame(std::size_t pack, Instant now) = 0;
  virtual void on_link(std::size_t pack, const LinkStatus& status, Instant now) = 0;
  /// How an order ended; another one may be given at once.
  virtual void on_order(std::size_t pack, const OrderReport& report, Instant now) = 0;

 protected:
  ~WireListener() = default;
};

class WirePacks {
 public:
  /// `longest_frame` in bytes, of all protocols on the wire.
  WirePacks(WireListener& listener, LineTimes times, std::size_t longest_frame)
      : listener_(listener), line_(times, longest_frame) {}

  /// Adds a pack before the first use. `pack` must outlive it and never move.
  void add(std::size_t index, const PackConfiguration& configuration, Pack& pack, Instant now);

  /// The wire is usable; is gone, or could not be opened.
  void on_up(Instant now) { line_.on_up(now); }
  void on_down(Instant now);

  void on_bytes(std::span<const std::uint8_t> in, Instant now);

  /// What to send now, if anything is due. To be followed by report().
  std::optional<Request> ask(Instant now) { return line_.on_time(now); }

  /// Tells what became of orders, and of every pack how it is heard.
  void report(Instant now);

  /// By the index of a pack of this wire: what can be changed on it (nullptr: nothing), and
  /// changing it; both others as in Line.
  Settings* settings(std::size_t pack);
  [[nodiscard]] bool order(std::size_t pack, const Order& order);
  void ask_at(std::size_t pack, Instant when);

  const Line& line() const { return line_; }

 private:
  std::size_t station_of(std::size_t pack) const;
  void tell_orders(Instant now);

  WireListener& listener_;
  Line line_;
  std::vector<std::unique_ptr<ProtocolBox>> protocols_;
  std::vector<std::size_t> packs_;  // by station
};

}  // namespace cw

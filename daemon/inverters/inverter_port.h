// SPDX-License-Identifier: Apache-2.0
// One wire towards an inverter: moves bytes between a Transport and what speaks on it, on the loop.
// Opens the transport again when it went away. It keeps no value: what cannot be sent now is
// followed by a newer one.
#pragma once
#include <array>
#include <memory>
#include <string>

#include "bridge/inverter/inverter_protocol.h"
#include "bridge/sink.h"
#include "daemon/loop.h"
#include "drivers/transport/transport.h"

namespace cw {

struct InverterPortConfiguration {
  std::string name;                                // for people: "garage"
  const InverterProtocolSpec* protocol = nullptr;  // of the registry
  PortOptions port;
  InverterOptions options;
  Millis try_again{500};  // from one attempt to open the port to the next
};

/// How one port is, for the status.
struct InverterPortState {
  std::string_view name;
  std::string_view protocol;
  std::string port;  // "can0"
  bool open = false;
  std::string trouble;         // why it is down, or what is wrong all the same; empty: nothing
  std::uint64_t dropped = 0;   // pieces that could not be sent
  std::uint64_t reopened = 0;  // times
  InverterStatus inverter;
};

class InverterPort {
 public:
  /// Without a transport: the one the protocol's bus and the port ask for.
  InverterPort(Loop& loop, InverterPortConfiguration configuration,
               std::unique_ptr<Transport> transport = nullptr);
  ~InverterPort();
  InverterPort(const InverterPort&) = delete;
  InverterPort& operator=(const InverterPort&) = delete;

  /// Opens the port; until it is open, it is tried again and again.
  void start();

  /// What is told from now on; sends what is due. Copies. Without a request: nothing is told.
  void tell(const Picture& picture);

  InverterPortState state() const;
  Health health() const;

  // The end, without the loop (inverter_farewell.h).

  /// What is said from now on is the farewell.
  void stop(Instant now);
  /// Reads, answers and sends what is due at `now`, for as long as it is open.
  void turn(Instant now);
  /// When turn() has something to send; nothing: only after something was heard.
  std::optional<Instant> next_due(Instant now) const;
  /// True if everything was said: there is nothing to wait for.
  bool said_everything(Instant now) const;
  /// To poll for reading; -1: not open.
  int descriptor() const { return transport_->descriptor(); }

 private:
  void open(Instant now);
  void watch();
  void on_ready(std::uint32_t events, Instant now);
  void on_timer(Instant now);
  void came_up(Instant now);
  void went_down(Instant now);
  void receive(std::span<const std::uint8_t> bytes, Instant now);
  void send_due(Instant now);
  void set_timer(Instant now);
  void report_complaint(Instant now);
  std::string trouble(const InverterStatus& status) const;

  Loop& loop_;
  InverterPortConfiguration configuration_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<InverterProtocol> protocol_;
  std::array<std::uint8_t, 1024> room_{};
  std::string trouble_;    // why it is down
  std::string complaint_;  // as it was logged
  Instant complained_{};
  int timer_;
  int watched_ = -1;
  std::uint32_t interest_ = 0;
  bool up_ = false;
  bool stopped_ = false;
  std::optional<Instant> try_at_;  // opening again, or giving up an attempt, then
  std::uint64_t dropped_ = 0;
  std::uint64_t opened_ = 0;
};

}  // namespace cw

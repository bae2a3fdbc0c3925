// SPDX-License-Identifier: Apache-2.0
// The turn: whatever arrived was applied; now freeze, decide, act, publish. One thread. It knows no
// wire, no clock and no file: those are wired to it in wiring.cpp.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/modbus/bank_orders_book.h"
#include "bridge/sink.h"
#include "daemon/bank_control.h"
#include "daemon/configuration/configuration.h"
#include "daemon/mirrors.h"
#include "daemon/relays/relay_control.h"
#include "daemon/store.h"
#include "daemon/supervisor.h"
#include "daemon/wire_packs.h"
#include "daemon/writes/command_gate.h"

namespace cw {

/// The grid on which silence, delays and relays are looked at when no frame arrives. A moment of it
/// at which nothing can have changed by time alone is passed over (docs/decisions/0008).
inline constexpr Millis kTick{100};

/// How long an operator's reset keeps a pack from being off again.
inline constexpr Millis kWake{600'000};

class Gateway : public WireListener {
 public:
  /// `make_line` makes the lines of relays.
  explicit Gateway(const Configuration& configuration,
                   const Relays::MakeLine& make_line = Relays::make_relay_line);

  /// Adds a sink, which must outlive the gateway's last turn. One added late gets every pack with
  /// the next turn.
  void add(Sink& sink);

  /// Before start(): what a former process kept (a text of memory()), or why that is not known. A
  /// text that is damaged keeps every relay safe until it is reset.
  void restore(std::string_view memory, Instant now, std::int64_t wall_ms);
  void distrust(std::string_view why, Instant now);

  /// What must survive a restart, if that is not what it was when last asked; else nothing.
  std::optional<std::string> take_memory(Instant now, std::int64_t wall_ms);

  /// An operator's. Empty: done; else why not, for people.
  std::string command(std::string_view relay, RelayCommand command, std::string_view origin,
                      Instant now);
  std::string order_full_charge(bool on, std::string_view origin, Instant now);

  /// Something happened outside that belongs into the record of events.
  void note(EventKind kind, std::string_view detail, Instant now);

  /// What an energy manager asks the bank for, from the next turn on.
  void order(const BankOrders& orders);

  /// The same, with who asked and when, to be kept over a restart; and what a former process kept.
  void keep_orders(const ClientOrders& orders);
  const ClientOrders& kept_orders() const { return client_orders_; }

  /// By pack: currents for which zero limits are asked for.
  std::span<const Switches> withheld() const { return relays_.withheld(); }

  /// Relays to their safe level, the start noted, everything published once (all of it absent).
  void start(Instant now, std::int64_t wall_ms);
  void stop(Instant now, std::int64_t wall_ms);

  void on_frame(std::size_t pack, Instant now) override;
  void on_link(std::size_t pack, const LinkStatus& status, Instant now) override;
  void on_order(std::size_t pack, const OrderReport& report, Instant now) override;

  /// Call at next_tick(). Calling it at other moments as well is harmless.
  void on_tick(Instant now);

  /// The next moment of the grid, after `now`, at which time alone may change something. Empty:
  /// only a frame can. Ask after end_turn().
  std::optional<Instant> next_tick(Instant now) const;

  /// True if end_turn() would do something.
  bool has_news() const {
    return tick_due_ || !store_.changed().empty() || !store_.events().empty();
  }

  /// Call when a turn of the loop ends: decides, acts and publishes if there is anything new.
  void end_turn(Instant now, std::int64_t wall_ms);

  /// The door to the settings of the BMSs.
  CommandGate& gate() { return gate_; }

  Store& store() { return store_; }
  Picture picture(Instant now, std::int64_t wall_ms) const;

  /// How the inverters are, as pictures have it from now on; it must stay until the next call.
  void show_inverters(std::span<const InverterState> inverters) { inverters_ = inverters; }
  const Configuration& configuration() const { return configuration_; }
  std::span<Sink* const> sinks() const { return sinks_; }

 private:
  bool wake(std::string_view relay, std::string_view origin, Instant now);
  void restore_pack(const PackMemory& kept, Instant now);
  bool decide(Instant now);
  void note_relays_on_packs();
  bool step(std::size_t pack, Instant now);
  bool every_fresh_pack_spoke(Instant now) const;
  void aggregate_bank(Instant now);
  void mark_judged(std::size_t pack);
  void tell_orders();
  void judge_joining();
  void publish(Instant now, std::int64_t wall_ms);

  const Configuration& configuration_;
  Store store_;
  CommandGate gate_;
  Supervisor supervisor_;
  Mirrors mirrors_;
  RelayControl relays_;
  BankControl bank_control_;
  std::span<const InverterState> inverters_;
  Bank bank_{};
  std::vector<Sink*> sinks_;
  Instant started_{};                 // where the grid begins
  std::vector<Instant> moves_at_;     // by pack: when its guard may change by time alone
  std::vector<Instant> woken_until_;  // by pack: an operator reset a relay that it held off
  std::vector<std::size_t> judged_;   // packs decided upon since the last picture, each once
  std::vector<bool> is_judged_;
  std::vector<bool> spoke_;         // by pack: it changed since the bank was added up
  std::uint64_t memory_taken_ = 0;  // its revision
  ClientOrders client_orders_;
  std::uint32_t client_orders_noted_ = 0;  // changes of them
  std::uint32_t trips_noted_ = 0;          // changes of what protections must remember
  bool tick_due_ = false;
  bool bank_is_old_ = true;  // a pack changed since it was added up
  bool bank_moved_ = false;  // it was added up again since it was published
};

}  // namespace cw

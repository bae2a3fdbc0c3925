// SPDX-License-Identifier: Apache-2.0
// Everything that is decided about the Bluetooth links of one adapter: when to scan, whom to
// connect next, when to give up, pair, forget a device or power-cycle the adapter. It speaks no
// D-Bus and reads no clock: what BlueZ says and the time come in, orders to BlueZ and news for the
// owners come out, so that a test runs days of drop-outs in a moment. ble_gatt.cpp carries the
// orders out.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/units.h"

namespace cw {

enum class BleDo : std::uint8_t {
  scan,
  stop_scan,
  connect,
  disconnect,
  remove,     // forget the device and what is remembered of its services
  pair,       // with the stored PIN
  subscribe,  // to the notifications of its data characteristic
  power_off,
  power_on,
};

/// An order to BlueZ; its outcome is told by on_result(). `device` has no meaning for scan,
/// stop_scan and power.
struct BleOrder {
  BleDo what{};
  std::size_t device = 0;
};

/// Why BlueZ could not do what it was told, as far as it makes a difference.
enum class BleFault : std::uint8_t {
  none,
  dropped_by_us,   // "le-connection-abort-by-local": trouble on the air, worth another try at once
  unreachable,     // no answer, or the link went away
  no_room,         // the controller has no connection slot left
  unknown_object,  // BlueZ forgot the device
  not_paired,      // the device demands pairing
  refused,         // pairing was refused
  unsupported,     // the device has no such characteristic
  other,
};

/// For the owner of a link. up: bytes flow. down: they do not any more or will not; it is not
/// wanted any longer until want() is said again.
struct BleNews {
  std::size_t device = 0;
  bool up = false;
  std::string why{};  // of down, for people
};

/// BlueZ and one adapter:
/// - One attempt to connect at a time, and no scan meanwhile; established links run side by side.
/// - A failed attempt is repeated after 0, 1, 2, 4 ... 30 s and up to a fifth more; a link that was
///   good for a minute starts from the beginning.
/// - A device that BlueZ does not know is scanned for, with pauses that leave air to other links.
/// - Services that cannot be read twice in a row: BlueZ forgets the device and finds it again.
/// - A device is paired only if a PIN is stored for it and it demands pairing, in words or by
///   dropping every unpaired link; one that refuses is never asked again.
/// - If nothing connects any more the adapter is switched off and on, at most every 10 minutes.
class BleCentral {
 public:
  explicit BleCentral(std::string adapter, std::uint32_t seed = 1);

  /// A device this adapter is responsible for; returns its number.
  std::size_t add(bool has_pin);

  void want(std::size_t device, Instant now);
  void unwant(std::size_t device, Instant now);

  // --- what BlueZ says ---------------------------------------------------------------------------
  /// The service itself came or went; when it is back everything is told anew.
  void on_service(bool running, Instant now);
  void on_adapter(bool present, bool powered, Instant now);
  /// BlueZ knows the device, or does not any more.
  void on_known(std::size_t device, bool known, Instant now);
  void on_connected(std::size_t device, bool connected, Instant now);
  /// Services were read; `usable`: and the characteristics we need are among them.
  void on_resolved(std::size_t device, bool usable, Instant now);
  void on_paired(std::size_t device, bool paired);
  void on_result(BleOrder order, BleFault fault, std::string_view text, Instant now);
  /// The notifications ended, though nobody said that the link did.
  void on_silenced(std::size_t device, Instant now);
  /// Bytes arrived that are more than chatter of the radio module.
  void on_data(std::size_t device, Instant now);

  /// Call at deadline(); at other moments it is harmless.
  void on_time(Instant now);
  Instant deadline() const;

  // --- what follows ------------------------------------------------------------------------------
  std::optional<BleOrder> take_order();
  std::optional<BleNews> take_news();

  /// No link, no attempt, no scan.
  bool quiet() const { return !busy() && !any_up() && !scanning_ && orders_.empty(); }

  const std::string& adapter() const { return adapter_; }
  std::uint32_t power_cycles() const { return power_cycles_; }
  bool up(std::size_t device) const { return links_[device].stage == Stage::up; }

 private:
  enum class Stage : std::uint8_t {
    idle,
    connecting,
    resolving,
    pairing,
    subscribing,
    up,
    leaving,
  };
  enum class Power : std::uint8_t { steady, going_off, pausing, coming_on };

  struct Link {
    Stage stage = Stage::idle;
    bool wanted = false;
    bool known = false;
    bool connected = false;
    bool resolved = false;
    bool usable = false;
    bool paired = false;
    bool has_pin = false;
    bool demands_pairing = false;
    bool refuses_pairing = false;
    bool heard_ever = false;
    bool heard = false;         // in this connection
    bool remove_after = false;  // as soon as it is disconnected
    Instant until{};            // of this stage
    Instant began{};            // to connect
    Instant connected_at{};
    Instant good_since{};  // data without a pause since
    Instant last_data{};
    Instant retry_at{};
    Instant wanted_at{};
    std::uint32_t failures = 0;     // in a row
    std::uint32_t unresolved = 0;   // attempts in a row that ended with unread services
    std::uint32_t early_drops = 0;  // links in a row that ended at once, without data
  };

  bool usable() const { return running_ && present_ && powered_ && power_ == Power::steady; }
  std::string_view adapter_trouble() const;
  bool busy() const;
  bool any_up() const;
  std::optional<std::size_t> next_to_connect(Instant now) const;
  bool missing() const;

  void order(BleDo what, std::size_t device = 0) { orders_.push_back({what, device}); }
  void enter(std::size_t device, Stage stage, Millis most, Instant now);
  void fail(std::size_t device, std::string why, Millis pause, Instant now);
  void leave(std::size_t device, Instant now);
  void left(std::size_t device, Instant now);
  void dropped(std::size_t device, Instant now);
  void forget_everything(std::string_view why, Instant now);
  void proceed(std::size_t device, Instant now);
  void subscribe_or_pair(std::size_t device, Instant now);
  void came_up(std::size_t device, Instant now);
  Millis backoff(const Link& link);
  bool should_pair(const Link& link) const;

  void on_connect_result(std::size_t device, BleFault fault, std::string_view text, Instant now);
  void on_pair_result(std::size_t device, BleFault fault, std::string_view text, Instant now);
  void on_subscribe_result(std::size_t device, BleFault fault, std::string_view text, Instant now);
  void on_power_result(BleDo what, BleFault fault, Instant now);
  void time_link(std::size_t device, Instant now);
  void time_scan(Instant now);
  void time_power(Instant now);
  void share_slot();
  void act(Instant now);

  std::string adapter_;
  bool running_ = false;
  bool present_ = false;
  bool powered_ = false;
  std::vector<Link> links_;
  std::deque<BleOrder> orders_;
  std::deque<BleNews> news_;
  bool scanning_ = false;
  bool stopping_scan_ = false;
  Instant scan_until_{};  // of the scan, of its pause, or of the wait for its end
  Power power_ = Power::steady;
  Instant power_until_{};
  std::optional<Instant> cycled_at_;
  std::optional<Instant> fruitless_since_;
  std::uint32_t fruitless_ = 0;  // failures since anything was up
  std::uint32_t power_cycles_ = 0;
  std::uint32_t random_;
};

}  // namespace cw

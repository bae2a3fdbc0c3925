// SPDX-License-Identifier: Apache-2.0
// One wire and the packs on it: moves bytes between a Transport and their Line, on the loop. Opens
// the transport again when it went away. An answer of 300 bytes comes in twenty pieces; from the
// request until shortly before it was whole the last time, the wire does not listen, and so is not
// woken for each of them.
#pragma once
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/capture/capture_tap.h"
#include "daemon/loop.h"
#include "daemon/wire_packs.h"
#include "drivers/transport/transport.h"

namespace cw {

class Wire {
 public:
  /// `longest_frame` in bytes, of all protocols on the wire.
  Wire(Loop& loop, WireListener& listener, std::unique_ptr<Transport> transport, LineTimes times,
       std::size_t longest_frame);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// Adds a pack before start(). `pack` must outlive it and never move.
  void add(std::size_t index, const PackConfiguration& configuration, Pack& pack);

  /// Records everything from now on; before start(), so that nothing is missing.
  void record(CaptureProbe probe) { probe_ = probe; }

  void start();

  /// As in WirePacks. order() is false as well while the wire is down.
  Settings* settings(std::size_t pack) { return packs_.settings(pack); }
  [[nodiscard]] bool order(std::size_t pack, const Order& order);
  void ask_at(std::size_t pack, Instant when);

  bool is_open() const { return up_; }

  /// Lets go of the port for `time`, so that somebody else can have the BMS; 0: takes it back now.
  void release(Millis time);

  /// For people: "/dev/ttyUSB0 at 115200 baud", and why it is down or what is wrong with it all the
  /// same ("": nothing).
  const std::string& name() const { return transport_->name(); }
  std::string trouble() const;

 private:
  void open();
  void watch();
  void on_ready(std::uint32_t events);
  void on_timer(Instant now);
  void came_up(Instant now);
  void try_anew(Instant now);
  void note_asking();
  void went_down(Instant now);
  void ask(Instant now);
  void note_answer(std::size_t station, Instant now);
  void rest(std::size_t station);
  void set_timer(Instant deadline);
  void report_complaint(Instant now);

  Loop& loop_;
  std::unique_ptr<Transport> transport_;
  WirePacks packs_;
  CaptureProbe probe_;
  // What does not fit of a Bluetooth notification is lost; the longest has 514 bytes.
  std::array<std::uint8_t, 1024> room_{};
  std::string trouble_;
  std::string complaint_;  // as it was logged
  Instant complained_{};
  int timer_;
  std::optional<Instant> timer_at_;  // what it is set to, if it is set
  int watched_ = -1;
  std::uint32_t interest_ = 0;
  std::vector<Millis> spans_;  // by station: from its last request to the end of the answer
  Instant asked_{};
  std::optional<Instant> rest_until_;  // not listening until then
  bool rested_ = false;                // in this exchange
  std::uint32_t pieces_ = 0;           // of the answer, as they were read
  bool up_ = false;
  bool anew_ = false;  // opened again because nothing was heard; nothing was since
  Asking noted_ = Asking::ours;
  Millis reopen_after_{};
  std::optional<Instant> released_until_;
};

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Plays a recording through the very classes that made it: the packs' protocols and lines, store,
// supervisor, mirrors, relays. Virtual time; no wire, no relay, no file. What the recording says
// was sent and decided is compared with what is sent and decided now.
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/capture/capture_file.h"
#include "daemon/gateway.h"
#include "daemon/wire_packs.h"

namespace cw {

/// Of requests and events: how many are as recorded, and how many are not.
struct ReplayReport {
  std::uint64_t requests = 0;
  std::uint64_t events = 0;
  std::uint64_t different = 0;
  std::string first_difference;   // empty: none
  bool from_start = false;        // the recording begins with the gateway's own start
  bool gateway_recorded = false;  // else it decides at times of its own
};

/// What a recording is played with: the packs, limits and relays it carries; `file` is what faults
/// are called after. A recording without a configuration gets a pack a wire with the limits of LFP
/// where its protocol is known. Faults count lines from the first "config" line of the header.
LoadedConfiguration replay_configuration(const CaptureHeader& header, const std::string& file);

/// Relays are left without lines: a replay drives nothing.
LoadedConfiguration without_lines(LoadedConfiguration loaded);

class Replay {
 public:
  /// Both must outlive it. A wire whose port no pack of the configuration has is left out.
  Replay(const Configuration& configuration, const Capture& capture);

  /// Add sinks before the first step.
  Gateway& gateway() { return gateway_; }

  /// When the next record is due, on the recorded clock; empty: there is none.
  std::optional<Instant> next() const;

  /// Plays it. Call only if there is one.
  void step();

  const ReplayReport& report() const { return report_; }
  Instant now() const { return now_; }
  std::int64_t wall_ms() const;

 private:
  struct Port {
    std::unique_ptr<WirePacks> packs;  // absent: nobody reads it
    bool recorded = false;             // with its turns; else it has turns of its own
    bool up = false;
    std::optional<Request> asked;  // waits for its record
  };
  class Listener final : public Sink {
   public:
    void publish(const Picture&, std::span<const std::size_t>) override {}
    void record(const Event& event) override;
    Health health() const override { return {true, "", 0}; }
    std::deque<std::string> events;
  };

  void begin();
  void live_until(Instant until);
  void play(const CaptureRecord& record);
  void play_wire(const CaptureRecord& record, Port& port);
  void play_gateway(const CaptureRecord& record);
  void come_up(Port& port);
  void ask(Port& port);
  void compare_request(const CaptureRecord& record, Port& port);
  void compare_event(const std::string& recorded);
  void differ(std::string what);
  void turn_over();

  const Capture& capture_;
  Gateway gateway_;
  Listener heard_;
  std::vector<Port> ports_;  // by wire of the recording, from 0
  std::size_t at_ = 0;       // the next record
  Instant now_{};
  bool begun_ = false;
  ReplayReport report_;
};

}  // namespace cw

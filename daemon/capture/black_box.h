// SPDX-License-Identifier: Apache-2.0
// The last hours of every wire in memory, and on disk what was around each incident: alarms, trips,
// relays that moved, divergences. One file an incident, few files, and a disk that is full or hangs
// holds up nobody.
#pragma once
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "daemon/capture/black_box_options.h"
#include "daemon/capture/capture_hub.h"
#include "daemon/capture/seal_writer.h"

namespace cw {

/// When an incident begins and ends; no I/O and no clock.
class IncidentWatch {
 public:
  explicit IncidentWatch(const BlackBoxOptions& options) : options_(options) {}

  void on_event(const Event& event);

  struct Incident {
    Instant from{};  // what is to be kept
    Instant until{};
    Text<160> cause;  // "garage-alarm_raised-cell_overvoltage"
  };
  /// The incident that is over, once. `ending`: also one that is not.
  std::optional<Incident> take_over(Instant now, bool ending);

  /// How long an incident that never calms down may last, as a multiple of `after`.
  static constexpr int kLongest = 6;

 private:
  BlackBoxOptions options_;
  std::optional<Incident> open_;
  Instant began_{};
};

/// True for what is worth keeping what was around it.
bool is_incident(const Event& event);

class BlackBox final : public CaptureListener {
 public:
  BlackBox(const BlackBoxOptions& options, CaptureHub& hub, std::size_t wires);
  ~BlackBox();

  void take(const PackedRecord& record) override;
  void take(const Event& event) override { watch_.on_event(event); }

  /// Every now and then: seals what is over, forgets what is too old. Returns what became of the
  /// files since the last call, for the event log: "sealed in FILE", or why not.
  std::vector<std::string> tend(Instant now);

 private:
  void seal(const IncidentWatch::Incident& incident, Instant now);

  BlackBoxOptions options_;
  CaptureHub& hub_;
  IncidentWatch watch_;
  std::vector<CaptureRing> rings_;  // by wire; the first is the gateway's
  std::deque<Instant> sealed_;      // within a day
  std::vector<std::string> news_;
  bool told_too_many_ = false;
  SealWriter writer_;
};

}  // namespace cw

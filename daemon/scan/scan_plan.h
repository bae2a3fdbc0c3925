// SPDX-License-Identifier: Apache-2.0
// In which order a port is searched, most likely first, and for how long: it listens before it
// asks, asks nothing where somebody else does, and looks only for neighbours of what it found.
// No I/O and no clock.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "drivers/protocol/registry.h"

namespace cw {

struct ScanStep {
  const ProtocolSpec* protocol = nullptr;  // absent: only listen, to all protocols
  std::uint32_t baud = 0;                  // 0: the port has no speed of its own
  std::uint8_t address = 0;
  Millis within{};  // how long to wait, from the last byte that was sent
  friend bool operator==(const ScanStep&, const ScanStep&) = default;
};

enum class ScanOutcome : std::uint8_t {
  silence,  // nothing came
  bytes,    // something came that is no answer
  found,    // a device answered, or was overheard
};

class ScanPlan {
 public:
  /// `protocols`: those of the port's bus. `has_speed`: false for a serial server, which has its
  /// speed set elsewhere, and for CAN.
  ScanPlan(std::span<const ProtocolSpec* const> protocols, bool has_speed);

  /// What to do now; empty: the port is done.
  std::optional<ScanStep> next() const;

  /// What became of next().
  void report(ScanOutcome outcome);

  /// Another master drives the line: nothing is asked any more.
  bool only_listens() const { return foreign_; }

  /// The longest that what remains may take.
  Millis worst_case() const;

  std::size_t done() const { return done_; }
  std::size_t size() const { return steps_.size(); }

 private:
  bool is_wanted(const ScanStep& step) const;

  std::vector<ScanStep> steps_;
  std::size_t done_ = 0;
  bool foreign_ = false;
  std::optional<ScanStep> hit_;  // the last that found something
};

}  // namespace cw

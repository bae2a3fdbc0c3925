// SPDX-License-Identifier: Apache-2.0
// One wire, the boards on it and a gateway at its end: everybody hears what a board says, two who
// speak at once spoil both. No clock: times are arguments, in nanoseconds of the wire's own time.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "daemon/simulate/wire_plan.h"
#include "simulator/virtual_pack.h"

namespace cw {

class SharedWire {
 public:
  explicit SharedWire(WirePlan plan) : plan_(std::move(plan)) {}

  /// Before the first byte. The pack must outlive the wire.
  void add(simulator::VirtualPack& pack) { packs_.push_back(&pack); }
  bool is_shared() const { return packs_.size() > 1; }

  /// The gateway speaks.
  void on_bytes(std::span<const std::uint8_t> in, std::int64_t now);

  /// What has arrived at the gateway by now; good until the next call. Call at next().
  std::span<const std::uint8_t> due(std::int64_t now);
  std::optional<std::int64_t> next() const;

  /// Forgets what is on its way.
  void clear() { plan_.clear(); }

  /// How often two spoke at once.
  std::uint64_t collisions() const { return collisions_; }

 private:
  void tell_boards(std::span<const std::uint8_t> in, std::int64_t now);
  void let_masters_speak(std::int64_t now);
  bool is_on(const simulator::VirtualPack& pack) const;

  WirePlan plan_;
  std::vector<simulator::VirtualPack*> packs_;
  std::vector<simulator::Answer> answers_;
  std::vector<std::uint8_t> heard_;
  std::uint64_t collisions_ = 0;
};

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Real boards' protocol over a real line in virtual time: Line and jk-modbus as the daemon uses
// them on one end, simulated boards on a shared wire on the other. Watches that nobody's values are
// taken for another's: each board has its own number of cycles.
#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <vector>

#include "daemon/simulate/shared_wire.h"
#include "drivers/protocol/registry.h"
#include "drivers/session/line.h"

namespace cw::test {

inline constexpr std::int64_t kMs = 1'000'000;
inline constexpr std::int32_t kTurnaround_us = 8'000;

class PbWorld {
 public:
  struct Options {
    std::size_t boards = 15;
    Millis poll{0};
    std::uint32_t baud = 115'200;
    bool master = false;  // a board with address 0 drives the line
    std::uint64_t seed = 1;
    bool only_listen = false;
  };

  explicit PbWorld(const Options& options)
      : wire(WirePlan(options.baud, kTurnaround_us)),
        line(times(options), find_protocol("jk-modbus")->longest_frame) {
    if (options.master) add_board(0, options.seed, true);
    for (std::size_t i = 1; i <= options.boards; ++i) {
      add_board(static_cast<std::uint8_t>(i), options.seed + i, false);
      protocols.push_back(
          std::make_unique<ProtocolBox>(*find_protocol("jk-modbus"), static_cast<std::uint8_t>(i)));
      heard.push_back(std::make_unique<Pack>());
      line.add(**protocols.back(), *heard.back(), {.interval = options.poll}, now());
    }
    line.on_up(now());
  }

  Instant now() const { return {now_ns_ / kMs}; }

  void run(std::int64_t milliseconds) {
    const std::int64_t end = now_ns_ + milliseconds * kMs;
    while (!testing::Test::HasFailure()) {
      const std::int64_t timer = std::max(line.deadline().ms * kMs, now_ns_);
      const std::int64_t arrival = std::max(wire.next().value_or(kNever), now_ns_);
      if (std::min(timer, arrival) > end) break;
      now_ns_ = std::min(timer, arrival);
      if (arrival == now_ns_) hear();
      if (const auto request = line.on_time(now())) {
        ++sent;
        wire.on_bytes(request->view(), now_ns_);
      }
    }
    now_ns_ = end;
  }

  std::uint64_t frames(std::size_t station) const { return line.status(station).counts.frames; }
  std::uint64_t frames() const {
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < line.size(); ++i) all += frames(i);
    return all;
  }

  /// Board with address `address`.
  simulator::VirtualPack& board(std::uint8_t address) {
    for (auto& each : boards)
      if (each->spec().modbus.address == address) return *each;
    ADD_FAILURE() << "no board " << int{address};
    return *boards[0];
  }

  SharedWire wire;
  Line line;
  std::vector<std::unique_ptr<simulator::VirtualPack>> boards;
  std::vector<std::unique_ptr<ProtocolBox>> protocols;
  std::vector<std::unique_ptr<Pack>> heard;
  std::uint64_t sent = 0;
  std::uint64_t wrong = 0;  // values of another board

 private:
  static constexpr std::int64_t kNever = INT64_MAX;

  static LineTimes times(const Options& options) {
    LineTimes times;
    times.byte_us = 10'000'000 / options.baud;
    times.only_listen = options.only_listen;
    make_room_for(*find_protocol("jk-modbus"), times);
    return times;
  }

  void add_board(std::uint8_t address, std::uint64_t seed, bool master) {
    simulator::PackSpec spec;
    spec.speech = simulator::Speech::jk_modbus;
    spec.generation = Generation::board_15;
    spec.modbus.address = address;
    spec.master = master;
    spec.hold = true;
    spec.cycles = {100 + address};
    boards.push_back(std::make_unique<simulator::VirtualPack>(spec, seed, now()));
    wire.add(*boards.back());
  }

  void hear() {
    const auto bytes = wire.due(now_ns_);
    if (bytes.empty()) return;
    line.on_bytes(bytes, now());
    for (const std::size_t station : line.completed()) {
      const auto cycles = heard[station]->scalars.cycle_count.fresh(now(), {0});
      if (cycles && cycles->count != 101 + static_cast<std::int32_t>(station)) ++wrong;
    }
  }

  std::int64_t now_ns_ = 1'000'000 * kMs;
};

}  // namespace cw::test

// SPDX-License-Identifier: Apache-2.0
// A line whose clock the test turns.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "tests/unit/line_rig.h"

namespace cw::test {

// Stations are numbered from 1, which is also their address.
class LineTest : public testing::Test {
 protected:
  void build(std::size_t stations, StationTimes times = {}, LineTimes line_times = {}) {
    line = std::make_unique<Line>(line_times, kLongestFrame);
    for (std::size_t i = 0; i < stations; ++i) {
      protocols.push_back(std::make_unique<FakeProtocol>(static_cast<std::uint8_t>(i + 1)));
      packs.push_back(std::make_unique<Pack>());
      line->add(*protocols[i], *packs[i], times, now);
    }
    line->on_up(now);
  }

  // Moves on to the next thing the line wants to do; the request, if that is one.
  std::optional<Request> step() {
    now = std::max(now, line->deadline());
    auto request = line->on_time(now);
    if (!request) {
      EXPECT_GT(line->deadline(), now) << "the owner would spin";
    }
    return request;
  }
  // The next request, however many time-outs lie before it; its station from 1.
  int ask() {
    for (int i = 0; i < 100; ++i)
      if (const auto request = step()) return request->bytes[1];
    return 0;
  }
  void hear(const Bytes& bytes) { line->on_bytes(bytes, now); }
  // Station `number` (from 1) answers what it was asked last.
  void reply(int number) {
    hear(answer(static_cast<std::uint8_t>(number), protocol(number).number));
  }
  void after(int ms) { now = now + Millis{ms}; }
  // Asks and lets the request time out.
  void miss() {
    ASSERT_NE(ask(), 0);
    now = line->deadline();
    line->on_time(now);
  }

  FakeProtocol& protocol(int number) { return *protocols[static_cast<std::size_t>(number - 1)]; }
  const LinkStatus& status(int number) {
    return line->status(static_cast<std::size_t>(number - 1));
  }

  Instant now{1'000'000};
  std::vector<std::unique_ptr<FakeProtocol>> protocols;
  std::vector<std::unique_ptr<Pack>> packs;
  std::unique_ptr<Line> line;
};

}  // namespace cw::test

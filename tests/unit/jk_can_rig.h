// SPDX-License-Identifier: Apache-2.0
// A JK board on a bus without sockets: frames by hand, at any time, into one decoder.
#pragma once
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "core/measurements.h"
#include "drivers/protocol/candump.h"
#include "drivers/protocol/jk_can.h"
#include "drivers/protocol/registry.h"

namespace cw::test {

inline constexpr Millis kStaleAfter{3'000};

class CanBoard {
 public:
  explicit CanBoard(ProtocolOptions options = {}) : protocol_(*find_protocol("jk-can"), options) {}

  /// "2F4#1301D71133000000" arrives at now.
  Fed hear(std::string_view text) {
    const CandumpLine line = parse_candump(text);
    EXPECT_TRUE(line.frame.has_value()) << text << ": " << line.fault;
    return line.frame ? hear(*line.frame) : Fed{};
  }
  Fed hear(const CanFrame& frame) {
    const CanRecord record = to_record(frame);
    const Fed fed = protocol_->feed(record, now, pack);
    if (fed.heard == Heard::frame) {
      ++frames;
      judge(pack);
      derive(pack, now);
      judge(pack);
    }
    return fed;
  }

  /// All of them again and again, one every millisecond, until `span` has passed.
  void repeat(std::initializer_list<std::string_view> lines, Millis span) {
    const Instant end = now + span;
    while (now < end)
      for (const std::string_view line : lines) {
        hear(line);
        now = now + Millis{1};
      }
  }

  template <class Q>
  std::optional<std::int32_t> value(const Reading<Q>& reading) const {
    if (const auto fresh = reading.fresh(now, kStaleAfter)) return fresh->count;
    return std::nullopt;
  }
  AlarmSet alarms() const { return pack.alarms.fresh(now, kStaleAfter).value_or(AlarmSet{}); }

  Pack pack;
  Instant now{1'000'000};
  int frames = 0;  // told

 private:
  ProtocolBox protocol_;
};

}  // namespace cw::test

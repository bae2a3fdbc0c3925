// SPDX-License-Identifier: Apache-2.0
// JK over Bluetooth: a stream of notifications, cut anywhere, with chatter between the records.
#include "drivers/protocol/jk_ble.h"

#include <gtest/gtest.h>

#include "core/measurements.h"
#include "drivers/protocol/registry.h"
#include "drivers/session/line.h"
#include "tests/unit/jk_record_rig.h"

namespace cw {
namespace {

using jk_record::Layout;
using jk_record::Type;
using Bytes = std::vector<std::uint8_t>;

const Bytes kChatter = {'A', 'T', '\r', '\n'};

Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}
Bytes acknowledgement() {
  const std::uint8_t one[] = {1};
  const Request request = jk_ble::command(0xC8, one);
  return {request.view().begin(), request.view().end()};
}
Bytes record(Type type, Layout layout = Layout::jk02_32s, std::uint8_t counter = 5) {
  Pack told = told_by_a_board();
  const char* const versions[] = {"3.3.0", "10.07", "15.38"};
  told.identity.software_version.assign(versions[static_cast<std::size_t>(layout)]);
  if (layout == Layout::jk04) told.identity.model.assign("JK-B2A16S");
  const RecordBytes bytes = record_of(type, layout, told, counter);
  return {bytes.begin(), bytes.end()};
}

/// Notifications in, what is heard out.
struct Stream {
  ProtocolBox protocol{*find_protocol("jk-ble"), ProtocolOptions{}};
  Pack pack;
  Instant now{1'000};
  Bytes waiting;
  std::vector<Heard> heard;

  void notify(const Bytes& bytes) {
    waiting = std::move(waiting) + bytes;
    while (!waiting.empty()) {
      const Fed fed = protocol->feed(waiting, now, pack);
      if (fed.heard == Heard::need_more) break;
      ASSERT_GT(fed.consumed, 0U);
      heard.push_back(fed.heard);
      waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(fed.consumed));
    }
  }
  void notify_cut(const Bytes& bytes, std::size_t size) {
    for (std::size_t at = 0; at < bytes.size(); at += size)
      notify({bytes.begin() + static_cast<std::ptrdiff_t>(at),
              bytes.begin() + static_cast<std::ptrdiff_t>(std::min(at + size, bytes.size()))});
  }
  std::size_t count(Heard what) const {
    return static_cast<std::size_t>(std::count(heard.begin(), heard.end(), what));
  }
  std::optional<std::uint8_t> asks() {
    const auto request = protocol->next_request(now);
    if (!request) return std::nullopt;
    return request->bytes[jk_ble::kNumberAt];
  }
};

TEST(JkBle, CommandsAreTwentyBytesThatAddUp) {
  const Request device = jk_ble::command(jk_ble::Command::device);
  EXPECT_EQ(Bytes(device.view().begin(), device.view().end()),
            (Bytes{0xAA, 0x55, 0x90, 0xEB, 0x97, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11}));
  const std::uint8_t value[] = {1, 0, 0, 0};
  const Request charge = jk_ble::command(0x1D, value);
  EXPECT_EQ(charge.bytes[jk_ble::kLengthAt], 4);
  EXPECT_EQ(charge.bytes[19], 0x9C);
  EXPECT_TRUE(jk_ble::is_sound(charge.view().first<jk_ble::kCommandSize>()));
}

TEST(JkBle, RecordsAreHeardHoweverTheyAreCut) {
  const Bytes all = kChatter + record(Type::device) + acknowledgement() + record(Type::settings) +
                    kChatter + acknowledgement() + record(Type::status) + record(Type::status);
  for (const std::size_t size : {1U, 3U, 20U, 22U, 80U, 128U, 150U, 300U, 512U}) {
    Stream stream;
    stream.notify_cut(all, size);
    EXPECT_EQ(stream.count(Heard::frame), 4U) << size;
    EXPECT_EQ(stream.count(Heard::acknowledged), 2U) << size;
    EXPECT_EQ(stream.count(Heard::bad_checksum), 0U) << size;
    EXPECT_EQ(stream.count(Heard::noise), 2U) << size;
    EXPECT_TRUE(stream.waiting.empty()) << size;
    EXPECT_EQ(stream.pack.scalars.voltage.fresh(stream.now, {0}), Millivolts{52'920}) << size;
  }
}

TEST(JkBle, AStaleTailOfTheLastConnectionIsDropped) {
  Stream stream;
  const Bytes old = record(Type::status);
  stream.notify({old.end() - 20, old.end()});
  stream.notify(record(Type::device));
  EXPECT_EQ(stream.count(Heard::frame), 1U);
  EXPECT_EQ(stream.count(Heard::noise), 1U);
}

TEST(JkBle, ALostNotificationCostsOneRecord) {
  Stream stream;
  stream.notify(record(Type::device));
  const Bytes cut = record(Type::status);
  stream.notify({cut.begin(), cut.begin() + 128});  // 22 bytes and the rest are lost
  stream.notify(record(Type::status, Layout::jk02_32s, 6));
  stream.notify(record(Type::status, Layout::jk02_32s, 7));
  EXPECT_EQ(stream.count(Heard::bad_checksum), 1U);
  EXPECT_EQ(stream.count(Heard::frame), 3U);
  EXPECT_TRUE(stream.waiting.empty());
}

TEST(JkBle, ADamagedRecordIsNoNews) {
  Stream stream;
  stream.notify(record(Type::device));
  Bytes damaged = record(Type::status);
  damaged[100] ^= 0x10;
  stream.notify(damaged);
  EXPECT_EQ(stream.count(Heard::bad_checksum), 1U);
  EXPECT_FALSE(stream.pack.scalars.voltage.fresh(stream.now, {0}));
  stream.notify(record(Type::status));
  EXPECT_TRUE(stream.pack.scalars.voltage.fresh(stream.now, {0}));
}

TEST(JkBle, TheGenerationIsFoundOut) {
  for (const Layout layout : {Layout::jk04, Layout::jk02_24s, Layout::jk02_32s}) {
    Stream stream;
    stream.notify(record(Type::device, layout));
    stream.notify(record(Type::settings, layout));
    stream.notify(record(Type::status, layout));
    EXPECT_EQ(stream.count(Heard::frame), 3U) << name(layout);
    EXPECT_EQ(stream.pack.cell_voltage[15].fresh(stream.now, {0}), Millivolts{3315})
        << name(layout);
    EXPECT_EQ(stream.pack.scalars.current.fresh(stream.now, {0}).has_value(),
              layout != Layout::jk04);  // balancers do not measure it
  }
}

TEST(JkBle, AStatusThatAddsUpIsBelievedBeforeTheVersion) {
  Stream stream;
  stream.notify(record(Type::device, Layout::jk02_24s));
  stream.notify(record(Type::status, Layout::jk02_32s));
  EXPECT_EQ(stream.pack.scalars.voltage.fresh(stream.now, {0}), Millivolts{52'920});
}

TEST(JkBle, SettingsOfAnUnknownGenerationAreNotGuessed) {
  Stream stream;
  stream.notify(record(Type::settings));
  EXPECT_EQ(stream.count(Heard::malformed), 1U);
  EXPECT_FALSE(stream.pack.parameters.get(Parameter::cell_overvoltage));
  ProtocolBox told(*find_protocol("jk-ble"), ProtocolOptions{.generation = "jk02-32s"});
  EXPECT_EQ(told->feed(record(Type::settings), stream.now, stream.pack).heard, Heard::frame);
}

TEST(JkBle, AsksWhoItIsThenForTheStreamAndThenListens) {
  Stream stream;
  EXPECT_EQ(stream.asks(), 0x97);
  EXPECT_EQ(stream.asks(), 0x97);  // unanswered
  stream.notify(record(Type::device) + acknowledgement());
  EXPECT_EQ(stream.asks(), 0x96);
  stream.notify(record(Type::settings) + acknowledgement());
  std::uint32_t questions = 0;
  for (int half_seconds = 0; half_seconds < 600; ++half_seconds) {
    stream.now = stream.now + Millis{500};
    stream.notify(record(Type::status));
    const auto asked = stream.asks();
    if (!asked) continue;
    EXPECT_EQ(asked, 0x96);
    ++questions;
    stream.notify(record(Type::settings));
  }
  EXPECT_GE(questions, 4U);  // for the settings, once a minute
  EXPECT_LE(questions, 6U);
}

TEST(JkBle, ASilentStreamIsAskedForAgainAndThenItIsAskedWhoItIs) {
  Stream stream;
  stream.notify(record(Type::device) + record(Type::settings) + record(Type::status));
  EXPECT_EQ(stream.asks(), std::nullopt);
  stream.now = stream.now + Millis{3'000};
  EXPECT_EQ(stream.asks(), 0x96);
  stream.now = stream.now + Millis{8'000};
  EXPECT_EQ(stream.asks(), 0x97);
}

/// With the line that drives it: a board that answers and streams.
TEST(JkBle, TheLineHearsTheStreamBetweenQuestions) {
  ProtocolBox protocol(*find_protocol("jk-ble"), ProtocolOptions{});
  Pack pack;
  Line line({}, jk_record::kSize);
  Instant now{0};
  line.add(*protocol, pack, {}, now);
  line.on_up(now);
  bool streams = false;
  std::uint32_t asked = 0;
  for (; now.ms < 60'000; now.ms += 100) {
    if (const auto request = line.on_time(now)) {
      ++asked;
      const bool device = request->bytes[jk_ble::kNumberAt] == 0x97;
      streams |= !device;
      line.on_bytes(record(device ? Type::device : Type::settings) + acknowledgement(), now);
    }
    if (now.ms % 200 == 0) line.on_bytes(kChatter, now);
    if (streams && now.ms % 500 == 0) line.on_bytes(record(Type::status), now);
  }
  EXPECT_EQ(asked, 2U);
  EXPECT_GE(line.status(0).counts.frames, 115U);
  EXPECT_EQ(line.status(0).counts.timeouts, 0U);
  EXPECT_EQ(line.status(0).link, Link::up);
}

}  // namespace
}  // namespace cw

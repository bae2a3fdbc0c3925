// SPDX-License-Identifier: Apache-2.0
// Logs of candump as recordings: every frame at its time, to the bit; boards in them are packs; a
// replay of the log, and of the recording made of it, says what the frames say.
#include "daemon/capture/candump_capture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/capture/replay.h"
#include "drivers/protocol/candump.h"
#include "simulator/virtual_pack.h"

namespace cw {
namespace {

constexpr std::int64_t kEpoch_us = 1'795'000'000'000'000;

simulator::VirtualPack board(std::uint8_t address, std::size_t cells) {
  simulator::PackSpec spec;
  spec.hold = true;
  spec.cells = cells;
  spec.cell_voltages = {{3'310}};
  spec.can = simulator::JkCanBoardOptions{.address = address};
  return {spec, address + 1U, {0}};
}

std::string line_of(std::int64_t at_us, std::string_view interface, const CanFrame& frame) {
  std::string line = fmt::format("({}.{:06}) {} ", at_us / 1'000'000, at_us % 1'000'000, interface);
  line += frame.extended ? fmt::format("{:08X}#", frame.id) : fmt::format("{:03X}#", frame.id);
  for (std::size_t i = 0; i < frame.length; ++i) line += fmt::format("{:02X}", frame.data[i]);
  return line + "\n";
}

struct Log {
  std::string text;
  std::vector<std::pair<std::int64_t, CanFrame>> frames;
};

/// Six seconds of two boards on can0 and one on can1, with times between the milliseconds.
Log make_log() {
  Log log;
  auto first = board(0, 16);
  auto second = board(2, 8);
  auto other = board(0, 4);
  std::vector<CanFrame> frames;
  for (std::int64_t ms = 0; ms < 6'000; ++ms) {
    frames.clear();
    first.broadcast({ms}, frames);
    second.broadcast({ms}, frames);
    const std::size_t on_first = frames.size();
    other.broadcast({ms}, frames);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const std::int64_t at = kEpoch_us + 123 + ms * 1'000 + static_cast<std::int64_t>(i) * 7;
      log.text += line_of(at, i < on_first ? "can0" : "can1", frames[i]);
      log.frames.emplace_back(at, frames[i]);
    }
  }
  return log;
}

TEST(CandumpLog, EveryFrameIsARecordAtItsTimeToTheBit) {
  const Log log = make_log();
  const ReadCapture read = read_capture(log.text, "x.log");
  ASSERT_EQ(read.fault, "");
  EXPECT_FALSE(read.cut_short);
  const CaptureHeader& header = read.capture.header;
  EXPECT_EQ(header.wires, (std::vector<CaptureWire>{{"jk-can", "can0"}, {"jk-can", "can1"}}));
  EXPECT_EQ(header.wall_ms, log.frames.front().first / 1000);
  ASSERT_EQ(read.capture.records.size(), log.frames.size());
  for (std::size_t i = 0; i < log.frames.size(); ++i) {
    const CaptureRecord& record = read.capture.records[i];
    EXPECT_EQ(header.clock_ms * 1000 + record.at_us, log.frames[i].first);
    EXPECT_EQ(record.kind, CaptureKind::in);
    const CanRecord bytes = to_record(log.frames[i].second);
    ASSERT_TRUE(std::ranges::equal(record.bytes, bytes));
  }
}

TEST(CandumpLog, BoardsInItArePacks) {
  const ReadCapture read = read_capture(make_log().text, "x.log");
  const LoadedConfiguration loaded = replay_configuration(read.capture.header, "x.log");
  for (const auto& fault : loaded.faults) ADD_FAILURE() << fault.text();
  ASSERT_EQ(loaded.configuration.packs.size(), 3U);
  EXPECT_EQ(loaded.configuration.packs[1].device.address, 2);
  EXPECT_EQ(loaded.configuration.packs[1].policy.get(Parameter::cell_count), 8);
  EXPECT_EQ(loaded.configuration.packs[2].port.name, "can1");
}

/// The voltages of all packs after everything was played.
std::vector<std::int32_t> played(const Capture& capture) {
  const LoadedConfiguration loaded = replay_configuration(capture.header, "x.log");
  Replay replay(loaded.configuration, capture);
  while (replay.next()) replay.step();
  std::vector<std::int32_t> voltages;
  for (std::size_t i = 0; i < loaded.configuration.packs.size(); ++i) {
    const auto value =
        replay.gateway().store().pack(i).pack.scalars.voltage.fresh(replay.now(), {3'000});
    voltages.push_back(value ? value->count : -1);
  }
  return voltages;
}

TEST(CandumpLog, AReplayOfItAndOfTheRecordingMadeOfItAreTheSame) {
  const ReadCapture read = read_capture(make_log().text, "x.log");
  EXPECT_EQ(played(read.capture), (std::vector<std::int32_t>{16 * 3'310, 8 * 3'310, 4 * 3'310}));
  std::string text = write_capture_header(read.capture.header);
  for (const CaptureRecord& record : read.capture.records)
    write_capture_record(text, record.at_us, record.wire, record.kind, record.bytes, record.text);
  const ReadCapture again = read_capture(text, "x.capture");
  ASSERT_EQ(again.fault, "");
  EXPECT_EQ(again.capture.records, read.capture.records);
  EXPECT_EQ(played(again.capture), played(read.capture));
}

TEST(CandumpLog, OtherFormsOfCandumpAreReadToo) {
  const ReadCapture read = read_capture(
      "\n (1795000000.000100)  can0  2F4   [8]  13 01 D7 11 33 00 00 00\r\n"
      "(1795000000.000050) can1 18F128F4#E108F00A10272300 R\n"
      "# a remark\n"
      "(1795000000.000200) can0 7F4#R\n",
      "x.log");
  ASSERT_EQ(read.fault, "");
  ASSERT_EQ(read.capture.records.size(), 3U);
  EXPECT_EQ(read.capture.records[0].wire, 2) << "in the order of time";
  EXPECT_EQ(read.capture.records[0].at_us, 50);
  EXPECT_EQ(read.capture.records[1].at_us, 100);
}

TEST(CandumpLog, FaultsNameTheLineAndTheFix) {
  const auto fault = [](const char* text) { return read_capture(text, "x.log").fault; };
  EXPECT_TRUE(fault("(1.0) can0 2F4#00\n(1.1) can0 2F4#0\n").starts_with("x.log:2:1: up to eight"));
  EXPECT_TRUE(fault("(1.0) can0 2F4#00\ncan0 2F4#00\n")
                  .starts_with("x.log:2:1: a frame without its time: record with candump -l"));
  EXPECT_TRUE(fault("(1.0) 2F4#00\n").starts_with("x.log:1:1: a frame without its interface"));
  EXPECT_NE(fault("(1.0) can0 2F4##0AA\n"), "");
  EXPECT_TRUE(fault("hello\n").ends_with("or be a log of candump -l"));
  const ReadCapture cut = read_capture("(1.0) can0 2F4#00\n(1.1) can0 2F", "x.log");
  EXPECT_EQ(cut.fault, "");
  EXPECT_TRUE(cut.cut_short);
  EXPECT_EQ(cut.capture.records.size(), 1U);
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Recordings as text: what is written is read again, and every fault has its place.
#include "daemon/capture/capture_file.h"

#include <gtest/gtest.h>

#include <random>

namespace cw {
namespace {

CaptureHeader two_wires() {
  CaptureHeader header;
  header.wall_ms = 1'790'000'000'123;
  header.clock_ms = 987'654'321;
  header.wires = {{"jk-uart", "/dev/a port"}, {"-", "can0"}};
  header.configuration = "[[pack]]\nname = \"garage\"\n\ncells = 16\n";
  return header;
}

std::string text_of(const Capture& capture) {
  std::string text = write_capture_header(capture.header);
  for (const CaptureRecord& record : capture.records)
    write_capture_record(text, record.at_us, record.wire, record.kind, record.bytes, record.text);
  return text;
}

std::string fault_of(std::string_view text) { return read_capture(text, "day.capture").fault; }

const std::string kHead =
    "cellwarden-capture 1\nwall 2026-01-31T12:00:00.000Z\nclock_ms 5\nwire 1 jk-uart /dev/a\n"
    "records\n";

TEST(CaptureFile, LooksLikeThis) {
  Capture capture{two_wires(),
                  {{0, 0, CaptureKind::start, {}, {}},
                   {1'500, 1, CaptureKind::out, {0x4E, 0x57, 0x0A}, {}},
                   {20'000, 1, CaptureKind::down, {}, "unplugged"}}};
  capture.header.configuration = "[[pack]]\nname = \"garage\"\n";
  const std::string text = text_of(capture);
  EXPECT_EQ(text.substr(text.find("wall")),
            "wall 2026-09-21T14:13:20.123Z\n"
            "clock_ms 987654321\n"
            "wire 1 jk-uart /dev/a port\n"
            "wire 2 - can0\n"
            "config [[pack]]\n"
            "config name = \"garage\"\n"
            "records\n"
            "0 0 start\n"
            "1500 1 out 4E570A\n"
            "20000 1 down unplugged\n");
}

TEST(CaptureFile, WhatIsWrittenIsReadAgain) {
  std::mt19937 random(4);
  for (int round = 0; round < 200; ++round) {
    Capture capture{two_wires(), {}};
    capture.header.wall_ms = static_cast<std::int64_t>(random()) * 1000 + round;
    std::int64_t at_us = 0;
    for (std::size_t kind = 0; kind < kCaptureKindCount; ++kind) {
      CaptureRecord record;
      record.kind = static_cast<CaptureKind>(kind);
      const CaptureKindRow& row = row_of(record.kind);
      at_us += random() % 3 * 1'000'001;
      record.at_us = at_us;
      record.wire = row.of_wire ? static_cast<std::uint8_t>(1 + random() % 2) : std::uint8_t{0};
      if (row.payload == CapturePayload::text) record.text = "why, \"so\"  and 2nd";
      for (std::uint64_t i = random() % 400; row.payload == CapturePayload::bytes && i > 0; --i)
        record.bytes.push_back(static_cast<std::uint8_t>(random()));
      capture.records.push_back(record);
    }
    const ReadCapture read = read_capture(text_of(capture), "x");
    ASSERT_EQ(read.fault, "");
    EXPECT_FALSE(read.cut_short);
    EXPECT_EQ(read.capture.header, capture.header);
    EXPECT_EQ(read.capture.records, capture.records);
  }
}

TEST(CaptureFile, ATextOfSeveralLinesStaysOneRecord) {
  std::string text = kHead;
  write_capture_record(text, 1, 0, CaptureKind::lost, {}, "first\nsecond\x01");
  const ReadCapture read = read_capture(text, "x");
  ASSERT_EQ(read.fault, "");
  ASSERT_EQ(read.capture.records.size(), 1U);
  EXPECT_EQ(read.capture.records[0].text, "first second ");
}

TEST(CaptureFile, AFileThatWasCutOffIsReadUpToItsLastWholeLine) {
  const ReadCapture read = read_capture(kHead + "0 1 in 4E57\n7 1 in 4", "x");
  EXPECT_EQ(read.fault, "");
  EXPECT_TRUE(read.cut_short);
  EXPECT_EQ(read.capture.records.size(), 1U);
}

TEST(CaptureFile, CommentsEmptyLinesAndForeignLineEndsDoNotMatter) {
  const ReadCapture read = read_capture(
      "# mine\ncellwarden-capture 1\r\nwire 1 - a\r\n\r\nrecords\r\n# half time\n0 1 in 4e57\r\n",
      "x");
  ASSERT_EQ(read.fault, "");
  ASSERT_EQ(read.capture.records.size(), 1U);
  EXPECT_EQ(read.capture.records[0].bytes, (std::vector<std::uint8_t>{0x4E, 0x57}));
}

TEST(CaptureFile, EveryFaultHasItsPlace) {
  EXPECT_EQ(fault_of("").substr(0, 23), "day.capture:1:1: empty;");
  EXPECT_EQ(fault_of("4E57\n").substr(0, 33), "day.capture:1:1: not a recording:");
  EXPECT_EQ(fault_of("cellwarden-capture 2\n"),
            "day.capture:1:20: a recording of another version; this program reads 1");
  EXPECT_EQ(fault_of("cellwarden-capture 1\nwall yesterday\n"),
            "day.capture:2:6: write the time as 2026-01-31T12:00:00.000Z");
  EXPECT_EQ(fault_of("cellwarden-capture 1\nwire 2 - a\n"),
            "day.capture:2:6: wires are numbered from 1 to 255 without a gap");
  EXPECT_EQ(fault_of("cellwarden-capture 1\nspeed 9600\n").substr(0, 35),
            "day.capture:2:1: unknown line \"spee");
  EXPECT_EQ(fault_of(kHead + "soon 1 up\n"),
            "day.capture:6:1: a time in microseconds belongs here");
  EXPECT_EQ(fault_of(kHead + "9 1 up\n8 1 up\n"),
            "day.capture:7:1: 8 us is before the record above, at 9 us");
  EXPECT_EQ(fault_of(kHead + "9 2 up\n"), "day.capture:6:3: no such wire; the header has 1");
  EXPECT_EQ(fault_of(kHead + "9 1 upp\n"), "day.capture:6:5: unknown kind \"upp\"");
  EXPECT_EQ(fault_of(kHead + "9 0 up\n"), "day.capture:6:5: up is of a wire, from 1");
  EXPECT_EQ(fault_of(kHead + "9 1 tick\n"), "day.capture:6:5: tick is of the gateway: 0");
  EXPECT_EQ(fault_of(kHead + "9 1 up again\n"),
            "day.capture:6:8: nothing more belongs behind this kind");
  constexpr std::string_view digits =
      "two hexadecimal digits belong here, and no space between "
      "bytes";
  EXPECT_EQ(fault_of(kHead + "9 1 in 4E5G\n"), std::string("day.capture:6:10: ").append(digits));
  EXPECT_EQ(fault_of(kHead + "9 1 in 4E5\n"), std::string("day.capture:6:10: ").append(digits));
}

TEST(CaptureFile, AnyDamageIsAFaultOrARecordingAndNeverWorse) {
  const std::string whole = kHead + "0 0 start\n0 1 up\n7 1 in 4E5701\n8 0 decide\n";
  std::mt19937 random(9);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = whole;
    for (std::uint64_t i = 1 + random() % 3; i > 0; --i)
      text[random() % text.size()] = static_cast<char>(random());
    text.resize(text.size() - random() % 9);
    const ReadCapture read = read_capture(text, "x");
    EXPECT_LE(read.capture.records.size(), 6U);
  }
}

}  // namespace
}  // namespace cw

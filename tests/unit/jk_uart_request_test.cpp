// SPDX-License-Identifier: Apache-2.0
// The bytes the gateway sends to a JK board, and the envelope both directions share.
#include <gtest/gtest.h>

#include <numeric>

#include "tests/unit/jk_uart_frames.h"

namespace cw {
namespace {

Bytes bytes_of(const Request& request) { return {request.view().begin(), request.view().end()}; }

TEST(JkUartRequest, ReadsAllAsSourcePc) {
  const Bytes expected = {0x4E, 0x57, 0x00, 0x13, 0, 0,    0, 0, 0x06, 0x03, 0x00,
                          0x00, 0,    0,    0,    0, 0x68, 0, 0, 0x01, 0x29};
  EXPECT_EQ(bytes_of(jk_uart::read_all_request()), expected);
  ProtocolBox protocol(*find_protocol("jk-uart"), 0);
  const auto request = protocol->next_request(Instant{});
  ASSERT_TRUE(request);
  EXPECT_EQ(bytes_of(*request), expected);
}

TEST(JkUartRequest, ReadsOneSlot) {
  const Bytes expected = {0x4E, 0x57, 0x00, 0x13, 0, 0,    0, 0, 0x03, 0x03, 0x00,
                          0x85, 0,    0,    0,    0, 0x68, 0, 0, 0x01, 0xAB};
  EXPECT_EQ(bytes_of(jk_uart::read_one_request(0x85)), expected);
}

TEST(JkUartRequest, ActivatesAndOpensForWritingWithoutKnowingAPassword) {
  const Bytes activate = {0x4E, 0x57, 0x00, 0x13, 0, 0,    0, 0, 0x01, 0x03, 0x00,
                          0x00, 0,    0,    0,    0, 0x68, 0, 0, 0x01, 0x24};
  EXPECT_EQ(bytes_of(jk_uart::activate_request()), activate);
  const Bytes password = {0x4E, 0x57, 0x00, 0x13, 0, 0,    0, 0, 0x05, 0x03, 0x00,
                          0x00, 0,    0,    0,    0, 0x68, 0, 0, 0x01, 0x28};
  EXPECT_EQ(bytes_of(jk_uart::password_request()), password);
}

TEST(JkUartRequest, WritesSlotsInTheirWidth) {
  const Bytes one = {0x4E, 0x57, 0x00, 0x14, 0, 0, 0,    0, 0x02, 0x03, 0x00,
                     0xAB, 0x01, 0,    0,    0, 0, 0x68, 0, 0,    0x01, 0xD2};
  EXPECT_EQ(bytes_of(jk_uart::write_request(0xAB, 1).value()), one);
  const Request two = jk_uart::write_request(0x90, 3650).value();
  EXPECT_EQ(two.size, 23);
  EXPECT_EQ((Bytes{two.bytes[11], two.bytes[12], two.bytes[13]}), (Bytes{0x90, 0x0E, 0x42}));
  const Request four = jk_uart::write_request(0xAA, 280).value();
  EXPECT_EQ(four.size, 25);
  EXPECT_EQ(four.bytes[3], 0x17);
}

TEST(JkUartRequest, RefusesToWriteWhatDoesNotFitOrIsNoNumber) {
  EXPECT_FALSE(jk_uart::write_request(0xAB, 256));
  EXPECT_FALSE(jk_uart::write_request(0x90, 0x1'0000));
  EXPECT_FALSE(jk_uart::write_request(0xB2, 0));
  EXPECT_FALSE(jk_uart::write_request(0xB4, 0));
  EXPECT_FALSE(jk_uart::write_request(0x79, 0));
  EXPECT_FALSE(jk_uart::write_request(0x88, 0));
}

TEST(JkUartRequest, ItsOwnEchoIsNotForUs) {
  for (const Request& request :
       {jk_uart::read_all_request(), jk_uart::read_one_request(0x85), jk_uart::activate_request(),
        jk_uart::password_request(), jk_uart::write_request(0xAB, 1).value()}) {
    Board board;
    const Fed fed = board.hear(request.view());
    EXPECT_EQ(fed.heard, Heard::not_for_us);
    EXPECT_EQ(fed.consumed, request.size);
    EXPECT_TRUE(same_readings(board.pack, Pack{}));
  }
}

TEST(JkUartEnvelope, TheChecksumIsTheSumOfAnyNumberOfBytes) {
  Bytes bytes;
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 5000; ++i) {
    ASSERT_EQ(jk_uart::checksum(bytes), sum & 0xFFFF) << i;
    bytes.push_back(i % 3 == 0 ? 0xFF : static_cast<std::uint8_t>(i * 37));
    sum += bytes.back();
  }
  const Bytes full(4096, 0xFF);  // every lane as full as it can get
  EXPECT_EQ(jk_uart::checksum(full), 4096U * 255 & 0xFFFF);
}

TEST(JkUartEnvelope, ShowsWhatAFrameCarries) {
  const Bytes frame = framed(Bytes{0xAB, 1}, jk_uart::Command::write, jk_uart::Transport::answer);
  jk_uart::Envelope envelope;
  const Fed fed = jk_uart::open_envelope(frame, envelope);
  EXPECT_EQ(fed.heard, Heard::frame);
  EXPECT_EQ(envelope.size, frame.size());
  EXPECT_EQ(envelope.command, 2);
  EXPECT_EQ(envelope.transport, 1);
  EXPECT_EQ(Bytes(envelope.information.begin(), envelope.information.end()), (Bytes{0xAB, 1}));
  const auto data = jk_uart::find_data(envelope.information, 0xAB);
  ASSERT_TRUE(data);
  EXPECT_EQ(Bytes(data->begin(), data->end()), Bytes{1});
  EXPECT_FALSE(jk_uart::find_data(envelope.information, 0xAC));
}

TEST(JkUartEnvelope, ReservedBytesBeforeTheSumAreNotLookedAt) {
  Bytes frame = BoardAnswer().frame();
  frame[frame.size() - 4] = 0x12;
  frame[frame.size() - 3] = 0x34;
  Board board;
  EXPECT_EQ(board.hear(frame).heard, Heard::frame);
}

TEST(JkUartEnvelope, WritesNoFrameThatNobodyCouldRead) {
  Bytes out(jk_uart::kLongestFrame);
  const auto write = [&](std::size_t room, std::size_t information) {
    return jk_uart::write_frame(std::span{out}.first(room), jk_uart::Command::read_all,
                                jk_uart::Source::bms, jk_uart::Transport::answer,
                                Bytes(information));
  };
  EXPECT_EQ(write(502, 482), 502U);
  EXPECT_EQ(write(502, 483), 0U);
  EXPECT_EQ(write(19, 0), 0U);
  EXPECT_EQ(write(20, 0), 20U);
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The words around the bytes: how hex may be written, and what is said about frames that are no
// answers.
#include <gtest/gtest.h>

#include "daemon/commands/decode.h"

namespace cw {
namespace {

std::vector<DecodedFrame> decode(std::string_view text) {
  return decode_text(*find_protocol("jk-uart"), text);
}

TEST(Hex, MayBeWrittenInManyWays) {
  const std::vector<std::uint8_t> expected = {0x4E, 0x57, 0x00, 0x1a};
  for (const char* text : {"4E57001A", "4e 57 00 1a", "0x4E 0x57 0x00 0x1A", "4E:57:00:1A",
                           "4E, 57, 00, 1A", " 4E57\t001A\r", "4E-57-00-1A", "0x4E57001A"}) {
    const HexBytes parsed = parse_hex(text);
    EXPECT_EQ(parsed.fault, "") << text;
    EXPECT_EQ(parsed.bytes, expected) << text;
  }
}

TEST(Hex, FaultsNameTheirPlace) {
  struct Case {
    const char* text;
    const char* fault;
  };
  for (const Case& c : {Case{"4E5G", "position 4: 'G' is no hexadecimal digit"},
                        Case{"4E 5", "position 4: half a byte; a byte has two digits"},
                        Case{"4E 5 7", "position 4: half a byte; a byte has two digits"},
                        Case{"hello", "position 1: 'h' is no hexadecimal digit"},
                        Case{"4E 0x", "position 6: a digit must follow 0x"},
                        Case{"4E \xC3", "position 4: byte 0xC3 is no hexadecimal digit"},
                        Case{"", "position 1: no bytes"}, Case{" : ", "position 1: no bytes"}}) {
    const HexBytes parsed = parse_hex(c.text);
    EXPECT_EQ(parsed.fault, c.fault);
    EXPECT_TRUE(parsed.bytes.empty());
  }
}

TEST(Decode, TextThatIsNoHexIsAnErrorDocument) {
  const auto frames = decode("4E 57 xy");
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_FALSE(frames[0].good);
  EXPECT_EQ(frames[0].json,
            R"({"protocol":"jk-uart","error":"position 7: 'x' is no hexadecimal digit",)"
            R"("verdict":"not_hexadecimal"})");
}

TEST(Decode, ARequestIsShownAsWhatItAsks) {
  const auto frames = decode("4E5700130000000006030000000000006800000129");
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_TRUE(frames[0].good);
  EXPECT_EQ(frames[0].json,
            R"({"protocol":"jk-uart","request":{"command":6,"frame_source":3,"transport":0,)"
            R"("terminal_number":0,"record_number":0,"length_field":19,"register_id":0,)"
            R"("register":null,"data_hex":""},"note":"a request, perhaps the echo of our own"})");
}

TEST(Decode, AWriteShowsItsRegisterAndData) {
  const auto frames = decode("4E57001400000000020300AB010000000068000001D2");
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_NE(frames[0].json.find(R"("register_id":171,"register":"charge switch","data_hex":"01")"),
            std::string::npos)
      << frames[0].json;
}

TEST(Decode, APasswordIsNeverPrinted) {
  for (const char* text : {// command 05 with a password
                           "4E57001D00000000050300B2313233343536373839300000000068000003F1",
                           // writing a new one
                           "4E57001D00000000020300B2313233343536373839300000000068000003EE"}) {
    const auto frames = decode(text);
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_TRUE(frames[0].good) << frames[0].json;
    EXPECT_NE(frames[0].json.find(R"("data_hex":null)"), std::string::npos) << frames[0].json;
    EXPECT_EQ(frames[0].json.find("3132"), std::string::npos);
  }
}

TEST(Decode, FramesOnOneLineEachHaveADocument) {
  const std::string request = "4E5700130000000006030000000000006800000129";
  EXPECT_EQ(decode(request + request).size(), 2U);
  const auto damaged = decode(request + "00" + request);
  ASSERT_EQ(damaged.size(), 3U);
  EXPECT_TRUE(damaged[0].good);
  EXPECT_FALSE(damaged[1].good) << "the byte between them is said to be noise";
  EXPECT_TRUE(damaged[2].good) << "and hides nothing";
}

TEST(Decode, AWrongSumSaysBothNumbers) {
  const auto frames = decode("4E5700130000000006030000000000006800000128");
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_FALSE(frames[0].good);
  EXPECT_EQ(frames[0].json,
            R"({"protocol":"jk-uart","error":"the checksum does not match",)"
            R"("verdict":"bad_checksum","checksum_in_frame":296,"checksum_computed":297})");
}

TEST(Decode, ACutFrameSaysThatItIsCut) {
  const auto frames = decode("4E570013000000");
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_FALSE(frames[0].good);
  EXPECT_EQ(frames[0].json,
            R"({"protocol":"jk-uart","error":"the frame is not whole: it goes on after these )"
            R"(7 bytes","verdict":"incomplete"})");
}

}  // namespace
}  // namespace cw

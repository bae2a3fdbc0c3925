// SPDX-License-Identifier: Apache-2.0
// The frame alone: sums, lengths, and what becomes of text that is not one.
#include "bridge/inverter/pylontech_ascii.h"

#include <gtest/gtest.h>

namespace cw::pylontech {
namespace {

std::string body_of(const std::string& line) { return line.substr(1, line.size() - 2); }

Parsed parse_line(const std::string& line) { return parse(body_of(line)); }

/// With the sum put right again.
std::string summed(const std::string& body) {
  unsigned sum = 0;
  for (const char c : body) sum += static_cast<unsigned char>(c);
  char text[5];
  std::snprintf(text, sizeof text, "%04X", (0x10000 - sum % 0x10000) % 0x10000);
  return body + text;
}

TEST(PylontechFrame, LengthCarriesTheComplementOfItsDigits) {
  EXPECT_EQ(length_field(0), 0x0000);      // nothing: the digit is 0, not 16
  EXPECT_EQ(length_field(4), 0xC004);      // 16 - 4
  EXPECT_EQ(length_field(0x124), 0x9124);  // 1 + 2 + 4 = 7
  EXPECT_EQ(length_field(0x457), 0x0457);  // 4 + 5 + 7 = 16: 0 again
  EXPECT_EQ(length_field(0xFFF), 0x3FFF);  // 45: 13 over, 3 short
}

TEST(PylontechFrame, ABuiltLineIsWorkedOutByHand) {
  // 50+48 48+51 52+54 48+49 48+48+48+48 = 592 = 0x0250, and 0x10000 - 0x0250 = 0xFDB0
  EXPECT_EQ(build({0x20, 0x03, 0x46, 0x01, {}}), "~200346010000FDB0\r");
}

TEST(PylontechFrame, WhatIsBuiltIsParsedAgain) {
  for (const std::size_t size : {0, 1, 2, 49, 68, 127, 128, 2047}) {
    Frame frame{0x25, 0x12, 0x46, 0x92, {}};
    for (std::size_t i = 0; i < size; ++i)
      frame.information.push_back(static_cast<std::uint8_t>(i * 37));
    const Parsed parsed = parse_line(build(frame));
    EXPECT_EQ(parsed.fault, Return::normal) << size;
    EXPECT_EQ(parsed.frame.version, 0x25);
    EXPECT_EQ(parsed.frame.address, 0x12);
    EXPECT_EQ(parsed.frame.command, 0x92);
    EXPECT_EQ(parsed.frame.information, frame.information) << size;
  }
}

TEST(PylontechFrame, LowerCaseIsUnderstood) {
  const std::string body = summed("20024642e0020c");
  const Parsed parsed = parse(body);
  EXPECT_EQ(parsed.fault, Return::normal);
  EXPECT_EQ(parsed.frame.information, std::vector<std::uint8_t>{0x0C});
}

TEST(PylontechFrame, EveryWrongCharacterIsNoticed) {
  const std::string good = body_of(build({0x20, 0x02, 0x46, 0x42, {0x02, 0xAB}}));
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = bad[at] == '7' ? '8' : '7';
    EXPECT_EQ(parse(bad).fault, Return::checksum) << at;
  }
}

TEST(PylontechFrame, FaultsHaveTheirReturnCodes) {
  EXPECT_EQ(parse(summed("20024642D00202")).fault, Return::length_checksum);
  EXPECT_EQ(parse(summed("20024642C00402")).fault, Return::format);    // one byte too few
  EXPECT_EQ(parse(summed("20024642E0020202")).fault, Return::format);  // one too many
  EXPECT_EQ(parse(summed("20024642E00202").insert(14, "0")).fault, Return::checksum);
  EXPECT_EQ(parse(summed("20024642E002G2")).fault, Return::format);  // no hex
  EXPECT_EQ(parse(summed("20024642F0010")).fault, Return::format);   // half a byte
}

TEST(PylontechFrame, WithoutAnAddressNobodyIsMeant) {
  EXPECT_FALSE(parse("").addressed);
  EXPECT_FALSE(parse("2002").addressed);
  EXPECT_FALSE(parse(summed("20ZZ46420000")).addressed);
  EXPECT_TRUE(parse("200246420000ZZZZ").addressed);
}

std::vector<std::string> texts_in(const std::string& stream, TextFinder& finder) {
  std::vector<std::string> texts;
  for (const char c : stream)
    if (const auto text = finder.push(static_cast<std::uint8_t>(c))) texts.emplace_back(*text);
  return texts;
}

TEST(PylontechStream, NoiseIsPassedOver) {
  TextFinder finder;
  const std::string noise(
      "\r\n\x00\xFF"
      "20",
      6);
  EXPECT_EQ(texts_in(noise + "~one\r\n\rnoise~half~two\r", finder),
            (std::vector<std::string>{"one", "two"}));
}

TEST(PylontechStream, EndlessTextIsDroppedAndTheNextFound) {
  TextFinder finder;
  EXPECT_TRUE(texts_in("~" + std::string(5'000, '0') + "\r", finder).empty());
  EXPECT_EQ(finder.overlong(), 1U);
  EXPECT_EQ(texts_in("~next\r", finder), std::vector<std::string>{"next"});
  EXPECT_EQ(texts_in("~" + std::string(TextFinder::kLongest, '0') + "\r", finder).size(), 1U);
}

}  // namespace
}  // namespace cw::pylontech

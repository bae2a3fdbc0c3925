// SPDX-License-Identifier: Apache-2.0
// The line: bytes in any pieces, foreign batteries, and when not a word is said.
#include "bridge/inverter/pylontech_rs485.h"

#include <gtest/gtest.h>

#include "tests/unit/pylontech_rig.h"

namespace cw::pylontech {
namespace {

constexpr Millis kMinute{60'000};
const std::string kLimits = request(0x63);
const std::string kLimitsAnswer = "~20024600D012DAC0AF0004D207D9C0F98B";
const std::string kZeros = "~20024600D012DAC0AF000000000000";  // before its sum

struct PylontechLine : testing::Test {
  Rig rig;
  PylontechLine() { rig.tell(); }
};

TEST_F(PylontechLine, ARequestInPiecesIsAnsweredOnce) {
  for (const char c : kLimits) {
    EXPECT_EQ(rig.next(), "");
    rig.send({&c, 1});
  }
  rig.pass({10});
  EXPECT_EQ(rig.next(), kLimitsAnswer);
  EXPECT_EQ(rig.next(), "");
}

TEST_F(PylontechLine, TwoRequestsInOneReadAreAnsweredInTheirOrder) {
  rig.send(kLimits + request(0x4F));
  rig.pass({10});
  EXPECT_EQ(rig.next(), kLimitsAnswer);
  EXPECT_EQ(rig.next(), "~200246000000FDB2");
  EXPECT_EQ(rig.next(), "");
}

TEST_F(PylontechLine, NoiseBeforeAndBetweenDoesNotHurt) {
  EXPECT_EQ(rig.ask("\x01\xFF\r\r~2002" + kLimits), kLimitsAnswer);
  EXPECT_EQ(rig.ask("~" + std::string(5'000, 'A') + kLimits), kLimitsAnswer);
  EXPECT_EQ(rig.battery->status(rig.bank.now).refused, 1U);
}

TEST_F(PylontechLine, AnswersComeAfterTheTurnaroundAndWithinATenthOfASecond) {
  rig.send(kLimits);
  const auto due = rig.battery->next_due(rig.bank.now);
  ASSERT_TRUE(due);
  EXPECT_GE(due->ms, rig.bank.now.ms + 1);
  EXPECT_LE(due->ms, rig.bank.now.ms + 100);
  EXPECT_EQ(rig.next(), "");
  rig.bank.now = *due;
  EXPECT_EQ(rig.next(), kLimitsAnswer);
  EXPECT_FALSE(rig.battery->next_due(rig.bank.now));
}

TEST_F(PylontechLine, WhatTheInverterGaveUpIsNotAnswered) {
  rig.send(kLimits);
  rig.pass({1'500});
  EXPECT_EQ(rig.next(), "");
}

TEST_F(PylontechLine, OnlyItsOwnAddressIsAnsweredEvenForAWrongSum) {
  EXPECT_EQ(rig.ask(request(0x63, {}, 5)), "");
  EXPECT_EQ(rig.ask("~200546630000FFFF\r"), "");
  EXPECT_EQ(rig.ask("~20ZZ46630000FFFF\r"), "");
  EXPECT_EQ(rig.ask("~2002\r"), "");
  EXPECT_EQ(rig.ask("~200246630000FFFF\r"), "~200246020000FDB0");
  EXPECT_EQ(rig.battery->status(rig.bank.now).refused, 5U);
  EXPECT_FALSE(rig.battery->status(rig.bank.now).present);
}

TEST_F(PylontechLine, AnotherKindOfDataIsNotAnswered) {
  EXPECT_EQ(rig.ask(build({0x20, 2, 0x4A, 0x63, {}})), "");
}

TEST_F(PylontechLine, AnswersOnTheLineAreNotRequests) {
  // Adapters that echo, and other batteries with our number: no answer to an answer.
  EXPECT_EQ(rig.ask(kLimitsAnswer + "\r"), "");
  for (const int code : {0x00, 0x02, 0x04, 0x06, 0x90, 0x91})
    EXPECT_EQ(rig.ask(build({0x20, 2, 0x46, static_cast<std::uint8_t>(code), {}})), "") << code;
  EXPECT_EQ(rig.battery->status(rig.bank.now).refused, 0U);
}

TEST_F(PylontechLine, ItsStatusTellsWhetherSomebodyAsks) {
  EXPECT_FALSE(rig.battery->status(rig.bank.now).present);
  rig.ask(kLimits);
  InverterStatus status = rig.battery->status(rig.bank.now);
  EXPECT_TRUE(status.present);
  EXPECT_EQ(status.received, 1U);
  EXPECT_EQ(status.sent, 1U);
  rig.pass({16'000});
  status = rig.battery->status(rig.bank.now);
  EXPECT_FALSE(status.present);
  EXPECT_TRUE(status.heard);
}

TEST(PylontechVoice, NothingIsSaidBeforeTheFirstData) {
  Rig rig;
  EXPECT_EQ(rig.ask(kLimits), "");
  rig.bank.request.voice = Voice::silent;
  rig.tell();
  EXPECT_EQ(rig.ask(kLimits), "");
  EXPECT_EQ(rig.ask(request(0x4F)), "");
  rig.bank.request.voice = Voice::speaking;
  rig.tell();
  EXPECT_EQ(rig.ask(kLimits), kLimitsAnswer);
}

TEST_F(PylontechLine, BlindTellsZerosThenNothing) {
  rig.bank.go_blind();
  rig.tell();
  EXPECT_EQ(rig.ask(kLimits).substr(0, kZeros.size()), kZeros);
  EXPECT_EQ(rig.ask(request(0x92, {2})).substr(0, 33), "~20024600B01402DAC0AF000000000000");
  EXPECT_EQ(rig.information(request(0x62)), (std::vector<std::uint8_t>{0, 0x10, 0, 0}));
  EXPECT_EQ(rig.information(request(0x42, {0xFF}))[1], 2);  // as last known
  rig.bank.request.voice = Voice::silent;                   // charge control says so after a minute
  rig.tell();
  for (const int command : {0x42, 0x44, 0x47, 0x4F, 0x51, 0x61, 0x62, 0x63, 0x92})
    EXPECT_EQ(rig.ask(request(static_cast<std::uint8_t>(command))), "") << command;
  rig.bank.hear(0);
  rig.bank.request.voice = Voice::speaking;
  rig.tell();
  EXPECT_EQ(rig.ask(kLimits), kLimitsAnswer);
}

TEST_F(PylontechLine, SilenceWhenNobodyTellsAnything) {
  rig.pass({29'000});
  EXPECT_NE(rig.ask(kLimits), "");
  rig.pass({2'000});
  EXPECT_EQ(rig.ask(kLimits), "");
  rig.pass(kMinute);
  EXPECT_EQ(rig.ask(kLimits), "");
}

TEST_F(PylontechLine, TheFarewellIsZerosWhateverIsToldAfterwards) {
  rig.send(kLimits);
  rig.battery->stop(rig.bank.now);
  rig.pass({10});
  EXPECT_EQ(rig.next().substr(0, kZeros.size()), kZeros);  // also what was asked before
  rig.tell();
  EXPECT_EQ(rig.ask(kLimits).substr(0, kZeros.size()), kZeros);
}

TEST_F(PylontechLine, WhatTheProtocolCannotCarryIsTold) {
  rig.bank.request.charge_voltage.value = {70'000};
  rig.tell();
  EXPECT_EQ(rig.ask(kLimits), "~200246910000FDA8");
  EXPECT_NE(rig.battery->status(rig.bank.now).complaint.find("65.5 V"), std::string::npos);
  rig.bank.request.charge_voltage.value = {56'000};
  rig.bank.request.measured.current = {400'000};  // more than 327.67 A in 0.01 A
  rig.tell();
  const auto info = rig.information(request(0x61));
  EXPECT_EQ(info[2] << 8 | info[3], 0x7FFF);
  EXPECT_NE(rig.battery->status(rig.bank.now).complaint.find("nearest"), std::string::npos);
}

}  // namespace
}  // namespace cw::pylontech

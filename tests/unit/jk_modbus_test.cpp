// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/jk_modbus.h"

#include <gtest/gtest.h>

#include "tests/unit/jk_modbus_rig.h"

namespace cw {
namespace {

using jk_modbus::Kind;
using jk_modbus::Message;
using jk_record::Type;

const Pack kTold = told_by_a_board();

std::optional<Kind> kind_of(const Wire& bytes) {
  Message message;
  if (jk_modbus::open_message(bytes, message).heard != Heard::frame) return std::nullopt;
  EXPECT_EQ(message.size, bytes.size());
  return message.kind;
}

// --- messages ------------------------------------------------------------------------------------

TEST(JkModbus, AsksAsTheDocumentShows) {
  EXPECT_EQ(wire_of(jk_modbus::record_request(1, Type::status)),
            (Wire{0x01, 0x10, 0x16, 0x20, 0, 1, 2, 0, 0, 0xD6, 0xF1}));
  EXPECT_EQ(wire_of(jk_modbus::record_request(1, Type::settings)),
            (Wire{0x01, 0x10, 0x16, 0x1E, 0, 1, 2, 0, 0, 0xD2, 0x2F}));
  EXPECT_EQ(wire_of(jk_modbus::record_request(1, Type::device)),
            (Wire{0x01, 0x10, 0x16, 0x1C, 0, 1, 2, 0, 0, 0xD3, 0xCD}));
  EXPECT_EQ(wire_of(*jk_modbus::read_request(1, 0x1290, 2)),
            (Wire{0x01, 0x03, 0x12, 0x90, 0x00, 0x02, 0xC1, 0x5E}));
  EXPECT_EQ(wire_of(*jk_modbus::write_request(1, 0x105C, Wire{0xFF, 0xFF, 0xFF, 0x06})),
            (Wire{0x01, 0x10, 0x10, 0x5C, 0, 2, 4, 0xFF, 0xFF, 0xFF, 0x06, 0xFA, 0xD0}));
  EXPECT_FALSE(jk_modbus::read_request(1, 0x1000, 33));
  EXPECT_FALSE(jk_modbus::write_request(1, 0x1000, Wire{1, 2, 3}));
}

TEST(JkModbus, TellsMessagesApartWithoutKnowingWhoSpoke) {
  EXPECT_EQ(kind_of(wire_of(jk_modbus::record_request(3, Type::status))), Kind::write_request);
  EXPECT_EQ(kind_of(acknowledgement(3, 0x1620)), Kind::acknowledgement);
  EXPECT_EQ(kind_of(wire_of(*jk_modbus::read_request(3, 0x1000, 2))), Kind::read_request);
  EXPECT_EQ(kind_of(message(3, 3, {4, 0, 0, 0x0B, 0x0E})), Kind::read_answer);
  EXPECT_EQ(kind_of(message(3, 0x83, {2})), Kind::exception);
  EXPECT_EQ(kind_of(message(3, 0x90, {3})), Kind::exception);
  EXPECT_EQ(kind_of(answer(3, Type::status, kTold)), Kind::answer);
  EXPECT_EQ(kind_of(answer(3, Type::status, kTold, 4)), Kind::answer);
}

// One that could be read as the other would put a record down to whoever is asked next.
TEST(JkModbus, NoRequestForARecordLooksLikeAnAcknowledgement) {
  for (unsigned address = 0; address <= 0xFF; ++address)
    for (const auto& trigger : jk_modbus::kTriggers) {
      const Wire request =
          wire_of(jk_modbus::record_request(static_cast<std::uint8_t>(address), trigger.type));
      for (std::size_t at = 0; at < 4; ++at)
        EXPECT_NE(kind_of(Wire(request.begin() + static_cast<std::ptrdiff_t>(at),
                               request.begin() +
                                   static_cast<std::ptrdiff_t>(std::min(at + 8, request.size())))),
                  Kind::acknowledgement)
            << address;
    }
}

TEST(JkModbus, WaitsForTheRestOfEveryMessage) {
  for (const Wire& whole :
       {answer(3, Type::status, kTold, 2), wire_of(jk_modbus::record_request(3, Type::status)),
        message(3, 3, {4, 0, 0, 0x0B, 0x0E}), message(3, 0x83, {2})})
    for (std::size_t size = 0; size < whole.size(); ++size) {
      Message part;
      const Fed fed = jk_modbus::open_message(
          Wire(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), part);
      EXPECT_EQ(fed.heard, Heard::need_more) << size;
    }
}

// --- whose it is ---------------------------------------------------------------------------------

TEST(JkModbus, ARecordBelongsToWhomTheAcknowledgementNames) {
  Inverter three(3);
  EXPECT_EQ(three.hear(answer(3, Type::status, kTold)).heard, Heard::frame);
  EXPECT_EQ(heard_now(three.pack.scalars.voltage, three.now), 52'920);
  Inverter four(4);
  EXPECT_EQ(four.hear(answer(3, Type::status, kTold)).heard, Heard::not_for_us);
  EXPECT_EQ(four.pack.scalars.voltage.quality(), Quality::absent);
}

TEST(JkModbus, ARecordWithoutAnAcknowledgementIsNobodys) {
  Inverter board(3);
  const Wire record = record_wire(Type::status, kTold);
  EXPECT_EQ(board.hear(record).heard, Heard::need_more);
  for (const Wire& behind :
       {wire_of(jk_modbus::record_request(4, Type::status)) + Wire{0}, record,
        Wire(5, 0) + acknowledgement(3, 0x1620), Wire{0, 7} + acknowledgement(3, 0x1620) + Wire{0},
        answer(4, Type::status, kTold)}) {
    const Fed fed = board.hear(record + behind);
    EXPECT_EQ(fed.heard, Heard::malformed);
    EXPECT_EQ(fed.consumed, record.size());
  }
  Wire damaged = answer(3, Type::status, kTold) + Wire(4, 0);
  damaged[record.size()] = 4;  // the address: the checksum sees it
  EXPECT_EQ(board.hear(damaged).heard, Heard::malformed);
  EXPECT_EQ(board.pack.scalars.voltage.quality(), Quality::absent);
}

TEST(JkModbus, ARecordAndTheAcknowledgementOfSomethingElseIsRefused) {
  Inverter board(3);
  for (const std::uint16_t other :
       std::initializer_list<std::uint16_t>{0x161E, 0x161C, 0x1004, 0x160A})
    EXPECT_EQ(board.hear(record_wire(Type::status, kTold) + acknowledgement(3, other)).heard,
              Heard::malformed);
  // A one-key preset, by whomever, makes a board send its settings.
  EXPECT_EQ(board.hear(record_wire(Type::settings, kTold) + acknowledgement(3, 0x160C)).heard,
            Heard::frame);
}

TEST(JkModbus, TheCounterByteDoesNotMatter) {
  for (const std::uint8_t counter : Wire{0x00, 0x05, 0xA5}) {
    Inverter board(3);
    EXPECT_EQ(
        board.hear(record_wire(Type::status, kTold, counter) + acknowledgement(3, 0x1620)).heard,
        Heard::frame);
  }
}

TEST(JkModbus, TheEchoOfARequestIsNoAnswer) {
  Inverter board(3);
  const Wire echo = board.ask();
  const Fed fed = board.hear(echo + answer(3, Type::status, kTold));
  EXPECT_EQ(fed.heard, Heard::not_for_us);
  EXPECT_EQ(fed.consumed, echo.size());
}

TEST(JkModbus, ABrokenRecordEndsWhereTheNextBegins) {
  Inverter board(3);
  const Wire whole = answer(3, Type::status, kTold);
  const Wire cut(whole.begin(), whole.begin() + 120);
  for (const Wire& line : {cut + Wire(whole.begin(), whole.begin() + 50), cut + whole}) {
    const Fed fed = board.hear(line);
    EXPECT_TRUE(fed.heard == Heard::malformed || fed.heard == Heard::bad_checksum);
    EXPECT_EQ(fed.consumed, cut.size());
  }
}

TEST(JkModbus, NoiseHoldsUpNothing) {
  const Wire whole = answer(3, Type::status, kTold);
  // The third looks like the head of an answer of 200 bytes.
  for (const Wire& noise :
       {Wire{0x00}, Wire{0xFF, 0x55, 0xAA, 0x01}, Wire{0x05, 0x03, 0xC8, 0x11}}) {
    Inverter board(3);
    Wire line = noise + whole;
    Fed fed;
    while ((fed = board.hear(line)).heard == Heard::noise || fed.heard == Heard::bad_checksum)
      line.erase(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(fed.consumed));
    EXPECT_EQ(fed.heard, Heard::frame);
    EXPECT_EQ(line.size(), whole.size());
  }
}

TEST(JkModbus, WhatABoardRefusesIsSaid) {
  Inverter board(3);
  const Fed fed = board.hear(message(3, 0x90, {2}));
  EXPECT_EQ(fed.heard, Heard::malformed);
  EXPECT_NE(fed.why.find("no such register"), std::string_view::npos);
  EXPECT_EQ(board.hear(message(4, 0x90, {2})).heard, Heard::not_for_us);
}

// --- registers -----------------------------------------------------------------------------------

TEST(JkModbus, AReadIsUnderstoodByTheRequestBeforeIt) {
  Inverter board(3);
  const Wire read = message(3, 3, {4, 0, 0, 0x0B, 0x0E});
  EXPECT_EQ(board.hear(read).heard, Heard::not_for_us);  // of what?
  EXPECT_EQ(board.hear(wire_of(*jk_modbus::read_request(3, 0x1004, 2))).heard, Heard::not_for_us);
  EXPECT_EQ(board.hear(read).heard, Heard::frame);
  EXPECT_EQ(board.pack.parameters.get(Parameter::cell_undervoltage), 2830);
  EXPECT_EQ(board.hear(read).heard, Heard::not_for_us);  // once
}

TEST(JkModbus, AReadOfAnotherSizeIsNotTheAnswer) {
  Inverter board(3);
  board.hear(wire_of(*jk_modbus::read_request(3, 0x1004, 1)));
  EXPECT_EQ(board.hear(message(3, 3, {4, 0, 0, 0x0B, 0x0E})).heard, Heard::not_for_us);
  EXPECT_EQ(board.pack.parameters, ParameterSet{});
}

// The trap of these boards: 64 words are 128 bytes, which are 32 settings at addresses 4 apart.
TEST(JkModbus, RegistersCountBytes) {
  Inverter board(3);
  const RecordBytes record = record_of(Type::settings, jk_record::Layout::jk02_32s, kTold);
  Wire body{64};
  for (std::size_t at = jk_record::kPayloadAt; at < jk_record::kPayloadAt + 64; at += 4)
    for (std::size_t i = 4; i-- > 0;) body.push_back(record[at + i]);
  board.hear(wire_of(*jk_modbus::read_request(3, 0x1000, 32)));
  EXPECT_EQ(board.hear(message(3, 3, body)).heard, Heard::frame);
  EXPECT_EQ(board.pack.parameters.get(Parameter::cell_undervoltage), 2600);
  EXPECT_EQ(board.pack.parameters.get(Parameter::discharge_overcurrent), 150'000);  // 0x1038
  EXPECT_EQ(board.pack.parameters.get(Parameter::discharge_overcurrent_delay), 300'000);
  EXPECT_EQ(board.pack.parameters.get(Parameter::discharge_overcurrent_release), std::nullopt);
}

// --- what is asked when --------------------------------------------------------------------------

Type asked(const Wire& request) {
  Message message;
  jk_modbus::open_message(request, message);
  return *jk_modbus::record_of_register(message.first);
}

TEST(JkModbus, StatusFirstThenSettingsAndInformationBetweenStatuses) {
  Inverter board(3);
  const auto turn = [&] {
    board.now.ms += 1000;
    const Type type = asked(board.ask());
    board.hear(answer(3, type, kTold));
    return type;
  };
  EXPECT_EQ(turn(), Type::status);
  EXPECT_EQ(turn(), Type::settings);
  EXPECT_EQ(turn(), Type::status);
  EXPECT_EQ(turn(), Type::device);
  int settings = 0;
  for (int second = 0; second < 600; ++second) {
    const Type type = turn();
    EXPECT_NE(type, Type::device);  // once
    settings += type == Type::settings ? 1 : 0;
  }
  EXPECT_EQ(settings, 10);
}

TEST(JkModbus, WhatIsNotAnsweredKeepsEveryOtherTurnForTheStatus) {
  Inverter board(3);
  int statuses = 0;
  for (int second = 0; second < 60; ++second) {
    board.now.ms += 1000;
    statuses += asked(board.ask()) == Type::status ? 1 : 0;
  }
  EXPECT_GE(statuses, 44);
}

TEST(JkModbus, ATransistorThatSwitchesMakesTheSettingsDue) {
  Inverter board(3);
  for (int i = 0; i < 5; ++i) board.hear(answer(3, asked(board.ask()), kTold));
  EXPECT_EQ(asked(board.ask()), Type::status);
  Pack off = kTold;
  off.scalars.discharge_mosfet.set({0}, board.now);
  board.hear(answer(3, Type::status, off));
  EXPECT_EQ(asked(board.ask()), Type::settings);
}

TEST(JkModbus, SwitchesAreHeardWithEveryStatusWhileTheSettingsAreYoung) {
  Inverter board(3);
  board.hear(answer(3, Type::settings, kTold));
  board.now.ms += 70'000;
  board.hear(answer(3, Type::status, kTold));
  EXPECT_EQ(heard_now(board.pack.scalars.charge_switch, board.now), 1);
  board.now.ms += 70'000;
  board.hear(answer(3, Type::status, kTold));
  EXPECT_EQ(heard_now(board.pack.scalars.charge_switch, board.now), std::nullopt);
}

}  // namespace
}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// What a bad wire does to JK frames: cut, merged, changed, surrounded by noise. Nothing that does
// not add up may change a pack, and what is good behind it must still be heard.
#include <gtest/gtest.h>

#include "tests/unit/jk_uart_frames.h"

namespace cw {
namespace {

/// Feeds as a line does: everything that has arrived, until more is needed.
struct Reader {
  Board board;
  Bytes waiting;
  int frames = 0;
  int foreign = 0;
  int malformed = 0;
  int bad_checksums = 0;
  std::size_t noise = 0;

  void arrive(std::span<const std::uint8_t> bytes) {
    waiting.insert(waiting.end(), bytes.begin(), bytes.end());
    while (!waiting.empty()) {
      const Fed fed = board.hear(waiting);
      if (fed.heard == Heard::need_more) {
        EXPECT_EQ(fed.consumed, 0U);
        return;
      }
      ASSERT_GE(fed.consumed, 1U);
      ASSERT_LE(fed.consumed, waiting.size());
      frames += fed.heard == Heard::frame ? 1 : 0;
      foreign += fed.heard == Heard::not_for_us ? 1 : 0;
      malformed += fed.heard == Heard::malformed ? 1 : 0;
      bad_checksums += fed.heard == Heard::bad_checksum ? 1 : 0;
      noise += fed.heard == Heard::noise ? fed.consumed : 0;
      waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(fed.consumed));
    }
  }
};

Pack expected_pack() {
  Board board;
  board.hear(BoardAnswer());
  return board.pack;
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(JkUartFault, AFrameMayComeInTwoPiecesCutAnywhere) {
  const Bytes frame = BoardAnswer().frame();
  const Pack expected = expected_pack();
  for (std::size_t cut = 0; cut <= frame.size(); ++cut) {
    Reader reader;
    reader.arrive(std::span{frame}.first(cut));
    if (cut < frame.size()) {
      ASSERT_EQ(reader.frames, 0) << cut;
      ASSERT_TRUE(same_readings(reader.board.pack, Pack{})) << cut;
    }
    reader.arrive(std::span{frame}.subspan(cut));
    ASSERT_EQ(reader.frames, 1) << cut;
    ASSERT_TRUE(same_readings(reader.board.pack, expected)) << cut;
  }
}

TEST(JkUartFault, AFrameMayComeByteByByte) {
  Reader reader;
  for (const std::uint8_t byte : BoardAnswer().frame()) reader.arrive(Bytes{byte});
  EXPECT_EQ(reader.frames, 1);
}

TEST(JkUartFault, MergedFramesAreTakenOneByOne) {
  Reader reader;
  reader.arrive(joined({BoardAnswer(7).frame(), BoardAnswer(24).frame(), BoardAnswer().frame()}));
  EXPECT_EQ(reader.frames, 3);
  EXPECT_TRUE(reader.waiting.empty());
  EXPECT_EQ(reader.board.now_of(reader.board.pack.scalars.cell_count), 16);
}

TEST(JkUartFault, TheEchoOfTheRequestIsSkipped) {
  const Request request = jk_uart::read_all_request();
  const Bytes echo(request.view().begin(), request.view().end());
  Reader reader;
  reader.arrive(joined({echo, BoardAnswer().frame()}));
  EXPECT_EQ(reader.foreign, 1);
  EXPECT_EQ(reader.frames, 1);
}

TEST(JkUartFault, NoiseBeforeAFrameIsCountedAndLeft) {
  for (const Bytes& noise :
       {Bytes{0x00}, Bytes{0x4E}, Bytes{0x4E, 0x4E}, Bytes{0x57, 0x4E, 0x00}, Bytes(40, 0xFF),
        Bytes{0x4E, 0x57, 0x00, 0x00}, Bytes{0x4E, 0x57, 0xFF, 0xFF, 0x4E}}) {
    Reader reader;
    reader.arrive(joined({noise, BoardAnswer().frame()}));
    EXPECT_EQ(reader.frames, 1);
    EXPECT_EQ(reader.noise, noise.size());
  }
}

TEST(JkUartFault, AStartMarkInsideNoiseDoesNotSwallowTheFrame) {
  // A false start whose length reaches into the real frame: refused by its sum, one byte at a time.
  const Bytes false_start = {0x4E, 0x57, 0x00, 0x40, 0, 0, 0, 0, 0x06, 0x00, 0x01, 0x12};
  Reader reader;
  reader.arrive(joined({false_start, BoardAnswer().frame()}));
  EXPECT_EQ(reader.frames, 1);
  EXPECT_EQ(reader.bad_checksums, 1);
  // One that would reach beyond it is recognised by what cannot be in a header.
  const Bytes far_start = {0x4E, 0x57, 0x01, 0xF4, 9, 9};
  Reader other;
  other.arrive(joined({far_start, BoardAnswer().frame()}));
  EXPECT_EQ(other.frames, 1);
}

TEST(JkUartFault, CellsThatLookLikeAStartMarkAreCells) {
  Board board;
  const BoardAnswer answer =
      BoardAnswer(2).set_raw(0x79, {6, 1, 0x0C, 0x4E, 2, 0x0C, 0x57}).set(0xAD, 0x4E57);
  EXPECT_EQ(board.hear(answer).heard, Heard::frame);
  EXPECT_EQ(board.pack.parameters.get(Parameter::current_calibration), 0x4E57);
}

TEST(JkUartFault, ACutFrameIsLeftForTheNextWholeOne) {
  Bytes cut = BoardAnswer().frame();
  cut.resize(63);  // seen on a real line
  Reader reader;
  reader.arrive(joined({cut, BoardAnswer().frame(), BoardAnswer().frame()}));
  EXPECT_GE(reader.frames, 1);
  EXPECT_TRUE(same_readings(reader.board.pack, expected_pack()));
}

// The sum changes by the difference of the byte, which is never a multiple of 65,536: every change
// of one byte is seen, except in the two reserved bytes that no driver looks at, and those carry
// nothing. Two changes that cancel each other pass: that is what an additive sum can do.
TEST(JkUartFault, NoChangeOfOneByteIsEverTakenForAnAnswer) {
  const Bytes good = BoardAnswer().frame();
  const std::size_t reserved = good.size() - 4;
  const Pack expected = expected_pack();
  for (std::size_t at = 0; at < good.size(); ++at)
    for (unsigned change = 1; change < 256; ++change) {
      Bytes bad = good;
      bad[at] = static_cast<std::uint8_t>(bad[at] ^ change);
      Board board;
      const Fed fed = board.hear(bad);
      if (at == reserved || at == reserved + 1) {
        ASSERT_EQ(fed.heard, Heard::frame);
        ASSERT_TRUE(same_readings(board.pack, expected));
        continue;
      }
      ASSERT_NE(fed.heard, Heard::frame) << "byte " << at << " changed by " << change;
      ASSERT_TRUE(same_readings(board.pack, Pack{})) << "byte " << at;
      ASSERT_TRUE(fed.heard != Heard::need_more || at == 2 || at == 3) << "byte " << at;
    }
}

TEST(JkUartFault, EverySingleFlippedBitIsSeenAndTheNextFrameIsHeard) {
  const Bytes good = BoardAnswer().frame();
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    Bytes bad = good;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1U << bit % 8));
    Reader reader;
    reader.arrive(bad);
    const bool reserved = bit / 8 == good.size() - 4 || bit / 8 == good.size() - 3;
    ASSERT_EQ(reader.frames, reserved ? 1 : 0) << "bit " << bit;
    // A longer length makes it wait for bytes that do not come; a line drops those at the time-out.
    reader.arrive(good);
    reader.arrive(good);
    ASSERT_GE(reader.frames, 1) << "bit " << bit;
  }
}

TEST(JkUartFault, LengthsOutsideTheDocumentAreNoise) {
  for (const unsigned length : {0U, 1U, 17U, 501U, 0xFFFFU}) {
    Bytes frame = {0x4E, 0x57};
    const Bytes two = big_endian(length, 2);
    frame.insert(frame.end(), two.begin(), two.end());
    Board board;
    const Fed fed = board.hear(frame);
    EXPECT_EQ(fed.heard, Heard::noise) << length;
    EXPECT_EQ(fed.why, "impossible length");
    EXPECT_EQ(fed.consumed, 4U);
  }
  Board board;
  EXPECT_EQ(board.hear(Bytes{0x4E, 0x57, 0x01, 0xF4}).heard, Heard::need_more);
  EXPECT_EQ(board.hear(Bytes{0x4E, 0x57, 0x00, 0x12}).heard, Heard::need_more);
}

TEST(JkUartFault, TheLongestAndTheShortestFrameAreRead) {
  Bytes information = BoardAnswer().information();
  information.push_back(0x01);  // unknown: hides the rest
  information.resize(482);
  Board board;
  const Bytes frame = framed(information);
  EXPECT_EQ(frame.size(), 502U);
  const Fed fed = board.hear(frame);
  EXPECT_EQ(fed.heard, Heard::frame);
  EXPECT_TRUE(fed.cut_short);
  const Fed empty = board.hear(framed({}));
  EXPECT_EQ(empty.heard, Heard::malformed);
  EXPECT_EQ(empty.why, "an answer without content");
}

TEST(JkUartFault, AWrongEndMarkIsSaidEvenIfTheSumIsRight) {
  Bytes frame = BoardAnswer().frame();
  frame[frame.size() - 5] = 0x67;
  const Bytes sum = big_endian(jk_uart::checksum(std::span{frame}.first(frame.size() - 4)), 2);
  std::copy(sum.begin(), sum.end(), frame.end() - 2);
  Board board;
  const Fed fed = board.hear(frame);
  EXPECT_EQ(fed.heard, Heard::malformed);
  EXPECT_EQ(fed.why, "no end mark before the checksum");
}

// --- lists that add up and make no sense
// -------------------------------------------------------------

struct Unsound {
  const char* what;
  Bytes information;
  const char* why;
};

TEST(JkUartFault, AnUnsoundListChangesNothing) {
  const Bytes whole = BoardAnswer().information();
  Bytes cut = whole;
  cut.pop_back();
  Bytes twice = whole;
  twice.insert(twice.end(), {0x85, 1});
  Bytes many{0x79, 99};
  for (std::uint8_t i = 1; i <= 33; ++i) many.insert(many.end(), {i, 0x0C, 0xE4});
  for (const Unsound& c : std::initializer_list<Unsound>{
           {"last value missing", cut, "the list breaks off inside a value"},
           {"SOC twice", twice, "an identifier twice"},
           {"two bytes of three", {0x79, 2, 1, 0x0C}, "the list of cells breaks off inside a cell"},
           {"33 cells", many, "more than 32 cells"},
           {"cell 0", {0x79, 3, 0, 0x0C, 0xE4}, "a cell index outside 1 to 32"},
           {"cell 33", {0x79, 3, 33, 0x0C, 0xE4}, "a cell index outside 1 to 32"},
           {"cell 1 twice", {0x79, 6, 1, 0x0C, 0xE4, 1, 0x0C, 0xE4}, "a cell twice"},
           {"cells without length", {0x85, 1, 0x79}, "the list breaks off inside a value"},
           {"more cells than bytes",
            {0x79, 30, 1, 0x0C, 0xE4},
            "the list breaks off inside a value"},
           {"nothing known", {0x88, 1, 2}, "nothing before an unknown identifier"}}) {
    Board board;
    const Bytes frame = framed(c.information);
    const Fed fed = board.hear(frame);
    EXPECT_EQ(fed.heard, Heard::malformed) << c.what;
    EXPECT_EQ(fed.why, c.why) << c.what;
    EXPECT_EQ(fed.consumed, frame.size()) << c.what;
    EXPECT_TRUE(same_readings(board.pack, Pack{})) << c.what;
  }
}

TEST(JkUartFault, AnUnknownIdentifierHidesOnlyWhatFollowsIt) {
  const Bytes known = BoardAnswer().without(0xC0).information();
  Bytes information = known;
  information.insert(information.end(), {0xC1, 0x55, 0xC0, 0x01});
  Board board;
  const Fed fed = board.hear(framed(information));
  EXPECT_EQ(fed.heard, Heard::frame);
  EXPECT_TRUE(fed.cut_short);
  EXPECT_EQ(fed.why, "an unknown identifier hides the rest of the list");
  EXPECT_EQ(board.now_of(board.pack.scalars.soc), 5'700);
  // The protocol version is among what is hidden, so the current could be read either way.
  EXPECT_EQ(board.pack.scalars.current.quality(), Quality::implausible);
}

TEST(JkUartFault, AnotherOrderOfTheSlotsMeansTheSame) {
  Bytes information;
  const Bytes usual = BoardAnswer().information();
  const auto cells_end = static_cast<std::ptrdiff_t>(2 + usual[1]);
  information.assign(usual.begin() + cells_end, usual.end());
  information.insert(information.end(), usual.begin(), usual.begin() + cells_end);
  Board board;
  EXPECT_EQ(board.hear(framed(information)).heard, Heard::frame);
  EXPECT_TRUE(same_readings(board.pack, expected_pack()));
}

TEST(JkUartFault, FramesThatAnswerSomethingElseAreNotForUs) {
  for (const auto command :
       {jk_uart::Command::write, jk_uart::Command::password, jk_uart::Command::activate}) {
    Board board;
    EXPECT_EQ(board.hear(framed(Bytes{0xAB, 1}, command)).heard, Heard::not_for_us);
  }
  Board board;
  const Bytes upload =
      framed(BoardAnswer().information(), jk_uart::Command::read_all, jk_uart::Transport::upload);
  EXPECT_EQ(board.hear(upload).heard, Heard::not_for_us);
  EXPECT_TRUE(same_readings(board.pack, Pack{}));
}

}  // namespace
}  // namespace cw

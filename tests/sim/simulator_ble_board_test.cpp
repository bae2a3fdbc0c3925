// SPDX-License-Identifier: Apache-2.0
// A simulated board on Bluetooth: it says what the decoder reads, in every generation, at its
// times, cut as radio chips cut; it ignores what is no command, and settings reach the board.
#include <gtest/gtest.h>

#include "core/presets.h"
#include "simulator/jk_ble_board.h"

namespace cw::simulator {
namespace {

using jk_record::Layout;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t kTellSettings = 0x96;
constexpr std::uint8_t kTellDevice = 0x97;

Bytes command(std::uint8_t number, const Bytes& value = {}) {
  Bytes bytes = {0xAA, 0x55, 0x90, 0xEB, number, static_cast<std::uint8_t>(value.size())};
  bytes.insert(bytes.end(), value.begin(), value.end());
  bytes.resize(19);
  unsigned sum = 0;
  for (const std::uint8_t byte : bytes) sum += byte;
  bytes.push_back(static_cast<std::uint8_t>(sum));
  return bytes;
}

class Radio {
 public:
  explicit Radio(JkBleBoardOptions options, std::string_view software = "11.26")
      : layout_(options.layout), radio_(options), board_(board_options(software), {0}) {
    sensed_.cell_count = 8;
    for (std::size_t i = 0; i < 8; ++i)
      sensed_.cell_voltage_V[i] = 3.3 + 0.001 * static_cast<double>(i);
    board_.sample(sensed_, now);
    radio_.connect(now);
  }

  void write(const Bytes& bytes) { radio_.on_write(bytes, now, board_); }
  void hang_up() { radio_.disconnect(); }

  /// What it says within so many milliseconds: one element a notification.
  std::vector<Bytes> listen(std::int64_t ms) {
    std::vector<Bytes> heard;
    for (const std::int64_t end = now.ms + ms; now.ms < end; now = now + Millis{10})
      for (const Bytes& message : radio_.due(now, board_.pack()))
        for (const auto piece : radio_.cut(message)) heard.emplace_back(piece.begin(), piece.end());
    board_.sample(sensed_, now);
    return heard;
  }
  /// The same through the gateway's decoder: the records in it.
  Pack read(std::int64_t ms) {
    Pack pack;
    Bytes stream;
    for (const Bytes& piece : listen(ms)) stream.insert(stream.end(), piece.begin(), piece.end());
    std::span<const std::uint8_t> rest = stream;
    for (; rest.size() >= jk_record::kSize; rest = rest.subspan(1)) {
      const auto record = rest.first<jk_record::kSize>();
      if (jk_record::is_sound(record)) jk_record::apply(record, layout_, now, pack);
    }
    return pack;
  }
  const Board& board() const { return board_; }

  Instant now{1'000};

 private:
  static BoardOptions board_options(std::string_view software) {
    BoardOptions options;
    options.settings = board_settings(Chemistry::lfp, Generation::board_11, 8, {100'000});
    options.identity.model.assign(software == "3.3.0" ? "JK-B2A24S" : "JK_B2A24S20P");
    options.identity.software_version.assign(software);
    options.soc = {7700};
    options.counts = false;
    return options;
  }
  Layout layout_;
  JkBleBoard radio_;
  Board board_;
  Sensed sensed_;
};

std::size_t total(const std::vector<Bytes>& pieces) {
  std::size_t size = 0;
  for (const Bytes& piece : pieces) size += piece.size();
  return size;
}

struct GenerationCase {
  Layout layout;
  const char* software;
  bool has_current;
};
class EveryGeneration : public testing::TestWithParam<GenerationCase> {};
INSTANTIATE_TEST_SUITE_P(BleBoard, EveryGeneration,
                         testing::Values(GenerationCase{Layout::jk02_32s, "11.26", true},
                                         GenerationCase{Layout::jk02_24s, "10.08", true},
                                         GenerationCase{Layout::jk04, "3.3.0", false}));

TEST_P(EveryGeneration, SaysWhatTheDecoderReads) {
  Radio radio({.layout = GetParam().layout}, GetParam().software);
  radio.write(command(kTellDevice));
  radio.write(command(kTellSettings));
  const Pack pack = radio.read(3'000);
  for (std::size_t i = 0; i < 8; ++i)
    EXPECT_EQ(pack.cell_voltage[i].fresh(radio.now, {5'000}),
              radio.board().pack().cell_voltage[i].fresh(radio.now, {5'000}))
        << i;
  EXPECT_EQ(pack.identity.software_version.view(), GetParam().software);
  EXPECT_EQ(pack.scalars.soc.fresh(radio.now, {5'000}).has_value(), GetParam().has_current);
  EXPECT_EQ(pack.parameters.get(Parameter::cell_count), 8);
}

TEST(BleBoard, IsSilentUntilItIsAskedAndThenStreams) {
  Radio radio({});
  EXPECT_TRUE(radio.listen(5'000).empty());
  radio.write(command(kTellSettings));
  EXPECT_EQ(total(radio.listen(600)), 300u + 20u);  // the settings, and that it took the command
  const auto stream = radio.listen(10 * 540);
  EXPECT_EQ(total(stream), 10u * 300u);
}

TEST(BleBoard, CutsRecordsAsItsRadioChipDoes) {
  Radio today({});
  today.write(command(kTellDevice));
  std::vector<std::size_t> sizes;
  for (const Bytes& piece : today.listen(1'000)) sizes.push_back(piece.size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{128, 22, 128, 22, 20}));
  Radio old({.old_radio_chip = true});
  old.write(command(kTellDevice));
  const auto pieces = old.listen(1'000);
  EXPECT_EQ(pieces.size(), 16u);
  for (const Bytes& piece : pieces) EXPECT_EQ(piece.size(), 20u);
}

TEST(BleBoard, ChattersUntilTheFirstCommandAndBeginsWithWhatWasLeftOver) {
  Radio radio({.chatter = true, .stale = true});
  const auto heard = radio.listen(1'000);
  ASSERT_EQ(heard.size(), 6u);
  EXPECT_EQ(heard[0].size(), 20u);
  EXPECT_EQ(heard[1], (Bytes{0x41, 0x54, 0x0D, 0x0A}));
  radio.write(command(kTellSettings));
  const Pack pack = radio.read(3'000);
  EXPECT_TRUE(pack.cell_voltage[0].fresh(radio.now, {5'000}).has_value());
}

TEST(BleBoard, IgnoresWhatIsNoCommand) {
  Radio radio({});
  Bytes bytes = command(kTellSettings);
  bytes[19] ^= 1;
  radio.write(bytes);
  bytes[19] ^= 1;
  bytes.push_back(0);
  radio.write(bytes);
  radio.write(Bytes{});
  radio.write(Bytes(20, 0xAA));
  EXPECT_TRUE(radio.listen(5'000).empty());
}

TEST(BleBoard, ASettingReachesTheBoardAndIsInItsNextSettings) {
  Radio radio({});
  radio.write(command(0x04, Bytes{0x42, 0x0E, 0, 0}));  // 3.650 V
  radio.write(command(0x1D, Bytes{0, 0, 0, 0}));
  EXPECT_EQ(total(radio.listen(1'000)), 40u);  // acknowledged, each
  EXPECT_EQ(radio.board().pack().parameters.get(Parameter::cell_overvoltage), 3650);
  EXPECT_FALSE(radio.board().is_on(Board::Switch::charge));
}

TEST(BleBoard, ARegisterThatItDoesNotHaveChangesNothingAndIsAcknowledged) {
  Radio radio({.layout = Layout::jk02_24s});
  const ParameterSet before = radio.board().pack().parameters;
  radio.write(command(0x22, Bytes{1, 0, 0, 0}));  // of newer boards
  radio.write(command(0x00, Bytes{1, 0, 0, 0}));
  EXPECT_EQ(total(radio.listen(1'000)), 40u);
  for (std::size_t i = 0; i < kParameters.size(); ++i)
    EXPECT_EQ(radio.board().pack().parameters.get(static_cast<Parameter>(i)),
              before.get(static_cast<Parameter>(i)));
}

TEST(BleBoard, ALinkThatEndsEndsTheStream) {
  Radio radio({});
  radio.write(command(kTellSettings));
  EXPECT_FALSE(radio.listen(2'000).empty());
  radio.hang_up();
  EXPECT_TRUE(radio.listen(2'000).empty());
}

}  // namespace
}  // namespace cw::simulator

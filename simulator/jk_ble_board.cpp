// SPDX-License-Identifier: Apache-2.0
#include "simulator/jk_ble_board.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <string_view>

namespace cw::simulator {
namespace {

using jk_record::Layout;
using jk_record::Slot;
using jk_record::Type;

//  command   AA 55 90 EB | number | length of value | value, anything | sum   (20 bytes, sum of
//  all)
constexpr std::size_t kCommandSize = 20;
constexpr std::array<std::uint8_t, 4> kCommandStart = {0xAA, 0x55, 0x90, 0xEB};
constexpr std::size_t kNumberAt = 4;
constexpr std::size_t kLengthAt = 5;
constexpr std::size_t kValueAt = 6;
constexpr std::size_t kValueMost = 13;
constexpr std::uint8_t kTellSettings = 0x96;
constexpr std::uint8_t kTellDevice = 0x97;
constexpr std::uint8_t kTaken = 0xC8;
constexpr std::array<std::uint8_t, 4> kChatter = {'A', 'T', '\r', '\n'};

std::uint8_t sum(std::span<const std::uint8_t> bytes) {
  return static_cast<std::uint8_t>(std::accumulate(bytes.begin(), bytes.end(), 0U));
}

bool is_command(std::span<const std::uint8_t> in) {
  return in.size() == kCommandSize &&
         std::equal(kCommandStart.begin(), kCommandStart.end(), in.begin()) &&
         sum(in.first(kCommandSize - 1)) == in.back() && in[kLengthAt] <= kValueMost;
}

// Times and sizes as captured of boards of several generations.
constexpr Millis kAnswerAfter{100};
constexpr Millis kAcknowledgeAfter{160};
constexpr Millis kStreamAfter{660};
constexpr Millis kStreamEvery{540};
constexpr Millis kChatterEvery{200};
constexpr std::array<std::size_t, 2> kPieces = {128, 22};  // radio chips of today, in turn
constexpr std::size_t kOldPiece = 20;
constexpr std::size_t kStaleSize = 20;

// Rows that switch; the rest of what can be written are parameters.
struct SwitchRow {
  std::uint16_t at;
  Board::Switch which;
};
constexpr SwitchRow kSwitches[] = {{118, Board::Switch::charge},
                                   {122, Board::Switch::discharge},
                                   {126, Board::Switch::balance},
                                   {114, Board::Switch::balance}};  // of balancers

/// The register that writes a row, where it is no multiple of four: its own list in each
/// generation.
struct NumberedRow {
  Layout layout;
  std::uint8_t number;
  std::uint16_t at;
};
constexpr NumberedRow kNumbered[] = {
    {Layout::jk02_32s, 0x39, 286}, {Layout::jk02_24s, 0x25, 134}, {Layout::jk02_24s, 0x26, 138},
    {Layout::jk04, 0x1C, 34},      {Layout::jk04, 0x20, 38},      {Layout::jk04, 0x58, 98},
    {Layout::jk04, 0x64, 106},     {Layout::jk04, 0x68, 110},     {Layout::jk04, 0x6C, 114},
};
constexpr std::uint8_t kEmergency = 0x6B;  // of the newest generation
constexpr std::uint8_t kUserData = 0x9F;
constexpr std::uint8_t kLastInOrder24 = 0x20;
constexpr std::uint8_t kLastInOrder32 = 0x22;

/// Where a register stands in the settings record; 0: nowhere.
std::size_t place_of(std::uint8_t number, Layout layout) {
  for (const NumberedRow& row : kNumbered)
    if (row.layout == layout && row.number == number) return row.at;
  if (layout == Layout::jk04 || number == 0) return 0;
  const std::uint8_t last = layout == Layout::jk02_32s ? kLastInOrder32 : kLastInOrder24;
  return number <= last ? jk_record::kPayloadAt + std::size_t{4} * (number - 1U) : 0;
}

std::int64_t value_of(const Slot& slot, std::uint32_t raw) {
  if (slot.form == jk_record::Form::real)
    return std::llround(double{std::bit_cast<float>(raw)} * slot.scale);
  const bool is_signed = slot.form == jk_record::Form::signed_number;
  return (is_signed ? std::int64_t{static_cast<std::int32_t>(raw)} : std::int64_t{raw}) *
         slot.scale;
}

void write_row(const Slot& slot, std::uint32_t raw, Board& board) {
  for (const SwitchRow& row : kSwitches)
    if (slot.at == row.at && !slot.parameter) return board.turn(row.which, raw != 0);
  const std::int64_t value = value_of(slot, raw);
  if (slot.parameter && value >= INT32_MIN && value <= INT32_MAX)
    (void)board.write(*slot.parameter, static_cast<std::int32_t>(value));
}

struct WriteContext {
  Layout layout;
  Instant now;
};

/// What is no row of the settings record. False: it is none of these.
bool write_other(std::uint8_t number, std::span<const std::uint8_t> value,
                 const WriteContext& context, Board& board) {
  if (number == kUserData && context.layout != Layout::jk04) {
    std::string_view text{reinterpret_cast<const char*>(value.data()), value.size()};
    board.keep_user_data(text.substr(0, text.find('\0')));
    return true;
  }
  if (number != kEmergency || context.layout != Layout::jk02_32s || value.empty()) return false;
  value[0] != 0 ? board.request_emergency(context.now) : board.cancel_emergency();
  return true;
}

void write_register(std::uint8_t number, std::span<const std::uint8_t> value,
                    const WriteContext& context, Board& board) {
  if (write_other(number, value, context, board)) return;
  std::uint32_t raw = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(value.size(), 4); ++i)
    raw |= std::uint32_t{value[i]} << 8 * i;
  for (const Slot& slot : jk_record::slots(Type::settings, context.layout))
    if (slot.at == place_of(number, context.layout) && !slot.fixed) write_row(slot, raw, board);
}

}  // namespace

void JkBleBoard::connect(Instant now) {
  disconnect();
  if (options_.chatter) chatter_at_ = now;
  if (options_.stale) waiting_.push_back({now, What::stale});
}

void JkBleBoard::disconnect() {
  waiting_.clear();
  status_at_.reset();
  chatter_at_.reset();
}

void JkBleBoard::on_write(std::span<const std::uint8_t> in, Instant now, Board& board, bool obeys) {
  if (!is_command(in)) return;
  chatter_at_.reset();
  const std::uint8_t number = in[kNumberAt];
  if (!answer(number, now) && obeys)
    write_register(number, in.subspan(kValueAt, in[kLengthAt]), {options_.layout, now}, board);
  waiting_.push_back({now + kAcknowledgeAfter, What::acknowledge});
}

/// False: it is no question.
bool JkBleBoard::answer(std::uint8_t number, Instant now) {
  if (number != kTellDevice && number != kTellSettings) return false;
  if (number == kTellSettings) {
    waiting_.push_back({now + kAnswerAfter, What::settings});
    if (!status_at_) status_at_ = now + kStreamAfter;
  }
  if (number == kTellDevice || options_.tells_twice)
    waiting_.push_back({now + kAnswerAfter, What::device});
  return true;
}

std::vector<JkBleBoard::Bytes> JkBleBoard::due(Instant now, const Pack& told) {
  std::vector<Bytes> messages;
  for (; !waiting_.empty() && waiting_.front().at <= now; waiting_.pop_front())
    messages.push_back(message(waiting_.front().what, told));
  if (chatter_at_ && *chatter_at_ <= now) {
    messages.push_back(message(What::chatter, told));
    chatter_at_ = now + kChatterEvery;
  }
  if (status_at_ && *status_at_ <= now) {
    ++counter_;
    messages.push_back(record(Type::status, told));
    status_at_ = std::max(*status_at_ + kStreamEvery, now);
  }
  return messages;
}

JkBleBoard::Bytes JkBleBoard::message(What what, const Pack& told) const {
  switch (what) {
    case What::device: return record(Type::device, told);
    case What::settings: return record(Type::settings, told);
    case What::chatter: return {kChatter.begin(), kChatter.end()};
    case What::stale: {
      const Bytes whole = record(Type::status, told);
      return {whole.end() - kStaleSize, whole.end()};
    }
    case What::acknowledge: break;
  }
  Bytes taken(kCommandSize);
  std::copy(kCommandStart.begin(), kCommandStart.end(), taken.begin());
  taken[kNumberAt] = kTaken;
  taken[kLengthAt] = 1;
  taken[kValueAt] = 1;
  taken.back() = sum(std::span(taken).first(kCommandSize - 1));
  return taken;
}

JkBleBoard::Bytes JkBleBoard::record(Type type, const Pack& told) const {
  Bytes bytes(jk_record::kSize);
  jk_record::encode(std::span(bytes).first<jk_record::kSize>(), type, options_.layout, counter_,
                    told);
  return bytes;
}

std::vector<std::span<const std::uint8_t>> JkBleBoard::cut(
    std::span<const std::uint8_t> message) const {
  std::vector<std::span<const std::uint8_t>> pieces;
  for (std::size_t i = 0; !message.empty(); ++i) {
    const std::size_t most = options_.old_radio_chip ? kOldPiece : kPieces[i % kPieces.size()];
    const std::size_t size = std::min(most, message.size());
    pieces.push_back(message.first(size));
    message = message.subspan(size);
  }
  return pieces;
}

}  // namespace cw::simulator

// SPDX-License-Identifier: Apache-2.0
// Whose values are these? Fifteen boards and two masters on a line with noise, echoes, lost,
// changed and doubled bytes: whatever the line puts down to a board must be of that board. Each
// board tells its address in every value, so that a record whose damage its sum does not see is
// known as well.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

#include "drivers/session/line.h"
#include "tests/unit/jk_modbus_rig.h"

namespace cw {
namespace {

using jk_record::Type;

constexpr std::uint8_t kBoards = 15;
constexpr Type kTypes[] = {Type::status, Type::settings, Type::device};

/// A board whose every value says its address.
Pack told_by(std::uint8_t address) {
  Pack told = told_by_a_board();
  for (std::size_t i = 0; i < 16; ++i) told.cell_voltage[i].set({3000 + 10 * address}, Instant{});
  for (const Parameter parameter : {Parameter::cell_overvoltage, Parameter::cell_undervoltage,
                                    Parameter::balance_start, Parameter::power_off_voltage})
    told.parameters.set(parameter, 3000 + 10 * address);
  const char letter = static_cast<char>('A' + address);
  told.identity.model.assign({&letter, 1});
  told.identity.serial.assign({&letter, 1});
  told.identity.name.assign({&letter, 1});
  return told;
}

/// How many values of a pack are this board's, and how many are another's. What a damage made that
/// no sum saw is mostly of no board.
struct Votes {
  int ours = 0;
  int others = 0;

  void board(int from, std::uint8_t address) {
    if (from >= 1 && from <= kBoards) ++(from == address ? ours : others);
  }
  void value(std::optional<std::int32_t> count, std::uint8_t address) {
    if (count && *count % 10 == 0) board((*count - 3000) / 10, address);
  }
  void text(std::string_view text, std::uint8_t address) {
    if (text.size() == 1) board(text.front() - 'A', address);
  }
};

Votes votes(const Pack& pack, std::uint8_t address) {
  Votes cast;
  for (const auto& cell : pack.cell_voltage)
    if (cell.quality() == Quality::good) cast.value(heard_now(cell, cell.heard()), address);
  for (const Parameter parameter : {Parameter::cell_overvoltage, Parameter::cell_undervoltage,
                                    Parameter::balance_start, Parameter::power_off_voltage})
    cast.value(pack.parameters.get(parameter), address);
  cast.text(pack.identity.model.view(), address);
  cast.text(pack.identity.serial.view(), address);
  cast.text(pack.identity.name.view(), address);
  return cast;
}

class Wires {
 public:
  explicit Wires(std::uint32_t seed) : random_(seed) {
    for (std::uint8_t address = 1; address <= kBoards; ++address)
      for (const Type type : kTypes) answers_.push_back(answer(address, type, told_by(address)));
  }

  /// One exchange as it arrives: request, answer, and what the line makes of them.
  Wire exchange() {
    const auto address = static_cast<std::uint8_t>(1 + pick(kBoards));
    const std::size_t type = pick(3);
    Wire bytes = pick(8) == 0 ? Wire{} : wire_of(jk_modbus::record_request(address, kTypes[type]));
    if (pick(4) == 0) bytes = bytes + bytes;                   // its echo
    if (pick(20) == 0) bytes = old_acknowledgement() + bytes;  // stuck in an adapter until now
    if (pick(10) != 0) bytes = bytes + answers_[3 * (address - 1U) + type];
    if (pick(6) == 0) bytes = bytes + Wire(pick(4), 0);
    if (pick(10) == 0) bytes = bytes + wire_of(*jk_modbus::read_request(address, 0x1000, 8));
    const std::size_t faults = pick(3) == 0 ? 1 + pick(4) : 0;
    for (std::size_t i = 0; i < faults && !bytes.empty(); ++i) damage(bytes);
    return bytes;
  }
  std::size_t pick(std::size_t choices) { return random_() % choices; }

 private:
  Wire old_acknowledgement() {
    return acknowledgement(static_cast<std::uint8_t>(1 + pick(kBoards)),
                           jk_modbus::trigger_of(kTypes[pick(3)]));
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(random_()); }

  void damage(Wire& bytes) {
    const std::size_t at = pick(bytes.size());
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t length = std::min(1 + pick(24), bytes.size() - at);
    const auto end = place + static_cast<std::ptrdiff_t>(length);
    switch (pick(6)) {
      case 0: *place = static_cast<std::uint8_t>(*place ^ 1U << pick(8)); break;
      case 1: std::generate(place, end, [this] { return byte(); }); break;
      case 2: bytes.erase(place, end); break;
      case 3: {
        Wire noise(length);
        std::generate(noise.begin(), noise.end(), [this] { return byte(); });
        bytes.insert(place, noise.begin(), noise.end());
        break;
      }
      case 4: {  // a piece of an old acknowledgement, of anybody
        const Wire old = old_acknowledgement();
        bytes.insert(place, old.begin(), old.begin() + static_cast<std::ptrdiff_t>(1 + pick(7)));
        break;
      }
      default: bytes.resize(at); break;  // the adapter was pulled
    }
  }

  std::mt19937 random_;
  std::vector<Wire> answers_;
};

/// All boards on one line; a pack is empty again after each frame, so that it holds that frame
/// alone.
class Listeners {
 public:
  Listeners() : line_({.frame_gap = Millis{50}, .only_listen = true}, jk_modbus::kLongestFrame) {
    for (std::uint8_t address = 1; address <= kBoards; ++address)
      boards_.push_back(std::make_unique<Listener>(address));
    for (const auto& board : boards_) line_.add(*board->protocol, board->pack, {}, now_);
    line_.on_up(now_);
    line_.on_time(now_);
  }

  void hear(std::span<const std::uint8_t> bytes, Millis later) {
    now_ = now_ + later;
    line_.on_time(now_);
    line_.on_bytes(bytes, now_);
    for (const std::size_t number : line_.completed()) {
      Listener& board = *boards_[number];
      const Votes cast = votes(board.pack, static_cast<std::uint8_t>(number + 1));
      heard += 1;
      wrong += cast.others >= cast.ours && cast.others > 0 ? 1 : 0;
      board.pack = {};
    }
  }

  std::uint64_t heard = 0;
  std::uint64_t wrong = 0;

 private:
  struct Listener {
    explicit Listener(std::uint8_t address) : protocol(*find_protocol("jk-modbus"), address) {}
    ProtocolBox protocol;
    Pack pack;
  };
  std::vector<std::unique_ptr<Listener>> boards_;
  Line line_;
  Instant now_{1'000'000};
};

TEST(JkModbusAddress, NothingIsPutDownToAWrongBoard) {
#ifdef NDEBUG
  constexpr std::uint64_t kExchanges = 550'000;  // each a request and an answer, at least
#else
  constexpr std::uint64_t kExchanges = 30'000;
#endif
  Wires wires(20'240'501);
  Listeners line;
  for (std::uint64_t i = 0; i < kExchanges; ++i) {
    const Wire bytes = wires.exchange();
    // In one piece, or cut somewhere; between exchanges a pause, now and then a short one.
    const std::size_t cut = wires.pick(3) == 0 ? wires.pick(bytes.size() + 1) : 0;
    const Millis pause{wires.pick(10) == 0 ? 51 : 130};
    line.hear(std::span{bytes}.first(cut), pause);
    line.hear(std::span{bytes}.subspan(cut), Millis{cut == 0 ? 0 : 2});
    ASSERT_EQ(line.wrong, 0U) << "exchange " << i;
  }
  RecordProperty("exchanges", std::to_string(kExchanges));
  EXPECT_GT(line.heard, kExchanges / 2);  // nine of ten are answered, one of three is damaged
}

}  // namespace
}  // namespace cw

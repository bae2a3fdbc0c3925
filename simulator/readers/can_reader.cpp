// SPDX-License-Identifier: Apache-2.0
// Frames as inverters on CAN read them: where each number and each bit of interest stands
// (inverter-can.md, sections 3 to 7; what is out of range: section 5).
#include <algorithm>
#include <array>
#include <map>

#include "core/assert.h"
#include "drivers/protocol/can_frame.h"
#include "simulator/readers/readers.h"

namespace cw::simulator {
namespace {

/// Two bytes of a frame; id 0: not told.
struct Word {
  std::uint16_t id;
  std::uint8_t byte;
};
/// Bits of a byte of a frame of which any counts; id 0: not told.
struct Bits {
  std::uint16_t id;
  std::uint8_t byte;
  std::uint8_t mask;
};
/// What it accepts of a number, 0.1 V; outside it keeps the last.
struct Accepts {
  std::int32_t least = 0;
  std::int32_t most = 0xFFFE;
};
/// What it says of itself, once a second.
struct Says {
  std::uint16_t id;
  std::array<std::uint8_t, 8> data;
};

struct Dialect {
  std::string_view name;
  bool big_endian;
  Word charge_voltage, charge_current, discharge_current, discharge_voltage;  // 0.1 V, 0.1 A
  Bits charge, discharge, force;
  Says says;
  Accepts charge_accepts = {};
  Accepts discharge_accepts = {};
};

constexpr Says kReceived{0x305, {}};
constexpr Says kGx{0x307, {0x12, 0x34, 0x56, 0x78, 0x56, 0x49, 0x43, 0x00}};
constexpr Says kGrowatt{0x301, {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88}};

// clang-format off
constexpr auto kDialects = std::to_array<Dialect>({
    {"pylontech-can",      false, {0x351, 0}, {0x351, 2}, {0x351, 4}, {0x351, 6}, {0x35C, 0, 0x80}, {0x35C, 0, 0x40}, {0x35C, 0, 0x30}, kReceived},
    {"pylontech-plus-can", false, {0x351, 0}, {0x351, 2}, {0x351, 4}, {0x351, 6}, {0x35C, 0, 0x80}, {0x35C, 0, 0x40}, {0x35C, 0, 0x30}, kReceived},
    {"victron-can",        false, {0x351, 0}, {0x351, 2}, {0x351, 4}, {0x351, 6}, {}, {}, {0x360, 0, 0xFF}, kGx},
    {"byd-lvs-can",        false, {0x351, 0}, {0x351, 2}, {0x351, 4}, {0x351, 6}, {}, {}, {0x360, 0, 0xFF}, kGx},
    {"sma-can",            false, {0x351, 0}, {0x351, 2}, {0x351, 4}, {0x351, 6}, {}, {}, {}, kReceived, {410, 630}, {410, 480}},
    {"goodwe-can",         false, {0x351, 0}, {0x351, 2}, {0x351, 4}, {0x351, 6}, {}, {}, {}, kReceived},
    {"luxpower-can",       false, {0x351, 0}, {0x351, 2}, {0x351, 4}, {0x351, 6}, {0x35C, 0, 0x80}, {0x35C, 0, 0x40}, {0x35C, 0, 0x30}, kReceived},
    {"solark-can",         false, {0x351, 0}, {0x351, 2}, {0x351, 4}, {0x351, 6}, {0x35C, 0, 0x80}, {0x35C, 0, 0x40}, {0x35C, 0, 0x30}, kReceived},
    {"solis-can",          false, {0x351, 0}, {0x351, 2}, {0x351, 4}, {0x351, 6}, {0x35C, 0, 0x80}, {0x35C, 0, 0x40}, {0x35C, 0, 0x20}, kReceived},
    {"growatt-can",        true,  {0x311, 0}, {0x311, 2}, {0x311, 4}, {},         {0x311, 7, 0x40}, {0x311, 7, 0x20}, {0x319, 0, 0x20}, kGrowatt},
});
// clang-format on

constexpr std::int32_t kInvalid = 0xFFFF;        // of numbers without a sign
constexpr std::int32_t kInvalidSigned = 0x8000;  // of currents
constexpr std::int32_t kTenth = 100;             // of a volt or an ampere, in thousandths

class CanReader final : public InverterReader {
 public:
  explicit CanReader(const Dialect& dialect)
      : dialect_(dialect),
        says_(to_record({.id = dialect.says.id, .length = 8, .data = dialect.says.data})) {}

  std::span<const std::uint8_t> ask() override { return says_; }

  std::optional<InverterLimits> hear(std::span<const std::uint8_t> bytes) override {
    const auto frame = from_record(bytes);
    if (!frame || frame->extended || frame->remote || frame->error || frame->length < 8)
      return std::nullopt;
    const std::uint32_t ids[] = {dialect_.charge_voltage.id, dialect_.charge.id, dialect_.force.id};
    if (std::ranges::find(ids, frame->id) == std::end(ids)) return std::nullopt;
    frames_[frame->id] = frame->data;
    const bool complete = frames_.contains(dialect_.charge_voltage.id) &&
                          (dialect_.charge.id == 0 || frames_.contains(dialect_.charge.id));
    return complete ? read() : std::nullopt;
  }

 private:
  std::optional<InverterLimits> read() {
    take(charge_voltage_, dialect_.charge_voltage, dialect_.charge_accepts);
    take(discharge_voltage_, dialect_.discharge_voltage, dialect_.discharge_accepts);
    if (!charge_voltage_) return std::nullopt;
    const Milliamps in = current(dialect_.charge_current);
    const Milliamps out = current(dialect_.discharge_current);
    return InverterLimits{.charge_voltage = charge_voltage_,
                          .discharge_voltage = discharge_voltage_,
                          .charge_current = in,
                          .discharge_current = out,
                          .charge_enabled = enabled(dialect_.charge, in),
                          .discharge_enabled = enabled(dialect_.discharge, out),
                          .force_charge = any(dialect_.force)};
  }

  std::int32_t raw(const Word& word) {
    const auto& data = frames_[word.id];
    const int first = data[word.byte], second = data[word.byte + 1U];
    return dialect_.big_endian ? first << 8 | second : second << 8 | first;
  }

  // What it does not accept leaves what it had.
  void take(std::optional<Millivolts>& voltage, const Word& word, const Accepts& accepts) {
    if (word.id == 0) return;
    const std::int32_t tenths = raw(word);
    if (tenths == kInvalid || tenths < accepts.least || tenths > accepts.most) return;
    voltage = Millivolts{tenths * kTenth};
  }

  // Some batteries send the limit of discharge negative: its size counts.
  Milliamps current(const Word& word) {
    const std::int32_t tenths = raw(word);
    if (tenths == kInvalidSigned) return {};
    return {(tenths > kInvalidSigned ? 0x1'0000 - tenths : tenths) * kTenth};
  }

  bool any(const Bits& bits) {
    return bits.id != 0 && frames_.contains(bits.id) &&
           (frames_[bits.id][bits.byte] & bits.mask) != 0;
  }
  bool enabled(const Bits& bits, Milliamps limit) {
    return bits.id != 0 ? any(bits) : limit.count > 0;
  }

  const Dialect& dialect_;
  CanRecord says_;
  std::map<std::uint32_t, std::array<std::uint8_t, 8>> frames_;  // the last of each identifier
  std::optional<Millivolts> charge_voltage_, discharge_voltage_;
};

}  // namespace

std::unique_ptr<InverterReader> make_can_reader(std::string_view name, std::uint8_t /*unit*/) {
  const auto dialect = std::ranges::find(kDialects, name, &Dialect::name);
  CW_ASSERT(dialect != kDialects.end());
  return std::make_unique<CanReader>(*dialect);
}

}  // namespace cw::simulator

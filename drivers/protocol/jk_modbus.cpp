// SPDX-License-Identifier: Apache-2.0
// JK's "inverter" (PB) boards on RS485, "RS485 Modbus" V1.0 and V1.1. Up to 16 boards on a line;
// one object speaks with one of them. Whose a record is, only the acknowledgement behind it says:
// one without is nobody's. Another master may drive the line, then everything can be had by
// listening.
//
// Seen on: PB1A16S15P 15.30, PB2A16S15P 15.10, fw 15.41 (address 0 to 7, 8 and 16 cells).
//
//   request          01  10  16 20  00 01  02  00 00  D6 F1      write 0 into register 1620
//   answer           55 AA EB 90 02 05 ... 7C                    300 bytes, see jk_record.cpp
//                    01  10  16 20  00 01  04 4B                 acknowledgement, with the address
//   register 161C    device information; 161E settings; 1620 status
//
//   read             01  03  10 04  00 02  CRC                   answer 01 03 04 00 00 0B 0E CRC
//   exception        01  83  02  CRC
//
// Registers count bytes: after n words at A the next unread one is A + 2n. Everything in Modbus is
// big-endian, everything in records little-endian.
//
// CRC-16 sees every damage of up to three bits in so short an acknowledgement; of random bytes one
// in 65,536 passes. Sources: JK, "BMS RS485 Modbus common protocol" V1.0 and V1.1; captures of
// phinix-org/Multiple-JK-BMS-by-Modbus-RS485, mr-manuel/venus-os_dbus-serialbattery and
// jblance/mpp-solar. Line: 115200 8N1; an answer takes 27 ms and starts within 10 ms.
#include "drivers/protocol/jk_modbus.h"

#include "drivers/protocol/jk_modbus_settings.h"
#include "drivers/protocol/registry.h"

namespace cw {
namespace jk_modbus {
namespace {

using namespace std::string_view_literals;
using jk_record::Layout;
using jk_record::Type;

// How often what changes rarely is read, and how soon again if no answer came.
constexpr Millis kSettingsEvery{60'000};
constexpr Millis kSettingsAgain{5'000};
constexpr Millis kDeviceAgain{30'000};
constexpr Instant kNeverAgain{INT64_MAX};

Fed verdict(const Message& message, Heard heard, std::string_view why) {
  return {.consumed = message.size, .heard = heard, .why = why};
}

std::string_view meaning_of_exception(std::uint8_t code) {
  switch (code) {
    case 1: return "the board refuses: it does not know the function"sv;
    case 2: return "the board refuses: no such register, or not this way"sv;
    case 3: return "the board refuses: the value is not allowed"sv;
    case 4: return "the board refuses: the checksum did not match"sv;
    default: return "the board refuses, with a code nobody knows"sv;
  }
}

class JkModbus final : public Protocol {
 public:
  explicit JkModbus(std::uint8_t address) : address_(address), settings_(address) {}

  Fed feed(std::span<const std::uint8_t> in, Instant now, Pack& out) override;
  Fed overhear(std::span<const std::uint8_t> in) const override;
  std::optional<Request> next_request(Instant now) override;
  Settings* settings() override { return &settings_; }

 private:
  Fed hear(const Message& message, Instant now, Pack& pack);
  Fed hear_answer(const Message& message, Instant now, Pack& pack);
  Fed hear_read(const Message& message, Instant now, Pack& pack);
  void note(Type type, bool switched, Instant now);

  struct Read {  // a read request of this board that passed and was not answered yet
    std::uint16_t first;
    std::uint16_t count;
  };

  std::uint8_t address_;
  Type asked_ = Type::settings;  // last; so that it begins with the status
  Instant settings_due_{INT64_MIN};
  Instant device_due_{INT64_MIN};
  std::optional<Read> read_;
  ModbusSettings settings_;
};

Fed JkModbus::feed(std::span<const std::uint8_t> in, Instant now, Pack& out) {
  Message message;
  const Fed fed = open_message(in, message);
  return fed.heard == Heard::frame ? hear(message, now, out) : fed;
}

Fed JkModbus::overhear(std::span<const std::uint8_t> in) const {
  Message message;
  Fed fed = open_message(in, message);
  if (fed.heard == Heard::frame && message.is_request()) fed.heard = Heard::not_for_us;
  return fed;
}

Fed JkModbus::hear(const Message& message, Instant now, Pack& pack) {
  if (message.kind == Kind::record)
    return verdict(message, Heard::malformed,
                   "a record without an acknowledgement: nobody knows whose"sv);
  if (message.address != address_)
    return verdict(message, Heard::not_for_us, "of or for another address"sv);
  if (message.kind == Kind::read_request) read_ = Read{message.first, message.count};
  if (message.is_request())
    return verdict(message, Heard::not_for_us, "a request, perhaps the echo of our own"sv);
  if (const auto heard = settings_.answer_to_order(message))
    return verdict(
        message, *heard,
        *heard == Heard::refused ? meaning_of_exception(message.exception) : "the board took it"sv);
  switch (message.kind) {
    case Kind::answer: return hear_answer(message, now, pack);
    case Kind::read_answer: return hear_read(message, now, pack);
    case Kind::exception:
      return verdict(message, Heard::malformed, meaning_of_exception(message.exception));
    default: break;
  }
  if (record_of_register(message.first))
    return verdict(message, Heard::malformed, "an acknowledgement without its record"sv);
  return verdict(message, Heard::not_for_us, "the acknowledgement of somebody's write"sv);
}

Fed JkModbus::hear_answer(const Message& message, Instant now, Pack& pack) {
  const jk_record::Record record = message.record.first<jk_record::kSize>();
  const Type type = jk_record::type_of(record);
  if (record_of_register(message.first) != type)
    return verdict(message, Heard::malformed,
                   "a record, and the acknowledgement of something else"sv);
  const auto mosfets = [&pack] {
    const PackScalars& s = pack.scalars;
    return std::pair{s.charge_mosfet.fresh(s.charge_mosfet.heard(), {0}),
                     s.discharge_mosfet.fresh(s.discharge_mosfet.heard(), {0})};
  };
  const auto before = mosfets();
  const jk_record::Applied applied = jk_record::apply(record, Layout::jk02_32s, now, pack);
  if (type == Type::settings) settings_.on_settings(record);
  if (type == Type::status && !settings_.stale()) jk_record::hold_settings(pack, now);
  note(type, mosfets() != before, now);
  Fed fed = verdict(message, Heard::frame, applied.why);
  fed.refused = applied.refused;
  return fed;
}

Fed JkModbus::hear_read(const Message& message, Instant now, Pack& pack) {
  const auto read = read_;
  read_.reset();
  if (!read || read->count != message.count)
    return verdict(message, Heard::not_for_us, "an answer, and nobody knows to what request"sv);
  jk_record::Applied applied;
  if (!jk_record::apply_registers(read->first, message.data, now, pack, applied))
    return verdict(message, Heard::not_for_us, "registers that mean nothing to us"sv);
  Fed fed = verdict(message, Heard::frame, applied.why);
  fed.refused = applied.refused;
  return fed;
}

/// A switch of a transistor may have been a change of the settings, by somebody else.
void JkModbus::note(Type type, bool switched, Instant now) {
  if (type == Type::settings) settings_due_ = now + kSettingsEvery;
  if (type == Type::device) device_due_ = kNeverAgain;
  if (type == Type::status && switched) settings_due_ = now;
}

/// Between two others always the status; but the first after an order shows what came of it.
std::optional<Request> JkModbus::next_request(Instant now) {
  read_.reset();
  const bool others = asked_ == Type::status;
  const bool ordered = settings_.take_ordered();
  asked_ = Type::status;
  if (ordered || (others && now >= settings_due_)) {
    asked_ = Type::settings;
    settings_due_ = now + kSettingsAgain;
  } else if (others && now >= device_due_) {
    asked_ = Type::device;
    device_due_ = now + kDeviceAgain;
  }
  return record_request(address_, asked_);
}

}  // namespace
}  // namespace jk_modbus

extern const ProtocolSpec kJkModbus;
constinit const ProtocolSpec kJkModbus = {
    .name = "jk-modbus",
    .title = "JK RS485 Modbus",
    .devices = "JK PB1A and PB2A \"inverter\" boards (firmware 14.x, 15.x and later)",
    .bus = Bus::serial,
    .default_baud = jk_modbus::kBaud,
    .longest_frame = jk_modbus::kLongestFrame,
    .maturity = Maturity::seen_in_captures,
    .addressed = true,
    .highest_address = jk_modbus::kHighestAddress,
    // 50 ms left stale bytes in some adapters, 75 ms none; drivers in the field keep 120 ms.
    .pause = Millis{120},
    .frame_gap = Millis{50},
    .size = sizeof(jk_modbus::JkModbus),
    .construct = [](void* storage, const ProtocolOptions& options) -> Protocol* {
      return ProtocolBox::construct_in<jk_modbus::JkModbus>(storage, options.address);
    },
};

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// JK BMS on its serial port ("GPS" or RS485): the protocol "4E 57". The board answers requests and
// never speaks on its own. Never keeps, returns or prints the settings password, which every answer
// carries in clear, and invents no value: what an answer does not say stays absent.
//
// Seen on: BD6A17S6P 7.1, B2A20S20P and B1A24S15P 11.26, B1A8S20P 11.51 (7S to 20S, LFP, Li-ion).
// By document: all BD4A, BD6A, B1A and B2A boards, firmware 6.x to 11.x; 14.x and 15.x where
// "4G-GPS remote module protocol" is selected.
//
//   byte 0  4E 57        start mark
//        2  01 21        length
//        4  00 00 00 00  terminal number: 0 on every wire seen
//        8  06           command
//        9  00           source
//       10  01           direction
//       11  79 30 01 ..  information: a list of slots
//       -9  00 00 00 00  record number: 0 on every wire seen
//       -5  68           end mark
//       -4  00 00        reserved for a CRC, not looked at
//       -2  4F D8        checksum
//
//   length     counts itself, the checksum and all between: the whole frame is length + 2
//   command    01 activate, 02 write, 03 read one, 05 password, 06 read all; an answer repeats it
//   source     0 board, 1 Bluetooth, 2 GPS, 3 PC
//   direction  0 request, 1 answer, 2 upload
//   slot       identifier and data, e.g. 85 0F: state of charge 15 %. The width follows from the
//              identifier alone (79: its own length byte), so an unknown identifier hides
//              everything behind it
//   checksum   16-bit sum of all bytes from 4E to 68; numbers are big-endian everywhere
//
// A sum sees every single changed byte, but not two changes that cancel each other, nor bytes in
// another order; of random damage about one in 65,536 passes.
//
// Sources: JK, "Communication protocol between monitoring platform and BMS", V2.5; captures of
// syssi/esphome-jk-bms, ArminJo/JK-BMSToPylontechCAN and hoylabs/OpenDTU-OnBattery.
// Line: 115200 8N1; a 16-cell answer of 291 bytes takes 26 ms and starts within 1 ms.
//
// The table of slots is in jk_uart.h, the envelope and the requests in jk_uart_frame.cpp, finding
// the slots of an answer in jk_uart_answer.cpp.
#include "drivers/protocol/jk_uart.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "drivers/protocol/jk_uart_answer.h"
#include "drivers/protocol/jk_uart_settings.h"
#include "drivers/protocol/printable.h"
#include "drivers/protocol/registry.h"

namespace cw {
namespace jk_uart {
namespace {

using namespace std::string_view_literals;

/// After power-up a board answers SOC 0 and 0 cycles for about 16 s.
constexpr Millis kStartUp{20'000};

// --- the columns of kSlots that run --------------------------------------------------------------

constexpr bool is_setting(const Slot& slot) { return slot.parameter.has_value(); }
constexpr bool is_value(const Slot& slot) {
  return slot.field != kNoField && slot.form == Form::number;
}

/// Calls `apply` with each row of kSlots that is wanted, as a constant.
template <bool (*Wanted)(const Slot&), class Apply>
void for_each_slot(Apply apply) {
  [&]<std::size_t... Row>(std::index_sequence<Row...>) {
    const auto one = [&]<std::size_t I>(std::integral_constant<std::size_t, I> row) {
      if constexpr (Wanted(kSlots[I])) apply(row);
    };
    (one(std::integral_constant<std::size_t, Row>{}), ...);
  }
  (std::make_index_sequence<kSlots.size()>{});
}

/// The value of a slot in the unit of its target.
template <std::size_t Row>
std::int64_t value_of(std::uint32_t four) {
  constexpr unsigned kBits = kSlots[Row].width * 8U;
  constexpr std::uint32_t kSign =
      kSlots[Row].form == Form::signed_number ? std::uint32_t{1} << (kBits - 1) : 0;
  const std::uint32_t raw = four & (0xFFFF'FFFF >> (32 - kBits));
  // Two's complement of any width: flip the sign bit, then take it off again.
  return (std::int64_t{raw ^ kSign} - kSign) * kSlots[Row].scale;
}

// --- second pass: fields -------------------------------------------------------------------------

/// Returns the lowest cell, in mV; UINT32_MAX without cells.
std::uint32_t apply_cells(const Answer& answer, Pack& pack, Instant now) {
  std::uint32_t lowest = UINT32_MAX;
  const auto list = answer.cells;
  for (std::size_t at = 0; at < list.size(); at += 3) {
    const std::uint32_t millivolts = std::uint32_t{list[at + 1]} << 8 | list[at + 2];
    pack.cell_voltage[list[at] - 1U].set({static_cast<std::int32_t>(millivolts)}, now);
    lowest = std::min(lowest, millivolts);
  }
  return lowest;
}

/// Three places state the number of cells: the list, slot 0x8A and the setting. Where they agree,
/// cells that were heard before and are not among them are gone. Where they do not, that is an
/// alarm; and if it is not only the setting that differs, nobody knows how many there are.
struct CellCounts {
  bool detected_agrees = true;
  bool setting_agrees = true;

  explicit CellCounts(const Answer& answer) {
    const auto agrees = [&](std::uint8_t id) {
      return !answer.has_cells || !answer.has(id) || answer.number(id) == answer.cells.size() / 3;
    };
    detected_agrees = agrees(kCellCount);
    setting_agrees = agrees(kCellCountSetting);
  }
  bool agree() const { return detected_agrees && setting_agrees; }
};

void forget_cells(Pack& pack, std::uint32_t cells) {
  for (std::size_t i = 0; cells >> i != 0; ++i)
    if ((cells >> i & 1) != 0) pack.cell_voltage[i].clear();
}

/// Returns how many were out of range; those are not known any more, whatever was heard before.
std::uint8_t apply_settings(const Answer& answer, ParameterSet& settings) {
  std::uint8_t refused = 0;
  for_each_slot<is_setting>([&](auto row) {
    const std::size_t end = answer.end(kSlots[row].id);
    if (end == 0) return;
    const std::int64_t value = value_of<row>(answer.four_before(end));
    constexpr Parameter kParameter = *kSlots[row].parameter;
    if (value <= INT32_MAX && settings.set(kParameter, static_cast<std::int32_t>(value))) return;
    settings.forget(kParameter);
    ++refused;
  });
  return refused;
}

void apply_values(const Answer& answer, PackScalars& scalars, Instant now) {
  for_each_slot<is_value>([&](auto row) {
    if (const std::size_t end = answer.end(kSlots[row].id); end != 0)
      kSlots[row].store(scalars, value_of<row>(answer.four_before(end)), now);
  });
  if (!answer.has(kCapacityFull)) return;
  const std::uint32_t full = answer.number(kCapacityFull);
  if (full == 0)
    scalars.capacity_full.clear();  // old firmware does not know
  else
    store_number<&PackScalars::capacity_full>(scalars, std::int64_t{full} * 1000, now);
}

/// Returns how many sensors said what no temperature is.
std::uint8_t apply_temperatures(const Answer& answer, Pack& pack, Instant now) {
  std::uint8_t refused = 0;
  const auto apply = [&](std::uint8_t id, Reading<DeciCelsius>& target) {
    if (!answer.has(id)) return;
    if (const auto value = decode_temperature(answer.number(id))) return target.set(*value, now);
    target.reject(now);
    ++refused;
  };
  apply(kMosfetTemperature, pack.scalars.mosfet_temperature);
  apply(kFirstSensor, pack.temperature[0]);
  apply(kFirstSensor + 1, pack.temperature[1]);
  return refused;
}

void apply_state(const Answer& answer, PackScalars& scalars, Instant now) {
  if (!answer.has(kState)) return;
  const std::uint32_t bits = answer.number(kState);
  const auto flag = [bits](std::uint32_t bit) { return Flag{(bits & bit) != 0 ? 1 : 0}; };
  scalars.charge_mosfet.set(flag(kChargeMosfetBit), now);
  scalars.discharge_mosfet.set(flag(kDischargeMosfetBit), now);
  scalars.balancing.set(flag(kBalancingBit), now);
}

// --- texts ---------------------------------------------------------------------------------------

/// The bytes of the three texts, one after the other; what an answer does not have is zeros.
constexpr std::array kTexts = {kDeviceName, kSoftwareVersion, kVendorText};
constexpr std::size_t kTextSize =
    kWidths[kDeviceName] + kWidths[kSoftwareVersion] + kWidths[kVendorText];
using TextBytes = std::array<char, kTextSize>;

/// What the texts say; made again only when a byte of them has changed.
struct Said {
  TextBytes bytes{};
  Identity identity{};
  std::uint8_t refused = 0;  // texts that could not be read
};

// substr() would throw, and a microcontroller has nothing that throws.
std::string_view first(std::string_view text, std::size_t size) { return {text.data(), size}; }
std::string_view from(std::string_view text, std::size_t at) {
  return {text.data() + at, text.size() - at};
}

std::string_view without_padding(std::string_view text) {
  while (text.ends_with('_')) text.remove_suffix(1);
  return text;
}

/// "11.XW_S11.26___": hardware 11.XW, software 11.26. Anything else is a software version.
void read_versions(std::string_view text, Identity& identity) {
  std::size_t mark = 0;
  while (mark + 1 < text.size() && !(text[mark] == '_' && text[mark + 1] == 'S')) ++mark;
  const bool both = mark + 1 < text.size();
  identity.hardware_version.assign(both ? without_padding(first(text, mark)) : ""sv);
  identity.software_version.assign(without_padding(both ? from(text, mark + 2) : text));
}

/// Where the model begins: the last "JK_" or "JK-", as users name their packs after the model too.
/// Old firmware has factory text here, and no model.
std::size_t find_model(std::string_view text) {
  for (std::size_t at = text.size() - 2; at-- > 0;)
    if (text[at] == 'J' && text[at + 1] == 'K' && (text[at + 2] == '_' || text[at + 2] == '-'))
      return at;
  return text.size();
}

void read_texts(Said& said) {
  said.refused = 0;
  std::string_view rest{said.bytes.data(), said.bytes.size()};
  const auto next = [&](std::uint8_t id) {
    const auto text = first(rest, kWidths[id]);
    rest.remove_prefix(text.size());
    return text;
  };
  said.identity.make.assign("JK");
  said.identity.name.assign(printable(next(kDeviceName), said.refused));
  read_versions(printable(next(kSoftwareVersion), said.refused), said.identity);
  const std::string_view vendor = next(kVendorText);
  const std::size_t model = find_model(vendor);
  said.identity.user_data.assign(printable(first(vendor, model), said.refused));
  said.identity.model.assign(printable(from(vendor, model), said.refused));
}

/// Returns how many texts could not be read.
std::uint8_t apply_texts(const Answer& answer, Said& said, Identity& identity) {
  TextBytes bytes = answer.has_cells ? TextBytes{} : said.bytes;
  char* to = bytes.data();
  for (const std::uint8_t id : kTexts) {
    if (answer.has(id)) std::memcpy(to, answer.base + answer.end(id) - kWidths[id], kWidths[id]);
    to += kWidths[id];
  }
  if (bytes != said.bytes || said.identity.make.empty()) {
    said.bytes = bytes;
    read_texts(said);
  }
  identity = said.identity;
  return said.refused;
}

// --- the protocol --------------------------------------------------------------------------------

class JkUart final : public Protocol {
 public:
  Fed feed(std::span<const std::uint8_t> in, Instant now, Pack& out) override;
  Fed overhear(std::span<const std::uint8_t> in) const override {
    Envelope envelope;
    Fed fed = open_envelope(in, envelope);
    if (envelope.transport == static_cast<std::uint8_t>(Transport::request) &&
        fed.heard == Heard::frame)
      fed.heard = Heard::not_for_us;
    return fed;
  }
  std::optional<Request> next_request(Instant) override { return read_all_request(); }
  Settings* settings() override { return &settings_; }

 private:
  void apply(const Answer& answer, Instant now, Pack& pack, Fed& fed);
  bool apply_current(const Answer& answer, PackScalars& scalars, Instant now);
  bool starting_up(const Answer& answer, std::uint32_t lowest_cell, Instant now);

  Ends ends_{};              // of the answer being decoded, if its list is unusual
  std::uint32_t cells_ = 0;  // bit n: cell n + 1 was in the last answer whose counts agreed
  Said said_;
  UartSettings settings_;
  std::optional<CurrentEncoding> encoding_;  // known once a whole list was heard
  std::optional<Instant> empty_since_;       // first of the answers in a row without SOC and cycles
};

Fed JkUart::feed(std::span<const std::uint8_t> in, Instant now, Pack& out) {
  Envelope envelope;
  Fed fed = open_envelope(in, envelope);
  if (fed.heard != Heard::frame) return fed;
  const auto refuse = [&fed](Heard heard, std::string_view why) {
    fed.heard = heard;
    fed.why = why;
    return fed;
  };
  if (envelope.transport != static_cast<std::uint8_t>(Transport::answer))
    return refuse(Heard::not_for_us, "a request, perhaps the echo of our own"sv);
  if (settings_.is_answer(envelope)) return refuse(Heard::acknowledged, "the board took it"sv);
  if (envelope.command != static_cast<std::uint8_t>(Command::read_all) &&
      envelope.command != static_cast<std::uint8_t>(Command::read_one))
    return refuse(Heard::not_for_us, "an answer to another command than reading"sv);
  Answer answer;
  if (const auto why = find_slots(in.first(envelope.size), ends_, answer); !why.empty())
    return refuse(Heard::malformed, why);
  apply(answer, now, out, fed);
  return fed;
}

void JkUart::apply(const Answer& answer, Instant now, Pack& pack, Fed& fed) {
  const bool whole_list = answer.has_cells;
  PackScalars& scalars = pack.scalars;
  if (whole_list) {  // a setting it does not have is not known any more
    pack.parameters = {};
    pack.parameters_heard = now;
  }
  const std::uint32_t lowest_cell = apply_cells(answer, pack, now);
  apply_values(answer, scalars, now);
  apply_state(answer, scalars, now);
  fed.refused = static_cast<std::uint8_t>(apply_temperatures(answer, pack, now) +
                                          apply_texts(answer, said_, pack.identity) +
                                          apply_settings(answer, pack.parameters));
  if (fed.refused != 0) fed.why = "values that cannot be true were left out"sv;

  const CellCounts counts(answer);
  if (whole_list && counts.agree()) {
    forget_cells(pack, cells_ & ~answer.cell_set);
    cells_ = answer.cell_set;
  }
  if (!counts.detected_agrees) scalars.cell_count.reject(now);
  if (!counts.agree()) fed.why = "the numbers of cells disagree"sv;
  if (answer.has(kAlarms)) {
    AlarmSet alarms = decode_alarms(answer.number(kAlarms));
    if (!counts.agree()) alarms.add(Alarm::cell_count_mismatch);
    pack.alarms.set(alarms, now);
  }
  if (starting_up(answer, lowest_cell, now)) {
    scalars.soc.reject(now);
    scalars.cycle_count.reject(now);
    fed.refused = static_cast<std::uint8_t>(fed.refused + 2);
    fed.why = "no state of charge yet: the board is starting"sv;
  }
  if (!apply_current(answer, scalars, now)) {
    ++fed.refused;
    fed.why = "how the current is encoded is not known"sv;
  }
  fed.cut_short = answer.cut_short;
  if (fed.cut_short) fed.why = "an unknown identifier hides the rest of the list"sv;
}

/// Two encodings; the protocol version at the end of a whole list tells which. False: not known,
/// and then the current is not known either.
bool JkUart::apply_current(const Answer& answer, PackScalars& scalars, Instant now) {
  const bool has_version = answer.has(kProtocolVersion);
  const std::uint32_t version = has_version ? answer.number(kProtocolVersion) : 0;
  if (version > 1)
    encoding_.reset();
  else if (version == 1)
    encoding_ = CurrentEncoding::sign_magnitude;
  else if (has_version || (answer.has_cells && !answer.cut_short))
    encoding_ = CurrentEncoding::offset;
  if (!answer.has(kCurrent)) return true;
  if (encoding_)
    scalars.current.set(decode_current(answer.number(kCurrent), *encoding_), now);
  else
    scalars.current.reject(now);
  return encoding_.has_value();
}

/// A board that has just been switched on answers 0 % and 0 cycles until it has found its own. That
/// is believed at once if the lowest cell is as empty as the board's settings call empty, and
/// otherwise only after it has been said for longer than any start takes.
bool JkUart::starting_up(const Answer& answer, std::uint32_t lowest_cell, Instant now) {
  if (!answer.has(kSoc) || !answer.has(kCycleCount)) return false;
  if (answer.number(kSoc) != 0 || answer.number(kCycleCount) != 0) {
    empty_since_.reset();
    return false;
  }
  if (!empty_since_) empty_since_ = now;
  if (answer.has(kCellUndervoltageRecovery) &&
      lowest_cell <= answer.number(kCellUndervoltageRecovery))
    return false;
  return now < *empty_since_ + kStartUp;
}

}  // namespace
}  // namespace jk_uart

extern const ProtocolSpec kJkUart;
constinit const ProtocolSpec kJkUart = {
    .name = "jk-uart",
    .title = "JK UART 4E 57",
    .devices = "JK BD4A, BD6A, B1A and B2A boards (firmware 6.x to 11.x)",
    .bus = Bus::serial,
    .default_baud = jk_uart::kBaud,
    .longest_frame = jk_uart::kLongestFrame,
    .maturity = Maturity::seen_in_captures,
    .addressed = false,
    .size = sizeof(jk_uart::JkUart),
    .construct = [](void* storage, const ProtocolOptions&) -> Protocol* {
      return ProtocolBox::construct_in<jk_uart::JkUart>(storage);
    },
};

}  // namespace cw

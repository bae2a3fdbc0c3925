// SPDX-License-Identifier: Apache-2.0
// The tables and the envelope of JK's serial protocol "4E 57": what both ends of the wire agree on.
// The decoder (jk_uart.cpp) and the simulated board walk the same rows. It owns no state, no heap
// and no clock, and it never holds a value of the settings password.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/pack.h"
#include "drivers/protocol/protocol.h"
#include "drivers/protocol/slot_target.h"

namespace cw::jk_uart {

// --- the envelope; the drawing is in jk_uart.cpp ------------------------------------------------

inline constexpr std::uint8_t kStartFirst = 0x4E;
inline constexpr std::uint8_t kStartSecond = 0x57;
inline constexpr std::uint8_t kEndMark = 0x68;

inline constexpr std::size_t kLengthAt = 2;      // two bytes; counts all but the start mark
inline constexpr std::size_t kCommandAt = 8;     // Command
inline constexpr std::size_t kSourceAt = 9;      // Source
inline constexpr std::size_t kTransportAt = 10;  // Transport
inline constexpr std::size_t kHeaderSize = 11;   // start mark to transport
inline constexpr std::size_t kTrailerSize = 9;   // record number (4), end mark, 0, 0, checksum (2)
inline constexpr std::size_t kLengthLeast = 18;  // no information at all
inline constexpr std::size_t kLengthMost = 500;
inline constexpr std::size_t kLongestFrame = kLengthMost + 2;
inline constexpr std::uint32_t kBaud = 115'200;

enum class Command : std::uint8_t {
  activate = 1,
  write = 2,
  read_one = 3,
  password = 5,
  read_all = 6,
};
enum class Source : std::uint8_t { bms = 0, bluetooth = 1, gps = 2, pc = 3 };
enum class Transport : std::uint8_t { request = 0, answer = 1, upload = 2 };

// --- the information part: a flat list of slots, each an identifier and its data -----------------

/// How the bytes of a slot become a value. Numbers are big-endian; value = raw * scale in the unit
/// of the target.
enum class Form : std::uint8_t {
  cells,          // a length byte, then (index from 1, millivolts in two bytes) for each cell
  number,         // unsigned
  measured,       // unsigned; 0 means that the board does not know (old firmware)
  signed_number,  // two's complement
  temperature,    // two bytes, decode_temperature()
  current,        // two bytes, decode_current(); which encoding, slot kProtocolVersion decides
  alarms,         // two bytes, kAlarmBits
  state,          // two bytes, kChargeMosfetBit ...
  text,           // characters, padded with zeros or '_'
  secret,         // skipped: never kept, logged or printed
  unused,         // no value of ours
};

using cw::kNoField;

struct Slot {
  std::uint8_t id;
  std::uint8_t width;  // bytes of data; 0: the data begins with its own length byte
  std::string_view meaning;
  Form form;
  std::int32_t scale = 1;                // units of the target a raw count
  std::uint8_t field = kNoField;         // row of kFields it fills
  StoreNumber store = nullptr;           // how it fills it
  std::uint8_t sensor = 0;               // element of Pack::temperature, from 1; 0: none
  std::optional<Parameter> parameter{};  // the setting it fills
  bool answered = true;                  // false: may be written, never occurs in a full answer
};

// Slots the code names.
inline constexpr std::uint8_t kCells = 0x79;
inline constexpr std::uint8_t kMosfetTemperature = 0x80;
inline constexpr std::uint8_t kFirstSensor = 0x81;
inline constexpr std::uint8_t kCurrent = 0x84;
inline constexpr std::uint8_t kSoc = 0x85;
inline constexpr std::uint8_t kCycleCount = 0x87;
inline constexpr std::uint8_t kCellCount = 0x8A;
inline constexpr std::uint8_t kAlarms = 0x8B;
inline constexpr std::uint8_t kState = 0x8C;
inline constexpr std::uint8_t kCellUndervoltageRecovery = 0x94;
inline constexpr std::uint8_t kBalanceSwitch = 0x9D;
inline constexpr std::uint8_t kCellCountSetting = 0xA9;
inline constexpr std::uint8_t kChargeSwitch = 0xAB;
inline constexpr std::uint8_t kDischargeSwitch = 0xAC;
inline constexpr std::uint8_t kPassword = 0xB2;
inline constexpr std::uint8_t kDeviceName = 0xB4;
inline constexpr std::uint8_t kSoftwareVersion = 0xB7;
inline constexpr std::uint8_t kCapacityFull = 0xB9;
inline constexpr std::uint8_t kVendorText = 0xBA;
inline constexpr std::uint8_t kProtocolVersion = 0xC0;

namespace rows {
using P = PackScalars;
using enum Form;
template <auto Member>
constexpr Slot value(std::uint8_t id, std::uint8_t width, std::string_view meaning, Form form,
                     std::int32_t scale) {
  return {.id = id,
          .width = width,
          .meaning = meaning,
          .form = form,
          .scale = scale,
          .field = index_of<Member>(),
          .store = &store_number<Member>};
}
constexpr Slot sensor(std::uint8_t id, std::string_view meaning, std::uint8_t number) {
  return {.id = id, .width = 2, .meaning = meaning, .form = temperature, .sensor = number};
}
constexpr Slot setting(std::uint8_t id, std::uint8_t width, std::string_view meaning,
                       std::int32_t scale, Parameter parameter, Form form = number) {
  return {.id = id,
          .width = width,
          .meaning = meaning,
          .form = form,
          .scale = scale,
          .parameter = parameter};
}
/// A setting that people also know as a value.
template <auto Member>
constexpr Slot setting(std::uint8_t id, std::uint8_t width, std::string_view meaning,
                       std::int32_t scale, Parameter parameter) {
  Slot slot = value<Member>(id, width, meaning, number, scale);
  slot.parameter = parameter;
  return slot;
}
constexpr Slot other(std::uint8_t id, std::uint8_t width, std::string_view meaning, Form form) {
  return {.id = id, .width = width, .meaning = meaning, .form = form};
}
constexpr Slot order(std::uint8_t id, std::uint8_t width, std::string_view meaning) {
  return {.id = id, .width = width, .meaning = meaning, .form = unused, .answered = false};
}
}  // namespace rows

/// Every identifier of the document, in the order in which a board sends them. Firmware before 2020
/// ends after 0xB7.
// clang-format off
inline constexpr auto kSlots = [] {
  using namespace rows;
  using enum Parameter;
  return std::to_array<Slot>({
  other  (0x79,  0, "cell voltages, mV", cells),
  value<&P::mosfet_temperature>(0x80,  2, "MOSFET temperature", temperature, 1),
  sensor (0x81,     "temperature in the battery box; on real boards battery sensor 1", 1),
  sensor (0x82,     "temperature of the battery, sensor 2", 2),
  value<&P::voltage>(0x83,  2, "pack voltage, 10 mV", number, 10),
  value<&P::current>(0x84,  2, "pack current, 10 mA", current, 10),
  value<&P::soc>(0x85,  1, "state of charge, %", number, 100),
  other  (0x86,  1, "number of battery temperature sensors; 2 in all captures", unused),
  value<&P::cycle_count>(0x87,  2, "cycles", number, 1),
  value<&P::cycle_capacity>(0x89,  4, "accumulated cycle capacity, Ah", number, 1000),
  value<&P::cell_count>(0x8A,  2, "cells detected", number, 1),
  other  (0x8B,  2, "alarm bits", alarms),
  other  (0x8C,  2, "state bits", state),
  setting(0x8E,  2, "pack over-voltage, 10 mV", 10, pack_overvoltage),
  setting(0x8F,  2, "pack under-voltage, 10 mV", 10, pack_undervoltage),
  setting(0x90,  2, "cell over-voltage, mV", 1, cell_overvoltage),
  setting(0x91,  2, "cell over-voltage recovery, mV", 1, cell_overvoltage_recovery),
  setting(0x92,  2, "cell over-voltage delay, s", 1000, cell_overvoltage_delay),
  setting(0x93,  2, "cell under-voltage, mV", 1, cell_undervoltage),
  setting(0x94,  2, "cell under-voltage recovery, mV", 1, cell_undervoltage_recovery),
  setting(0x95,  2, "cell under-voltage delay, s", 1000, cell_undervoltage_delay),
  setting(0x96,  2, "cell difference protection, mV", 1, cell_voltage_difference),
  setting(0x97,  2, "discharge over-current, A", 1000, discharge_overcurrent),
  setting(0x98,  2, "discharge over-current delay, s", 1000, discharge_overcurrent_delay),
  setting(0x99,  2, "charge over-current, A", 1000, charge_overcurrent),
  setting(0x9A,  2, "charge over-current delay, s", 1000, charge_overcurrent_delay),
  setting(0x9B,  2, "balance start voltage, mV", 1, balance_start),
  setting(0x9C,  2, "balance trigger difference, mV", 1, balance_trigger),
  value<&P::balance_switch>(0x9D,  1, "balancer switch", number, 1),
  setting(0x9E,  2, "MOSFET over-temperature, °C", 10, mosfet_overtemperature),
  setting(0x9F,  2, "MOSFET over-temperature recovery, °C", 10, mosfet_overtemperature_recovery),
  setting(0xA0,  2, "box over-temperature, °C", 10, box_overtemperature),
  setting(0xA1,  2, "box over-temperature recovery, °C", 10, box_overtemperature_recovery),
  setting(0xA2,  2, "battery temperature difference, °C", 10, temperature_difference),
  setting(0xA3,  2, "charge over-temperature, °C", 10, charge_overtemperature),
  setting(0xA4,  2, "discharge over-temperature, °C", 10, discharge_overtemperature),
  setting(0xA5,  2, "charge low temperature, °C", 10, charge_undertemperature, signed_number),
  setting(0xA6,  2, "charge low recovery, °C", 10, charge_undertemperature_recovery, signed_number),
  setting(0xA7,  2, "discharge low temperature, °C", 10, discharge_undertemperature, signed_number),
  setting(0xA8,  2, "discharge low recovery, °C", 10, discharge_undertemperature_recovery, signed_number),
  setting(0xA9,  1, "cell count setting", 1, cell_count),
  setting<&P::capacity_nominal>(0xAA,  4, "capacity setting, Ah", 1000, capacity),
  value<&P::charge_switch>(0xAB,  1, "charge switch", number, 1),
  value<&P::discharge_switch>(0xAC,  1, "discharge switch", number, 1),
  setting(0xAD,  2, "current calibration, mA", 1, current_calibration),
  setting(0xAE,  1, "board address", 1, board_address),
  setting(0xAF,  1, "chemistry: 0 LFP, 1 ternary, 2 LTO; old firmware errs", 1, chemistry_code),
  setting(0xB0,  2, "sleep delay, s", 1, sleep_delay),
  setting(0xB1,  1, "low state-of-charge alarm, %", 100, low_capacity_alarm),
  other  (0xB2, 10, "settings password, sent in clear", secret),
  setting(0xB3,  1, "dedicated-charger switch", 1, dedicated_charger),
  other  (0xB4,  8, "device id, or the first characters of the user's text", text),
  other  (0xB5,  4, "manufacturing date, YYMM", unused),
  value<&P::runtime>(0xB6,  4, "working time, minutes", number, 60),
  other  (0xB7, 15, "hardware and software version", text),
  other  (0xB8,  1, "current calibration running", unused),
  value<&P::capacity_full>(0xB9,  4, "actual capacity, Ah", measured, 1000),
  other  (0xBA, 24, "vendor field: user's text, then the model", text),
  order  (0xBB,  1, "restart"),
  order  (0xBC,  1, "restore factory parameters"),
  order  (0xBD,  1, "firmware upgrade"),
  order  (0xBE,  2, "GPS power-off voltage, mV"),
  order  (0xBF,  2, "GPS power-on voltage, mV"),
  setting(0xC0,  1, "protocol version: 1 decides the encoding of the current", 1, protocol_version),
  });
}();
// clang-format on

/// The row of an identifier; nullptr: nobody knows how wide it is.
constexpr const Slot* find_slot(std::uint8_t id) {
  for (const Slot& slot : kSlots)
    if (slot.id == id) return &slot;
  return nullptr;
}

/// Bytes of data of each identifier; 0: unknown, or (0x79) with a length byte of its own.
inline constexpr auto kWidths = [] {
  std::array<std::uint8_t, 256> widths{};
  for (const Slot& slot : kSlots) widths[slot.id] = slot.width;
  return widths;
}();

/// Bit n of slot 0x8B. Bits beyond the table are reserved: they become unknown_jk_uart_bit_<n>.
inline constexpr std::array<Alarm, 14> kAlarmBits = {
    Alarm::low_capacity,
    Alarm::mosfet_overtemperature,
    Alarm::pack_overvoltage,
    Alarm::pack_undervoltage,
    Alarm::battery_overtemperature,
    Alarm::charge_overcurrent,
    Alarm::discharge_overcurrent,
    Alarm::cell_voltage_difference,
    Alarm::box_overtemperature,
    Alarm::battery_undertemperature,
    Alarm::cell_overvoltage,
    Alarm::cell_undervoltage,
    Alarm::front_end_fault_a,
    Alarm::front_end_fault_b,
};

/// Bits of slot 0x8C: what the board does now. Bit 3 ("battery dropped") contradicts the document
/// in captures and means nothing to us.
inline constexpr std::uint16_t kChargeMosfetBit = 1;
inline constexpr std::uint16_t kDischargeMosfetBit = 2;
inline constexpr std::uint16_t kBalancingBit = 4;

// --- conversions ---------------------------------------------------------------------------------

inline constexpr std::uint16_t kHottestRaw = 140;  // the document's range is 0 to 140

/// 0..99 is °C, 101..140 is 100 - raw, 100 is 0; above: absent, no such temperature.
constexpr std::optional<DeciCelsius> decode_temperature(std::uint32_t raw) {
  if (raw > kHottestRaw) return std::nullopt;
  const auto degrees = static_cast<std::int32_t>(raw);
  return DeciCelsius{(degrees < 100 ? degrees : 100 - degrees) * 10};
}
/// The nearest that can be sent: whole degrees from -40 °C to 99 °C. A board has no way to say
/// more.
constexpr std::uint16_t encode_temperature(DeciCelsius value) {
  const std::int32_t half = value.count < 0 ? -5 : 5;
  const std::int32_t degrees = (value.count + half) / 10;
  if (degrees >= 0) return static_cast<std::uint16_t>(degrees > 99 ? 99 : degrees);
  return static_cast<std::uint16_t>(degrees < -40 ? kHottestRaw : 100 - degrees);
}

/// offset: 10000 is no current, one count is 10 mA, less is charging (firmware without slot 0xC0).
/// sign_magnitude: bit 15 set is charging, the rest counts 10 mA.
enum class CurrentEncoding : std::uint8_t { offset, sign_magnitude };

constexpr Milliamps decode_current(std::uint32_t raw, CurrentEncoding encoding) {
  const auto count = static_cast<std::int32_t>(raw & 0xFFFF);
  if (encoding == CurrentEncoding::offset) return {(10'000 - count) * 10};
  const std::int32_t magnitude = (count & 0x7FFF) * 10;
  return {(count & 0x8000) != 0 ? magnitude : -magnitude};
}
/// The nearest that can be sent: offset -555.35 A to 100 A, sign_magnitude +-327.67 A.
constexpr std::uint16_t encode_current(Milliamps value, CurrentEncoding encoding) {
  const std::int32_t counts = (value.count + (value.count < 0 ? -5 : 5)) / 10;
  if (encoding == CurrentEncoding::offset) {
    const std::int32_t raw = 10'000 - counts;
    return static_cast<std::uint16_t>(raw < 0 ? 0 : raw > 0xFFFF ? 0xFFFF : raw);
  }
  const std::int32_t size = counts < 0 ? -counts : counts;
  const std::int32_t magnitude = size > 0x7FFF ? 0x7FFF : size;
  return static_cast<std::uint16_t>(counts > 0 ? magnitude | 0x8000 : magnitude);
}

/// Named and unnamed alarms of slot 0x8B, and back.
constexpr AlarmSet decode_alarms(std::uint32_t raw) {
  AlarmSet set;
  raw &= 0xFFFF;
  for (std::size_t bit = 0; raw >> bit != 0; ++bit) {
    if ((raw >> bit & 1) == 0) continue;
    if (bit < kAlarmBits.size())
      set.add(kAlarmBits[bit]);
    else
      set.unknown |= std::uint32_t{1} << bit;
  }
  return set;
}
constexpr std::uint16_t encode_alarms(const AlarmSet& set) {
  std::uint32_t raw = set.unknown & 0xC000;
  for (std::size_t bit = 0; bit < kAlarmBits.size(); ++bit)
    if (set.has(kAlarmBits[bit])) raw |= std::uint32_t{1} << bit;
  return static_cast<std::uint16_t>(raw);
}

// --- frames --------------------------------------------------------------------------------------

/// The 16-bit sum of all bytes: over a frame, from its first byte up to and including the end mark.
std::uint16_t checksum(std::span<const std::uint8_t> bytes);

/// Writes a whole frame around `information`; returns its size, or 0 if `out` is too small or the
/// information longer than a frame may carry.
std::size_t write_frame(std::span<std::uint8_t> out, Command command, Source source,
                        Transport transport, std::span<const std::uint8_t> information);

/// What is in an envelope that adds up. Spans point into the frame.
struct Envelope {
  std::size_t size = 0;        // of the whole frame
  std::uint8_t command = 0;    // a Command, or something new
  std::uint8_t source = 0;     // a Source, or something new
  std::uint8_t transport = 0;  // a Transport, or something new
  std::uint32_t terminal_number = 0;
  std::uint32_t record_number = 0;
  std::span<const std::uint8_t> information;
};

/// Looks for a whole frame at the start of `in`. On `frame` (of either direction) `envelope` is
/// filled; anything else is what Protocol::feed has to answer with.
Fed open_envelope(std::span<const std::uint8_t> in, Envelope& envelope);

/// The data of one slot of a list of slots; absent if it is not there or the list breaks off
/// before.
std::optional<std::span<const std::uint8_t>> find_data(std::span<const std::uint8_t> information,
                                                       std::uint8_t id);

// --- requests: bytes only, whether and when to send them is decided elsewhere
// ---------------------

Request read_all_request();
Request read_one_request(std::uint8_t id);
/// Wakes a sleeping board, says the document; not confirmed on hardware.
Request activate_request();
/// Opens the board for writes that follow; boards answer nothing and ignore the content, so no
/// password ever has to be known.
Request password_request();
/// Absent: no such slot, `raw` does not fit its width, or the slot is no number (text, password).
std::optional<Request> write_request(std::uint8_t id, std::uint32_t raw);

}  // namespace cw::jk_uart

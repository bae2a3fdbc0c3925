// SPDX-License-Identifier: Apache-2.0
// The tables of JK's CAN protocol: what both ends of the bus agree on. The decoder (jk_can.cpp) and
// the simulated board walk the same rows. A board broadcasts all of this by itself; identifiers are
// those of the table plus the address of the board.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/fields.h"
#include "core/pack.h"
#include "drivers/protocol/can_frame.h"

namespace cw::jk_can {

inline constexpr std::uint8_t kHighestAddress = 15;
inline constexpr std::size_t kLength = 8;  // of every frame

/// V1.x sends standard frames only; V2.x adds the extended ones.
enum class Version : std::uint8_t { v1, v2 };

/// The frames, in the order of kMessages.
enum class Message : std::uint8_t {
  battery,            // BATT_ST1
  cell_extremes,      // CELL_VOLT
  cell_temperatures,  // CELL_TEMP
  alarms,             // ALM_INFO
  capacity,           // BATT_ST2
  temperatures,       // ALL_TEMP
  faults,             // BMSERR_INFO
  information,        // BMS_INFO
  switches,           // BMSSwSta
  cells,              // CELLVOL 1, followed by 2 to 7
  charge_request = cells + 7,
  control,  // Ctrl_INFO
};
inline constexpr std::size_t kCellFrames = 7;
inline constexpr std::size_t kCellsPerFrame = 4;

struct MessageRow {
  std::string_view name;  // in JK's documents
  std::uint32_t id;       // of address 0
  Version since;          // V2: the identifier is extended
  Millis period;          // 0: on demand
  Millis silent_after;    // its values are not known any more when it was not heard for so long
  std::string_view meaning;
};

/// Source: BMS-CAN protocol V1.02 and V2.1; the time-outs that are not from there are ten periods.
// clang-format off
inline constexpr auto kMessages = std::to_array<MessageRow>({
  {"BATT_ST1",    0x2F4,      Version::v1, {20},   {1'000}, "pack voltage, current, state of charge"},
  {"CELL_VOLT",   0x4F4,      Version::v1, {100},  {1'000}, "highest and lowest cell"},
  {"CELL_TEMP",   0x5F4,      Version::v1, {500},  {5'000}, "highest, lowest and mean temperature; V1 sends it every 100 ms"},
  {"ALM_INFO",    0x7F4,      Version::v1, {100},  {1'000}, "levels of alarms; sent only while there are any"},
  {"BATT_ST2",    0x18F128F4, Version::v2, {100},  {1'000}, "capacities, cycles"},
  {"ALL_TEMP",    0x18F228F4, Version::v2, {500},  {5'000}, "temperature sensors"},
  {"BMSERR_INFO", 0x18F328F4, Version::v2, {100},  {2'000}, "faults, zeros where there are none"},
  {"BMS_INFO",    0x18F428F4, Version::v2, {500},  {5'000}, "run time, heating current, state of health"},
  {"BMSSwSta",    0x18F528F4, Version::v2, {500},  {5'000}, "MOSFETs, balancing, heating, charger"},
  {"CELLVOL1",    0x18E028F4, Version::v2, {1000}, {5'000}, "cells 1 to 4"},
  {"CELLVOL2",    0x18E128F4, Version::v2, {1000}, {5'000}, "cells 5 to 8"},
  {"CELLVOL3",    0x18E228F4, Version::v2, {1000}, {5'000}, "cells 9 to 12"},
  {"CELLVOL4",    0x18E328F4, Version::v2, {1000}, {5'000}, "cells 13 to 16"},
  {"CELLVOL5",    0x18E428F4, Version::v2, {1000}, {5'000}, "cells 17 to 20"},
  {"CELLVOL6",    0x18E528F4, Version::v2, {1000}, {5'000}, "cells 21 to 24"},
  {"CELLVOL7",    0x18E628F4, Version::v2, {1000}, {5'000}, "cell 25"},
  {"BMSChg_INFO", 0x1806E5F4, Version::v2, {500},  {5'000}, "what it asks of a charger, while one is plugged in; big-endian"},
  {"Ctrl_INFO",   0x18F0F428, Version::v2, {0},    {0},     "to the board: its switches"},
});
// clang-format on
inline constexpr std::size_t kMessageCount = kMessages.size();
static_assert(kMessageCount == static_cast<std::size_t>(Message::control) + 1);

constexpr const MessageRow& row(Message message) {
  return kMessages[static_cast<std::size_t>(message)];
}
constexpr Message cell_message(std::size_t frame) {
  return static_cast<Message>(static_cast<std::size_t>(Message::cells) + frame);
}
constexpr bool is_cells(Message message) {
  return message >= Message::cells && message < Message::charge_request;
}

/// The frame of a board. ALM_INFO of addresses above 11 does not fit 11 bits: nothing.
constexpr std::optional<std::uint32_t> id_of(Message message, std::uint8_t address) {
  // Whether the control frame moves with the address is not known; its sender is the host.
  const std::uint32_t id = row(message).id + (message == Message::control ? 0U : address);
  if (row(message).since == Version::v1 && id > kCanStandardIdMost) return std::nullopt;
  return id;
}

/// Whose and which frame this is. Addresses are added to the whole identifier, and no two frames
/// are less than 16 apart.
struct Sender {
  Message message;
  std::uint8_t address;
};
std::optional<Sender> sender_of(std::uint32_t id, bool extended);

// --- values --------------------------------------------------------------------------------------

/// A number in a frame: value = (raw + offset) * scale in the unit of its field. Little-endian.
struct Slot {
  Message message;
  std::uint8_t at;     // first byte
  std::uint8_t width;  // bytes; 0: one bit
  std::uint8_t bit;
  std::int32_t offset;
  std::int32_t scale;
  std::uint8_t field;  // row of kFields
  StoreFunction store;
  void (*clear)(PackScalars&);
};

namespace rows {
template <auto Member>
constexpr Slot number(Message message, std::uint8_t at, std::uint8_t width, std::int32_t scale,
                      std::int32_t offset = 0) {
  return {message,
          at,
          width,
          0,
          offset,
          scale,
          index_of<Member>(),
          &store_count<Member>,
          [](PackScalars& s) { (s.*Member).clear(); }};
}
template <auto Member>
constexpr Slot flag(std::uint8_t bit) {
  Slot slot = number<Member>(Message::switches, 0, 0, 1);
  slot.bit = bit;
  return slot;
}
}  // namespace rows

/// What becomes a value as it stands. Cells, sensors and alarms have tables of their own below.
// clang-format off
inline constexpr auto kSlots = [] {
  using namespace rows;
  using P = PackScalars;
  using enum Message;
  return std::to_array<Slot>({
  number<&P::voltage>               (battery,       0, 2, 100),
  number<&P::current>               (battery,       2, 2, 100, -4'000),
  number<&P::soc>                   (battery,       4, 1, 100),
  number<&P::cell_voltage_max>      (cell_extremes, 0, 2, 1),
  number<&P::cell_voltage_max_index>(cell_extremes, 2, 1, 1, 1),  // counted from 0 on the wire
  number<&P::cell_voltage_min>      (cell_extremes, 3, 2, 1),
  number<&P::cell_voltage_min_index>(cell_extremes, 5, 1, 1, 1),
  number<&P::capacity_remaining>    (capacity,      0, 2, 100),
  number<&P::capacity_full>         (capacity,      2, 2, 100),
  number<&P::cycle_capacity>        (capacity,      4, 2, 100),  // wraps: see may_have_wrapped()
  number<&P::cycle_count>           (capacity,      6, 2, 1),
  number<&P::runtime>               (information,   0, 4, 1),
  number<&P::soh>                   (information,   6, 1, 100),
  flag<&P::charge_mosfet>(0),
  flag<&P::discharge_mosfet>(1),
  flag<&P::balancing>(2),
  flag<&P::heater>(3),
  flag<&P::charger_plugged>(4),  // bit 5 is ACC, which means nothing to us
  });
}();
// clang-format on

inline constexpr std::uint8_t kAccBit = 5;           // of the switches
inline constexpr std::size_t kHeatingCurrentAt = 4;  // of the information: mA, two's complement
inline constexpr std::size_t kSensors = 5;           // bytes 1 to 5; byte 0 says which are there
inline constexpr std::size_t kMosfetSensor = 3;      // from 1
inline constexpr std::uint8_t kNoSensor = 0xFF;
inline constexpr std::int32_t kTemperatureOffset = 50;  // raw less this is °C

constexpr std::uint32_t number_at(std::span<const std::uint8_t> data, std::size_t at,
                                  std::size_t width) {
  std::uint32_t raw = 0;
  for (std::size_t i = width; i-- > 0;) raw = raw << 8 | data[at + i];
  return raw;
}
constexpr DeciCelsius temperature_of(std::uint8_t raw) { return {(raw - kTemperatureOffset) * 10}; }

/// The 16-bit counter of 0.1 Ah wraps at 6553.6 Ah: what it says is true only while all cycles
/// together, of full capacity each, are clearly less.
constexpr bool may_have_wrapped(std::uint32_t cycles, std::uint32_t full_capacity_dAh) {
  constexpr std::uint64_t kSafe_dAh = 52'000;
  return std::uint64_t{cycles} * full_capacity_dAh > kSafe_dAh;
}

// --- alarms --------------------------------------------------------------------------------------

/// An alarm, or a bit of AlarmSet::unknown where the core has no name for it.
struct AlarmRow {
  std::string_view meaning;
  std::optional<Alarm> alarm;
  std::uint8_t unknown_bit;
};
namespace rows {
constexpr AlarmRow known(std::string_view meaning, Alarm alarm) { return {meaning, alarm, 0}; }
constexpr AlarmRow other(std::string_view meaning, std::uint8_t bit) { return {meaning, {}, bit}; }
}  // namespace rows

/// ALM_INFO: two bits each, from the lowest on. 0 none, 1 serious, 2 important, 3 general; which
/// limit gives which level is not published, so that each level is the alarm.
// clang-format off
inline constexpr auto kLevels = [] {
  using namespace rows;
  return std::to_array<AlarmRow>({
  known("cell over-voltage", Alarm::cell_overvoltage),
  known("cell under-voltage", Alarm::cell_undervoltage),
  known("pack over-voltage", Alarm::pack_overvoltage),
  known("pack under-voltage", Alarm::pack_undervoltage),
  known("cell difference", Alarm::cell_voltage_difference),
  known("discharge over-current", Alarm::discharge_overcurrent),
  known("charge over-current", Alarm::charge_overcurrent),
  known("temperature high", Alarm::battery_overtemperature),
  known("temperature low", Alarm::battery_undertemperature),
  other("temperature difference", 24),
  known("state of charge low", Alarm::low_capacity),
  other("insulation", 25),
  other("high-voltage interlock", 26),
  other("external communication", 27),
  known("internal communication", Alarm::internal_communication),
  other("reserved", 28),
  });
}();

/// BMSERR_INFO: one bit each, from the lowest on. Bits beyond the table keep their number.
inline constexpr auto kFaults = [] {
  using namespace rows;
  return std::to_array<AlarmRow>({
  known("wire resistance", Alarm::wire_resistance),
  known("MOSFET temperature", Alarm::mosfet_overtemperature),
  known("cell count", Alarm::cell_count_mismatch),
  known("current sensor", Alarm::current_sensor),
  known("cell over-voltage", Alarm::cell_overvoltage),
  known("pack over-voltage", Alarm::pack_overvoltage),
  known("charge over-current", Alarm::charge_overcurrent),
  known("charge short circuit", Alarm::charge_short_circuit),
  known("charge over-temperature", Alarm::charge_overtemperature),
  known("charge low temperature", Alarm::charge_undertemperature),
  known("internal communication", Alarm::internal_communication),
  known("cell under-voltage", Alarm::cell_undervoltage),
  known("pack under-voltage", Alarm::pack_undervoltage),
  known("discharge over-current", Alarm::discharge_overcurrent),
  known("discharge short circuit", Alarm::discharge_short_circuit),
  known("discharge over-temperature", Alarm::discharge_overtemperature),
  other("charge MOSFET", 16),
  other("discharge MOSFET", 17),
  });
}();
// clang-format on
inline constexpr std::size_t kFaultBits = 24;

constexpr std::uint8_t level_of(std::span<const std::uint8_t> data, std::size_t alarm) {
  return static_cast<std::uint8_t>(number_at(data, 0, 4) >> (2 * alarm) & 3);
}
void add_levels(std::span<const std::uint8_t> data, AlarmSet& alarms);
void add_faults(std::span<const std::uint8_t> data, AlarmSet& alarms);

// --- from a board, to a board --------------------------------------------------------------------

/// Puts what one frame says of itself into the pack, heard at `now`. Alarms, V1's temperatures and
/// the number of cells take more than one frame: JkCan does those. Returns how many values cannot
/// be true.
std::uint8_t apply(Message message, std::span<const std::uint8_t> data, Instant now, Pack& pack);

/// Makes absent what the frame would say.
void clear(Message message, Pack& pack);

/// BMSChg_INFO.
struct ChargeRequest {
  Millivolts voltage;
  Milliamps current;
  bool on;
  bool heat;
};
ChargeRequest charge_request_of(std::span<const std::uint8_t> data);

/// Ctrl_INFO; what is empty stays as it is. A board does not acknowledge: BMSSwSta shows the result
/// within its period. Whether the switches outlive a restart is not known.
struct Control {
  std::optional<bool> charge;
  std::optional<bool> discharge;
  std::optional<bool> balance;
  friend constexpr bool operator==(const Control&, const Control&) = default;
};
CanFrame encode(const Control& control);
Control control_of(std::span<const std::uint8_t> data);

}  // namespace cw::jk_can

// SPDX-License-Identifier: Apache-2.0
// What can be made wrong with a virtual pack: one table, walked by the parser of commands, by
// --help and by the documents. Holds which faults are active; what they do happens where they act.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/pack.h"

namespace cw::simulator {

/// The order is the order of kFaults.
enum class Fault : std::uint8_t {
  cell_voltage,
  current,
  temperature,
  mosfet_temperature,
  soc,
  alarm_bits,
  freeze,
  charge_welded,
  discharge_welded,
  mute,
  sleep,
  slow,
  garbage,
  bad_checksum,
  bit_flip,
  truncate,
  echo,
  unplug,
  restart,
  protection_off,
  charge_open,
  discharge_open,
  pack_voltage,
  current_reversed,
  spike,
  short_circuit,
  internal_fault,
  read_only,
  byte_loss,
  piece_loss,
};

/// What a fault is given: nothing; a value; a number from 1 and a value.
enum class FaultForm : std::uint8_t { plain, value, numbered_value };

struct FaultRow {
  std::string_view name;
  FaultForm form;
  Unit unit;                   // of the value
  std::int32_t lowest;         // of the value
  std::int32_t highest;        //
  std::size_t numbers;         // numbered_value: how many there can be
  std::string_view arguments;  // for people
  std::string_view help;
};

// clang-format off
inline constexpr auto kFaults = std::to_array<FaultRow>({
    {"cell_voltage",       FaultForm::numbered_value, Unit::millivolt,    0,        6'000,    kMaxCells, "CELL VOLTAGE",       "the board measures this voltage on the cell"},
    {"current",            FaultForm::value,          Unit::milliamp,     -320'000, 320'000,  0, "CURRENT",            "load or charger drive this current as long as the MOSFETs let them"},
    {"temperature",        FaultForm::numbered_value, Unit::decicelsius,  -400,     1'500,     2, "SENSOR TEMPERATURE", "the sensor (1 box, 2 battery) shows this temperature"},
    {"mosfet_temperature", FaultForm::value,          Unit::decicelsius,  -400,     1'500,     0, "TEMPERATURE",        "the MOSFETs' sensor shows this temperature"},
    {"soc",                FaultForm::value,          Unit::centipercent, 0,        10'000,   0, "PERCENT",            "the board tells this state of charge"},
    {"alarm_bits",         FaultForm::value,          Unit::count,        0,        65'535,   0, "BITS",               "these bits are set in the alarm word as well (bit n counts 2^n)"},
    {"freeze",             FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "every answer repeats the values of this moment"},
    {"charge_welded",      FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "charge current goes on when the board opens its charge MOSFET"},
    {"discharge_welded",   FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "discharge current goes on when the board opens its discharge MOSFET"},
    {"mute",               FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "no answers"},
    {"sleep",              FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "no answers until command 01 (activate) wakes the board"},
    {"slow",               FaultForm::value,          Unit::millisecond,  0,        60'000,   0, "TIME",               "every answer begins this much later"},
    {"garbage",            FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "random bytes instead of every answer"},
    {"bad_checksum",       FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "every answer carries a wrong checksum"},
    {"bit_flip",           FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "one random bit of every answer is wrong"},
    {"truncate",           FaultForm::value,          Unit::count,        0,        500,      0, "BYTES",              "every answer ends after this many bytes"},
    {"echo",               FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "the line repeats each request before the answer, as some RS485 adapters do"},
    {"unplug",             FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "the port goes away; `clear` brings it back"},
    {"restart",            FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "the board starts anew once: state of charge and cycles 0 for 16 s"},
    {"protection_off",     FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "the board never opens a MOSFET by itself and raises no alarm"},
    {"charge_open",        FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "the board holds its charge MOSFET open without a reason"},
    {"discharge_open",     FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "the board holds its discharge MOSFET open without a reason"},
    {"pack_voltage",       FaultForm::value,          Unit::millivolt,    0,        150'000,  0, "VOLTAGE",            "the board tells this voltage of the pack, whatever its cells are"},
    {"current_reversed",   FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "the board tells its current with the wrong sign"},
    {"spike",              FaultForm::value,          Unit::count,        2,        1'000'000, 0, "ANSWERS",           "once in so many answers the first cell reads 1 V too much, with a right checksum"},
    {"short_circuit",      FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "the front end flags a short circuit while discharging"},
    {"internal_fault",     FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "the front end does not answer the board's controller"},
    {"read_only",          FaultForm::plain,          Unit::flag,         0,        0,        0, "",                   "the board obeys no write and says nothing to it"},
    {"byte_loss",          FaultForm::value,          Unit::centipercent, 0,        10'000,   0, "PERCENT",            "so many of the bytes of its answers are lost, one by one"},
    {"piece_loss",         FaultForm::value,          Unit::centipercent, 0,        10'000,   0, "PERCENT",            "so many of its answers lose 62 bytes in a row, a packet of a USB adapter"},
});
// clang-format on
inline constexpr std::size_t kFaultCount = kFaults.size();
static_assert(kFaultCount == static_cast<std::size_t>(Fault::piece_loss) + 1, "one row a fault");

constexpr const FaultRow& facts(Fault fault) { return kFaults[static_cast<std::size_t>(fault)]; }

std::optional<Fault> find_fault(std::string_view name);

/// False: it is something of requests and answers, and a board on CAN has neither.
constexpr bool acts_on_can(Fault fault) { return fault != Fault::slow && fault != Fault::echo; }

/// The faults of one pack that are active.
class FaultSet {
 public:
  /// `number` from 1 for numbered faults, else 0; `value` in the unit of the row. The caller has
  /// checked both against the row.
  void set(Fault fault, std::size_t number, std::int32_t value);
  void clear(Fault fault);
  void clear_all() { *this = {}; }

  std::optional<std::int32_t> value(Fault fault, std::size_t number = 0) const {
    return values_[static_cast<std::size_t>(fault)][number];
  }
  /// Active, with any number.
  bool has(Fault fault) const { return (active_ >> static_cast<unsigned>(fault) & 1) != 0; }
  bool any() const { return active_ != 0; }

 private:
  std::array<std::array<std::optional<std::int32_t>, kMaxCells + 1>, kFaultCount> values_{};
  std::uint32_t active_ = 0;
};
static_assert(kFaultCount <= 32);

}  // namespace cw::simulator

// SPDX-License-Identifier: Apache-2.0
// A board that lives a recorded day: every record is what its sensors told in one step, and the
// core decides on it. The same source runs on the host and in the image for a microcontroller, so
// that their decisions can be compared. No I/O, no heap.
#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "core/bms.h"

namespace cw::firmware {

inline constexpr std::size_t kCells = 16;
inline constexpr std::size_t kSensors = 2;

/// What happens in a step: bits of Record::happens.
enum Happens : std::uint16_t {
  kHeard = 1 << 0,  // the front end answered; without it nothing of the record is believed
  kCharger = 1 << 1,
  kButton = 1 << 2,
  kCommunication = 1 << 3,
  kShortCircuit = 1 << 4,        // the front end's flags
  kChargeShortCircuit = 1 << 5,  //
  kInternalFault = 1 << 6,       //
  kChargeOff = 1 << 7,           // the operator's switches
  kDischargeOff = 1 << 8,        //
  kBalanceOff = 1 << 9,          //
  kHeaterOff = 1 << 10,          //
  kEmergency = 1 << 11,          // requested, cancelled
  kEmergencyOver = 1 << 12,      //
  kRestart = 1 << 13,
};

/// One step of the day, as it lies in the file: whole numbers only, so that every machine that
/// reads it sees the same.
struct Record {
  std::uint16_t passed_ms = 0;  // since the record before
  std::uint16_t happens = 0;
  std::int32_t current_mA = 0;                          // positive charges
  std::uint16_t wire_mOhm = 0;                          // the worst balance wire
  std::int16_t mosfet_dC = 0;                           // 0.1 °C
  std::array<std::int16_t, kSensors> temperature_dC{};  // 0.1 °C
  std::array<std::uint16_t, kCells> cell_voltage_mV{};  // 0: the wire is off
};

/// Little endian, in the order of the members.
inline constexpr std::size_t kRecordSize = 12 + 2 * kSensors + 2 * kCells;
using RecordBytes = std::array<std::uint8_t, kRecordSize>;

RecordBytes encode(const Record& record);
Record decode(std::span<const std::uint8_t, kRecordSize> bytes);

/// What the board carries: the one-key settings for LFP of firmware 11, and what is the pack's own.
ParameterSet day_settings();

class Day {
 public:
  /// Older values are none.
  static constexpr Millis kMaxAge{3'000};
  static constexpr MilliampHours kCapacity{100'000};

  Day();

  /// Lets the time of the record pass and takes what the front end told.
  void hear(const Record& record);
  /// Measures and decides, once after every hear().
  void step();

  Instant now() const { return now_; }
  const Bms& bms() const { return bms_; }
  const ParameterSet& settings() const { return settings_; }

 private:
  ParameterSet settings_;
  Bms bms_;
  Pack pack_{};
  BmsInputs inputs_;
  Instant now_{};
};

}  // namespace cw::firmware

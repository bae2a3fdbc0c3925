// SPDX-License-Identifier: Apache-2.0
// What the bank asks of its inverters, and what it tells them about itself: the output of charge
// control (core/charge_control.h) and the only thing an inverter protocol encodes. Every limit
// carries what binds it and what would bind next.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/alarm.h"
#include "core/units.h"

namespace cw {

/// What holds a limit where it is. The numbers are those of the history and of Modbus: append only.
enum class LimitCause : std::uint8_t {
  none,                // nothing is known yet
  setting,             // what the configuration allows this pack
  bank_setting,        // what the configuration allows the whole bank
  board_setting,       // nine tenths of the over-current setting of the board
  board_request,       // a limit the board itself asks for at the moment
  cell_voltage,        // the curve over the highest (charging) or lowest cell (discharging)
  temperature,         // the curve over the battery's sensors
  mosfet_temperature,  // the curve over the switches' sensor
  charge_state,        // the window of the state of charge: a reserve, or its upper bound
  stage,               // voltage of bulk, absorption or float
  cell_ceiling,        // a cell above the ceiling pulls the charge voltage down
  share,               // this pack takes more than its part of the current
  stale_data,          // its last values are getting old
  pack_lost,           // a configured pack is not heard: nobody sees its cells
  all_lost,            // no pack is heard
  protection,          // the supervisor, or the board, forbids this direction
  opening,             // zero is asked for before a relay opens
  joining,             // zero while a pack at another voltage joins
  rising,              // on the way up, at the configured rate
  configuration,       // settings of a board contradict the curves
  request,             // an energy manager or an operator asked for less
  unknown,             // a value it follows from was never heard
  disobeyed,           // the inverter takes more than it is told: it is told to stop
  supervisor_setting,  // nine tenths of the over-current limit of the supervisor
  waking,              // no pack is heard, and a small charge may wake them
};
inline constexpr std::size_t kLimitCauseCount = 25;

constexpr std::string_view name(LimitCause cause) {
  constexpr std::string_view names[kLimitCauseCount] = {
      "none",          "setting",      "bank_setting", "board_setting",
      "board_request", "cell_voltage", "temperature",  "mosfet_temperature",
      "charge_state",  "stage",        "cell_ceiling", "share",
      "stale_data",    "pack_lost",    "all_lost",     "protection",
      "opening",       "joining",      "rising",       "configuration",
      "request",       "unknown",      "disobeyed",    "supervisor_setting",
      "waking"};
  return names[static_cast<std::size_t>(cause)];
}

/// One reason with its evidence: "cell 7 of pack 2 at 3.512 V".
struct LimitReason {
  LimitCause cause = LimitCause::none;
  std::uint8_t pack = 0;                // from 1; 0: the bank
  std::uint8_t where = 0;               // cell or sensor from 1; 0: none
  std::optional<std::int32_t> value{};  // what was measured or set, in `unit`
  Unit unit = Unit::count;
  friend constexpr bool operator==(const LimitReason&, const LimitReason&) = default;
};

/// A limit, what binds it, and what it would be bound by if that went away. Currents are
/// magnitudes.
template <class Q>
struct BankLimit {
  Q value{};
  LimitReason reason{};
  std::optional<Q> next_value{};  // what the next reason alone would allow
  LimitReason next{};
  friend constexpr bool operator==(const BankLimit&, const BankLimit&) = default;
};

/// Whether inverters are spoken to (inverter-can.md, section 10).
enum class Voice : std::uint8_t {
  silent,    // nothing was heard since the start, or nothing for too long: not a word is sent
  speaking,  // at least one pack is heard, or a small charge is offered to wake them
  blind,     // none is: zero currents and the values last known, for a minute
};

constexpr std::string_view name(Voice voice) {
  constexpr std::string_view names[] = {"silent", "speaking", "blind"};
  return names[static_cast<std::size_t>(voice)];
}

enum class ChargeStage : std::uint8_t { bulk, absorption, floating };
constexpr std::string_view name(ChargeStage stage) {
  constexpr std::string_view names[] = {"bulk", "absorption", "float"};
  return names[static_cast<std::size_t>(stage)];
}

/// An extreme over the bank: of a cell or of a temperature sensor, with where it is.
template <class Q>
struct Extreme {
  Q value{};
  std::uint8_t pack = 0;   // from 1
  std::uint8_t where = 0;  // cell or sensor from 1
  friend constexpr bool operator==(const Extreme&, const Extreme&) = default;
};

/// What is told about the bank. While `Voice::blind` these are the last ones known.
struct BankMeasured {
  std::optional<Millivolts> voltage;  // mean of the packs that are in
  std::optional<Milliamps> current;   // their sum, positive charges
  std::optional<CentiPercent> soc;    // as told to inverters: 100 % only when full (section 11)
  std::optional<CentiPercent> soh;    // the lowest
  std::optional<MilliampHours> capacity;
  std::optional<MilliampHours> remaining;
  std::optional<Count> cycles;             // the highest
  std::optional<DeciCelsius> temperature;  // hottest from 40 °C, coldest up to 10 °C, else the mean
  std::optional<Extreme<DeciCelsius>> temperature_max;
  std::optional<Extreme<DeciCelsius>> temperature_min;
  std::optional<Extreme<Millivolts>> cell_max;
  std::optional<Extreme<Millivolts>> cell_min;
  friend constexpr bool operator==(const BankMeasured&, const BankMeasured&) = default;
};

struct BankRequest {
  Voice voice = Voice::silent;
  ChargeStage stage = ChargeStage::bulk;
  std::uint8_t cells = 0;  // in series, of every pack
  // Both of all cells in series, from the settings. No option of an inverter's protocol lifts the
  // charge voltage above the first; 0: not known, and nothing is lifted.
  Millivolts charge_voltage_most{};
  Millivolts nominal_voltage{};  // for energies

  BankLimit<Millivolts> charge_voltage;     // CVL
  BankLimit<Millivolts> discharge_voltage;  // DVL
  BankLimit<Milliamps> charge_current;      // CCL
  BankLimit<Milliamps> discharge_current;   // DCL

  bool charge_enabled = false;
  bool discharge_enabled = false;
  bool force_charge = false;        // nearly empty: charge, whatever the sun does
  bool full_charge_wanted = false;  // not full for too long
  bool full = false;
  bool soc_ordered = false;  // `measured.soc` is no measurement but an order to stop: told as it is

  CentiPercent soc_min{};        // window in force; at or below it discharging is forbidden
  CentiPercent soc_max{10'000};  // at or above it charging is forbidden

  BankMeasured measured;

  std::uint8_t packs = 0;          // configured
  std::uint8_t packs_online = 0;   // not lost, with a switch closed
  std::uint8_t packs_offline = 0;  // not heard
  std::uint8_t packs_blocking_charge = 0;
  std::uint8_t packs_blocking_discharge = 0;

  std::uint8_t not_obeyed = 0;  // bit n: Disobeyed n of core/obedience.h

  // What boards report, and what our guard holds because a limit was crossed.
  AlarmSet alarms;    // of the bank as a whole: every pack that is heard has them
  AlarmSet warnings;  // of at least one pack, or of a limit that is crossed and will trip
  friend constexpr bool operator==(const BankRequest&, const BankRequest&) = default;
};

}  // namespace cw

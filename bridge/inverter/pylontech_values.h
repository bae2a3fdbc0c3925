// SPDX-License-Identifier: Apache-2.0
// From what the bank asks for to the numbers of Pylontech's commands. Limits are rounded so that
// none gets wider: currents and the charge voltage down, the discharge voltage up.
#pragma once
#include <array>
#include <optional>

#include "bridge/inverter/inverter_protocol.h"
#include "bridge/inverter/pylontech_information.h"
#include "bridge/inverter/told.h"

namespace cw::pylontech {

/// Currents as magnitudes in units of `unit_mA`, one part of `share_of` of them.
Management management_of(const Told& told, const InverterOptions& options, std::int32_t unit_mA,
                         std::size_t share_of);

/// Nothing, here and below: a value of it is not known.
std::optional<System> system_of(const Told& told);
std::optional<Limits> limits_of(const Told& told);
std::optional<PackTail> pack_tail(const ToldPack& pack);

/// The board first, for which its switches stand, then the sensors there are.
struct PackTemperatures {
  std::array<DeciCelsius, kMaxTemperatures + 1> values{};
  std::size_t count = 0;
};
PackTemperatures pack_temperatures(const ToldPack& pack);

/// 0x44: 00 normal, 01 below, 02 above the limit.
struct PackAlarms {
  std::array<std::uint8_t, kMaxCells> cells{};
  std::array<std::uint8_t, kMaxTemperatures + 1> temperatures{};
  std::uint8_t charge_current = 0;
  std::uint8_t voltage = 0;
  std::uint8_t discharge_current = 0;
  std::array<std::uint8_t, 5> status{};
};
PackAlarms pack_alarms(const ToldPack& pack, const BankRequest& request);

/// 0x62: two bytes of alarms (some pack warns), two of protections (the whole bank is stopped).
std::array<std::uint8_t, 4> system_alarms(const BankRequest& request);

/// Of this program, as three numbers.
std::array<std::uint8_t, 3> program_version();

}  // namespace cw::pylontech

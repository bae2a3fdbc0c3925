// SPDX-License-Identifier: Apache-2.0
// What a BYD Battery-Box HV tells: identity (100), nameplate (200) and status (300) as one table.
#pragma once
#include <span>

#include "bridge/inverter/inverter_protocol.h"
#include "bridge/inverter/told.h"

namespace cw::byd {

enum class State : std::uint8_t { standby, inactive, dark_start, active, fault, updating };

/// How many registers of one block from `address` on can be read; 0: none.
std::size_t readable(std::uint16_t address);

/// Only of readable ones. False: a value is not known.
bool read(const Told& told, const InverterOptions& options, State state, std::uint16_t address,
          std::span<std::uint16_t> values);

/// The highest voltage the bank may ever have; 0: not known.
Millivolts highest_voltage(const Told& told);

/// True if its energy does not fit a register.
bool too_large(const Told& told);

}  // namespace cw::byd

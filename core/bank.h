// SPDX-License-Identifier: Apache-2.0
// Packs in parallel as one battery. Only packs that are in (fresh and connected) count; alarms
// count from every pack that is heard, because a pack that tripped is one that disconnected itself.
#pragma once
#include <span>

#include "core/fields.h"

namespace cw {

/// The rows of kFields a bank has.
inline constexpr std::array kBankFields = {
    index_of<&PackScalars::voltage>(),
    index_of<&PackScalars::current>(),
    index_of<&PackScalars::power>(),
    index_of<&PackScalars::soc>(),
    index_of<&PackScalars::capacity_nominal>(),
    index_of<&PackScalars::capacity_full>(),
    index_of<&PackScalars::capacity_remaining>(),
    index_of<&PackScalars::cell_voltage_max>(),
    index_of<&PackScalars::cell_voltage_min>(),
    index_of<&PackScalars::cell_voltage_max_index>(),
    index_of<&PackScalars::cell_voltage_min_index>(),
};

struct PackState;

struct Bank {
  PackScalars scalars;  // voltage mean, current and capacities summed, extremes; absent if none
  Reading<AlarmSet> alarms;                // union over the fresh packs; absent if none is
  std::uint8_t packs = 0;                  // configured
  std::uint8_t packs_in = 0;               // fresh and connected
  std::uint8_t cell_voltage_max_pack = 0;  // from 1; 0: unknown
  std::uint8_t cell_voltage_min_pack = 0;
};

/// Sums over the packs that are in. A value is absent if any of those packs does not have it.
Bank aggregate(std::span<const PackState> packs, Instant now);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Which options a protocol towards inverters understands. The names are the keys of [[inverter]];
// an option a protocol does not have in its set is refused where it is configured.
#pragma once
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "core/units.h"

namespace cw {

enum class InverterOption : std::uint8_t {
  manufacturer,
  battery_name,
  period,
  tenth_volt,
  least_current,
  voltage_above_battery,
  soc_most,
  soc_least,
  address,
  answer_as,
  batteries,
  limits,
  unconfirmed,
  hundredth_ampere,
};
inline constexpr std::size_t kInverterOptionCount = 14;

constexpr std::string_view name(InverterOption option) {
  constexpr std::string_view names[kInverterOptionCount] = {
      "manufacturer", "battery_name",    "period",
      "tenth_volt",   "least_current",   "voltage_above_battery",
      "soc_most",     "soc_least",       "address",
      "answer_as",    "batteries",       "limits",
      "unconfirmed",  "hundredth_ampere"};
  return names[static_cast<std::size_t>(option)];
}

class InverterOptionSet {
 public:
  constexpr InverterOptionSet() = default;
  constexpr InverterOptionSet(std::initializer_list<InverterOption> options) {
    for (const InverterOption option : options) add(option);
  }
  constexpr void add(InverterOption option) { bits_ |= bit(option); }
  constexpr bool has(InverterOption option) const { return (bits_ & bit(option)) != 0; }

 private:
  static constexpr std::uint32_t bit(InverterOption option) {
    return std::uint32_t{1} << static_cast<unsigned>(option);
  }
  std::uint32_t bits_ = 0;
};

/// Voltages of the whole bank that the inverters of a protocol take, or that it can carry at all;
/// 0: no bound on this side.
struct VoltageRange {
  Millivolts least{};
  Millivolts most{};

  constexpr bool takes(Millivolts voltage) const {
    return voltage >= least && (most == Millivolts{} || voltage <= most);
  }
};

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Modbus-TCP clients that wait: when did register 100 of unit 1 (the voltage of the first pack)
// stop reading as not available, when was the first limit of the bank there?
#pragma once
#include <cstdint>
#include <optional>

namespace cw::bench {

/// Monotonic seconds; asks again and again for at most `seconds`. Nothing: it never had a value.
std::optional<double> first_modbus_value_s(std::uint16_t port, double seconds);

/// Likewise until both limits of the bank, AChaMax and ADisChaMax of SunSpec's model 802, let a
/// current flow.
std::optional<double> first_modbus_limits_s(std::uint16_t port, double seconds);

}  // namespace cw::bench

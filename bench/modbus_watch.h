// SPDX-License-Identifier: Apache-2.0
// A Modbus-TCP client that waits for the first value: when did register 100 of unit 1 (the voltage
// of the first pack) stop reading as not available?
#pragma once
#include <cstdint>
#include <optional>

namespace cw::bench {

/// Monotonic seconds; asks again and again for at most `seconds`. Nothing: it never had a value.
std::optional<double> first_modbus_value_s(std::uint16_t port, double seconds);

}  // namespace cw::bench

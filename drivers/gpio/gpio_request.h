// SPDX-License-Identifier: Apache-2.0
// The structures of the kernel's GPIO character device (version 2), filled in. No I/O: a test reads
// what the kernel would get.
#pragma once
#include <linux/gpio.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cw {

/// "/dev/gpiochip0" for a path or a device's name; empty: it can only be a label.
std::string chip_path(std::string_view chip);

/// The number in a line's configuration; empty: it is a name.
std::optional<std::uint32_t> line_number(std::string_view line);

/// Takes one output line and drives it in the same step, so that it never shows another level.
gpio_v2_line_request output_request(std::uint32_t line, bool active_low, bool energised);

/// Takes one input line, with whatever bias the chip has.
gpio_v2_line_request input_request(std::uint32_t line, bool active_low);

/// The level of the only line of a request.
gpio_v2_line_values line_values(bool energised);

/// Text of the kernel: ends at a 0 or at the end of its field.
template <std::size_t N>
std::string_view kernel_text(const char (&field)[N]) {
  const std::string_view whole{field, N};
  return whole.substr(0, whole.find('\0'));
}

}  // namespace cw

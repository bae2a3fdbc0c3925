// SPDX-License-Identifier: Apache-2.0
// Finding a line: chips by device or label, lines by number or name. What is found is taken by
// gpio_line.cpp (outputs) and gpio_contact.cpp (inputs).
#pragma once
#include <cstdint>
#include <string>

#include "drivers/gpio/gpio_request.h"
#include "drivers/gpio/relay_line.h"

namespace cw {

/// Opens the chip and finds the line on it. The caller closes the descriptor; -1: `error` says why.
int open_chip_of(const GpioOptions& options, std::uint32_t& line, std::string& error);

/// Descriptor of the taken line; -1: `error` says why, and who has it.
int take_line(int chip, gpio_v2_line_request request, std::string& error);

}  // namespace cw

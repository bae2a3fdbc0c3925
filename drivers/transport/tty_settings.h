// SPDX-License-Identifier: Apache-2.0
// How a serial port is set: raw, 8 data bits, no parity, 1 stop bit, any speed. A file of its own
// because the kernel's header that knows any speed cannot be included beside <termios.h>.
#pragma once
#include <cstdint>
#include <string>

namespace cw {

/// Sets the port and reads it back. Empty: done; else what is wrong, for people.
std::string set_raw(int port, std::uint32_t baud);

/// Drops what was received before and what was not sent yet.
void flush_port(int port);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Standard output for commands that print much: a disk that is full and a pipe that nobody reads
// any more are faults, told once on standard error.
#pragma once
#include <string_view>

namespace cw {

/// The exit status after write_out() failed. sysexits.h: EX_IOERR.
inline constexpr int kOutputLost = 74;

/// Writes `text`, past every buffer. False: it cannot be written, which was said; there is no point
/// in writing more.
[[nodiscard]] bool write_out(std::string_view text);

}  // namespace cw

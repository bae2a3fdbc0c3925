// SPDX-License-Identifier: Apache-2.0
// Logs of candump (-l, -L, or -ta on a terminal) as recordings: a wire an interface, a record a
// frame at its own time, and a pack for every board that is heard in them. Text in, no I/O.
#pragma once
#include <string>
#include <string_view>

#include "daemon/capture/capture_file.h"

namespace cw {

/// Whether a text is one, by its first line: that of a recording of ours begins otherwise.
bool is_candump_log(std::string_view text);

/// As read_capture(). Frames of several interfaces are put in the order of their times.
ReadCapture read_candump_log(std::string_view text, const std::string& file);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The floor: an epoll server that knows nothing of registers. It answers every twelve bytes with a
// reply to a read of 125 registers that is always the same but for its transaction.
#pragma once

namespace cw::bench {

/// Serves the listening socket until the process ends.
[[noreturn]] void serve_floor(int listener);

}  // namespace cw::bench

// SPDX-License-Identifier: Apache-2.0
// The file a unix socket is bound to. Only what a process that was killed left behind is removed:
// never the socket of one that lives, and nothing that is no socket.
#pragma once
#include <sys/un.h>

#include <cstdint>
#include <string>

namespace cw {

enum class SocketPath : std::uint8_t {
  free,     // nothing is there, or no longer
  in_use,   // somebody listens, even if too busy to answer
  unknown,  // errno says why; nothing was touched
};

/// False: `path` is empty or longer than the 107 characters of a socket's path.
bool fill_address(sockaddr_un& address, const std::string& path);

/// Makes the path free to bind to, if it may be.
SocketPath free_socket_path(const sockaddr_un& address);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "daemon/socket_path.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cw {
namespace {

/// 0: somebody answered; otherwise an errno.
int probe(const sockaddr_un& address) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  const int fault = ::connect(fd, where, sizeof address) == 0 ? 0 : errno;
  ::close(fd);
  return fault;
}

SocketPath unknown(int fault) {
  errno = fault;
  return SocketPath::unknown;
}

}  // namespace

bool fill_address(sockaddr_un& address, const std::string& path) {
  address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return true;
}

SocketPath free_socket_path(const sockaddr_un& address) {
  struct stat there {};
  if (::lstat(address.sun_path, &there) != 0)
    return errno == ENOENT ? SocketPath::free : SocketPath::unknown;
  // Connecting to any other file is refused as well.
  if (!S_ISSOCK(there.st_mode)) return unknown(EEXIST);
  const int fault = probe(address);
  if (fault == ENOENT) return SocketPath::free;
  if (fault == 0 || fault == EAGAIN) return SocketPath::in_use;  // EAGAIN: its queue is full
  if (fault != ECONNREFUSED) return unknown(fault);
  return ::unlink(address.sun_path) == 0 || errno == ENOENT ? SocketPath::free
                                                            : SocketPath::unknown;
}

}  // namespace cw

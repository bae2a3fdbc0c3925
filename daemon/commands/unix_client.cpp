// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/unix_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cw {
namespace {

bool connect_to(int fd, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return false;
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool send_all(int fd, std::string_view request) {
  while (!request.empty()) {
    const ssize_t sent = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    request.remove_prefix(static_cast<std::size_t>(sent));
  }
  return ::shutdown(fd, SHUT_WR) == 0;
}

bool read_all(int fd, std::string& answer) {
  answer.clear();
  char part[16384];
  for (;;) {
    const ssize_t got = ::read(fd, part, sizeof part);
    if (got < 0) return false;
    if (got == 0) return true;
    answer.append(part, static_cast<std::size_t>(got));
  }
}

}  // namespace

bool ask_unix_socket(const std::string& path, std::string_view request, std::string& answer,
                     std::string& error, int seconds) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = seconds, .tv_usec = 0};
  const bool done = fd >= 0 && connect_to(fd, path) &&
                    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
                    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
                    send_all(fd, request) && read_all(fd, answer);
  if (!done) error = std::strerror(errno);
  if (fd >= 0) ::close(fd);
  return done;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "bridge/modbus/modbus_socket.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <memory>
#include <system_error>

namespace cw::modbus {
namespace {

constexpr int kBacklog = 128;
// The kernel doubles it. With a third free there is room for the replies to one event: eight, of
// which each takes less than 2 kB with the kernel's own overhead.
constexpr int kSendBuffer = 32 * 1024;
// What a client may ask ahead; the rest waits on its own side.
constexpr int kReceiveBuffer = 8 * 1024;

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);  // each is an improvement, none a need
}

bool bind_and_listen(const addrinfo& address, Descriptor& out) {
  out.reset(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!out.is_open()) return false;
  set_option(out.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  // Accepted sockets inherit the sizes; the window a peer is offered follows from them.
  set_option(out.get(), SOL_SOCKET, SO_SNDBUF, kSendBuffer);
  set_option(out.get(), SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
  if (::bind(out.get(), address.ai_addr, address.ai_addrlen) != 0) return false;
  return ::listen(out.get(), kBacklog) == 0;
}

}  // namespace

void Descriptor::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

bool listen_on(const std::string& address, std::uint16_t port, Descriptor& out,
               std::string& error) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    error = fmt::format("cannot listen on \"{}\": an IP address is needed, for example 0.0.0.0",
                        address);
    return false;
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  if (bind_and_listen(*found, out)) return true;
  const int why = errno;
  out.reset();
  error = fmt::format("cannot listen on {} port {}: {}{}", address, port, error_text(why),
                      why == EACCES ? "; ports below 1024 need the right to bind them" : "");
  return false;
}

std::uint16_t port_of(const Descriptor& socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  // The port lies at the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
}

std::string peer_of(int socket) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  std::array<char, NI_MAXHOST> text{};
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) != 0 ||
      ::getnameinfo(reinterpret_cast<const sockaddr*>(&peer), size, text.data(), text.size(),
                    nullptr, 0, NI_NUMERICHOST) != 0)
    return {};
  return usual_form(text.data());
}

std::string usual_form(const std::string& address) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool is_6 = ::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1;
  if (!is_6 && ::inet_pton(AF_INET, address.c_str(), bytes.data()) != 1) return {};
  in6_addr wide{};
  std::copy(bytes.begin(), bytes.end(), std::begin(wide.s6_addr));
  if (is_6 && IN6_IS_ADDR_V4MAPPED(&wide))
    ::inet_ntop(AF_INET, bytes.data() + 12, text.data(), text.size());
  else
    ::inet_ntop(is_6 ? AF_INET6 : AF_INET, bytes.data(), text.data(), text.size());
  return text.data();
}

void tune_client(int socket) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

std::string error_text(int error) { return std::system_category().message(error); }

}  // namespace cw::modbus

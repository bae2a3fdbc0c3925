// SPDX-License-Identifier: Apache-2.0
#include "bench/modbus_floor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>

namespace cw::bench {
namespace {

constexpr std::size_t kRequest = 12;

void watch(int poll, int socket) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = socket;
  ::epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
}

void accept_all(int poll, int listener) {
  const int yes = 1;
  for (int client = 0; (client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    watch(poll, client);
  }
}

void answer(int client, std::array<std::uint8_t, 259>& reply) {
  std::array<std::uint8_t, 4096> in;
  const ssize_t count = ::recv(client, in.data(), in.size(), 0);
  if (count <= 0) {
    ::close(client);
    return;
  }
  for (std::size_t at = 0; at + kRequest <= static_cast<std::size_t>(count); at += kRequest) {
    reply[0] = in[at];
    reply[1] = in[at + 1];
    ::send(client, reply.data(), reply.size(), MSG_NOSIGNAL);
  }
}

}  // namespace

void serve_floor(int listener) {
  std::array<std::uint8_t, 259> reply{0, 0, 0, 0, 0, 253, 126, 3, 250};
  std::array<epoll_event, 256> events;
  const int poll = ::epoll_create1(0);
  watch(poll, listener);
  for (;;) {
    const int count = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      if (socket == listener)
        accept_all(poll, listener);
      else
        answer(socket, reply);
    }
  }
}

}  // namespace cw::bench

// SPDX-License-Identifier: Apache-2.0
// A TCP port as endpoint, as a serial server offers its wire.
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "daemon/simulate/simulation_endpoint.h"

namespace cw {
namespace {

class TcpPort final : public SimulationEndpoint {
 public:
  TcpPort(Loop& loop, std::string host, std::uint16_t port, Receive receive)
      : loop_(loop), host_(std::move(host)), port_(port), receive_(std::move(receive)) {}
  ~TcpPort() override { shut(); }

  bool open() override;
  void close() override { shut(); }
  bool is_open() const override { return listener_ >= 0; }
  void send(std::span<const std::uint8_t> bytes) override;
  void tend() override {}
  std::string address() const override;

 private:
  bool listen_on(const addrinfo& address);
  void on_connect();
  void on_ready();
  void drop_client();
  void shut();

  Loop& loop_;
  std::string host_;
  std::uint16_t port_;  // once open: the one that was given
  Receive receive_;
  int listener_ = -1;
  int client_ = -1;
};

bool TcpPort::open() {
  addrinfo wanted{};
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host_.c_str(), std::to_string(port_).c_str(), &wanted, &found);
  if (failed != 0) {
    error_ = fmt::format("{}: {}", host_, ::gai_strerror(failed));
    return false;
  }
  const bool listening = listen_on(*found);
  ::freeaddrinfo(found);
  if (!listening) {
    error_ = fmt::format("{}: {}", address(), std::strerror(errno));
    if (listener_ >= 0) ::close(listener_);
    listener_ = -1;
    return false;
  }
  loop_.watch(listener_, EPOLLIN, [this](std::uint32_t) { on_connect(); });
  return true;
}

bool TcpPort::listen_on(const addrinfo& address) {
  const int on = 1;
  listener_ = ::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener_ < 0) return false;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listener_, address.ai_addr, address.ai_addrlen) != 0 || ::listen(listener_, 4) != 0)
    return false;
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  if (::getsockname(listener_, reinterpret_cast<sockaddr*>(&own), &size) != 0) return false;
  port_ = ntohs(own.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&own)->sin6_port
                                          : reinterpret_cast<sockaddr_in*>(&own)->sin_port);
  return true;
}

std::string TcpPort::address() const {
  const bool six = host_.find(':') != std::string::npos;
  return fmt::format("tcp://{}{}{}:{}", six ? "[" : "", host_, six ? "]" : "", port_);
}

void TcpPort::on_connect() {
  const int fresh = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fresh < 0) return;
  drop_client();
  client_ = fresh;
  const int on = 1;
  ::setsockopt(client_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  loop_.watch(client_, EPOLLIN, [this](std::uint32_t) { on_ready(); });
}

void TcpPort::on_ready() {
  std::array<std::uint8_t, 512> room;  // NOLINT: filled by read()
  const ssize_t got = ::read(client_, room.data(), room.size());
  if (got > 0) return receive_(std::span(room).first(static_cast<std::size_t>(got)));
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  drop_client();
}

void TcpPort::send(std::span<const std::uint8_t> bytes) {
  if (client_ < 0) return;
  [[maybe_unused]] const ssize_t sent = ::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

void TcpPort::drop_client() {
  if (client_ < 0) return;
  loop_.forget(client_);
  ::close(client_);
  client_ = -1;
}

void TcpPort::shut() {
  drop_client();
  if (listener_ < 0) return;
  loop_.forget(listener_);
  ::close(listener_);
  listener_ = -1;
}

}  // namespace

std::unique_ptr<SimulationEndpoint> make_tcp_port(Loop& loop, std::string host, std::uint16_t port,
                                                  SimulationEndpoint::Receive receive) {
  return std::make_unique<TcpPort>(loop, std::move(host), port, std::move(receive));
}

}  // namespace cw

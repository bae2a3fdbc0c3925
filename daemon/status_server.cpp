// SPDX-License-Identifier: Apache-2.0
#include "daemon/status_server.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>

namespace cw {
namespace {

constexpr std::size_t kClientsMost = 8;

std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

std::string fault(std::string_view what, const std::string& path) {
  return fmt::format("{}: {}: {}", path, what, std::strerror(errno));
}

// A socket file left behind by a daemon that was killed is in nobody's use.
bool answers(const sockaddr_un& address) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return false;
  const bool taken =
      ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(probe);
  return taken;
}

}  // namespace

StatusServer::StatusServer(Loop& loop, std::string path, Write write)
    : loop_(loop), path_(std::move(path)), write_(std::move(write)) {}

StatusServer::~StatusServer() {
  while (!clients_.empty()) drop(clients_.begin()->first);
  if (listener_ < 0) return;
  loop_.forget(listener_);
  ::close(listener_);
  ::unlink(path_.c_str());
}

bool StatusServer::open() {
  const auto address = address_of(path_);
  if (!address) {
    error_ = fmt::format("{}: not a usable socket path (at most 107 characters)", path_);
    return false;
  }
  if (answers(*address)) {
    error_ = fmt::format("{}: another cellwarden is running", path_);
    return false;
  }
  ::unlink(path_.c_str());
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener_ < 0) {
    error_ = fault("no socket", path_);
    return false;
  }
  // Readable by the group: state, no secrets. Nothing is ever accepted from a client.
  const mode_t before = ::umask(0117);
  const bool bound =
      ::bind(listener_, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0 &&
      ::listen(listener_, kClientsMost) == 0;
  if (!bound) error_ = fault("cannot listen", path_);
  ::umask(before);
  if (!bound) {
    ::close(listener_);
    listener_ = -1;
    return false;
  }
  loop_.watch(listener_, EPOLLIN, [this](std::uint32_t) { on_connect(); });
  return true;
}

void StatusServer::on_connect() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (client < 0) return;
  make_room();
  Client& state = clients_[client];
  state.since = loop_.now();
  write_(state.document);
  loop_.watch(client, EPOLLOUT, [this, client](std::uint32_t) { on_writable(client); });
}

void StatusServer::on_writable(int client) {
  Client& state = clients_.at(client);
  const auto sent = ::send(client, state.document.data() + state.sent,
                           state.document.size() - state.sent, MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (sent > 0) state.sent += static_cast<std::size_t>(sent);
  if (sent <= 0 || state.sent == state.document.size()) drop(client);
}

void StatusServer::drop(int client) {
  loop_.forget(client);
  ::close(client);
  clients_.erase(client);
}

// The one that has been reading for longest makes room for the next.
void StatusServer::make_room() {
  if (clients_.size() < kClientsMost) return;
  const auto oldest = std::min_element(
      clients_.begin(), clients_.end(),
      [](const auto& a, const auto& b) { return a.second.since < b.second.since; });
  drop(oldest->first);
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "daemon/simulate/simulation_control.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "daemon/socket_path.h"

namespace cw {
namespace {

constexpr std::size_t kLongestLine = 1024;
constexpr std::size_t kClientsMost = 16;

}  // namespace

SimulationControl::SimulationControl(Loop& loop, std::string path, Execute execute)
    : loop_(loop), path_(std::move(path)), execute_(std::move(execute)) {}

SimulationControl::~SimulationControl() {
  while (!clients_.empty()) drop(clients_.begin()->first);
  if (listener_ < 0) return;
  loop_.forget(listener_);
  ::close(listener_);
  ::unlink(path_.c_str());
}

bool SimulationControl::open() {
  sockaddr_un address{};
  if (!fill_address(address, path_)) {
    error_ = fmt::format("{}: not a usable socket path (at most 107 characters)", path_);
    return false;
  }
  const SocketPath found = free_socket_path(address);
  if (found != SocketPath::free) {
    error_ = fmt::format("{}: {}; choose another --control", path_,
                         found == SocketPath::in_use ? "in use" : std::strerror(errno));
    return false;
  }
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener_ < 0 ||
      ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, kClientsMost) != 0) {
    error_ = fmt::format("{}: {}", path_, std::strerror(errno));
    if (listener_ >= 0) ::close(listener_);
    listener_ = -1;
    return false;
  }
  loop_.watch(listener_, EPOLLIN, [this](std::uint32_t) { on_connect(); });
  return true;
}

void SimulationControl::on_connect() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client < 0) return;
  if (clients_.size() >= kClientsMost) {
    ::close(client);
    return;
  }
  clients_.emplace(client, std::string());
  loop_.watch(client, EPOLLIN, [this, client](std::uint32_t) { on_readable(client); });
}

void SimulationControl::on_readable(int client) {
  std::string& received = clients_.at(client);
  std::array<char, 1024> room;  // NOLINT: filled by read()
  const ssize_t got = ::read(client, room.data(), room.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  // What a client said last counts also without a line end.
  if (got > 0)
    received.append(room.data(), static_cast<std::size_t>(got));
  else if (!received.empty())
    received += '\n';
  const bool alive = carry_out(client, received);
  if (!alive || got <= 0 || received.size() > kLongestLine) drop(client);
}

bool SimulationControl::carry_out(int client, std::string& received) {
  for (std::size_t end = received.find('\n'); end != std::string::npos; end = received.find('\n')) {
    const std::string answer = execute_(std::string_view(received).substr(0, end)) + '\n';
    received.erase(0, end + 1);
    if (::send(client, answer.data(), answer.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(answer.size()))
      return false;
  }
  return true;
}

void SimulationControl::drop(int client) {
  loop_.forget(client);
  ::close(client);
  clients_.erase(client);
}

}  // namespace cw

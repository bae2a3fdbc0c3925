// SPDX-License-Identifier: Apache-2.0
#include "daemon/simulate/simulation_control.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace cw {
namespace {

constexpr std::size_t kLongestLine = 1024;
constexpr std::size_t kClientsMost = 16;

// A socket that a killed simulation left behind is in nobody's use.
bool is_in_use(const sockaddr_un& address) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return false;
  const bool answered =
      ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(probe);
  return answered;
}

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
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) {
    error_ = fmt::format("{}: longer than the 107 characters of a socket's path", path_);
    return false;
  }
  std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
  struct stat there {};
  const bool exists = ::lstat(path_.c_str(), &there) == 0;
  if (exists && (!S_ISSOCK(there.st_mode) || is_in_use(address))) {
    error_ = fmt::format("{}: in use; choose another --control", path_);
    return false;
  }
  if (exists) ::unlink(path_.c_str());
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

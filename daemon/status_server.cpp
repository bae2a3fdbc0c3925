// SPDX-License-Identifier: Apache-2.0
#include "daemon/status_server.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/socket_path.h"

namespace cw {
namespace {

constexpr std::size_t kClientsMost = 8;
constexpr std::size_t kLongestLine = 4'096;      // every setting of a pack at once
constexpr std::size_t kWaitingMost = 4'000'000;  // of an answer that goes on
constexpr Millis kAcceptPause{1'000};            // while there are no descriptors left

std::string fault(std::string_view what, const std::string& path) {
  return fmt::format("{}: {}: {}", path, what, std::strerror(errno));
}

}  // namespace

StatusServer::StatusServer(Loop& loop, std::string path, Answer answer)
    : loop_(loop),
      path_(std::move(path)),
      answer_(std::move(answer)),
      accept_again_(loop.add_timer([this](Instant) { watch_listener(); })) {}

StatusServer::~StatusServer() {
  while (!clients_.empty()) drop(clients_.begin()->first);
  if (listener_ < 0) return;
  loop_.stop_timer(accept_again_);
  loop_.forget(listener_);
  ::close(listener_);
  ::unlink(path_.c_str());
}

bool StatusServer::open() {
  sockaddr_un address{};
  if (!fill_address(address, path_)) {
    error_ = fmt::format("{}: not a usable socket path (at most 107 characters)", path_);
    return false;
  }
  const SocketPath found = free_socket_path(address);
  if (found != SocketPath::free) {
    error_ = found == SocketPath::in_use ? fmt::format("{}: another cellwarden is running", path_)
                                         : fault("cannot be used for the status socket", path_);
    return false;
  }
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener_ < 0) {
    error_ = fault("no socket", path_);
    return false;
  }
  // For the group: state, no secrets. Orders are taken from root and our own user only.
  const mode_t before = ::umask(0117);
  const bool bound =
      ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(listener_, kClientsMost) == 0;
  if (!bound) error_ = fault("cannot listen", path_);
  ::umask(before);
  if (!bound) {
    ::close(listener_);
    listener_ = -1;
    return false;
  }
  watch_listener();
  return true;
}

void StatusServer::watch_listener() {
  loop_.watch(listener_, EPOLLIN, [this](std::uint32_t) { on_connect(); });
}

void StatusServer::on_connect() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (client < 0) return on_refused();
  make_room();
  clients_[client].since = loop_.now();
  clients_[client].id = ++last_id_;
  loop_.watch(client, EPOLLIN, [this, client](std::uint32_t) { on_readable(client); });
}

// A line ends with its end, or with that of the client's sending.
void StatusServer::on_readable(int client) {
  Client& state = clients_.at(client);
  char part[kLongestLine];
  const auto got = ::recv(client, part, sizeof part, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got < 0) return drop(client);
  state.request.append(part, static_cast<std::size_t>(got));
  const auto end = state.request.find('\n');
  if (end == std::string::npos && got > 0 && state.request.size() <= kLongestLine) return;
  state.request.resize(std::min(end, state.request.size()));
  answer(client);
}

void StatusServer::answer(int client) {
  Client& state = clients_.at(client);
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool known = ::getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  const bool trusted = known && (peer.uid == 0 || peer.uid == ::geteuid());
  const std::uint64_t id = state.id;
  bool put_off = false;
  const auto later = [this, id, &put_off, &state] {
    put_off = true;
    state.waits = true;
    return [this, id](std::string document) { answer_later(id, std::move(document)); };
  };
  answer_({state.request, peer.uid, trusted, client, later}, state.document);
  if (!put_off) return begin_writing(client);
  if (state.waits) loop_.forget(client);  // whether it hangs up is seen when it is written to
}

void StatusServer::answer_later(std::uint64_t id, std::string document) {
  for (auto& [client, state] : clients_) {
    if (state.id != id || !state.waits) continue;
    state.document = std::move(document);
    return begin_writing(client);
  }
}

void StatusServer::begin_writing(int client) {
  clients_.at(client).waits = false;
  loop_.watch(client, EPOLLOUT,
              [this, client](std::uint32_t events) { on_writable(client, events); });
}

// A connection that cannot be taken stays in the queue and would wake us for ever.
void StatusServer::on_refused() {
  if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return;
  loop_.forget(listener_);
  loop_.set_timer(accept_again_, loop_.now() + kAcceptPause);
}

void StatusServer::on_writable(int client, std::uint32_t events) {
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) return drop(client);
  Client& state = clients_.at(client);
  const auto sent = ::send(client, state.document.data() + state.sent,
                           state.document.size() - state.sent, MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (sent > 0) state.sent += static_cast<std::size_t>(sent);
  if (sent < 0 || (state.sent == state.document.size() && !state.stays)) return drop(client);
  if (state.sent < state.document.size()) return;
  state.document.clear();
  state.sent = 0;
  loop_.rewatch(client, 0);  // that it is gone is told all the same
}

void StatusServer::append(int client, std::string_view text) {
  Client& state = clients_.at(client);
  if (!state.stays) return;
  if (state.document.size() - state.sent + text.size() > kWaitingMost) {
    state.stays = false;  // what waits is sent, and it is let go
    return;
  }
  if (state.sent == state.document.size()) loop_.rewatch(client, EPOLLOUT);
  state.document.append(text);
}

void StatusServer::drop(int client) {
  if (gone_) gone_(client);
  loop_.forget(client);
  ::close(client);
  clients_.erase(client);
}

// The one that has been reading for longest makes room for the next; one that stays, or waits for
// an answer, is the last to.
void StatusServer::make_room() {
  if (clients_.size() < kClientsMost) return;
  const auto oldest =
      std::min_element(clients_.begin(), clients_.end(), [](const auto& a, const auto& b) {
        const auto rank = [](const Client& one) {
          return std::pair{one.stays || one.waits, one.since};
        };
        return rank(a.second) < rank(b.second);
      });
  drop(oldest->first);
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
#include "bench/modbus_load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <vector>

namespace cw::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned kUnit = 126;
constexpr unsigned kAddress = 40'226;  // model 713 of two packs of 16 cells, then 804 and 805
constexpr unsigned kQuantity = 125;
constexpr std::size_t kReply = 9 + 2 * kQuantity;
constexpr std::size_t kCharges[] = {40'230, 40'243, 40'304};  // SoC of 713, 804, 805
constexpr double kWarm_s = 0.2;
constexpr auto kNuisance = std::chrono::milliseconds(5);

double us_between(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double, std::micro>(b - a).count();
}

struct Connection {
  int socket = -1;
  std::uint16_t transaction = 0;
  std::size_t have = 0;
  std::array<std::uint8_t, 2 * kReply> input;
  Clock::time_point due;
  bool waiting = false;
};

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket);
    return -1;
  }
  ::fcntl(socket, F_SETFL, O_NONBLOCK);
  return socket;
}

std::array<std::uint8_t, 12> request(std::uint16_t transaction) {
  const auto low = [](unsigned v) { return static_cast<std::uint8_t>(v & 0xFF); };
  return {low(transaction >> 8U), low(transaction), 0, 0,        0, 6, kUnit, 3,
          low(kAddress >> 8U),    low(kAddress),    0, kQuantity};
}

/// Those who must not disturb the others.
class Nuisances {
 public:
  explicit Nuisances(const LoadPlan& plan) : port_(plan.port), hostile_(plan.hostile) {
    for (int i = 0; i < plan.trickling + plan.hostile; ++i) sockets_.push_back(connect_to(port_));
  }
  ~Nuisances() {
    for (const int socket : sockets_) ::close(socket);
  }

  void step(Clock::time_point now) {
    if (now < next_) return;
    next_ = now + kNuisance;
    ++turn_;
    for (std::size_t i = 0; i < sockets_.size(); ++i)
      if (i < static_cast<std::size_t>(hostile_))
        annoy(sockets_[i]);
      else
        trickle(sockets_[i]);
  }

 private:
  void annoy(int& socket) {
    const std::uint8_t nonsense[] = {'G', 'E', 'T', ' ', '/', 0xFF, 0xFF, 0x83, 0, 1, 2, 3};
    if (::send(socket, nonsense, sizeof nonsense, MSG_NOSIGNAL) > 0 && turn_ % 8 != 0) return;
    ::close(socket);
    socket = connect_to(port_);
  }
  void trickle(int socket) {
    std::array<std::uint8_t, 4096> unread;
    ::recv(socket, unread.data(), unread.size(), 0);
    const auto bytes = request(1);
    ::send(socket, &bytes[turn_ % bytes.size()], 1, MSG_NOSIGNAL);
  }

  std::uint16_t port_;
  int hostile_;
  std::vector<int> sockets_;
  Clock::time_point next_{};
  std::size_t turn_ = static_cast<std::size_t>(-1);
};

class Load {
 public:
  explicit Load(const LoadPlan& plan)
      : plan_(plan), nuisances_(plan), connections_(static_cast<std::size_t>(plan.clients)) {
    poll_ = ::epoll_create1(EPOLL_CLOEXEC);
    for (Connection& one : connections_) {
      one.socket = connect_to(plan.port);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = &one;
      if (one.socket < 0 || ::epoll_ctl(poll_, EPOLL_CTL_ADD, one.socket, &event) != 0)
        ++result_.errors;
    }
    latencies_.reserve(1 << 20);
  }
  ~Load() {
    for (const Connection& one : connections_) ::close(one.socket);
    ::close(poll_);
  }

  LoadResult run() {
    const auto start = Clock::now();
    if (plan_.rate <= 0)
      for (Connection& one : connections_) ask(one, start);
    auto begin = start;
    bool counting = false;
    for (;;) {
      const auto now = Clock::now();
      if (!counting && us_between(start, now) > kWarm_s * 1e6) {
        counting = true;
        begin = now;
        latencies_.clear();
        result_.replies = 0;
      }
      if (counting && is_over(us_between(begin, now) / 1e6)) break;
      if (plan_.rate > 0) ask_what_is_due(start, now);
      nuisances_.step(now);
      take_replies();
    }
    return sum_up(us_between(begin, Clock::now()) / 1e6);
  }

 private:
  bool is_over(double seconds) const {
    if (plan_.reads > 0) return result_.replies >= plan_.reads || result_.errors > 0;
    return seconds > plan_.seconds;
  }

  void ask(Connection& one, Clock::time_point due) {
    const auto bytes = request(++one.transaction);
    one.due = due;
    one.waiting = true;
    if (::send(one.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) != 12) ++result_.errors;
  }

  void ask_what_is_due(Clock::time_point start, Clock::time_point now) {
    for (;;) {
      const auto due = start + std::chrono::nanoseconds(static_cast<std::int64_t>(
                                   static_cast<double>(issued_) * 1e9 / plan_.rate));
      Connection& one = connections_[issued_ % connections_.size()];
      if (due > now || one.waiting) return;
      ask(one, due);
      ++issued_;
    }
  }

  void take_replies() {
    std::array<epoll_event, 256> events;
    const int wait_ms = plan_.rate > 0 ? 0 : 5;
    const int count = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), wait_ms);
    for (int i = 0; i < count; ++i)
      take(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
  }

  void take(Connection& one) {
    const ssize_t count =
        ::recv(one.socket, one.input.data() + one.have, one.input.size() - one.have, 0);
    if (count <= 0) {
      ++result_.errors;
      ::epoll_ctl(poll_, EPOLL_CTL_DEL, one.socket, nullptr);
      return;
    }
    one.have += static_cast<std::size_t>(count);
    if (one.have < kReply) return;
    const auto now = Clock::now();
    check(one);
    one.have = 0;
    one.waiting = false;
    latencies_.push_back(static_cast<float>(us_between(one.due, now)));
    ++result_.replies;
    if (plan_.rate <= 0) ask(one, now);
  }

  void check(const Connection& one) {
    const auto word = [&](std::size_t at) { return one.input[at] << 8 | one.input[at + 1]; };
    if (one.have != kReply || word(0) != one.transaction || one.input[7] != 3) ++result_.errors;
    if (!plan_.same_picture) return;
    const auto charge = [&](std::size_t i) { return word(9 + 2 * (kCharges[i] - kAddress)); };
    if (charge(0) != charge(1) || charge(0) != charge(2)) ++result_.torn;
  }

  LoadResult sum_up(double seconds) {
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [&](double part) {
      if (latencies_.empty()) return 0.0;
      const auto i = static_cast<std::size_t>(part * static_cast<double>(latencies_.size()));
      return static_cast<double>(latencies_[std::min(i, latencies_.size() - 1)]);
    };
    result_.rate = static_cast<double>(result_.replies) / seconds;
    result_.p50_us = at(0.5);
    result_.p99_us = at(0.99);
    return result_;
  }

  LoadPlan plan_;
  Nuisances nuisances_;
  int poll_ = -1;
  std::vector<Connection> connections_;
  std::vector<float> latencies_;
  std::size_t issued_ = 0;
  LoadResult result_;
};

}  // namespace

LoadResult load(const LoadPlan& plan) { return Load(plan).run(); }

}  // namespace cw::bench

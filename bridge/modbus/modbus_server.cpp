// SPDX-License-Identifier: Apache-2.0
// Clients are slots made at the start; nothing is allocated for a connection or a request. Sockets
// are watched edge-triggered for both directions: every event then also tells whether there is
// room for replies, which is the flow control. A request is only taken while the kernel calls the
// socket writable (at least a third of the send buffer is free), so the one send of libmodbus
// always fits; a client that does not read its replies waits with its requests unread.
#include "bridge/modbus/modbus_server.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>

#include "bridge/modbus/modbus_reply.h"
#include "bridge/modbus/modbus_socket.h"
#include "bridge/modbus/modbus_units.h"

namespace cw {
namespace {

using modbus::Descriptor;
using modbus::Exception;
using modbus::Framing;
using modbus::Sent;

using Bytes = std::span<const std::uint8_t>;

constexpr int kEventsPerTurn = 64;
constexpr int kAcceptsPerTurn = 16;
constexpr int kRequestsPerEvent = 8;  // of one client, then it is the next one's turn
constexpr std::size_t kInputBytes = 2 * modbus::kFrameMost;

constexpr Millis kIdleMost{120'000};
constexpr Millis kHalfRequestMost{5'000};  // from its first byte to its last
constexpr Millis kMuteMost{2'000};         // then it gives its place to one that may ask

// Events of a listening socket: its number counts down from here.
constexpr std::uint64_t kListeners = ~std::uint64_t{0};

struct Listener {
  Descriptor socket;
  std::uint16_t port = 0;  // 0: there is none
  bool watched = false;    // false while there are no descriptors left to accept with
};

struct Client {
  Descriptor socket;
  ModbusPort port{};             // it came to
  std::uint32_t generation = 0;  // events of a former client of this slot are not ours
  bool ended = false;            // it will send no more
  bool asked = false;            // it has made a whole request
  bool may_write = false;        // it came from an address that may
  bool refused = false;          // it was told that there is no writing
  PeerName source;
  Instant active{};                   // last whole request, or the connection
  std::optional<Instant> half_since;  // when the request that is not whole yet began
  std::size_t have = 0;
  std::array<std::uint8_t, kInputBytes> input;

  Bytes pending() const { return Bytes(input).first(have); }
  void consume(std::size_t count) {
    have -= count;
    std::memmove(input.data(), input.data() + count, have);
  }
};

struct Counts {
  std::uint64_t requests = 0;
  std::uint64_t exceptions = 0;
  std::uint64_t refused = 0;         // no place, or no descriptor left
  std::uint64_t broken = 0;          // what they sent was no Modbus
  std::uint64_t timed_out = 0;       // idle, or half a request for too long
  std::uint64_t writes_refused = 0;  // to clients that may not write at all
  std::uint64_t cut = 0;             // connections that failed while a reply was sent
};

enum class Input : std::uint8_t { drained, more, failed };
enum class Served : std::uint8_t { all, some_left, no_room, gone };

class Server : public ModbusServer {
 public:
  Server(const ModbusOptions& options, ModbusHooks hooks)
      : options_(options), units_(options, std::move(hooks)), clients_(options.clients_most) {
    for (std::string& address : options_.orders.from) address = modbus::usual_form(address);
    free_.reserve(clients_.size());
    for (std::size_t i = clients_.size(); i-- > 0;) free_.push_back(i);
  }

  bool open(std::string& error);

  int descriptor() const override { return epoll_.get(); }
  std::uint16_t port(ModbusPort which) const override {
    return listeners_[static_cast<std::size_t>(which)].port;
  }
  void on_ready(Instant now) override;
  void on_tick(Instant now) override;
  void publish(const Picture& picture, std::span<const std::size_t> changed) override;
  void record(const Event&) override {}
  BankOrders orders(Instant now) override { return units_.orders(now); }
  ClientOrders standing() const override { return units_.standing(); }
  Health health() const override;

 private:
  bool listen_on(ModbusPort which, std::uint16_t port, std::string& error);
  void watch_listener(std::size_t which, bool on);
  bool all_listen() const;
  void accept_some(std::size_t which, Instant now);
  void admit(int fd, std::size_t listener, Instant now);
  bool make_place(Instant now);
  void drop(Client& client);
  bool watch(Client& client, int operation);
  std::size_t slot_of(const Client& client) const {
    return static_cast<std::size_t>(&client - clients_.data());
  }

  void on_client(Client& client, std::uint32_t events, Instant now);
  Input fill(Client& client);
  Served serve(Client& client, Instant now);
  Sent answer(Client& client, Bytes frame, Instant now);
  void tell_refusal(Client& client, Bytes frame);

  ModbusOptions options_;
  ModbusUnits units_;
  modbus::Replier replier_;
  Descriptor epoll_;
  std::array<Listener, kModbusPortCount> listeners_;
  std::vector<Client> clients_;
  std::vector<std::size_t> free_;
  Counts counts_;
};

// --- the listening socket

bool Server::open(std::string& error) {
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.is_open()) {
    error = fmt::format("cannot make an epoll descriptor: {}", modbus::error_text(errno));
    return false;
  }
  const auto& [sunspec, victron] = std::tie(options_.sunspec, options_.victron);
  if (!listen_on(ModbusPort::native, options_.port, error)) return false;
  if (sunspec.enabled && sunspec.port && !listen_on(ModbusPort::sunspec, *sunspec.port, error))
    return false;
  return !victron.enabled || !victron.port || listen_on(ModbusPort::victron, *victron.port, error);
}

bool Server::listen_on(ModbusPort which, std::uint16_t port, std::string& error) {
  Listener& listener = listeners_[static_cast<std::size_t>(which)];
  if (!modbus::listen_on(options_.listen, port, listener.socket, error)) return false;
  listener.port = modbus::port_of(listener.socket);
  watch_listener(static_cast<std::size_t>(which), true);
  return true;
}

void Server::watch_listener(std::size_t which, bool on) {
  Listener& listener = listeners_[which];
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kListeners - which;
  ::epoll_ctl(epoll_.get(), on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener.socket.get(), &event);
  listener.watched = on;
}

bool Server::all_listen() const {
  return std::ranges::all_of(listeners_,
                             [](const Listener& one) { return one.port == 0 || one.watched; });
}

void Server::accept_some(std::size_t which, Instant now) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    const int fd =
        ::accept4(listeners_[which].socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      admit(fd, which, now);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The connection stays in the queue and would wake us for ever; try again at the next tick.
      ++counts_.refused;
      watch_listener(which, false);
      return;
    } else if (errno != ECONNABORTED && errno != EINTR) {
      return;
    }
  }
}

// A connection that never asked for anything must not keep out one that does.
bool Server::make_place(Instant now) {
  Client* oldest = nullptr;
  for (Client& client : clients_) {
    if (!client.socket.is_open() || client.asked || now < client.active + kMuteMost) continue;
    if (oldest == nullptr || client.active < oldest->active) oldest = &client;
  }
  if (oldest == nullptr) return false;
  ++counts_.timed_out;
  drop(*oldest);
  return true;
}

void Server::admit(int fd, std::size_t listener, Instant now) {
  if (free_.empty() && !make_place(now)) {
    ++counts_.refused;
    ::close(fd);
    return;
  }
  Client& client = clients_[free_.back()];
  free_.pop_back();
  modbus::tune_client(fd);
  client.socket.reset(fd);
  client.port = static_cast<ModbusPort>(listener);
  client.ended = false;
  client.asked = false;
  client.refused = false;
  client.may_write = false;
  if (const std::string peer = modbus::peer_of(fd); client.source.assign(peer))
    client.may_write = !peer.empty() && std::ranges::count(options_.orders.from, peer) != 0;
  client.active = now;
  client.half_since.reset();
  client.have = 0;
  ++client.generation;
  if (watch(client, EPOLL_CTL_ADD)) return;
  ++counts_.refused;
  drop(client);
}

void Server::drop(Client& client) {
  client.socket.reset();  // leaves the epoll set by itself
  free_.push_back(slot_of(client));
}

// EPOLL_CTL_MOD puts a client that is ready at the end of the queue, with a fresh look at its room.
bool Server::watch(Client& client, int operation) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = std::uint64_t{client.generation} << 32 | slot_of(client);
  return ::epoll_ctl(epoll_.get(), operation, client.socket.get(), &event) == 0;
}

// --- requests

Input Server::fill(Client& client) {
  const std::size_t room = client.input.size() - client.have;
  if (client.ended || room == 0) return Input::more;
  const ssize_t count = ::recv(client.socket.get(), client.input.data() + client.have, room, 0);
  if (count > 0) {
    client.have += static_cast<std::size_t>(count);
    // Less than asked for: nothing is left, and what comes later is a new edge.
    return static_cast<std::size_t>(count) == room ? Input::more : Input::drained;
  }
  if (count == 0) {
    client.ended = true;
    return Input::drained;
  }
  if (errno == EINTR) return Input::more;
  return errno == EAGAIN || errno == EWOULDBLOCK ? Input::drained : Input::failed;
}

Sent Server::answer(Client& client, Bytes frame, Instant now) {
  ServedUnit* const unit = units_.find(client.port, modbus::unit_of(frame));
  const auto readable = [unit](std::uint16_t address) { return unit->map().readable(address); };
  Exception exception = Exception::no_path;
  const bool writable = unit != nullptr && unit->writer() != nullptr && client.may_write;
  if (unit != nullptr) exception = modbus::judge(frame, readable, writable);
  if (!units_.published()) exception = Exception::target_failed;
  const bool is_write = modbus::is_write(frame);
  if (is_write && exception == Exception::illegal_function) tell_refusal(client, frame);
  if (is_write && exception == Exception::none)
    exception = units_.write(*unit, frame, client.source, now);
  Sent sent = Sent::whole;
  if (exception != Exception::none)
    sent = replier_.refuse(client.socket.get(), frame, exception);
  else if (is_write)
    sent = replier_.written(client.socket.get(), frame);
  else
    sent = replier_.registers(client.socket.get(), frame, unit->map().first(),
                              unit->image(units_.site(), now));
  if (is_write && sent == Sent::no_room) return Sent::broken;  // not to be carried out again
  if (sent != Sent::whole) return sent;
  ++counts_.requests;
  if (exception != Exception::none) ++counts_.exceptions;
  return sent;
}

// Once a connection: whoever tries must not fill the log.
void Server::tell_refusal(Client& client, Bytes frame) {
  ++counts_.writes_refused;
  const auto& tell = units_.hooks().on_write;
  if (client.refused || !tell || modbus::registers_asked(frame) == 0) return;
  client.refused = true;
  tell({client.source.view(),
        {},
        modbus::address_of(frame),
        std::nullopt,
        modbus::value_of(frame, 0),
        Exception::illegal_function});
}

Served Server::serve(Client& client, Instant now) {
  std::size_t used = 0;
  Served result = Served::some_left;
  for (int answered = 0;; ++answered) {
    const Bytes rest = client.pending().subspan(used);
    const modbus::Found found = modbus::find_frame(rest);
    if (found.framing == Framing::broken) {
      ++counts_.broken;
      return Served::gone;
    }
    const bool half = found.framing == Framing::need_more;
    if (half && !rest.empty() && (used > 0 || !client.half_since)) client.half_since = now;
    if (!half || rest.empty()) client.half_since.reset();
    if (half) result = Served::all;
    if (half || answered == kRequestsPerEvent) break;
    const Sent sent = answer(client, rest.first(found.length), now);
    if (sent == Sent::broken) {
      ++counts_.cut;
      return Served::gone;
    }
    if (sent == Sent::no_room) {
      result = Served::no_room;
      break;
    }
    used += found.length;
    client.active = now;
    client.asked = true;
  }
  client.consume(used);
  return result;
}

void Server::on_client(Client& client, std::uint32_t events, Instant now) {
  if ((events & EPOLLERR) != 0) return drop(client);
  // Its replies are not read: the edge that tells of room also tells of the input that waits.
  if ((events & EPOLLOUT) == 0 && (events & EPOLLHUP) == 0) return client.half_since.reset();
  const Input input = fill(client);
  if (input == Input::failed) return drop(client);
  const Served served = serve(client, now);
  if (served == Served::gone) return drop(client);
  if (served == Served::no_room) return;
  if (served == Served::all && client.ended) return drop(client);
  const bool end_is_near = (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
  if (served == Served::some_left || input == Input::more || end_is_near)
    watch(client, EPOLL_CTL_MOD);
}

void Server::on_ready(Instant now) {
  epoll_event events[kEventsPerTurn];
  const int count = ::epoll_wait(epoll_.get(), events, kEventsPerTurn, 0);
  for (int i = 0; i < count; ++i) {
    if (const std::uint64_t which = kListeners - events[i].data.u64; which < kModbusPortCount) {
      accept_some(which, now);
      continue;
    }
    Client& client = clients_[events[i].data.u64 & 0xFFFF'FFFF];
    if (client.socket.is_open() && client.generation == events[i].data.u64 >> 32)
      on_client(client, events[i].events, now);
  }
}

void Server::on_tick(Instant now) {
  units_.orders(now);  // what has ended by itself ends now
  for (std::size_t i = 0; i < listeners_.size(); ++i)
    if (listeners_[i].port != 0 && !listeners_[i].watched) watch_listener(i, true);
  for (Client& client : clients_) {
    if (!client.socket.is_open()) continue;
    const bool idle = now > client.active + kIdleMost;
    const bool stuck = client.half_since && now > *client.half_since + kHalfRequestMost;
    if (!idle && !stuck) continue;
    ++counts_.timed_out;
    drop(client);
  }
}

// --- the picture

void Server::publish(const Picture& picture, std::span<const std::size_t> changed) {
  units_.publish(picture, changed);
}

Health Server::health() const {
  Health health;
  health.ok = all_listen();
  health.dropped = counts_.refused;
  health.detail = fmt::format(
      "{} of {} clients on port {}, {} requests, {} exceptions, {} refused, {} broken, "
      "{} timed out, {} cut off",
      clients_.size() - free_.size(), clients_.size(), port(ModbusPort::native), counts_.requests,
      counts_.exceptions, counts_.refused, counts_.broken, counts_.timed_out, counts_.cut);
  if (counts_.writes_refused != 0)
    health.detail += fmt::format(", {} writes without the right to", counts_.writes_refused);
  if (!health.ok) health.detail += "; no descriptors left to accept with";
  if (units_.site().bank.relays.size() > kRelaysMost)
    health.detail += fmt::format("; only the first {} relays are in the map", kRelaysMost);
  return health;
}

}  // namespace

std::unique_ptr<ModbusServer> make_modbus_server(const ModbusOptions& options, std::string& error,
                                                 ModbusHooks hooks) {
  auto server = std::make_unique<Server>(options, std::move(hooks));
  if (!server->open(error)) return nullptr;
  return server;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// A serial server on the network: raw bytes over TCP, "tcp://host:port". How long a connection may
// take to come about is the owner's business: it calls close(). What is broken afterwards without a
// word (a box without power) is found within ten seconds.
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "drivers/transport/name_lookup.h"
#include "drivers/transport/stream.h"

namespace cw {
namespace {

constexpr int kIdle_s = 3;  // silence before the kernel asks whether the other end is there
constexpr int kProbeInterval_s = 2;
constexpr int kProbes = 2;
constexpr int kUnacknowledged_ms = 8'000;

struct HostPort {
  std::string host;
  std::string port;
  std::string error;
};

// "tcp://host:port", "tcp://[2001:db8::1]:port".
HostPort parse(std::string_view text) {
  constexpr std::string_view kForm = "tcp://host:port";
  HostPort result;
  text.remove_prefix(std::string_view{"tcp://"}.size());
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos || text.ends_with(']')) {
    result.error = fmt::format("has no port; write {}", kForm);
    return result;
  }
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  unsigned number = 0;
  const auto [end, fault] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (host.empty())
    result.error = fmt::format("has no host; write {}", kForm);
  else if (!bracketed && host.find(':') != host.npos)
    result.error = "an address with colons goes into brackets: tcp://[::1]:8899";
  else if (fault != std::errc{} || end != port.data() + port.size() || number < 1 || number > 65535)
    result.error = fmt::format("'{}' is no port; a port is 1 to 65535", port);
  result.host = host;
  result.port = port;
  return result;
}

void set_option(int socket, int level, int option, int value) {
  // Each only helps to notice a fault sooner: without it the connection still works.
  (void)::setsockopt(socket, level, option, &value, sizeof value);
}

void prepare(int socket) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, kIdle_s);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, kProbeInterval_s);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, kProbes);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, kUnacknowledged_ms);
}

class TcpClient final : public Stream {
 public:
  explicit TcpClient(const PortOptions& options)
      : Stream(options.name), target_(parse(options.name)) {}
  ~TcpClient() override { TcpClient::close(); }

  State open() override;
  int descriptor() const override;
  std::uint32_t interest() const override;

 protected:
  void on_opening(std::uint32_t events) override;
  std::string explain(int number) const override;
  ssize_t write_some(std::span<const std::uint8_t> bytes) override {
    return ::send(pipe_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

 private:
  bool looking_up() const { return state_ == State::opening && !pipe_.valid(); }
  void on_found(Addresses found);
  void connect_next();

  HostPort target_;
  // Survives close(): a name server that does not answer must not gather threads.
  std::shared_ptr<NameLookup> lookup_;
  std::vector<Address> addresses_;
  std::size_t next_ = 0;
  int last_error_ = 0;
};

Transport::State TcpClient::open() {
  close();
  if (!target_.error.empty()) return failed(name_, target_.error);
  state_ = State::opening;
  Addresses numeric = numeric_addresses(target_.host, target_.port);
  if (!numeric.list.empty()) {
    on_found(std::move(numeric));
    return state_;
  }
  if (!lookup_ || lookup_->done()) lookup_ = NameLookup::start(target_.host, target_.port);
  if (!lookup_) return failed(name_, "cannot look up the name: out of threads or descriptors");
  return state_;
}

int TcpClient::descriptor() const {
  return looking_up() ? lookup_->descriptor() : Stream::descriptor();
}

std::uint32_t TcpClient::interest() const {
  if (state_ != State::opening) return Stream::interest();
  return looking_up() ? EPOLLIN : EPOLLOUT;
}

void TcpClient::on_opening(std::uint32_t /*events*/) {
  if (looking_up()) {
    if (lookup_->done()) on_found(lookup_->take());
    return;
  }
  int fault = 0;
  socklen_t size = sizeof fault;
  if (::getsockopt(pipe_.get(), SOL_SOCKET, SO_ERROR, &fault, &size) != 0) fault = errno;
  if (fault == 0) {
    sockaddr_storage peer{};
    socklen_t peer_size = sizeof peer;
    if (::getpeername(pipe_.get(), reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) return;
    opened(std::move(pipe_));
    return;
  }
  last_error_ = fault;
  connect_next();
}

void TcpClient::on_found(Addresses found) {
  if (found.list.empty()) {
    failed(name_, found.error);
    return;
  }
  addresses_ = std::move(found.list);
  next_ = 0;
  last_error_ = 0;
  connect_next();
  // The owner has to see another descriptor: kept until the socket has its own number.
  if (lookup_ && lookup_->done()) lookup_.reset();
}

// The new socket is made before the old one is closed, so that the owner sees its number change.
void TcpClient::connect_next() {
  while (next_ < addresses_.size()) {
    const Address& address = addresses_[next_++];
    const auto* where = reinterpret_cast<const sockaddr*>(&address.storage);
    Descriptor socket{
        ::socket(where->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP)};
    if (!socket.valid()) {
      last_error_ = errno;
      continue;
    }
    prepare(socket.get());
    const int status = ::connect(socket.get(), where, address.size);
    if (status == 0) {
      opened(std::move(socket));
      return;
    }
    if (errno == EINPROGRESS) {
      pipe_ = std::move(socket);
      return;
    }
    last_error_ = errno;
  }
  failed(name_, explain(last_error_));
}

std::string TcpClient::explain(int number) const {
  switch (number) {
    case 0: return "the other end closed the connection";
    case ECONNREFUSED:
      return "connection refused; nobody listens on that port, or the box serves another client";
    case ECONNRESET: return "connection reset by the other end";
    case ETIMEDOUT: return "no answer from the other end";
    case EHOSTUNREACH:
    case ENETUNREACH: return "cannot be reached; check the address and the network";
    default: return std::strerror(number);
  }
}

}  // namespace

std::unique_ptr<Transport> make_tcp_client(const PortOptions& options) {
  return std::make_unique<TcpClient>(options);
}

}  // namespace cw

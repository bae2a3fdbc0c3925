// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/modbus_rig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <numeric>
#include <utility>

namespace cw::modbus_test {
namespace {

constexpr int kWaits = 3'000;
constexpr int kWaitMs = 10;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint8_t low(unsigned value) { return static_cast<std::uint8_t>(value); }
std::uint8_t high(unsigned value) { return static_cast<std::uint8_t>(value >> 8); }

}  // namespace

Bytes frame(unsigned transaction, unsigned unit, const Bytes& pdu) {
  const auto length = static_cast<unsigned>(pdu.size() + 1);
  Bytes out = {high(transaction), low(transaction), 0, 0, high(length), low(length), low(unit)};
  out.insert(out.end(), pdu.begin(), pdu.end());
  return out;
}

Bytes read_request(unsigned transaction, unsigned unit, unsigned address, unsigned quantity,
                   unsigned function) {
  return frame(transaction, unit,
               {low(function), high(address), low(address), high(quantity), low(quantity)});
}

Bytes refusal(unsigned transaction, unsigned unit, unsigned function, unsigned exception) {
  return frame(transaction, unit, {low(function | 0x80), low(exception)});
}

Bytes write_request(unsigned transaction, unsigned unit, unsigned address, unsigned value) {
  return frame(transaction, unit, {6, high(address), low(address), high(value), low(value)});
}

Bytes write_request(unsigned transaction, unsigned unit, unsigned address,
                    const std::vector<std::uint16_t>& values) {
  const auto count = static_cast<unsigned>(values.size());
  Bytes pdu = {16, high(address), low(address), high(count), low(count), low(2 * count)};
  for (const std::uint16_t value : values) {
    pdu.push_back(high(value));
    pdu.push_back(low(value));
  }
  return frame(transaction, unit, pdu);
}

Client::Client(Rig& rig, int buffers, ModbusPort port, std::uint8_t last)
    : rig_(rig), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (buffers != 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &buffers, sizeof buffers);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &buffers, sizeof buffers);
  }
  const int at_once = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  sockaddr_in own = loopback(0);
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + last);
  if (last != 1) {
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&own), sizeof own), 0);
  }
  const sockaddr_in address = loopback(rig.server->port(port));
  EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  rig_.settle();
}

Client::~Client() { ::close(fd_); }

std::size_t Client::send(const Bytes& bytes) {
  const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

void Client::send_all(const Bytes& bytes) { ASSERT_EQ(send(bytes), bytes.size()); }

Bytes Client::read_now() {
  Bytes out;
  out.swap(unread_);
  rig_.fence.pass();
  std::uint8_t buffer[4096];
  ssize_t count = 0;
  while ((count = ::recv(fd_, buffer, sizeof buffer, 0)) > 0)
    out.insert(out.end(), buffer, buffer + count);
  return out;
}

Bytes Client::receive(std::size_t count) {
  Bytes have;
  for (int i = 0; i < kWaits && have.size() < count; ++i) {
    rig_.settle();
    const Bytes more = read_now();
    have.insert(have.end(), more.begin(), more.end());
    if (have.size() < count) rig_.turn(kWaitMs);
  }
  if (have.size() > count) unread_.assign(have.begin() + static_cast<long>(count), have.end());
  have.resize(std::min(have.size(), count));
  return have;
}

Bytes Client::reply() {
  Bytes out = receive(6);
  if (out.size() < 6) return out;
  const Bytes rest = receive(static_cast<std::size_t>(out[4] << 8 | out[5]));
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

std::vector<std::uint16_t> Client::registers(unsigned unit, unsigned address, unsigned quantity) {
  send_all(read_request(++transaction_, unit, address, quantity));
  const Bytes got = reply();
  const Bytes head = {high(transaction_),     low(transaction_),     0,         0,
                      high(3 + 2 * quantity), low(3 + 2 * quantity), low(unit), 3,
                      low(2 * quantity)};
  if (got.size() != head.size() + 2 * quantity ||
      !std::equal(head.begin(), head.end(), got.begin()))
    return {};
  std::vector<std::uint16_t> values;
  for (std::size_t i = head.size(); i < got.size(); i += 2)
    values.push_back(static_cast<std::uint16_t>(got[i] << 8 | got[i + 1]));
  return values;
}

bool Client::is_closed() {
  rig_.settle();
  read_now();
  std::uint8_t byte = 0;
  const ssize_t count = ::recv(fd_, &byte, 1, 0);
  return count == 0 || (count < 0 && errno == ECONNRESET);
}

void Client::end_sending() { ::shutdown(fd_, SHUT_WR); }

void Client::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(fd_);
  fd_ = -1;
  rig_.settle();
}

Fence::Fence() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &here);
  EXPECT_EQ(::sched_setaffinity(0, sizeof here, &here), 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(socket_, generic, size), 0);
  EXPECT_EQ(::getsockname(socket_, generic, &size), 0);
  EXPECT_EQ(::connect(socket_, generic, size), 0);
}

Fence::~Fence() { ::close(socket_); }

void Fence::pass() const {
  std::uint8_t byte = 0;
  EXPECT_EQ(::send(socket_, &byte, 1, 0), 1);
  EXPECT_EQ(::recv(socket_, &byte, 1, 0), 1);
}

Rig::Rig(ModbusOptions options, bool published, ModbusHooks hooks) {
  options.listen = "127.0.0.1";
  options.port = 0;
  std::string error;
  server = make_modbus_server(options, error, std::move(hooks));
  EXPECT_NE(server, nullptr) << error;
  if (published) publish();
}

void Rig::publish() {
  sample.now = now;
  publish(sample.picture());
}

void Rig::publish(const Picture& picture) {
  std::vector<std::size_t> changed(picture.packs.size());
  std::iota(changed.begin(), changed.end(), 0);
  server->publish(picture, changed);
}

bool Rig::turn(int wait_ms) {
  pollfd waiting{server->descriptor(), POLLIN, 0};
  if (::poll(&waiting, 1, wait_ms) <= 0) return false;
  server->on_ready(now);
  ++turns;
  return true;
}

void Rig::settle() {
  fence.pass();
  for (int i = 0; i < 100'000; ++i)
    if (!turn()) return;
  ADD_FAILURE() << "the server never comes to rest";
}

bool Rig::detail_has(const std::string& text) const {
  const std::string detail = server->health().detail;
  return detail.find(text) != std::string::npos;
}

}  // namespace cw::modbus_test

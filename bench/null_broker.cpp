// SPDX-License-Identifier: Apache-2.0
#include "bench/null_broker.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <stdexcept>

#include "bench/paced_bms.h"

namespace cw::bench {
namespace {

enum Packet : unsigned {
  kConnect = 1,
  kPublish = 3,
  kPublishReceived = 5,
  kPublishRelease = 6,
  kSubscribe = 8,
  kPing = 12,
};

void reply(int client, std::string bytes) {
  if (send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return;
}

}  // namespace

NullBroker::NullBroker() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 8) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no port for the broker");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

NullBroker::~NullBroker() {
  stop();
  close(listener_);
}

void NullBroker::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void NullBroker::serve() {
  std::vector<pollfd> ready;
  char part[65536];
  while (!stop_) {
    ready.assign(1, {listener_, POLLIN, 0});
    for (const auto& [fd, buffer] : clients_) ready.push_back({fd, POLLIN, 0});
    if (poll(ready.data(), ready.size(), 50) <= 0) continue;
    if ((ready[0].revents & POLLIN) != 0) {
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      const int one = 1;
      setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      clients_[client];
    }
    for (std::size_t i = 1; i < ready.size(); ++i) {
      if (ready[i].revents == 0) continue;
      const int fd = ready[i].fd;
      const ssize_t got = recv(fd, part, sizeof part, 0);
      if (got > 0) clients_[fd].append(part, static_cast<std::size_t>(got));
      if (got > 0 && take_packets(fd, clients_[fd])) continue;
      close(fd);
      clients_.erase(fd);
    }
  }
  for (const auto& [fd, buffer] : clients_) close(fd);
}

bool NullBroker::take_packets(int client, std::string& buffer) {
  for (;;) {
    std::size_t length = 0;
    std::size_t at = 1;
    for (unsigned shift = 0;; shift += 7, ++at) {
      if (at >= buffer.size()) return true;
      if (at > 4) return false;
      const auto byte = static_cast<unsigned char>(buffer[at]);
      length |= static_cast<std::size_t>(byte & 127) << shift;
      if ((byte & 128) == 0) break;
    }
    ++at;
    if (buffer.size() < at + length) return true;
    const auto head = static_cast<unsigned char>(buffer[0]);
    answer(client, head >> 4, head >> 1 & 3, buffer.substr(at, length));
    buffer.erase(0, at + length);
  }
}

void NullBroker::answer(int client, unsigned type, unsigned quality, const std::string& body) {
  const bool five = version_5_[client];
  if (type == kConnect) {
    version_5_[client] = body.size() > 6 && body[6] == 5;
    return reply(client, version_5_[client] ? std::string("\x20\x03\0\0\0", 5)
                                            : std::string("\x20\x02\0\0", 4));
  }
  if (type == kPublish) {
    ++messages_;
    bytes_ += body.size();
    const std::size_t topic = static_cast<std::size_t>(static_cast<unsigned char>(body[0])) << 8 |
                              static_cast<unsigned char>(body[1]);
    if (quality == 1) reply(client, "\x40\x02" + body.substr(2 + topic, 2));
    note(body);
  }
  if (type == kSubscribe) {
    std::string granted("\x90\x03", 2);
    if (five) granted = std::string("\x90\x04", 2);
    granted += body.substr(0, 2);
    if (five) granted.push_back('\0');
    granted.push_back('\0');
    reply(client, granted);
  }
  if (type == kPing) reply(client, std::string("\xd0\0", 2));
}

void NullBroker::note(const std::string& body) {
  static const std::string key = "\"current_A\":";
  const std::size_t at = body.find(key);
  if (at == std::string::npos || body.compare(at + key.size(), 4, "null") == 0) return;
  const double now = monotonic_s();
  if (first_value_s_ == 0) first_value_s_ = now;
  const double amperes = std::strtod(body.c_str() + at + key.size(), nullptr);
  seen_s_.try_emplace(static_cast<int>(std::lround(amperes * 100)), now);
}

}  // namespace cw::bench

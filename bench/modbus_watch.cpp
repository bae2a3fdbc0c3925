// SPDX-License-Identifier: Apache-2.0
#include "bench/modbus_watch.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "bench/paced_bms.h"

namespace cw::bench {
namespace {

constexpr double kPause_s = 0.0005;

int connected(std::uint16_t port) {
  const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int now = 1;
  setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
  if (connect(s, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) return s;
  close(s);
  return -1;
}

// Registers 100 and 101 of unit 1; true if they carry a value.
bool has_value(int s) {
  const std::uint8_t request[] = {0, 1, 0, 0, 0, 6, 1, 3, 0, 100, 0, 2};
  std::uint8_t reply[13];
  if (send(s, request, sizeof request, MSG_NOSIGNAL) != sizeof request) return false;
  if (recv(s, reply, sizeof reply, MSG_WAITALL) != sizeof reply) return false;
  const std::uint8_t absent[] = {0x80, 0, 0, 0};
  return std::memcmp(reply + 9, absent, sizeof absent) != 0;
}

// AChaMax and ADisChaMax of model 802, in the chain at 40000 of unit 126; true if both are currents
// that may flow: neither absent nor zero.
bool has_limits(int s) {
  constexpr std::uint16_t charge_most = 40'115;
  const std::uint8_t request[] = {0, 1, 0, 0, 0, 6, 126, 3, charge_most >> 8, charge_most & 0xFF,
                                  0, 2};
  std::uint8_t reply[13];
  if (send(s, request, sizeof request, MSG_NOSIGNAL) != sizeof request) return false;
  if (recv(s, reply, sizeof reply, MSG_WAITALL) != sizeof reply) return false;
  const auto is_current = [&](std::size_t at) {
    const int raw = reply[at] << 8 | reply[at + 1];
    return raw != 0 && raw != 0xFFFF;
  };
  return is_current(9) && is_current(11);
}

std::optional<double> first_s(std::uint16_t port, double seconds, bool (*is_there)(int)) {
  const double end = monotonic_s() + seconds;
  int s = -1;
  std::optional<double> found;
  while (!found && monotonic_s() < end) {
    if (s < 0) s = connected(port);
    if (s >= 0 && is_there(s)) found = monotonic_s();
    if (!found) sleep_until_s(monotonic_s() + kPause_s);
  }
  if (s >= 0) close(s);
  return found;
}

}  // namespace

std::optional<double> first_modbus_value_s(std::uint16_t port, double seconds) {
  return first_s(port, seconds, has_value);
}

std::optional<double> first_modbus_limits_s(std::uint16_t port, double seconds) {
  return first_s(port, seconds, has_limits);
}

}  // namespace cw::bench

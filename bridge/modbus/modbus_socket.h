// SPDX-License-Identifier: Apache-2.0
// The sockets of the Modbus server: one that listens, and how an accepted one is set up. It moves
// no data.
#pragma once
#include <cstdint>
#include <string>

namespace cw::modbus {

/// Closes what it owns.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void reset(int fd = -1);
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

/// Makes `out` listen, without blocking, on an IP address (4 or 6) and a port; 0: any free one.
/// What the kernel keeps for one of its clients is bounded both ways.
/// False if it cannot; `error` then says why, for people.
bool listen_on(const std::string& address, std::uint16_t port, Descriptor& out, std::string& error);

std::uint16_t port_of(const Descriptor& socket);

/// The address at the other end, in its usual form; of IPv4 over an IPv6 socket the IPv4 one.
/// Empty if it is gone already.
std::string peer_of(int socket);

/// An IP address in its usual form, so that two can be compared; empty if it is none.
std::string usual_form(const std::string& address);

/// Replies go out at once, and a peer that is gone is noticed.
void tune_client(int socket);

/// The kernel's words for an errno.
std::string error_text(int error);

}  // namespace cw::modbus

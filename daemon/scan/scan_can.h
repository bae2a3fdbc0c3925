// SPDX-License-Identifier: Apache-2.0
// Searches a CAN interface by listening to it: boards on CAN talk by themselves, and nothing is
// ever sent. Its bit rate is the machine's business and is not tried.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "daemon/scan/scan_port.h"
#include "drivers/transport/transport.h"

namespace cw {

/// What is understood of a bus: one ear for each protocol and address. No I/O and no clock.
class CanEars {
 public:
  CanEars();
  ~CanEars();
  CanEars(const CanEars&) = delete;
  CanEars& operator=(const CanEars&) = delete;

  /// Records of can_frame.h.
  void hear(std::span<const std::uint8_t> records, Instant now);

  /// Those that told a whole state of theirs so far, by address.
  std::vector<FoundDevice> found(const std::string& port) const;

  std::uint64_t frames() const { return frames_; }

 private:
  struct Ear;
  std::vector<std::unique_ptr<Ear>> ears_;
  std::uint64_t frames_ = 0;
};

/// V1 firmware is known by what it does not say within 3 s, and a board that lacks a frame is taken
/// as it is after 5 s.
inline constexpr Millis kCanListen{6'500};

/// `bus` is that of `port`, closed. A fault says what is wrong with the interface; where nothing
/// is found, the advice says what to do.
ScannedPort scan_can(const std::string& port, std::unique_ptr<Transport> bus,
                     Millis listen = kCanListen);

/// With the kernel's interface, unfiltered: what else is on the bus is told too.
ScannedPort scan_can(const std::string& port);

/// CAN interfaces of this machine, whether up or not.
std::vector<std::string> can_interfaces(const std::string& folder = "/sys/class/net");

/// What a port is called tells its bus: devices are paths and servers have a scheme.
bool is_can_name(std::string_view port);

}  // namespace cw

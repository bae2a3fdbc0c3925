// SPDX-License-Identifier: Apache-2.0
// `cellwarden scan`: finds BMSs on serial ports, CAN interfaces and Bluetooth and prints how to
// configure them.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "daemon/commands/commands.h"
#include "daemon/commands/standard_output.h"
#include "daemon/scan/scan_ble.h"
#include "daemon/scan/scan_can.h"
#include "daemon/scan/scan_port.h"

namespace cw {
namespace {

constexpr int kNothingFound = 1;
constexpr int kUnavailable = 69;

/// On standard error, as standard output carries the configuration.
class Progress {
 public:
  explicit Progress(std::string port)
      : port_(std::move(port)),
        shown_(::isatty(STDOUT_FILENO) != 0 && ::isatty(STDERR_FILENO) != 0) {}
  ~Progress() {
    if (shown_) fmt::print(stderr, "\r\x1b[K");
  }
  void show(const ScanStep& step, std::size_t done, std::size_t of) const {
    if (!shown_) return;
    const std::string speed = step.baud == 0 ? "" : fmt::format(" at {} baud", step.baud);
    const std::string what = step.protocol == nullptr
                                 ? "listening"
                                 : fmt::format("{}, address {}", step.protocol->name, step.address);
    fmt::print(stderr, "\r\x1b[K{}: {} of {}: {}{}", port_, done + 1, of, what, speed);
  }

 private:
  std::string port_;
  bool shown_;
};

ScannedPort scan_shown(const std::string& port) {
  const Progress progress(port);
  if (is_ble_name(port) || is_can_name(port)) {
    progress.show({}, 0, 1);
    return is_ble_name(port) ? scan_ble(port) : scan_can(port);
  }
  return scan_port(port, Bus::serial, [&](const ScanStep& step, std::size_t done, std::size_t of) {
    progress.show(step, done, of);
  });
}

void tell(const std::string& port, const ScannedPort& scanned) {
  if (!scanned.fault.empty()) fmt::print(stderr, "cellwarden scan: {}\n", scanned.fault);
  if (scanned.foreign)
    fmt::print(stderr, "cellwarden scan: {}: somebody else speaks on this line: nothing was sent\n",
               port);
  if (!scanned.advice.empty())
    fmt::print(stderr, "cellwarden scan: {}\n", scanned.advice);
  else if (scanned.fault.empty() && scanned.devices.empty())
    fmt::print(stderr, "cellwarden scan: {}: no BMS answers\n", port);
}

std::vector<std::string> all_ports() {
  std::vector<std::string> ports = serial_ports();
  for (std::string& interface : can_interfaces()) ports.push_back(std::move(interface));
  for (std::string& adapter : ble_adapters()) ports.push_back(std::move(adapter));
  return ports;
}

}  // namespace

int command_scan(const ScanOptions& options) {
  const std::vector<std::string> ports = options.ports.empty() ? all_ports() : options.ports;
  if (ports.empty()) {
    fmt::print(
        stderr,
        "cellwarden scan: this machine has no serial port, no CAN interface and no Bluetooth "
        "adapter; plug one in, or name a port: cellwarden scan tcp://192.168.1.50:4196\n");
    return kUnavailable;
  }
  std::size_t found = 0;
  std::size_t searched = 0;
  for (const std::string& port : ports) {
    const ScannedPort scanned = scan_shown(port);
    tell(port, scanned);
    searched += scanned.fault.empty() || !scanned.devices.empty() ? 1 : 0;
    if (scanned.devices.empty()) continue;
    if (!write_out(pack_blocks(scanned.devices, found + 1))) return kOutputLost;
    found += scanned.devices.size();
  }
  if (found > 0) return 0;
  return searched > 0 ? kNothingFound : kUnavailable;
}

}  // namespace cw

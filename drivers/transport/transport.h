// SPDX-License-Identifier: Apache-2.0
// A byte pipe towards batteries. It never blocks and knows no protocol: the owner watches its
// descriptor and calls on_ready(). It does not retry by itself; the owner opens it again.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/units.h"
#include "drivers/protocol/bus.h"
#include "drivers/protocol/can_frame.h"

namespace cw {

class Transport {
 public:
  enum class State : std::uint8_t { closed, opening, open };

  virtual ~Transport() = default;

  /// Begins to open. `opening`: the outcome comes through on_ready(). `closed`: see error().
  virtual State open() = 0;

  virtual State state() const = 0;

  /// To watch while opening or open; -1 otherwise. May change whenever state() does.
  virtual int descriptor() const = 0;

  /// EPOLLIN and, while something waits to be sent or a connection to be made, EPOLLOUT.
  virtual std::uint32_t interest() const = 0;

  /// Handles what epoll reported; returns the bytes received (a part of `room`). Afterwards state()
  /// may be `closed`, with error() saying why.
  virtual std::span<const std::uint8_t> on_ready(std::uint32_t events,
                                                 std::span<std::uint8_t> room) = 0;

  /// Takes all of `bytes` or none. False: not open, too long, or something older still waits to go
  /// out.
  virtual bool send(std::span<const std::uint8_t> bytes) = 0;

  virtual void close() noexcept = 0;

  /// Why it is closed, for people: "/dev/ttyUSB0: No such file or directory". Empty if it was never
  /// opened or was closed by the owner.
  virtual const std::string& error() const = 0;

  /// What is connected, for people: "/dev/ttyUSB0 at 115200 baud".
  virtual const std::string& name() const = 0;

  /// What is wrong with the wire although it is open, and what was lost on it, for people: "bus-off
  /// twice, 3 frames lost". Empty: nothing. Kept until it is opened again.
  virtual std::string complaint() const { return {}; }

  /// How long it may be `opening`; then the owner closes it and tries again.
  virtual Millis opening_most() const { return Millis{5'000}; }
};

/// A port as the configuration names it. Members of another bus than the port's mean nothing.
struct PortOptions {
  // serial: a device path (any name, also by-id links) or "tcp://host:port" of a serial server;
  // can: an interface ("can0"); ble: the address of the device ("C8:47:8C:00:00:01").
  std::string name;
  std::uint32_t baud = 115200;  // serial
  bool rs485 = false;           // serial: ask the kernel to drive the transmitter's direction (RTS)
  std::string adapter = "hci0";  // ble: its name, or its own address
  std::string pin{};             // ble: for devices that demand pairing; empty: none is stored
  std::vector<CanFilter> can_filters{};  // can: what is let through; none: everything
};

std::unique_ptr<Transport> make_transport(Bus bus, const PortOptions& options);

}  // namespace cw

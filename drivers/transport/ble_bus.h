// SPDX-License-Identifier: Apache-2.0
// BlueZ over D-Bus: mirrors its objects and carries single orders out, none of which waits. It
// decides nothing. To be used from one thread. The only file that knows the D-Bus library is
// ble_bus.cpp.
#pragma once
#include <poll.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "drivers/transport/ble_central.h"
#include "drivers/transport/ble_objects.h"
#include "drivers/transport/descriptor.h"

namespace cw {

class BleBus {
 public:
  /// The outcome of an order; the text is that of BlueZ.
  using Done = std::function<void(BleFault fault, const std::string& text)>;
  /// Of subscribe(): the socket on which a read is a notification; an invalid one without a fault:
  /// notifications come through Events::value instead.
  using Subscribed =
      std::function<void(Descriptor socket, BleFault fault, const std::string& text)>;

  /// What happens by itself.
  struct Events {
    std::function<void()> changed;  // running() or objects()
    std::function<void(const std::string& characteristic, std::span<const std::uint8_t>)> value;
    /// The PIN to pair this device (a path) with; nothing: it shall not be paired.
    std::function<std::optional<std::string>(const std::string& device)> pin;
  };

  /// nullptr: no system bus, and why.
  static std::unique_ptr<BleBus> open(Events events, std::string& why);
  virtual ~BleBus() = default;

  /// BlueZ is there and its objects are known.
  virtual bool running() const = 0;
  virtual const BleObjects& objects() const = 0;

  /// What to wait for; returns for how long at most (milliseconds, -1: for ever).
  virtual int wait_for(std::vector<pollfd>& descriptors) = 0;
  /// Handles everything that arrived. False: the bus is gone, and this object with it.
  virtual bool process() = 0;

  /// From now on BlueZ may ask for PINs (Events::pin). Until then it pairs with nobody for us.
  virtual void answer_for_pins() = 0;

  virtual void scan(const std::string& adapter, bool on, Done done) = 0;
  virtual void power(const std::string& adapter, bool on, Done done) = 0;
  virtual void remove(const std::string& adapter, const std::string& device, Done done) = 0;
  virtual void connect(const std::string& device, Done done) = 0;
  virtual void disconnect(const std::string& device, Done done) = 0;
  virtual void pair(const std::string& device, Done done) = 0;
  virtual void subscribe(const std::string& characteristic, Subscribed done) = 0;
  /// Without an answer of the device.
  virtual void write(const std::string& characteristic, std::span<const std::uint8_t> bytes,
                     Done done) = 0;
};

}  // namespace cw

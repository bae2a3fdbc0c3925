// SPDX-License-Identifier: Apache-2.0
// Serves the picture over Modbus-TCP: the units of modbus_units.h. Runs on the owner's loop: one
// descriptor to watch, nothing blocks. libmodbus makes the replies.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "bridge/modbus/modbus_units.h"
#include "bridge/sink.h"

namespace cw {

class ModbusServer : public Sink {
 public:
  /// Watch for EPOLLIN; call on_ready() when it has it.
  virtual int descriptor() const = 0;
  virtual void on_ready(Instant now) = 0;

  /// Closes clients that are idle or stuck in half a request. Call every second or so.
  virtual void on_tick(Instant now) = 0;

  /// What clients ask of the bank, as far as it still stands at `now`.
  virtual BankOrders orders(Instant now) = 0;

  /// The same with who asked and when, to be kept over a restart (ModbusHooks::kept).
  virtual ClientOrders standing() const = 0;

  /// The TCP port; 0: that map has none of its own.
  virtual std::uint16_t port(ModbusPort which = ModbusPort::native) const = 0;
};

/// nullptr if a port cannot be taken; `error` then says why, for people.
std::unique_ptr<ModbusServer> make_modbus_server(const ModbusOptions& options, std::string& error,
                                                 ModbusHooks hooks = {});

}  // namespace cw

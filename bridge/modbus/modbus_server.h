// SPDX-License-Identifier: Apache-2.0
// Serves the picture over Modbus-TCP: one unit a pack, one for the bank. Runs on the owner's loop:
// one descriptor to watch, nothing blocks. libmodbus makes and checks the PDUs.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "bridge/sink.h"

namespace cw {

struct ModbusOptions {
  bool enabled = false;
  std::string listen = "0.0.0.0";
  std::uint16_t port = 1502;     // 502 needs a privilege; 0: any free port (tests)
  std::uint8_t bank_unit = 200;  // packs are units 1, 2, ... in the order of the configuration
  std::uint16_t clients_most = 64;
};

class ModbusServer : public Sink {
 public:
  /// Watch for EPOLLIN; call on_ready() when it has it.
  virtual int descriptor() const = 0;
  virtual void on_ready(Instant now) = 0;

  /// Closes clients that are idle or stuck in half a request. Call every second or so.
  virtual void on_tick(Instant now) = 0;

  virtual std::uint16_t port() const = 0;
};

/// nullptr if the port cannot be taken; `error` then says why, for people.
std::unique_ptr<ModbusServer> make_modbus_server(const ModbusOptions& options, std::string& error);

}  // namespace cw

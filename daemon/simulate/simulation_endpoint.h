// SPDX-License-Identifier: Apache-2.0
// The board's end of a wire: a pseudo-terminal or a TCP port, as a gateway sees a serial adapter or
// a serial server, or a port of this machine that is wired to the gateway's. Moves bytes at once;
// how fast they may flow is the business of SimulationLine.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "daemon/loop.h"
#include "drivers/transport/transport.h"

namespace cw {

class SimulationEndpoint {
 public:
  using Receive = std::function<void(std::span<const std::uint8_t>)>;

  virtual ~SimulationEndpoint() = default;

  /// False: error() says why.
  virtual bool open() = 0;
  /// The port goes away: who has it open sees it end.
  virtual void close() = 0;
  virtual bool is_open() const = 0;

  /// What nobody takes is lost, as on a wire.
  virtual void send(std::span<const std::uint8_t> bytes) = 0;

  /// Called every now and then: notices who came back.
  virtual void tend() = 0;

  /// What to write into a gateway's configuration: "/tmp/garage" or "tcp://127.0.0.1:7001".
  virtual std::string address() const = 0;
  const std::string& error() const { return error_; }

 protected:
  std::string error_;
};

/// `link`: a symbolic link to the terminal while it is open; empty: none.
std::unique_ptr<SimulationEndpoint> make_terminal(Loop& loop, std::string link,
                                                  SimulationEndpoint::Receive receive);

/// `port` 0: any free one. One client at a time; a new one takes the place of the old.
std::unique_ptr<SimulationEndpoint> make_tcp_port(Loop& loop, std::string host, std::uint16_t port,
                                                  SimulationEndpoint::Receive receive);

/// `port` is wired to a gateway's; `address` is what people call it. The gateway's address is
/// another: that of the other end. It comes back by itself when it went away.
std::unique_ptr<SimulationEndpoint> make_device(Loop& loop, std::string address,
                                                std::unique_ptr<Transport> port,
                                                SimulationEndpoint::Receive receive);

}  // namespace cw

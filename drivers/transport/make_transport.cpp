// SPDX-License-Identifier: Apache-2.0
// Picks the transport for a port by its bus and its name.
#include "core/assert.h"
#include "drivers/transport/can_socket.h"
#include "drivers/transport/stream.h"

namespace cw {

std::unique_ptr<Transport> make_transport(Bus bus, const PortOptions& options) {
  switch (bus) {
    case Bus::serial:
      return options.name.starts_with("tcp://") ? make_tcp_client(options)
                                                : make_serial_tty(options);
    case Bus::can: return make_can_socket(options);
    case Bus::ble: return make_ble(options);
  }
  CW_ASSERT(false);
  return nullptr;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Picks the transport for a serial port by its name.
#include "drivers/transport/stream.h"

namespace cw {

std::unique_ptr<Transport> make_serial_transport(const SerialOptions& options) {
  if (options.port.starts_with("tcp://")) return make_tcp_client(options);
  return make_serial_tty(options);
}

}  // namespace cw

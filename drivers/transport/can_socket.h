// SPDX-License-Identifier: Apache-2.0
// A CAN interface of this machine, through a raw socket. How its socket is made is a part of its
// own, so that a pair of sockets can stand in where the kernel has no CAN.
#pragma once
#include <functional>
#include <memory>

#include "drivers/transport/descriptor.h"
#include "drivers/transport/transport.h"

namespace cw {

/// Makes a socket that carries `struct can_frame`, one a message; invalid: `why` says why not.
using OpenCan = std::function<Descriptor(const PortOptions& options, std::string& why)>;

/// The real one: bound to the interface, filtered, with the controller's error frames.
Descriptor open_can_interface(const PortOptions& options, std::string& why);

/// Records of can_frame.h in both directions; several may be sent and received at once. What the
/// kernel has no room for (ENOBUFS) waits here, newest frame of each identifier only, and goes out
/// with the next call; after a second it is given up and counted. Nothing here ever blocks.
std::unique_ptr<Transport> make_can_socket(const PortOptions& options,
                                           OpenCan open = open_can_interface);

}  // namespace cw

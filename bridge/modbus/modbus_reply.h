// SPDX-License-Identifier: Apache-2.0
// Replies made by libmodbus and sent by it in one piece to a socket that does not block. Never
// given a request it would object to: it then sleeps, and throws away what the client sent next.
#pragma once
#include <cstdint>
#include <memory>
#include <span>

#include "bridge/modbus/modbus_frame.h"

namespace cw::modbus {

/// no_room: nothing was sent, try again when the socket has room. broken: close the connection,
/// it failed or holds half a reply.
enum class Sent : std::uint8_t { whole, no_room, broken };

class Replier {
 public:
  Replier();
  ~Replier();

  /// Answers a request that judge() let pass from `image`, whose first register is `first`.
  Sent registers(int socket, std::span<const std::uint8_t> frame, std::uint16_t first,
                 std::span<std::uint16_t> image);

  /// Answers a write that was carried out.
  Sent written(int socket, std::span<const std::uint8_t> frame);

  /// Answers with an exception.
  Sent refuse(int socket, std::span<const std::uint8_t> frame, Exception exception);

 private:
  struct Library;
  std::unique_ptr<Library> library_;
};

}  // namespace cw::modbus

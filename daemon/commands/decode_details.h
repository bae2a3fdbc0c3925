// SPDX-License-Identifier: Apache-2.0
// What only one protocol has to say about its frames, for `decode`.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bridge/json.h"
#include "drivers/protocol/protocol.h"

namespace cw {

/// What a frame needs before a protocol object can understand it alone.
struct Prepared {
  std::vector<std::uint8_t> bytes;  // what to feed
  std::size_t size = 0;             // bytes of the input that are done with then; 0: as fed
  std::uint8_t address = 0;         // whose frames the protocol object shall take
  std::string_view other{};         // not empty: a frame that is no answer to reading, and why
};

struct Details {
  std::string_view protocol;
  /// A whole frame that is no answer to reading: what the gateway or somebody else asked, or a part
  /// of what a device says.
  void (*other_frame)(JsonWriter&, std::span<const std::uint8_t> frame);
  /// Members beside "error", about a frame that does not add up; nullptr: none.
  void (*bad_checksum)(JsonWriter&, std::span<const std::uint8_t> bytes);
  /// nullptr: a frame is fed as it is. `request`: what was asked before, or nothing.
  Prepared (*prepare)(std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> request);
};

extern const Details kJkBleDetails;
extern const Details kJkCanDetails;
extern const Details kJkModbusDetails;

/// Digits without spaces.
std::string to_hex(std::span<const std::uint8_t> bytes);

}  // namespace cw

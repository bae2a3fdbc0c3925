// SPDX-License-Identifier: Apache-2.0
// What was found on a port, and how to write it into a configuration.
#pragma once
#include <string>
#include <vector>

#include "core/pack.h"
#include "drivers/protocol/registry.h"

namespace cw {

struct FoundDevice {
  const ProtocolSpec* protocol = nullptr;
  std::string port;
  std::uint32_t baud = 0;  // 0: the port has no speed of its own
  std::uint8_t address = 0;
  bool overheard = false;  // another master asks it
  Pack pack{};             // as it was heard at `heard`
  Instant heard{};
  std::string remark{};   // for people; empty: none
  std::string adapter{};  // that hears it over Bluetooth; empty: on no radio
};

/// What a device says of itself is anything: control characters become question marks.
std::string one_line(std::string text);

/// "lfp", "li-ion" or "lto": from the device's own limit of a cell, or else from its voltages.
std::string_view likely_chemistry(const FoundDevice& device);

/// [[pack]] blocks that `cellwarden check` accepts, with what is assumed said in comments. `first`
/// numbers the names.
std::string pack_blocks(const std::vector<FoundDevice>& devices, std::size_t first);

}  // namespace cw

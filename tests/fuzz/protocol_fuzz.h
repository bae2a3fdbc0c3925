// SPDX-License-Identifier: Apache-2.0
// What must hold for every protocol of the registry, whatever the bytes. Used by the seeded test
// and by libFuzzer; a protocol that is added to the registry is fuzzed without another line.
#pragma once
#include <cstdint>
#include <span>

#include "drivers/protocol/registry.h"

namespace cw {

/// Feeds `bytes` to a new protocol object as a line would. Returns what is broken; null: nothing.
const char* feed_everything(const ProtocolSpec& spec, std::span<const std::uint8_t> bytes);

}  // namespace cw

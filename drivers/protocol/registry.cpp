// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/registry.h"

namespace cw {

extern const ProtocolSpec kJkBle;
extern const ProtocolSpec kJkCan;
extern const ProtocolSpec kJkModbus;
extern const ProtocolSpec kJkUart;

namespace {
constexpr const ProtocolSpec* kProtocols[] = {
    &kJkUart,
    &kJkBle,
    &kJkModbus,
    &kJkCan,
};
}  // namespace

std::span<const ProtocolSpec* const> all_protocols() { return kProtocols; }

const ProtocolSpec* find_protocol(std::string_view name) {
  for (const ProtocolSpec* spec : kProtocols)
    if (spec->name == name) return spec;
  return nullptr;
}

}  // namespace cw

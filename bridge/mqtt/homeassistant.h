// SPDX-License-Identifier: Apache-2.0
// Home Assistant's device discovery messages, walked from the field table. Functions of what is
// known about a device; they publish nothing and know no time. Home Assistant refuses a device
// for one key it does not know, so these messages use no key that 2024.11 does not accept.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "bridge/mqtt/mqtt.h"
#include "bridge/mqtt/mqtt_payload.h"

namespace cw {

/// A component an earlier version announced and this one does not: named so that Home Assistant
/// forgets it. Rows stay for ever; a key is never used again for another platform.
struct Tombstone {
  std::string_view platform;
  std::string_view key;
};

struct DiscoverySource {
  std::string base;     // of all topics
  std::string gateway;  // the configured id
  std::string version;
  GatewayTopics topics;
};

struct DiscoveredPack {
  std::string_view device;  // identifies it for ever, see pack_device()
  std::string_view name;    // as configured
  const Identity& identity;
  const Shape& shape;
  const PackTopics& topics;
  std::span<const MqttSettable* const> settable{};  // may be ordered, and the board has it
};

/// Letters, digits, - and _ stay; any other byte becomes _. What Home Assistant takes in a topic.
std::string object_id(std::string_view text);

std::string gateway_device(std::string_view gateway);
std::string bank_device(std::string_view gateway);

/// `cellwarden_<serial>` where the BMS says a serial number, else `cellwarden_<gateway>_<name>`.
std::string pack_device(std::string_view gateway, std::string_view name, std::string_view serial);

/// Each appends one message.
void write_pack_discovery(std::string& out, const DiscoverySource& source,
                          const DiscoveredPack& pack, std::span<const Tombstone> gone);
/// `limits`: there is a [bank], and so something inverters are told.
void write_bank_discovery(std::string& out, const DiscoverySource& source, bool limits);
void write_gateway_discovery(std::string& out, const DiscoverySource& source,
                             std::span<const RelayState> relays,
                             std::span<const InverterState> inverters);

/// Components of packs that earlier versions announced. None yet.
inline constexpr std::span<const Tombstone> kPackTombstones{};

}  // namespace cw

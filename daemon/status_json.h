// SPDX-License-Identifier: Apache-2.0
// Everything the running gateway sees, as one JSON document: what `cellwarden status` shows.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/sink.h"
#include "daemon/configuration/configuration.h"

namespace cw {

struct NamedHealth {
  std::string_view name;
  Health health;
};

struct WireStatus {
  std::string name;
  bool open = false;
  std::string trouble;  // why it is not open, or what is wrong with it all the same; else empty
};

/// A bound of the state of charge that a client asked for.
struct SocBoundOrder {
  CentiPercent bound{};
  std::string by;  // its address
  Instant since{};
};

struct StatusDetails {
  Instant started{};
  std::span<const RelayConfiguration> relays;  // in the order of the picture's
  std::vector<NamedHealth> sinks;
  std::vector<WireStatus> wires;
  std::vector<InverterPortState> inverters;
  std::optional<SocBoundOrder> soc_min;
  std::optional<SocBoundOrder> soc_max;
};

/// Replaces `out` with the document, ending in a newline.
void write_status(std::string& out, const Picture& picture, const StatusDetails& details);

}  // namespace cw

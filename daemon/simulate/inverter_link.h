// SPDX-License-Identifier: Apache-2.0
// The inverter's side of a wire to a battery: what it asks, and what it makes of what it hears. No
// I/O, no clock.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "simulator/inverter.h"

namespace cw {

class InverterLink {
 public:
  virtual ~InverterLink() = default;

  /// What it sends once a second; empty: it only listens. Valid until the next call.
  virtual std::span<const std::uint8_t> ask() = 0;

  /// Bytes as they came; on CAN exactly one record. What is told from now on, if that is complete
  /// and whole.
  virtual std::optional<simulator::InverterLimits> hear(std::span<const std::uint8_t> bytes) = 0;
};

/// A link for a protocol of the inverter registry; nullptr: there is none.
std::unique_ptr<InverterLink> make_inverter_link(std::string_view protocol);

}  // namespace cw

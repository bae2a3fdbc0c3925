// SPDX-License-Identifier: Apache-2.0
// What energy managers, operators and our own relays ask of the bank while it runs. A request can
// only narrow what packs and configuration allow (inverter-modbus.md, section 1.6).
#pragma once
#include <cstdint>
#include <optional>

#include "core/units.h"

namespace cw {

struct BankOrders {
  std::optional<CentiPercent> soc_min;  // counts where it is narrower than the configured bound
  std::optional<CentiPercent> soc_max;
  bool full_charge = false;       // an operator's: be full once, as if a full charge were due
  bool disconnect = false;        // both currents zero; the relays follow by their own rules
  std::uint8_t joining_pack = 0;  // from 1: its relay waits for zero current to connect it
  bool client_lost = false;       // whoever asked for something last is silent now
  friend constexpr bool operator==(const BankOrders&, const BankOrders&) = default;
};

}  // namespace cw

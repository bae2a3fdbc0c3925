// SPDX-License-Identifier: Apache-2.0
// What the operator says about the Modbus server.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/charge_settings.h"

namespace cw {

/// The SunSpec chain: models 1, 802, 803, 713, and 804 and 805 for each pack. What a client reads
/// of its layout follows from this alone, so it never changes while the program runs.
struct SunspecOptions {
  bool enabled = false;
  std::uint8_t unit = 126;
  std::optional<std::uint16_t>
      port;                         // of its own, where it is unit 1 as well; none: the common one
  bool discharge_positive = true;   // sign of its currents and powers
  std::string site = "cellwarden";  // serial number of model 1
  std::vector<ChargePackSettings> packs;
  Millivolts nominal_voltage{3'200};  // of a cell, for energies
};

/// The registers of a Victron GX: units 225 (battery), 100 and 0 (system).
struct VictronOptions {
  bool enabled = false;
  std::optional<std::uint16_t> port;  // of its own; none: the common one
};

/// Who may write what. Nobody anything, unless both are named.
struct ModbusOrderOptions {
  std::vector<std::string> from;    // addresses of clients
  std::vector<std::string> points;  // of writable_points()
  Millis lease{0};                  // an order ends so long after it was written; 0: never so
  Millis client_silent_most{60'000};

  bool offered() const { return !from.empty() && !points.empty(); }
  bool opens(std::string_view point) const {
    return offered() && std::ranges::find(points, point) != points.end();
  }
};

struct ModbusOptions {
  bool enabled = false;
  std::string listen = "0.0.0.0";
  std::uint16_t port = 1502;     // 502 needs a privilege; 0: any free port (tests)
  std::uint8_t bank_unit = 200;  // packs are units 1, 2, ... in the order of the configuration
  std::uint16_t clients_most = 64;
  SunspecOptions sunspec;
  VictronOptions victron;
  ModbusOrderOptions orders;
};

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Searches one port as a ScanPlan says. It only ever sends what a protocol asks first: requests
// that read.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "daemon/scan/scan_plan.h"
#include "daemon/scan/scan_report.h"

namespace cw {

struct ScannedPort {
  std::vector<FoundDevice> devices;
  bool foreign = false;  // another master drives the line
  std::string fault;     // why the port cannot be searched, or not to the end; empty: it was
  std::string advice{};  // what people can do where nothing was found; empty: nothing special
};

/// Told before each step, for people who wait.
using ScanProgress = std::function<void(const ScanStep& step, std::size_t done, std::size_t of)>;

/// No port takes longer, whatever happens on it.
inline constexpr Millis kScanMost{29'000};

ScannedPort scan_port(const std::string& port, Bus bus, const ScanProgress& progress);

/// The ports of this machine that a BMS may be on: by their lasting names where they have one.
std::vector<std::string> serial_ports();

}  // namespace cw

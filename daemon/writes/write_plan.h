// SPDX-License-Identifier: Apache-2.0
// Whether changes may be written to a device, and in which order: decided here, before a byte is
// sent. It sends nothing and keeps nothing.
#pragma once
#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/validation.h"
#include "drivers/protocol/settings.h"

namespace cw {

/// Who asks.
enum class WriteOrigin : std::uint8_t { control_socket, mqtt };
inline constexpr std::size_t kWriteOriginCount = 2;

constexpr std::string_view name(WriteOrigin origin) {
  constexpr std::string_view names[kWriteOriginCount] = {"control_socket", "mqtt"};
  return names[static_cast<std::size_t>(origin)];
}

/// What one of them may have written. Nothing, unless the configuration says so.
struct Allowance {
  std::array<bool, kParameterCount> parameters{};
  std::array<bool, kControlCount> controls{};

  bool has(Setting setting) const {
    if (setting.control == Control::parameter)
      return parameters[static_cast<std::size_t>(setting.parameter)];
    return controls[static_cast<std::size_t>(setting.control)];
  }
  void add(Setting setting) {
    if (setting.control == Control::parameter)
      parameters[static_cast<std::size_t>(setting.parameter)] = true;
    else
      controls[static_cast<std::size_t>(setting.control)] = true;
  }
};

struct WriteOptions {
  std::array<Allowance, kWriteOriginCount> allowed{};
  bool unverified = false;  // also what nobody has seen a board obey
};

/// What the plan is made for: the device as it is known now.
struct WriteTarget {
  const Pack& pack;
  const Settings* settings;  // of its protocol; nullptr: a wire that only reads
  Plant plant;
};

struct PlannedChange {
  Change change;
  std::optional<std::int32_t> before;  // in the unit of the setting; absent: not known
};

struct WritePlan {
  std::vector<PlannedChange> steps;  // after each of them the device's limits are in order
  std::vector<Change> already;       // the device is set so
  std::vector<std::string> notes;    // allowed, but worth a word
  std::vector<std::string> faults;   // why nothing may be sent, a sentence each

  bool good() const { return faults.empty(); }
};

WritePlan plan_writes(std::span<const Change> changes, const WriteTarget& target,
                      WriteOrigin origin, const WriteOptions& options);

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// What inverters are told, as JSON: the same members on MQTT and in `status`.
#pragma once
#include <array>
#include <span>
#include <string_view>

#include "bridge/json.h"
#include "core/limits_table.h"
#include "core/picture.h"

namespace cw {

/// A yes or no that inverters are told.
struct RequestFlag {
  std::string_view key;
  std::string_view title;
  bool BankRequest::*member;
};
inline constexpr std::array kRequestFlags = {
    RequestFlag{"charge_enabled", "Charging enabled", &BankRequest::charge_enabled},
    RequestFlag{"discharge_enabled", "Discharging enabled", &BankRequest::discharge_enabled},
    RequestFlag{"force_charge", "Charging at once is asked for", &BankRequest::force_charge},
    RequestFlag{"full_charge_wanted", "A full charge is asked for",
                &BankRequest::full_charge_wanted},
    RequestFlag{"full", "Full", &BankRequest::full},
};

/// Members of an open object: "voice", "charge_stage", the limits, the flags, "soc_told_pct", the
/// packs by state, "alarms", "warnings", and in "why" what binds each limit and what would be next.
/// Null while nothing is told.
void write_limits(JsonWriter& json, const BankRequest& request, std::span<const PackState> packs);

/// An object: the limits of the table, as one inverter is told them, "charge_enabled",
/// "discharge_enabled" and "soc_pct"; null: nothing is told.
void write_told(JsonWriter& json, const std::optional<InverterTold>& told);

/// "inverters": an object by name, each with "protocol", "open", "heard" (within 15 s), "heard_ts"
/// (Unix seconds of the last time, to the minute; null: never) and "told".
void write_inverters(JsonWriter& json, std::span<const InverterState> inverters, Instant now,
                     std::int64_t wall_ms);

}  // namespace cw

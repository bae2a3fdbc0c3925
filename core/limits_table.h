// SPDX-License-Identifier: Apache-2.0
// THE table of the limits that inverters are told: one row each. JSON, MQTT, the history and the
// printed documents are walks over it.
#pragma once
#include <array>

#include "core/bank_request.h"

namespace cw {

/// A limit of any unit.
struct LimitView {
  std::int32_t value = 0;
  LimitReason reason;
  std::optional<std::int32_t> next_value;
  LimitReason next;
};

struct LimitRow {
  std::string_view key;    // on every interface
  std::string_view name;   // without its unit: of reasons, and of events
  std::string_view title;  // for people
  Unit unit;
  LimitView (*view)(const BankRequest& request);
};

template <auto Member>
constexpr LimitView view_limit(const BankRequest& request) {
  const auto& limit = request.*Member;
  LimitView view{limit.value.count, limit.reason, std::nullopt, limit.next};
  if (limit.next_value) view.next_value = limit.next_value->count;
  return view;
}

inline constexpr std::size_t kLimitCount = 4;
inline constexpr std::array<LimitRow, kLimitCount> kRequestLimits = {{
    {"charge_voltage_limit_V", "charge_voltage_limit", "Charge voltage limit", Unit::millivolt,
     &view_limit<&BankRequest::charge_voltage>},
    {"discharge_voltage_limit_V", "discharge_voltage_limit", "Discharge voltage limit",
     Unit::millivolt, &view_limit<&BankRequest::discharge_voltage>},
    {"charge_current_limit_A", "charge_current_limit", "Charge current limit", Unit::milliamp,
     &view_limit<&BankRequest::charge_current>},
    {"discharge_current_limit_A", "discharge_current_limit", "Discharge current limit",
     Unit::milliamp, &view_limit<&BankRequest::discharge_current>},
}};

}  // namespace cw

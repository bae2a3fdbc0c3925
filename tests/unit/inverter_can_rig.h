// SPDX-License-Identifier: Apache-2.0
// For tests of what is told on CAN: frames as hex, and a bank that is well.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "bridge/inverter/can_profile.h"

namespace cw::test {

/// "356" and "C914D3FE".
inline CanFrame frame_of(const std::string& id, const std::string& data) {
  CanFrame frame;
  frame.id = static_cast<std::uint32_t>(std::stoul(id, nullptr, 16));
  frame.length = static_cast<std::uint8_t>(data.size() / 2);
  for (std::size_t i = 0; i < frame.length; ++i)
    frame.data[i] = static_cast<std::uint8_t>(std::stoul(data.substr(2 * i, 2), nullptr, 16));
  return frame;
}

inline std::string hex(const CanFrame& frame) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (std::size_t i = 0; i < frame.length; ++i) {
    out += digits[frame.data[i] >> 4];
    out += digits[frame.data[i] & 15];
  }
  return out;
}

/// The frame `id` of a set, as hex; "left out", "no such frame".
inline std::string hex(const CanProfile& profile, std::uint32_t id, const CanValues& values,
                       bool tenth_volt = false) {
  for (const CanFrameLayout& layout : profile.frames) {
    if (layout.id != id) continue;
    const auto frame = encode(profile, layout, values, tenth_volt);
    return frame ? hex(*frame) : "left out";
  }
  return "no such frame";
}

/// Two packs of 16 cells; every value is there and nothing is wrong.
inline BankRequest good_request() {
  BankRequest request;
  request.voice = Voice::speaking;
  request.cells = 16;
  request.charge_voltage_most = {55'200};
  request.nominal_voltage = {51'200};
  request.charge_voltage.value = {55'200};
  request.discharge_voltage.value = {46'400};
  request.charge_current.value = {120'000};
  request.discharge_current.value = {150'000};
  request.charge_enabled = true;
  request.discharge_enabled = true;
  request.measured.voltage = Millivolts{52'870};
  request.measured.current = Milliamps{12'300};
  request.measured.soc = CentiPercent{5'512};
  request.measured.soh = CentiPercent{9'800};
  request.measured.capacity = MilliampHours{200'000};
  request.measured.remaining = MilliampHours{110'240};
  request.measured.cycles = Count{77};
  request.measured.temperature = DeciCelsius{215};
  request.measured.temperature_max = {{221}, 2, 1};
  request.measured.temperature_min = {{208}, 1, 3};
  request.measured.cell_max = {{3'312}, 2, 7};
  request.measured.cell_min = {{3'301}, 1, 16};
  request.packs = 2;
  request.packs_online = 2;
  return request;
}

inline CanValues good_values(const BankRequest& request = good_request()) {
  CanValues values;
  values.request = request;
  values.raised = raised(request);
  (void)values.manufacturer.assign("MAKER");
  (void)values.battery_name.assign("Cellar bank");
  (void)values.serial.assign("SN12345678901");
  values.wall_ms = 1'700'000'000'000;  // 2023-11-14 22:13:20 UTC
  return values;
}

}  // namespace cw::test

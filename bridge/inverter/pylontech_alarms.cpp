// SPDX-License-Identifier: Apache-2.0
// The alarm bits of Pylontech's commands 0x44 and 0x62, as tables over our names.
#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

#include "bridge/inverter/pylontech_values.h"
#include "core/obedience.h"

namespace cw::pylontech {
namespace {

constexpr std::uint8_t kBelow = 1;
constexpr std::uint8_t kAbove = 2;

struct Bit {
  std::size_t byte;
  unsigned bit;
  Alarm alarm;
};

// clang-format off
/// 0x62: the first byte of alarms and of protections, then their second.
constexpr Bit kSystemBits[] = {
    {0, 7, Alarm::pack_overvoltage},
    {0, 6, Alarm::pack_undervoltage},
    {0, 5, Alarm::cell_overvoltage},
    {0, 4, Alarm::cell_undervoltage},
    {0, 3, Alarm::charge_overtemperature},
    {0, 3, Alarm::discharge_overtemperature},
    {0, 3, Alarm::battery_overtemperature},
    {0, 3, Alarm::box_overtemperature},
    {0, 2, Alarm::charge_undertemperature},
    {0, 2, Alarm::discharge_undertemperature},
    {0, 2, Alarm::battery_undertemperature},
    {0, 1, Alarm::mosfet_overtemperature},
    {1, 6, Alarm::charge_overcurrent},
    {1, 6, Alarm::charge_short_circuit},
    {1, 5, Alarm::discharge_overcurrent},
    {1, 5, Alarm::discharge_overcurrent_2},
    {1, 5, Alarm::discharge_overcurrent_3},
    {1, 5, Alarm::discharge_short_circuit},
};
/// Only told as alarms.
constexpr Bit kSystemAlarmBits[] = {
    {0, 0, Alarm::cell_voltage_difference},
    {1, 4, Alarm::internal_communication},
    {1, 4, Alarm::front_end_fault_a},
    {1, 4, Alarm::front_end_fault_b},
    {1, 4, Alarm::current_sensor},
    {1, 4, Alarm::temperature_sensor_fault},
};
/// Only told as protections: the fault of a system.
constexpr Bit kSystemFaultBits[] = {
    {1, 3, Alarm::front_end_fault_a},
    {1, 3, Alarm::front_end_fault_b},
    {1, 3, Alarm::current_sensor},
    {1, 3, Alarm::temperature_sensor_fault},
    {1, 3, Alarm::charge_mosfet_fault},
    {1, 3, Alarm::discharge_mosfet_fault},
    {1, 3, Alarm::cell_count_mismatch},
    {1, 3, Alarm::parallel_module_fault},
};
/// 0x62, by Disobeyed: what is not obeyed is an alarm of the same kind.
constexpr struct {
  std::size_t byte;
  unsigned bit;
} kDisobeyedBits[kDisobeyedCount] = {{1, 6}, {1, 5}, {0, 7}};
/// 0x44, the first byte of status.
constexpr Bit kPackBits[] = {
    {0, 7, Alarm::pack_undervoltage},
    {0, 6, Alarm::charge_overtemperature},
    {0, 5, Alarm::discharge_overtemperature},
    {0, 4, Alarm::discharge_overcurrent},
    {0, 4, Alarm::discharge_overcurrent_2},
    {0, 4, Alarm::discharge_overcurrent_3},
    {0, 4, Alarm::discharge_short_circuit},
    {0, 2, Alarm::charge_overcurrent},
    {0, 2, Alarm::charge_short_circuit},
    {0, 1, Alarm::cell_undervoltage},
    {0, 0, Alarm::pack_overvoltage},
    {0, 0, Alarm::cell_overvoltage},
};
// clang-format on

/// Inverters stop for a protection: while discharging is fine these are told by the limits alone
/// (inverter-can.md, section 11).
constexpr Alarm kOnlyCharging[] = {Alarm::cell_overvoltage,        Alarm::pack_overvoltage,
                                   Alarm::charge_overcurrent,      Alarm::charge_overtemperature,
                                   Alarm::charge_undertemperature, Alarm::charge_short_circuit};

void set(std::span<const Bit> bits, const AlarmSet& alarms, std::span<std::uint8_t> bytes) {
  for (const Bit& bit : bits)
    if (alarms.has(bit.alarm))
      bytes[bit.byte] = static_cast<std::uint8_t>(bytes[bit.byte] | 1U << bit.bit);
}

bool any(const AlarmSet& alarms, std::initializer_list<Alarm> which) {
  return std::ranges::any_of(which, [&](Alarm alarm) { return alarms.has(alarm); });
}

std::uint8_t state(bool above, bool below) { return above ? kAbove : below ? kBelow : 0; }

// Boards tell that a cell or a sensor is beyond its limit, not which: it is the worst.
template <class Value>
void mark(std::span<const Value> values, bool above, bool below, std::span<std::uint8_t> marks) {
  if (values.empty()) return;
  if (below)
    marks[static_cast<std::size_t>(std::ranges::min_element(values) - values.begin())] = kBelow;
  if (above)
    marks[static_cast<std::size_t>(std::ranges::max_element(values) - values.begin())] = kAbove;
}

void set_status(const ToldPack& pack, const BankRequest& request, PackAlarms& out) {
  const std::int32_t current = pack.current.value_or(Milliamps{}).count;
  constexpr std::int32_t kFlows = 100;  // mA
  const auto bits = [](std::initializer_list<std::pair<bool, unsigned>> flags) {
    unsigned byte = 0;
    for (const auto& [on, bit] : flags) byte |= on ? 1U << bit : 0U;
    return static_cast<std::uint8_t>(byte);
  };
  out.status[1] = bits({{true, 3}, {pack.discharge_mosfet, 2}, {pack.charge_mosfet, 1}});
  out.status[2] =
      bits({{current > kFlows, 7}, {current < -kFlows, 6}, {pack.heater, 5}, {request.full, 3}});
  for (std::size_t i = 0; i < 16; ++i)
    if (out.cells[i] != 0)
      out.status[3 + i / 8] = static_cast<std::uint8_t>(out.status[3 + i / 8] | 1U << i % 8);
}

}  // namespace

PackAlarms pack_alarms(const ToldPack& pack, const BankRequest& request) {
  const AlarmSet& alarms = pack.alarms;
  PackAlarms out;
  mark(std::span{pack.cells}.first(pack.cell_count), alarms.has(Alarm::cell_overvoltage),
       alarms.has(Alarm::cell_undervoltage), std::span{out.cells});
  const PackTemperatures temperatures = pack_temperatures(pack);
  mark(std::span{temperatures.values}.first(temperatures.count),
       any(alarms, {Alarm::charge_overtemperature, Alarm::discharge_overtemperature,
                    Alarm::battery_overtemperature, Alarm::mosfet_overtemperature}),
       any(alarms, {Alarm::charge_undertemperature, Alarm::discharge_undertemperature,
                    Alarm::battery_undertemperature}),
       std::span{out.temperatures});
  out.charge_current =
      state(any(alarms, {Alarm::charge_overcurrent, Alarm::charge_short_circuit}), false);
  out.discharge_current =
      state(any(alarms, {Alarm::discharge_overcurrent, Alarm::discharge_overcurrent_2,
                         Alarm::discharge_overcurrent_3, Alarm::discharge_short_circuit}),
            false);
  out.voltage = state(alarms.has(Alarm::pack_overvoltage), alarms.has(Alarm::pack_undervoltage));
  set(kPackBits, alarms, out.status);
  set_status(pack, request, out);
  return out;
}

std::array<std::uint8_t, 4> system_alarms(const BankRequest& request) {
  std::array<std::uint8_t, 4> bytes{};
  const auto warnings = std::span{bytes}.first(2);
  const auto protections = std::span{bytes}.last(2);
  set(kSystemBits, request.warnings, warnings);
  set(kSystemAlarmBits, request.warnings, warnings);
  for (std::size_t i = 0; i < kDisobeyedCount; ++i)
    if ((request.not_obeyed >> i & 1) != 0)
      warnings[kDisobeyedBits[i].byte] =
          static_cast<std::uint8_t>(warnings[kDisobeyedBits[i].byte] | 1U << kDisobeyedBits[i].bit);
  AlarmSet stopping = request.alarms;
  if (request.discharge_enabled)
    for (const Alarm alarm : kOnlyCharging) stopping.remove(alarm);
  set(kSystemBits, stopping, protections);
  set(kSystemFaultBits, stopping, protections);
  return bytes;
}

std::array<std::uint8_t, 3> program_version() {
  std::array<std::uint8_t, 3> numbers{};
  const std::string_view text = CW_VERSION;
  const char* at = text.data();
  for (std::uint8_t& number : numbers) {
    const auto [end, fault] = std::from_chars(at, text.data() + text.size(), number);
    if (fault != std::errc{}) break;
    at = end == text.data() + text.size() ? end : end + 1;
  }
  return numbers;
}

}  // namespace cw::pylontech

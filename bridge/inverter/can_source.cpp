// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/can_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace cw {
namespace {

using Number = std::optional<std::int64_t>;
using Values = const CanValues&;

constexpr std::int64_t kBalancedMost = 30;  // mV
constexpr std::int32_t kRestMost = 100;     // mA: the bank neither charges nor discharges

template <class Q>
Number count(const std::optional<Q>& value) {
  if (!value) return std::nullopt;
  return value->count;
}

template <class Q>
Number count(const std::optional<Extreme<Q>>& extreme) {
  if (!extreme) return std::nullopt;
  return extreme->value.count;
}

Number difference(Values v) {
  const BankMeasured& m = v.request.measured;
  if (!m.cell_max || !m.cell_min) return std::nullopt;
  return m.cell_max->value.count - m.cell_min->value.count;
}

// Cells are counted through all packs: the first of pack 2 comes after the last of pack 1.
Number cell_number(const std::optional<Extreme<Millivolts>>& extreme, std::uint8_t cells) {
  if (!extreme) return std::nullopt;
  return (std::max<int>(extreme->pack, 1) - 1) * cells + extreme->where;
}

Number sensor_number(const std::optional<Extreme<DeciCelsius>>& extreme) {
  if (!extreme) return std::nullopt;
  return extreme->where;
}

Number highest_temperature_apart(Values v) {
  const BankMeasured& m = v.request.measured;
  if (!m.temperature_max || !m.temperature_min) return std::nullopt;
  return std::max(m.temperature_max->value.count, m.temperature_min->value.count + 1);
}

Number energy(Values v) {
  const auto& capacity = v.request.measured.capacity;
  if (!capacity || v.request.nominal_voltage.count <= 0) return std::nullopt;
  return std::int64_t{capacity->count} * v.request.nominal_voltage.count / 1'000'000;
}

// 1 standby, 2 charging, 3 discharging.
Number operation(Values v) {
  const auto& current = v.request.measured.current;
  if (!current) return std::nullopt;
  if (current->count > kRestMost) return 2;
  return current->count < -kRestMost ? 3 : 1;
}

// From bit 0: 6 bits of seconds, 6 of minutes, 5 of hours, 5 of days, 4 of months, 6 of years since
// 2000 (inverter-can.md, section 7).
Number packed_time(Values v) {
  using namespace std::chrono;
  const sys_time<milliseconds> when{milliseconds{v.wall_ms}};
  const auto day = floor<days>(when);
  const year_month_day date{day};
  const hh_mm_ss time{floor<seconds>(when - day)};
  const std::int64_t years = int{date.year()} - 2000;
  if (years < 0 || years > 63) return std::nullopt;
  return years << 26 | std::int64_t{unsigned{date.month()}} << 22 |
         std::int64_t{unsigned{date.day()}} << 17 | std::int64_t{time.hours().count()} << 12 |
         std::int64_t{time.minutes().count()} << 6 | std::int64_t{time.seconds().count()};
}

// clang-format off
constexpr std::array<CanNumberRow, kCanNumberCount> kNumbers = {{
    {"charge voltage limit", Unit::millivolt, [](Values v) -> Number { return v.request.charge_voltage.value.count; }},
    {"charge current limit", Unit::milliamp, [](Values v) -> Number { return v.request.charge_current.value.count; }},
    {"discharge current limit", Unit::milliamp, [](Values v) -> Number { return v.request.discharge_current.value.count; }},
    {"discharge voltage limit", Unit::millivolt, [](Values v) -> Number { return v.request.discharge_voltage.value.count; }},
    {"state of charge", Unit::centipercent, [](Values v) { return count(v.request.measured.soc); }},
    {"state of health", Unit::centipercent, [](Values v) { return count(v.request.measured.soh); }},
    {"voltage", Unit::millivolt, [](Values v) { return count(v.request.measured.voltage); }},
    {"current, positive charges", Unit::milliamp, [](Values v) { return count(v.request.measured.current); }},
    {"temperature", Unit::decicelsius, [](Values v) { return count(v.request.measured.temperature); }},
    {"highest temperature", Unit::decicelsius, [](Values v) { return count(v.request.measured.temperature_max); }},
    {"highest temperature, at least 0.1 °C above the lowest", Unit::decicelsius, &highest_temperature_apart},
    {"lowest temperature", Unit::decicelsius, [](Values v) { return count(v.request.measured.temperature_min); }},
    {"sensor with the highest temperature", Unit::count, [](Values v) { return sensor_number(v.request.measured.temperature_max); }},
    {"sensor with the lowest temperature", Unit::count, [](Values v) { return sensor_number(v.request.measured.temperature_min); }},
    {"highest cell", Unit::millivolt, [](Values v) { return count(v.request.measured.cell_max); }},
    {"lowest cell", Unit::millivolt, [](Values v) { return count(v.request.measured.cell_min); }},
    {"highest less lowest cell", Unit::millivolt, &difference},
    {"highest cell, counted through all packs", Unit::count, [](Values v) { return cell_number(v.request.measured.cell_max, v.request.cells); }},
    {"lowest cell, counted through all packs", Unit::count, [](Values v) { return cell_number(v.request.measured.cell_min, v.request.cells); }},
    {"packs", Unit::count, [](Values v) -> Number { return v.request.packs; }},
    {"packs online", Unit::count, [](Values v) -> Number { return v.request.packs_online; }},
    {"packs that forbid charging", Unit::count, [](Values v) -> Number { return v.request.packs_blocking_charge; }},
    {"packs that forbid discharging", Unit::count, [](Values v) -> Number { return v.request.packs_blocking_discharge; }},
    {"packs not heard", Unit::count, [](Values v) -> Number { return v.request.packs_offline; }},
    {"cells of all packs", Unit::count, [](Values v) -> Number { return v.request.packs * v.request.cells; }},
    {"capacity", Unit::milliamp_hour, [](Values v) { return count(v.request.measured.capacity); }},
    {"capacity left", Unit::milliamp_hour, [](Values v) { return count(v.request.measured.remaining); }},
    {"energy when full", Unit::count, &energy},
    {"cycles", Unit::count, [](Values v) { return count(v.request.measured.cycles); }},
    {"1 standby, 2 charging, 3 discharging", Unit::count, &operation},
    {"time: from bit 0 seconds (6 bits), minutes (6), hours (5), day (5), month (4), year - 2000", Unit::count, &packed_time},
}};
// clang-format on
static_assert(kCanNumberCount == static_cast<std::size_t>(CanNumber::packed_time) + 1);

template <class Q>
Text<24> place(const std::optional<Extreme<Q>>& extreme, char kind) {
  Text<24> text;
  if (extreme && extreme->pack != 0 && extreme->where != 0)
    (void)text.assign(fmt::format("P{}{}{}", extreme->pack, kind, extreme->where));
  return text;
}

Text<24> widened(std::string_view from) {
  Text<24> text;
  (void)text.assign(from);  // shorter by its type
  return text;
}

}  // namespace

const CanNumberRow& facts(CanNumber number) { return kNumbers[static_cast<std::size_t>(number)]; }

std::string_view name(CanFlag flag) {
  constexpr std::string_view names[kCanFlagCount] = {
      "charging allowed",      "discharging allowed",       "charging demanded",
      "full charge asked for", "cells at most 30 mV apart", "some alarm"};
  return names[static_cast<std::size_t>(flag)];
}

bool is_set(CanFlag flag, const CanValues& values) {
  const BankRequest& request = values.request;
  switch (flag) {
    case CanFlag::charge_enabled: return request.charge_enabled;
    case CanFlag::discharge_enabled: return request.discharge_enabled;
    case CanFlag::force_charge: return request.force_charge;
    case CanFlag::full_charge_wanted: return request.full_charge_wanted;
    case CanFlag::balanced: return difference(values).value_or(kBalancedMost + 1) <= kBalancedMost;
    case CanFlag::protected_: return values.raised.alarms != 0;
  }
  return false;
}

std::string_view name(CanText text) {
  constexpr std::string_view names[kCanTextCount] = {"manufacturer",
                                                     "battery name",
                                                     "serial number of the first pack",
                                                     "place of the lowest cell",
                                                     "place of the highest cell",
                                                     "place of the lowest temperature",
                                                     "place of the highest temperature"};
  return names[static_cast<std::size_t>(text)];
}

Text<24> text_of(CanText text, const CanValues& values) {
  const BankMeasured& measured = values.request.measured;
  switch (text) {
    case CanText::manufacturer: return widened(values.manufacturer.view());
    case CanText::battery_name: return widened(values.battery_name.view());
    case CanText::serial: return values.serial;
    case CanText::cell_min_place: return place(measured.cell_min, 'C');
    case CanText::cell_max_place: return place(measured.cell_max, 'C');
    case CanText::temperature_min_place: return place(measured.temperature_min, 'T');
    case CanText::temperature_max_place: return place(measured.temperature_max, 'T');
  }
  return {};
}

}  // namespace cw

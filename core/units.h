// SPDX-License-Identifier: Apache-2.0
// Quantities carry their unit in the type and count in integers, so that the gateway and a
// microcontroller compute bit-identical results. Never floating point, never a bare number.
#pragma once
#include <compare>
#include <cstdint>
#include <string_view>

namespace cw {

/// An integer count of one unit. Adding quantities of different units does not compile.
template <class Tag>
struct Quantity {
  std::int32_t count = 0;
  friend constexpr auto operator<=>(Quantity, Quantity) = default;
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return {a.count + b.count}; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return {a.count - b.count}; }
  friend constexpr Quantity operator-(Quantity a) { return {-a.count}; }
};

using Millivolts = Quantity<struct MillivoltTag>;
using Milliamps = Quantity<struct MilliampTag>;    // positive charges the battery
using Milliwatts = Quantity<struct MilliwattTag>;  // positive charges the battery
using MilliampHours = Quantity<struct MilliampHourTag>;
using MicroOhms = Quantity<struct MicroOhmTag>;
using DeciCelsius = Quantity<struct DeciCelsiusTag>;
using CentiPercent = Quantity<struct CentiPercentTag>;
using Seconds = Quantity<struct SecondTag>;
using Count = Quantity<struct CountTag>;  // cycles, cells; indices count from 1
using Flag = Quantity<struct FlagTag>;    // 0 or 1

using Millis = Quantity<struct MilliTag>;  // a span of time

/// A point on the monotonic clock. 64 bits: it never wraps in service.
struct Instant {
  std::int64_t ms = 0;
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 sees the 0 of the generated comparison
  friend constexpr auto operator<=>(Instant, Instant) = default;
  friend constexpr Instant operator+(Instant t, Millis d) { return {t.ms + d.count}; }
};

/// What a count means to people: value = count / 10^decimals, printed with `symbol`.
enum class Unit : std::uint8_t {
  millivolt,
  milliamp,
  milliwatt,
  milliamp_hour,
  micro_ohm,
  decicelsius,
  centipercent,
  second,
  millisecond,
  microsecond,
  count,
  flag,
};

struct UnitFacts {
  std::string_view symbol;  // for people and Home Assistant: "V", "°C"
  std::string_view suffix;  // last part of a key: "V", "C", "pct"; empty where there is none
  std::uint8_t decimals;    // value = count / 10^decimals
};

constexpr UnitFacts facts(Unit unit) {
  switch (unit) {
    case Unit::millivolt: return {"V", "V", 3};
    case Unit::milliamp: return {"A", "A", 3};
    case Unit::milliwatt: return {"W", "W", 3};
    case Unit::milliamp_hour: return {"Ah", "Ah", 3};
    case Unit::micro_ohm: return {"ohm", "ohm", 6};
    case Unit::decicelsius: return {"°C", "C", 1};
    case Unit::centipercent: return {"%", "pct", 2};
    case Unit::second: return {"s", "s", 0};
    case Unit::millisecond: return {"s", "s", 3};
    case Unit::microsecond: return {"s", "s", 6};
    case Unit::count: return {"", "", 0};
    case Unit::flag: return {"", "", 0};
  }
  return {};
}

template <class Q>
inline constexpr Unit unit_of = Unit{};
template <>
inline constexpr Unit unit_of<Millivolts> = Unit::millivolt;
template <>
inline constexpr Unit unit_of<Milliamps> = Unit::milliamp;
template <>
inline constexpr Unit unit_of<Milliwatts> = Unit::milliwatt;
template <>
inline constexpr Unit unit_of<MilliampHours> = Unit::milliamp_hour;
template <>
inline constexpr Unit unit_of<MicroOhms> = Unit::micro_ohm;
template <>
inline constexpr Unit unit_of<DeciCelsius> = Unit::decicelsius;
template <>
inline constexpr Unit unit_of<CentiPercent> = Unit::centipercent;
template <>
inline constexpr Unit unit_of<Seconds> = Unit::second;
template <>
inline constexpr Unit unit_of<Millis> = Unit::millisecond;
template <>
inline constexpr Unit unit_of<Count> = Unit::count;
template <>
inline constexpr Unit unit_of<Flag> = Unit::flag;

namespace literals {
constexpr Millivolts operator""_mV(unsigned long long v) { return {static_cast<std::int32_t>(v)}; }
constexpr Milliamps operator""_mA(unsigned long long v) { return {static_cast<std::int32_t>(v)}; }
constexpr DeciCelsius operator""_dC(unsigned long long v) { return {static_cast<std::int32_t>(v)}; }
constexpr Millis operator""_ms(unsigned long long v) { return {static_cast<std::int32_t>(v)}; }
constexpr Millis operator""_s(unsigned long long v) {
  return {static_cast<std::int32_t>(v * 1000)};
}
}  // namespace literals
}  // namespace cw

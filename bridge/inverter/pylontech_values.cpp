// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/pylontech_values.h"

#include <algorithm>
#include <string_view>

#include "core/assert.h"

namespace cw::pylontech {
namespace {

std::int32_t rounded_up(std::int32_t value, std::int32_t by) { return (value + by - 1) / by; }

std::int32_t kelvin(DeciCelsius temperature) { return temperature.count + kKelvinOffset; }

std::int32_t where(std::size_t pack, std::size_t place) {
  return static_cast<std::int32_t>(pack << 8 | (place & 0xFF));
}

std::int32_t status_of(const BankRequest& request) {
  return (request.charge_enabled ? kChargeEnable : 0) |
         (request.discharge_enabled ? kDischargeEnable : 0) |
         (request.force_charge ? kChargeNow1 | kChargeNow2 : 0) |
         (request.full_charge_wanted ? kFullChargeWanted : 0);
}

/// Mean and extremes over packs.
struct Spread {
  std::int64_t sum = 0;
  std::int32_t count = 0;
  Extreme<Count> most{};
  Extreme<Count> least{};

  void add(std::int32_t value, std::size_t pack) {
    const Extreme<Count> here{{value}, static_cast<std::uint8_t>(pack), 1};
    if (count == 0 || value > most.value.count) most = here;
    if (count == 0 || value < least.value.count) least = here;
    sum += value;
    ++count;
  }
  std::int32_t mean() const { return count == 0 ? 0 : static_cast<std::int32_t>(sum / count); }
};

template <class Get>
Spread spread_of(const Told& told, const Get& get) {
  Spread spread;
  for (std::size_t i = 0; i < told.members(); ++i) {
    const ToldPack* const pack = told.member(i);
    if (pack == nullptr) continue;
    if (const auto value = get(*pack)) spread.add(value->count, i + 1);
  }
  return spread;
}

void put_temperatures(const Told& told, System& values) {
  const BankMeasured& measured = told.request().measured;
  const auto& most = *measured.temperature_max;
  const auto& least = *measured.temperature_min;
  values.cell_mean_dK = kelvin(*measured.temperature);
  values.cell_max_dK = kelvin(most.value);
  values.cell_max_dK_where = where(most.pack, most.where);
  values.cell_min_dK = kelvin(least.value);
  values.cell_min_dK_where = where(least.pack, least.where);
  // Without a sensor at the switches the battery's stand for it.
  Spread mosfets = spread_of(told, [](const ToldPack& pack) { return pack.mosfet_temperature; });
  if (mosfets.count == 0) {
    mosfets.add(most.value.count, most.pack);
    mosfets.add(least.value.count, least.pack);
  }
  values.mosfet_mean_dK = mosfets.mean() + kKelvinOffset;
  values.mosfet_max_dK = mosfets.most.value.count + kKelvinOffset;
  values.mosfet_max_where = where(mosfets.most.pack, 1);
  values.mosfet_min_dK = mosfets.least.value.count + kKelvinOffset;
  values.mosfet_min_where = where(mosfets.least.pack, 1);
  // The board's own temperature is that of its switches: nothing else is measured there.
  values.board_mean_dK = values.mosfet_mean_dK;
  values.board_max_dK = values.mosfet_max_dK;
  values.board_max_where = values.mosfet_max_where;
  values.board_min_dK = values.mosfet_min_dK;
  values.board_min_where = values.mosfet_min_where;
}

}  // namespace

Management management_of(const Told& told, const InverterOptions& options, std::int32_t unit_mA,
                         std::size_t share_of) {
  CW_ASSERT(unit_mA > 0 && share_of > 0);
  const BankRequest& request = told.request();
  const auto part = [&](Milliamps limit) {
    const std::int32_t units = std::max(limit.count, 0) / static_cast<std::int32_t>(share_of);
    const std::int32_t least = options.least_current && !told.resting() ? 100 / unit_mA : 0;
    return std::max(units / unit_mA, least);
  };
  return {request.charge_voltage.value.count, request.discharge_voltage.value.count,
          part(request.charge_current.value), part(request.discharge_current.value),
          status_of(request)};
}

std::optional<System> system_of(const Told& told) {
  const BankMeasured& measured = told.request().measured;
  if (!measured.voltage || !measured.current || !measured.soc || !measured.cell_max ||
      !measured.cell_min || !measured.temperature || !measured.temperature_max ||
      !measured.temperature_min)
    return std::nullopt;
  System values{};
  values.voltage_mV = measured.voltage->count;
  values.current_cA = measured.current->count / 10;
  values.soc_pct = measured.soc->count / 100;
  const Spread cycles = spread_of(told, [](const ToldPack& pack) { return pack.cycles; });
  values.cycles_mean = cycles.mean();
  values.cycles_max = cycles.most.value.count;
  // Boards that tell no health have nothing to say against it.
  const Spread soh = spread_of(told, [](const ToldPack& pack) {
    return std::optional{pack.soh.value_or(CentiPercent{10'000})};
  });
  values.soh_mean = soh.mean() / 100;
  values.soh_min = soh.least.value.count / 100;
  values.cell_max_mV = measured.cell_max->value.count;
  values.cell_max_where = where(measured.cell_max->pack, measured.cell_max->where);
  values.cell_min_mV = measured.cell_min->value.count;
  values.cell_min_where = where(measured.cell_min->pack, measured.cell_min->where);
  put_temperatures(told, values);
  return values;
}

// A reader may take these for limits in force: the voltages and currents are those.
std::optional<Limits> limits_of(const Told& told) {
  const BankRequest& request = told.request();
  const auto most = [&](Parameter p) { return strictest(told, p, Strictest::lowest); };
  const auto least = [&](Parameter p) { return strictest(told, p, Strictest::highest); };
  const auto charge_high = most(Parameter::charge_overtemperature);
  const auto charge_low = least(Parameter::charge_undertemperature);
  const auto discharge_high = most(Parameter::discharge_overtemperature);
  const auto discharge_low = least(Parameter::discharge_undertemperature);
  const auto cell_high = most(Parameter::cell_overvoltage);
  const auto cell_under = least(Parameter::cell_undervoltage);
  if (!charge_high || !charge_low || !discharge_high || !discharge_low || !cell_high ||
      !cell_under || request.cells == 0)
    return std::nullopt;
  const std::int32_t low = request.discharge_voltage.value.count;
  return Limits{*cell_high,
                std::max(rounded_up(low, request.cells), *cell_under),
                *cell_under,
                kelvin({*charge_high}),
                kelvin({*charge_low}),
                request.charge_current.value.count / 100,
                request.charge_voltage.value.count,
                low,
                std::min(low, *cell_under * request.cells),
                kelvin({*discharge_high}),
                kelvin({*discharge_low}),
                -(request.discharge_current.value.count / 100)};
}

std::optional<PackTail> pack_tail(const ToldPack& pack) {
  constexpr std::int32_t kShortMost = 65'000;  // mAh
  constexpr std::int32_t kSeeLong = 0xFFFF;
  if (!pack.voltage || !pack.current || !pack.capacity || !pack.remaining) return std::nullopt;
  const bool is_short = pack.capacity->count <= kShortMost && pack.remaining->count <= kShortMost;
  return PackTail{pack.current->count / 100,
                  pack.voltage->count,
                  is_short ? pack.remaining->count : kSeeLong,
                  is_short ? kShortItems : kLongItems,
                  is_short ? pack.capacity->count : kSeeLong,
                  pack.cycles.value_or(Count{}).count,
                  pack.remaining->count,
                  pack.capacity->count};
}

PackTemperatures pack_temperatures(const ToldPack& pack) {
  PackTemperatures out;
  if (pack.temperature_count == 0 && !pack.mosfet_temperature) return out;
  out.values[out.count++] = pack.mosfet_temperature.value_or(pack.temperatures[0]);
  for (std::size_t i = 0; i < pack.temperature_count; ++i)
    out.values[out.count++] = pack.temperatures[i];
  return out;
}

}  // namespace cw::pylontech

// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/told_bank.h"

#include <algorithm>
#include <vector>

#include "core/assert.h"

namespace cw {
namespace {

/// `count` of `values`, the lowest first and the highest last; the values must not be fewer.
template <class Value, std::size_t N>
void pick_evenly(std::vector<Value>& values, std::size_t count, std::array<Value, N>& picked) {
  std::ranges::sort(values);
  for (std::size_t i = 0; i < count; ++i)
    picked[i] = values[count == 1 ? values.size() - 1 : i * (values.size() - 1) / (count - 1)];
}

// A pack whose cells are not all known may have the worst of them: then none is told.
void pick_cells(std::span<const ToldPack* const> packs, ToldPack& one) {
  std::vector<Millivolts> cells;
  if (std::ranges::any_of(packs, [](const ToldPack* pack) { return pack->cell_count == 0; }))
    return;
  for (const ToldPack* const pack : packs) {
    cells.insert(cells.end(), pack->cells.begin(),
                 pack->cells.begin() + static_cast<std::ptrdiff_t>(pack->cell_count));
    one.cell_count = std::max(one.cell_count, pack->cell_count);
  }
  pick_evenly(cells, one.cell_count, one.cells);
}

void pick_temperatures(std::span<const ToldPack* const> packs, ToldPack& one) {
  std::vector<DeciCelsius> temperatures;
  for (const ToldPack* const pack : packs) {
    temperatures.insert(
        temperatures.end(), pack->temperatures.begin(),
        pack->temperatures.begin() + static_cast<std::ptrdiff_t>(pack->temperature_count));
    one.temperature_count = std::max(one.temperature_count, pack->temperature_count);
    if (pack->mosfet_temperature)
      one.mosfet_temperature = std::max(one.mosfet_temperature.value_or(*pack->mosfet_temperature),
                                        *pack->mosfet_temperature);
  }
  // Both extremes, also of packs with one sensor each.
  one.temperature_count =
      std::max(one.temperature_count, std::min<std::size_t>(temperatures.size(), 2));
  pick_evenly(temperatures, one.temperature_count, one.temperatures);
}

}  // namespace

ToldPack bank_as_one(const BankRequest& request, std::span<const ToldPack* const> packs) {
  CW_ASSERT(!packs.empty());
  const BankMeasured& measured = request.measured;
  ToldPack one;
  one.serial = packs.front()->serial;
  one.voltage = measured.voltage;
  one.current = measured.current;
  one.capacity = measured.capacity;
  one.remaining = measured.remaining;
  one.cycles = measured.cycles;
  one.soh = measured.soh;
  one.alarms = request.alarms;
  for (const ToldPack* const pack : packs) {
    one.fresh = one.fresh || pack->fresh;
    one.charge_mosfet = one.charge_mosfet || pack->charge_mosfet;
    one.discharge_mosfet = one.discharge_mosfet || pack->discharge_mosfet;
    one.heater = one.heater || pack->heater;
  }
  pick_cells(packs, one);
  pick_temperatures(packs, one);
  return one;
}

}  // namespace cw

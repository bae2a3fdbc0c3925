// SPDX-License-Identifier: Apache-2.0
#include "core/bank.h"

#include "core/measurements.h"
#include "core/picture.h"

namespace cw {
namespace {

bool is_in(const PackState& state, Instant now) {
  if (!state.fresh(now)) return false;
  const auto charge = state.pack.scalars.charge_mosfet.fresh(now, state.max_age);
  const auto discharge = state.pack.scalars.discharge_mosfet.fresh(now, state.max_age);
  return !charge || !discharge || charge->count != 0 || discharge->count != 0;
}

template <auto Member>
std::optional<std::int64_t> sum(std::span<const PackState> packs, Instant now) {
  std::int64_t total = 0;
  bool any = false;
  for (const PackState& state : packs) {
    if (!is_in(state, now)) continue;
    const auto value = (state.pack.scalars.*Member).fresh(now, state.max_age);
    if (!value) return std::nullopt;
    total += value->count;
    any = true;
  }
  if (!any) return std::nullopt;
  return total;
}

template <auto Member>
void put(Bank& bank, std::optional<std::int64_t> value, Instant now) {
  auto& reading = bank.scalars.*Member;
  if (!value) return;
  if (*value < INT32_MIN || *value > INT32_MAX) return reading.reject(now);
  reading.set({static_cast<std::int32_t>(*value)}, now);
}

std::optional<std::int64_t> soc_by_capacity(std::span<const PackState> packs, Instant now) {
  std::int64_t weighted = 0;  // 2'000'000'000 mAh x 10'000 leaves room for 400'000 packs
  std::int64_t weights = 0;
  for (const PackState& state : packs) {
    if (!is_in(state, now)) continue;
    const auto soc = state.pack.scalars.soc.fresh(now, state.max_age);
    const auto capacity = usable_capacity(state.pack.scalars, now, state.max_age);
    if (!soc || !capacity) return std::nullopt;
    weighted += std::int64_t{capacity->count} * soc->count;
    weights += capacity->count;
  }
  if (weights == 0) return std::nullopt;
  return weighted / weights;
}

struct CellOfBank {
  Measurement cell;
  std::uint8_t pack;  // from 1
};

// The extreme over all packs that are in; absent when one of them does not know its own.
template <class Better>
std::optional<CellOfBank> extreme_cell(std::span<const PackState> packs, Instant now, Input input,
                                       Better better) {
  std::optional<CellOfBank> best;
  for (std::size_t i = 0; i < packs.size(); ++i) {
    if (!is_in(packs[i], now)) continue;
    const auto cell = measure(packs[i].pack, now, packs[i].max_age)[input];
    if (!cell) return std::nullopt;
    if (!best || better(cell->value, best->cell.value))
      best = {*cell, static_cast<std::uint8_t>(i + 1)};
  }
  return best;
}

void put_cell_extremes(Bank& bank, std::span<const PackState> packs, Instant now) {
  PackScalars& out = bank.scalars;
  const auto higher = [](std::int32_t a, std::int32_t b) { return a > b; };
  const auto lower = [](std::int32_t a, std::int32_t b) { return a < b; };
  if (const auto highest = extreme_cell(packs, now, Input::highest_cell, higher)) {
    out.cell_voltage_max.set({highest->cell.value}, now);
    out.cell_voltage_max_index.set({highest->cell.where}, now);
    bank.cell_voltage_max_pack = highest->pack;
  }
  if (const auto lowest = extreme_cell(packs, now, Input::lowest_cell, lower)) {
    out.cell_voltage_min.set({lowest->cell.value}, now);
    out.cell_voltage_min_index.set({lowest->cell.where}, now);
    bank.cell_voltage_min_pack = lowest->pack;
  }
}

// Packs of different numbers of cells have no voltage in common, whatever they are wired to.
bool can_be_parallel(std::span<const PackState> packs, Instant now) {
  std::optional<Count> cells;
  for (const PackState& state : packs) {
    if (!is_in(state, now)) continue;
    const auto own = state.pack.scalars.cell_count.fresh(now, state.max_age);
    if (!own) continue;
    if (cells && *cells != *own) return false;
    cells = own;
  }
  return true;
}

}  // namespace

Bank aggregate(std::span<const PackState> packs, Instant now) {
  using P = PackScalars;
  Bank bank;
  bank.packs = static_cast<std::uint8_t>(packs.size());
  AlarmSet alarms;
  bool any_heard = false;
  for (const PackState& state : packs) {
    if (is_in(state, now)) ++bank.packs_in;
    if (!state.fresh(now)) continue;
    if (const auto own = state.pack.alarms.fresh(now, state.max_age)) {
      any_heard = true;
      alarms.named |= own->named;
      alarms.unknown |= own->unknown;
    }
  }
  if (any_heard) bank.alarms.set(alarms, now);
  if (bank.packs_in == 0) return bank;
  if (const auto volts = sum<&P::voltage>(packs, now); volts && can_be_parallel(packs, now))
    put<&P::voltage>(bank, *volts / bank.packs_in, now);
  put<&P::current>(bank, sum<&P::current>(packs, now), now);
  put<&P::power>(bank, sum<&P::power>(packs, now), now);
  put<&P::soc>(bank, soc_by_capacity(packs, now), now);
  put<&P::capacity_nominal>(bank, sum<&P::capacity_nominal>(packs, now), now);
  put<&P::capacity_full>(bank, sum<&P::capacity_full>(packs, now), now);
  put<&P::capacity_remaining>(bank, sum<&P::capacity_remaining>(packs, now), now);
  put_cell_extremes(bank, packs, now);
  return bank;
}

}  // namespace cw

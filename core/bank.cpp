// SPDX-License-Identifier: Apache-2.0
#include "core/bank.h"

#include "core/fields.h"
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
  std::int64_t weighted = 0;
  std::int64_t weights = 0;
  for (const PackState& state : packs) {
    if (!is_in(state, now)) continue;
    const PackScalars& s = state.pack.scalars;
    const auto soc = s.soc.fresh(now, state.max_age);
    auto capacity = s.capacity_full.fresh(now, state.max_age);
    if (!capacity) capacity = s.capacity_nominal.fresh(now, state.max_age);
    if (!soc || !capacity || capacity->count <= 0) return std::nullopt;
    const std::int64_t weight = capacity->count / 10 + 1;  // 0.01 Ah; the product stays in 64 bits
    weighted += weight * soc->count;
    weights += weight;
  }
  if (weights == 0) return std::nullopt;
  return weighted / weights;
}

void put_cell_extremes(Bank& bank, std::span<const PackState> packs, Instant now) {
  PackScalars& out = bank.scalars;
  for (std::size_t i = 0; i < packs.size(); ++i) {
    if (!is_in(packs[i], now)) continue;
    const auto m = measure(packs[i].pack, now, packs[i].max_age);
    const auto number = static_cast<std::uint8_t>(i + 1);
    if (const auto cell = m[Input::highest_cell]) {
      const auto best = out.cell_voltage_max.fresh(now, {0});
      if (!best || cell->value > best->count) {
        out.cell_voltage_max.set({cell->value}, now);
        out.cell_voltage_max_index.set({cell->where}, now);
        bank.cell_voltage_max_pack = number;
      }
    }
    if (const auto cell = m[Input::lowest_cell]) {
      const auto best = out.cell_voltage_min.fresh(now, {0});
      if (!best || cell->value < best->count) {
        out.cell_voltage_min.set({cell->value}, now);
        out.cell_voltage_min_index.set({cell->where}, now);
        bank.cell_voltage_min_pack = number;
      }
    }
  }
}

}  // namespace

Bank aggregate(std::span<const PackState> packs, Instant now) {
  using P = PackScalars;
  Bank bank;
  bank.packs = static_cast<std::uint8_t>(packs.size());
  for (const PackState& state : packs) {
    if (!is_in(state, now)) continue;
    ++bank.packs_in;
    if (const auto alarms = state.pack.alarms.fresh(now, state.max_age)) {
      bank.alarms.named |= alarms->named;
      bank.alarms.unknown |= alarms->unknown;
    }
  }
  if (bank.packs_in == 0) return bank;
  if (const auto volts = sum<&P::voltage>(packs, now))
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

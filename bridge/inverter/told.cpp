// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/told.h"

#include <algorithm>

#include "bridge/inverter/told_bank.h"
#include "bridge/inverter/told_request.h"
#include "core/measurements.h"

namespace cw {
namespace {

void copy_cells(const Pack& pack, Instant now, Millis age, ToldPack& told) {
  const auto count = pack.scalars.cell_count.fresh(now, age);
  std::size_t cells = 0;
  while (cells < kMaxCells) {
    const auto voltage = pack.cell_voltage[cells].fresh(now, age);
    if (!voltage) break;
    told.cells[cells++] = *voltage;
  }
  const bool whole = !count || static_cast<std::size_t>(std::max(count->count, 0)) <= cells;
  told.cell_count = whole ? cells : 0;
}

void copy_temperatures(const Pack& pack, Instant now, Millis age, ToldPack& told) {
  told.temperature_count = 0;
  for (const auto& reading : pack.temperature)
    if (const auto value = reading.fresh(now, age))
      told.temperatures[told.temperature_count++] = *value;
}

bool is_on(const Reading<Flag>& flag, Instant now, Millis age) {
  return flag.fresh(now, age).value_or(Flag{}).count != 0;
}

// What is not fresh any more keeps what was known last.
void copy(const PackState& state, Instant now, ToldPack& told) {
  told.policy = state.policy;
  told.fresh = state.fresh(now);
  if (!told.fresh) return;
  const PackScalars& scalars = state.pack.scalars;
  const Millis age = state.max_age;
  told.serial = state.pack.identity.serial;
  told.voltage = scalars.voltage.fresh(now, age);
  told.current = scalars.current.fresh(now, age);
  told.capacity = usable_capacity(scalars, now, age);
  told.remaining = scalars.capacity_remaining.fresh(now, age);
  told.cycles = scalars.cycle_count.fresh(now, age);
  told.soh = scalars.soh.fresh(now, age);
  told.mosfet_temperature = scalars.mosfet_temperature.fresh(now, age);
  copy_cells(state.pack, now, age, told);
  copy_temperatures(state.pack, now, age, told);
  told.alarms = state.pack.alarms.fresh(now, age).value_or(AlarmSet{});
  told.charge_mosfet = is_on(scalars.charge_mosfet, now, age);
  told.discharge_mosfet = is_on(scalars.discharge_mosfet, now, age);
  told.heater = is_on(scalars.heater, now, age);
}

}  // namespace

void Told::take(const Picture& picture, Instant now) {
  request_ = *picture.request;
  packs_.resize(picture.packs.size());
  any_fresh_ = false;
  for (std::size_t i = 0; i < packs_.size(); ++i) {
    copy(picture.packs[i], now, packs_[i]);
    any_fresh_ = any_fresh_ || packs_[i].fresh;
  }
  if (options_.one_battery) {
    std::vector<const ToldPack*> told;
    for (std::size_t i = 0; i < packs_.size(); ++i)
      if (const ToldPack* const pack = member(i)) told.push_back(pack);
    one_.reset();
    if (!told.empty()) one_ = bank_as_one(request_, told);
  }
  taken_ = now;
  if (request_.voice == Voice::blind || request_.packs_offline > 0)
    request_.warnings.add(Alarm::internal_communication);
  keep_soc(request_, options_);
  if (resting()) forbid_everything(request_);
}

void Told::end() {
  ended_ = true;
  forbid_everything(request_);
}

const ToldPack* Told::pack(std::size_t index) const {
  if (!options_.one_battery) return member(index);
  return index == 0 && one_ ? &*one_ : nullptr;
}

const ToldPack* Told::member(std::size_t index) const {
  if (index >= packs_.size()) return nullptr;
  const ToldPack& pack = packs_[index];
  return pack.fresh || (!any_fresh_ && pack.voltage) ? &pack : nullptr;
}

std::size_t Told::packs_known() const {
  std::size_t known = 0;
  for (std::size_t i = 0; i < packs(); ++i) known += pack(i) != nullptr ? 1 : 0;
  return known;
}

std::optional<std::int32_t> strictest(const Told& told, Parameter parameter, Strictest which) {
  std::optional<std::int32_t> best;
  for (std::size_t i = 0; i < told.members(); ++i) {
    const ToldPack* const pack = told.member(i);
    const auto value = pack != nullptr ? pack->policy.get(parameter) : std::nullopt;
    if (!value) continue;
    if (!best || (which == Strictest::lowest ? *value < *best : *value > *best)) best = value;
  }
  return best;
}

}  // namespace cw

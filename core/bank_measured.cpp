// SPDX-License-Identifier: Apache-2.0
#include "core/bank_measured.h"

#include <algorithm>

namespace cw {
namespace {

constexpr std::int32_t kHot_dC = 400;   // from here the hottest sensor is told
constexpr std::int32_t kCold_dC = 100;  // up to here the coldest
constexpr Millivolts kBadConnection{300};
constexpr std::int64_t kBadConnectionPermille = 50;  // of the capacity an hour

// A sum that any missing part, or a total too large, makes unknown.
class Sum {
 public:
  template <class Q>
  void add(const std::optional<Q>& value) {
    if (value)
      total_ += value->count;
    else
      known_ = false;
    ++parts_;
  }
  template <class Q>
  void add(const std::optional<Seen<Q>>& seen) {
    add(seen ? std::optional{seen->value} : std::nullopt);
  }
  template <class Q>
  std::optional<Q> total() const {
    return fitting<Q>(total_);
  }
  template <class Q>
  std::optional<Q> mean() const {
    return parts_ == 0 ? std::nullopt : fitting<Q>(total_ / parts_);
  }
  std::int64_t count() const { return total_; }
  bool known() const { return known_ && parts_ > 0; }

 private:
  template <class Q>
  std::optional<Q> fitting(std::int64_t value) const {
    if (!known() || value < INT32_MIN || value > INT32_MAX) return std::nullopt;
    return Q{static_cast<std::int32_t>(value)};
  }
  std::int64_t total_ = 0;
  std::int64_t parts_ = 0;
  bool known_ = true;
};

struct Totals {
  Sum voltage, current, capacity, remaining;
  std::int64_t soc_by_capacity = 0;  // of packs that count no remaining capacity
  bool soc_known = true;
};

std::optional<CentiPercent> soc_of(const Totals& totals) {
  if (!totals.soc_known || !totals.capacity.known() || totals.capacity.count() <= 0)
    return std::nullopt;
  const std::int64_t soc = totals.soc_by_capacity / totals.capacity.count();
  return CentiPercent{static_cast<std::int32_t>(std::clamp<std::int64_t>(soc, 0, 10'000))};
}

void add(Totals& totals, const ChargeInput& pack) {
  totals.voltage.add(pack.voltage);
  totals.current.add(pack.current);
  totals.capacity.add(pack.capacity);
  totals.remaining.add(pack.remaining);
  if (pack.remaining)
    totals.soc_by_capacity += std::int64_t{pack.remaining->value.count} * 10'000;
  else if (pack.soc && pack.capacity)
    totals.soc_by_capacity += std::int64_t{pack.soc->value.count} * pack.capacity->count;
  else
    totals.soc_known = false;
}

template <class Q>
void extreme(std::optional<Extreme<Q>>& best, const Measurement& here, std::uint8_t pack,
             bool highest) {
  const bool better =
      !best || (highest ? here.value > best->value.count : here.value < best->value.count);
  if (better) best = Extreme<Q>{{here.value}, pack, here.where};
}

struct Extremes {
  bool cells_known = true;
  bool temperatures_known = true;
  std::int32_t sum = 0;
  std::int32_t sensors = 0;
};

void add(BankMeasured& bank, Extremes& found, const ChargeInput& pack, std::uint8_t number) {
  if (pack.cells) {
    extreme(bank.cell_max, pack.cells->highest, number, true);
    extreme(bank.cell_min, pack.cells->lowest, number, false);
  } else {
    found.cells_known = false;
  }
  if (pack.temperatures) {
    extreme(bank.temperature_max, pack.temperatures->hottest, number, true);
    extreme(bank.temperature_min, pack.temperatures->coldest, number, false);
    found.sum += pack.temperatures->sum;
    found.sensors += pack.temperatures->sensors;
  } else {
    found.temperatures_known = false;
  }
}

// One number for a protocol with one: the one somebody should worry about.
std::optional<DeciCelsius> told_temperature(const BankMeasured& bank, const Extremes& found) {
  if (!bank.temperature_max || !bank.temperature_min || found.sensors == 0) return std::nullopt;
  if (bank.temperature_max->value.count >= kHot_dC) return bank.temperature_max->value;
  if (bank.temperature_min->value.count <= kCold_dC) return bank.temperature_min->value;
  return DeciCelsius{found.sum / found.sensors};
}

// Two packs on one bus whose voltages differ although little current flows.
bool badly_connected(std::span<const ChargePackState> packs, const BankMeasured& bank) {
  if (!bank.current || !bank.capacity) return false;
  const std::int64_t least = std::int64_t{bank.capacity->count} * kBadConnectionPermille / 1000;
  if (std::max(bank.current->count, -bank.current->count) <= least) return false;
  std::optional<Millivolts> highest, lowest;
  for (const ChargePackState& pack : packs) {
    if (!pack.input.is_in() || !pack.input.voltage) continue;
    highest = std::max(highest.value_or(pack.input.voltage->value), pack.input.voltage->value);
    lowest = std::min(lowest.value_or(pack.input.voltage->value), pack.input.voltage->value);
  }
  return highest && *highest - *lowest > kBadConnection;
}

bool blocks(Flow flow, const ChargePackState& pack) {
  const PackLimit& limit = pack.of(flow).now;
  return !limit.takes_part || limit.limit.value.count == 0;
}

}  // namespace

BankMeasured measure_bank(std::span<const ChargePackState> packs) {
  BankMeasured bank;
  Totals totals;
  Extremes found;
  for (std::size_t i = 0; i < packs.size(); ++i) {
    const ChargeInput& pack = packs[i].input;
    if (!pack.is_in()) continue;
    add(totals, pack);
    add(bank, found, pack, static_cast<std::uint8_t>(i + 1));
    if (pack.soh) bank.soh = std::min(bank.soh.value_or(pack.soh->value), pack.soh->value);
    if (pack.cycles)
      bank.cycles = std::max(bank.cycles.value_or(pack.cycles->value), pack.cycles->value);
  }
  bank.voltage = totals.voltage.mean<Millivolts>();
  bank.current = totals.current.total<Milliamps>();
  bank.capacity = totals.capacity.total<MilliampHours>();
  bank.remaining = totals.remaining.total<MilliampHours>();
  bank.soc = soc_of(totals);
  if (!found.cells_known) bank.cell_max = bank.cell_min = std::nullopt;
  if (!found.temperatures_known) bank.temperature_max = bank.temperature_min = std::nullopt;
  bank.temperature = told_temperature(bank, found);
  return bank;
}

std::optional<CentiPercent> soc_with_lost(std::span<const ChargePackState> packs) {
  Totals totals;
  for (const ChargePackState& pack : packs) {
    const bool was_heard = pack.input.soc || pack.input.remaining;
    if (pack.input.is_in() || (pack.is_lost() && was_heard)) add(totals, pack.input);
  }
  return soc_of(totals);
}

std::optional<Millivolts> worst_cell_difference(std::span<const ChargePackState> packs) {
  std::optional<Millivolts> worst;
  for (const ChargePackState& pack : packs) {
    if (!pack.input.is_in()) continue;
    if (!pack.input.cells) return std::nullopt;
    const Millivolts own{pack.input.cells->highest.value - pack.input.cells->lowest.value};
    worst = std::max(worst.value_or(own), own);
  }
  return worst;
}

void count_packs(BankRequest& request, std::span<const ChargePackState> packs, bool if_any) {
  request.packs = static_cast<std::uint8_t>(packs.size());
  request.packs_online = request.packs_offline = 0;
  request.packs_blocking_charge = request.packs_blocking_discharge = 0;
  AlarmSet any;
  AlarmSet foreseen;
  std::optional<AlarmSet> all;
  bool lost = false;
  for (const ChargePackState& pack : packs) {
    const bool stale = pack.input.presence == Presence::stale;
    lost = lost || pack.is_lost() || (stale && !pack.input.is_switched_off());
    if (!pack.input.is_heard()) {
      ++request.packs_offline;
      continue;
    }
    if (!pack.input.is_switched_off()) ++request.packs_online;
    if (blocks(Flow::charge, pack)) ++request.packs_blocking_charge;
    if (blocks(Flow::discharge, pack)) ++request.packs_blocking_discharge;
    AlarmSet own = pack.input.alarms ? pack.input.alarms->value : AlarmSet{};
    own.named |= pack.input.held.named;
    foreseen.named |= pack.input.foreseen.named;
    any.named |= own.named;
    any.unknown |= own.unknown;
    if (!all) all = own;
    all->named &= own.named;
    all->unknown &= own.unknown;
  }
  request.warnings = any;
  request.warnings.named |= foreseen.named;
  request.alarms = if_any ? any : all.value_or(AlarmSet{});
  if (lost) request.warnings.add(Alarm::internal_communication);
  if (!all && lost) request.alarms.add(Alarm::internal_communication);
  if (badly_connected(packs, request.measured)) request.warnings.add(Alarm::parallel_module_fault);
}

}  // namespace cw

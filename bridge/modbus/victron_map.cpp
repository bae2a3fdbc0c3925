// SPDX-License-Identifier: Apache-2.0
#include "bridge/modbus/victron_map.h"

#include <fmt/format.h>

#include <algorithm>

#include "bridge/modbus/victron_table.h"

namespace cw {
namespace victron {
namespace {

constexpr std::int64_t kNoticeable_mA = 500;

std::int64_t count_of(const View& v, bool (*has)(const PackFacts&)) {
  return std::ranges::count_if(v.facts.packs, has);
}

Text<16> text_of(Number pack, Number where) {
  Text<16> out;
  if (pack && where) out.assign(fmt::format("{}-{}", *pack, *where));
  return out;
}

// The cell or sensor of the pack that has the extreme of the bank.
Number where_in(const View& v, Number pack, Spread PackFacts::*values, Found Spread::*end) {
  if (!pack) return std::nullopt;
  return (v.facts.packs[static_cast<std::size_t>(*pack - 1)].*values.*end).which;
}

bool is_blocking(Number closed) { return closed && *closed == 0; }

}  // namespace

Number capacity(const View& v) {
  Number sum;
  for (const PackFacts& pack : v.facts.packs)
    if (pack.capacity) sum = sum.value_or(0) + *pack.capacity;
  return sum;
}

Number consumed(const View& v) {
  const Number all = capacity(v);
  if (!all || !v.facts.soc) return std::nullopt;
  return -(*all * (10'000 - *v.facts.soc) / 10'000);
}

Number temperature(const View& v) {
  const Site& site = *v.facts.site;
  if (v.facts.heard && site.request && site.request->measured.temperature)
    return site.request->measured.temperature->count;
  return v.facts.sensors.mean();
}

Number any_alarm(const View& v) { return (v.facts.events & kAlarmEvents) != 0 ? 2 : 0; }

Number high_current(const View& v) {
  constexpr auto charge =
      &level<SunspecEvent::over_charge_current_alarm, SunspecEvent::over_charge_current_warning>;
  constexpr auto discharge = &level<SunspecEvent::over_discharge_current_alarm,
                                    SunspecEvent::over_discharge_current_warning>;
  return std::max(charge(v), discharge(v));
}

Number internal_failure(const View& v) {
  constexpr std::uint32_t internal =
      bit(SunspecEvent::other_alarm) | bit(SunspecEvent::contactor_error);
  return (v.facts.events & internal) != 0 ? 2 : 0;
}

Number cable(const View& v) {
  if (!v.facts.heard) return 2;
  return offline(v) != 0 ? 1 : 0;
}

Number relay(const View& v) {
  bool any = false;
  for (const RelayState& one : v.facts.site->bank.relays) {
    if (one.role != RelayRole::charge && one.role != RelayRole::discharge) continue;
    if (!one.wanted) return 0;
    any = true;
  }
  return any ? 1 : 0;
}

Number state(const View& v) {
  switch (v.facts.state) {
    case SunspecState::initializing: return 0;
    case SunspecState::fault: return 10;
    case SunspecState::standby:
    case SunspecState::disconnected: return 14;
    case SunspecState::connected:
    case SunspecState::soc_protection: return 9;
  }
  return 0;
}

Number balancing(const View& v) {
  return count_of(v, [](const PackFacts& pack) { return pack.balancing.value_or(0) != 0; }) > 0;
}
Number balancer(const View& v) { return balancing(v) == 1 ? 2 : 0; }
Number packs(const View& v) { return static_cast<std::int64_t>(v.facts.packs.size()); }
Number cells(const View& v) {
  return v.facts.packs.empty() ? 0 : v.facts.packs[0].cells_configured;
}
Number may_charge(const View& v) { return v.facts.charge_current_most.value_or(0) > 0; }
Number may_discharge(const View& v) { return v.facts.discharge_current_most.value_or(0) > 0; }
Number offline(const View& v) {
  return count_of(v, [](const PackFacts& pack) { return !pack.believed; });
}
// Charge control knows more reasons than open switches.
Number blocking_charge(const View& v) {
  if (v.facts.site->request) return v.facts.site->request->packs_blocking_charge;
  return count_of(v, [](const PackFacts& pack) { return is_blocking(pack.charge_closed); });
}
Number blocking_discharge(const View& v) {
  if (v.facts.site->request) return v.facts.site->request->packs_blocking_discharge;
  return count_of(v, [](const PackFacts& pack) { return is_blocking(pack.discharge_closed); });
}

Number direction(const View& v) {
  const std::int64_t current = v.facts.current.value_or(0);
  if (current > kNoticeable_mA) return 1;
  return current < -kNoticeable_mA ? 2 : 0;
}

Text<16> lowest_cell(const View& v) {
  const Number pack = v.facts.cells.least.which;
  return text_of(pack, where_in(v, pack, &PackFacts::cells, &Spread::least));
}
Text<16> highest_cell(const View& v) {
  const Number pack = v.facts.cells.most.which;
  return text_of(pack, where_in(v, pack, &PackFacts::cells, &Spread::most));
}
Text<16> coldest_sensor(const View& v) {
  const Number pack = v.facts.sensors.least.which;
  return text_of(pack, where_in(v, pack, &PackFacts::sensors, &Spread::least));
}
Text<16> hottest_sensor(const View& v) {
  const Number pack = v.facts.sensors.most.which;
  return text_of(pack, where_in(v, pack, &PackFacts::sensors, &Spread::most));
}

}  // namespace victron

namespace {

using modbus::Registers;
using victron::Row;
using victron::Type;

struct Range {
  std::int64_t least, most;
};
Range range_of(Type type) {
  switch (type) {
    case Type::uint16: return {0, 0xFFFF};
    case Type::int16: return {-0x8000, 0x7FFF};
    case Type::uint32: return {0, 0xFFFF'FFFF};
    case Type::int32: return {INT32_MIN, INT32_MAX};
    case Type::text: break;
  }
  return {0, 0};
}

// A limit that its register cannot hold is told as the highest it can; a value is not told at all.
std::int64_t raw(const Row& row, const victron::View& view) {
  const Number value = row.read == nullptr ? std::nullopt : row.read(view);
  if (!value) return 0;
  const Range range = range_of(row.type);
  const std::int64_t count = modbus::scaled(*value, row.digits, row.round);
  if (row.round == modbus::Round::down && count > range.most) return range.most;
  return count < range.least || count > range.most ? 0 : count;
}

std::span<const Row> system_rows(bool with_reserve) {
  const std::span<const Row> all = victron::rows::kSystem;
  return with_reserve ? all : all.first(all.size() - 1);
}

class VictronMap : public RegisterMap {
 public:
  VictronMap(const SunspecOptions& site, std::span<const Row> rows) : site_(site), rows_(rows) {
    readable_.resize(rows.back().address + rows.back().registers - std::size_t{first()});
    for (const Row& row : rows)
      for (std::size_t i = 0; i < row.registers; ++i) readable_[row.address - first() + i] = 1;
    for (std::size_t i = readable_.size() - 1; i-- > 0;)
      if (readable_[i] != 0) readable_[i] = static_cast<std::uint16_t>(readable_[i + 1] + 1);
  }

  std::uint16_t first() const override { return rows_.front().address; }
  std::size_t size() const override { return readable_.size(); }
  std::size_t readable(std::uint16_t address) const override {
    const auto at = static_cast<std::size_t>(address - first());
    return address >= first() && at < readable_.size() ? readable_[at] : 0;
  }

  Instant render(const Site& site, Instant now, Registers image) const override {
    find_facts(site, site_.packs, now, facts_);
    const victron::View view{facts_, site_.site};
    for (const Row& row : rows_) {
      const Registers out =
          image.subspan(static_cast<std::size_t>(row.address - first()), row.registers);
      if (row.text != nullptr)
        modbus::put_text(out, row.text(view).view());
      else
        modbus::put_number(out, static_cast<std::uint64_t>(raw(row, view)));
    }
    return facts_.hold_until;
  }

 private:
  SunspecOptions site_;
  std::span<const Row> rows_;
  std::vector<std::uint16_t> readable_;
  mutable SiteFacts facts_;  // keeps its memory from one image to the next
};

}  // namespace

std::unique_ptr<RegisterMap> victron_battery_map(const SunspecOptions& site) {
  return std::make_unique<VictronMap>(site, victron::rows::kBattery);
}

std::unique_ptr<RegisterMap> victron_system_map(const SunspecOptions& site, bool with_reserve) {
  return std::make_unique<VictronMap>(site, system_rows(with_reserve));
}

}  // namespace cw

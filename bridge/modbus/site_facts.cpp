// SPDX-License-Identifier: Apache-2.0
#include "bridge/modbus/site_facts.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "core/obedience.h"

namespace cw {
namespace {

using P = PackScalars;

constexpr std::int64_t kNoticeable_mA = 500;    // less is no current (802 ChaSt)
constexpr std::int64_t kLowCell_mV = 3'000;     // an LFP cell below it is a warning
constexpr std::int64_t kSensorSpread_dC = 150;  // more between two sensors is a warning
constexpr std::int64_t kWarm_dC = 250;          // a curve over temperatures binds at its hot end

struct AlarmRow {
  Alarm alarm;
  SunspecEvent as_alarm;
  SunspecEvent as_warning;
};

// Alarms that are not here are OTHER.
constexpr auto kAlarmRows = [] {
  using A = Alarm;
  using E = SunspecEvent;
  return std::to_array<AlarmRow>({
      {A::cell_overvoltage, E::over_voltage_alarm, E::over_voltage_warning},
      {A::pack_overvoltage, E::over_voltage_alarm, E::over_voltage_warning},
      {A::cell_undervoltage, E::under_voltage_alarm, E::under_voltage_warning},
      {A::pack_undervoltage, E::under_voltage_alarm, E::under_voltage_warning},
      {A::charge_overcurrent, E::over_charge_current_alarm, E::over_charge_current_warning},
      {A::charge_short_circuit, E::over_charge_current_alarm, E::over_charge_current_warning},
      {A::discharge_overcurrent, E::over_discharge_current_alarm,
       E::over_discharge_current_warning},
      {A::discharge_overcurrent_2, E::over_discharge_current_alarm,
       E::over_discharge_current_warning},
      {A::discharge_overcurrent_3, E::over_discharge_current_alarm,
       E::over_discharge_current_warning},
      {A::discharge_short_circuit, E::over_discharge_current_alarm,
       E::over_discharge_current_warning},
      {A::short_circuit_release_failed, E::over_discharge_current_alarm,
       E::over_discharge_current_warning},
      {A::charge_overtemperature, E::over_temperature_alarm, E::over_temperature_warning},
      {A::discharge_overtemperature, E::over_temperature_alarm, E::over_temperature_warning},
      {A::mosfet_overtemperature, E::over_temperature_alarm, E::over_temperature_warning},
      {A::battery_overtemperature, E::over_temperature_alarm, E::over_temperature_warning},
      {A::box_overtemperature, E::over_temperature_alarm, E::over_temperature_warning},
      {A::charge_undertemperature, E::under_temperature_alarm, E::under_temperature_warning},
      {A::discharge_undertemperature, E::under_temperature_alarm, E::under_temperature_warning},
      {A::battery_undertemperature, E::under_temperature_alarm, E::under_temperature_warning},
      {A::cell_voltage_difference, E::voltage_imbalance_warning, E::voltage_imbalance_warning},
      {A::charge_mosfet_fault, E::contactor_error, E::contactor_error},
      {A::discharge_mosfet_fault, E::contactor_error, E::contactor_error},
      {A::discharge_switch_on_failed, E::contactor_error, E::contactor_error},
      {A::cell_count_mismatch, E::configuration_alarm, E::configuration_warning},
      {A::low_capacity, E::under_soc_warning, E::under_soc_warning},
      {A::gps_disconnected, E::other_warning, E::other_warning},
      {A::gps_lock, E::other_warning, E::other_warning},
  });
}();

// One column of kAlarmRows: the event of each alarm.
constexpr auto events_of(SunspecEvent AlarmRow::*column, SunspecEvent other) {
  std::array<std::uint32_t, kAlarmCount> events{};
  events.fill(bit(other));
  for (const AlarmRow& row : kAlarmRows)
    events[static_cast<std::size_t>(row.alarm)] = bit(row.*column);
  return events;
}
constexpr auto kAsAlarm = events_of(&AlarmRow::as_alarm, SunspecEvent::other_alarm);
constexpr auto kAsWarning = events_of(&AlarmRow::as_warning, SunspecEvent::other_warning);

// A bit nobody can name is a warning: it must not stop an inverter.
std::uint32_t events_of(const AlarmSet& alarms, std::span<const std::uint32_t> column) {
  std::uint32_t events = alarms.unknown != 0 ? bit(SunspecEvent::other_warning) : 0;
  for (std::size_t i = 0; i < column.size(); ++i)
    if ((alarms.named >> i & 1) != 0) events |= column[i];
  return events;
}

/// Reads one pack's values, and finds when the first of them ends.
class Values {
 public:
  Values(const UnitState& unit, Instant now, Instant& ends) : unit_(unit), now_(now), ends_(ends) {
    if (unit.believed(now)) ends_ = std::min(ends_, *unit.heard + unit.max_age);
  }

  template <class Q>
  Number operator()(const Reading<Q>& reading) const {
    const auto value = reading.fresh(now_, unit_.max_age);
    if (!value || !unit_.believed(now_)) return std::nullopt;
    ends_ = std::min(ends_, reading.heard() + unit_.max_age);
    return value->count;
  }

 private:
  const UnitState& unit_;
  Instant now_;
  Instant& ends_;
};

// What a board once said about itself stays true when it falls silent.
template <class Q>
Number ever(const Reading<Q>& reading) {
  if (const auto value = reading.fresh(reading.heard(), {0})) return value->count;
  return std::nullopt;
}

template <class Q>
Number configured(const std::optional<Q>& setting) {
  if (setting) return setting->count;
  return std::nullopt;
}

Number parameter(const Pack& pack, Parameter which) {
  if (const auto value = pack.parameters.get(which)) return *value;
  return std::nullopt;
}

Number first_of(std::initializer_list<Number> numbers) {
  for (const Number& number : numbers)
    if (number && *number > 0) return number;
  return std::nullopt;
}

void find_ratings(const ChargePackSettings& settings, PackFacts& facts) {
  const Pack& pack = facts.unit->pack;
  facts.cells_configured = settings.cells;
  facts.capacity =
      first_of({configured(settings.capacity), ever(pack.scalars.capacity_nominal),
                parameter(pack, Parameter::capacity), ever(pack.scalars.capacity_full)});
  facts.charge_current = first_of(
      {configured(settings.charge_current), parameter(pack, Parameter::charge_overcurrent)});
  facts.discharge_current = first_of(
      {configured(settings.discharge_current), parameter(pack, Parameter::discharge_overcurrent)});
}

// A board that does not send its cells one by one may still tell the extremes.
Spread find_cells(const Values& values, PackFacts& facts) {
  const Pack& pack = facts.unit->pack;
  Spread cells;
  const std::size_t count =
      facts.cells_configured == 0 ? kMaxCells : std::size_t{facts.cells_configured};
  for (std::size_t i = 0; i < std::min(count, kMaxCells); ++i)
    cells.add(facts.cell[i] = values(pack.cell_voltage[i]), i + 1);
  if (cells.count != 0) return cells;
  const P& scalars = pack.scalars;
  cells.most = {values(scalars.cell_voltage_max), values(scalars.cell_voltage_max_index)};
  cells.least = {values(scalars.cell_voltage_min), values(scalars.cell_voltage_min_index)};
  if (const Number mean = values(scalars.cell_voltage_mean)) {
    cells.count = std::max<std::int64_t>(facts.cells_configured, 1);
    cells.sum = *mean * cells.count;
  }
  return cells;
}

std::uint32_t own_warnings(const PackFacts& facts, const ChargePackSettings& settings) {
  std::uint32_t events = 0;
  if (settings.chemistry == 0 && facts.cells.least.value.value_or(kLowCell_mV) < kLowCell_mV)
    events |= bit(SunspecEvent::under_voltage_warning);
  const Number most = facts.sensors.most.value;
  if (most && *most - *facts.sensors.least.value > kSensorSpread_dC)
    events |= bit(SunspecEvent::temperature_imbalance_warning);
  const Number cells = ever(facts.unit->pack.scalars.cell_count);
  if (cells && settings.cells != 0 && *cells != settings.cells)
    events |= bit(SunspecEvent::configuration_alarm);
  return events;
}

void find_pack(const UnitState& unit, const ChargePackSettings& settings, Instant now,
               Instant& ends, PackFacts& facts) {
  facts = {};
  facts.unit = &unit;
  find_ratings(settings, facts);
  facts.believed = unit.believed(now);
  if (!facts.believed) {
    facts.events = bit(SunspecEvent::communication_error);
    return;
  }
  const Values values(unit, now, ends);
  const P& scalars = unit.pack.scalars;
  facts.voltage = values(scalars.voltage);
  facts.current = values(scalars.current);
  facts.soc = values(scalars.soc);
  facts.soh = values(scalars.soh);
  facts.cycles = values(scalars.cycle_count);
  facts.balancing = values(scalars.balancing);
  facts.charge_closed = values(scalars.charge_mosfet);
  facts.discharge_closed = values(scalars.discharge_mosfet);
  facts.cells = find_cells(values, facts);
  for (std::size_t i = 0; i < kMaxTemperatures; ++i)
    facts.sensors.add(values(unit.pack.temperature[i]), i + 1);
  facts.events = own_warnings(facts, settings);
  if (const auto alarms = unit.pack.alarms.fresh(now, unit.max_age))
    facts.events |= alarm_events(*alarms);
}

// --- the bank

// What charge control says about one pack: a curve that is in force is a warning.
void add_warning_of(const LimitReason& reason, std::span<PackFacts> packs) {
  if (reason.pack == 0 || reason.pack > packs.size() || !packs[reason.pack - 1U].believed) return;
  std::uint32_t& events = packs[reason.pack - 1U].events;
  const bool hot = reason.value.value_or(0) >= kWarm_dC;
  if (reason.cause == LimitCause::mosfet_temperature)
    events |= bit(SunspecEvent::over_temperature_warning);
  if (reason.cause == LimitCause::temperature)
    events |=
        bit(hot ? SunspecEvent::over_temperature_warning : SunspecEvent::under_temperature_warning);
  if (reason.cause == LimitCause::cell_ceiling) events |= bit(SunspecEvent::over_voltage_warning);
}

void add_warnings(const BankRequest& request, std::span<PackFacts> packs) {
  for (const LimitReason* reason :
       {&request.charge_current.reason, &request.charge_current.next,
        &request.discharge_current.reason, &request.discharge_current.next,
        &request.charge_voltage.reason, &request.charge_voltage.next})
    add_warning_of(*reason, packs);
}

void find_sums(Instant now, SiteFacts& facts) {
  const Site& site = *facts.site;
  std::int64_t connected = 0;
  Number balancing = 0;
  for (std::size_t i = 0; i < facts.packs.size(); ++i) {
    const PackFacts& pack = facts.packs[i];
    if (!pack.believed) continue;
    facts.heard = true;
    facts.cells.add(pack.cells, i + 1);
    facts.sensors.add(pack.sensors, i + 1);
    facts.voltages.add(pack.voltage, i + 1);
    facts.currents.add(pack.current, i + 1);
    if (pack.soh) facts.soh = std::min(facts.soh.value_or(*pack.soh), *pack.soh);
    if (pack.cycles) facts.cycles = std::max(facts.cycles.value_or(0), *pack.cycles);
    if (pack.charge_closed.value_or(1) != 0 || pack.discharge_closed.value_or(1) != 0) ++connected;
    if (pack.balancing.value_or(1) != 0) balancing.reset();  // which cells, boards do not tell
  }
  facts.connected = connected;
  if (!facts.heard) return;
  facts.balancing = balancing;
  if (site.request) {
    const BankMeasured& measured = site.request->measured;
    facts.voltage = configured(measured.voltage);
    facts.current = configured(measured.current);
    facts.soc = configured(measured.soc);
  } else {
    const Values values(site.bank, now, facts.hold_until);
    facts.voltage = values(site.bank.pack.scalars.voltage);
    facts.current = values(site.bank.pack.scalars.current);
    facts.soc = values(site.bank.pack.scalars.soc);
  }
  if (facts.voltage && facts.current) facts.power = *facts.voltage * *facts.current / 1000;
}

void find_limits(SiteFacts& facts) {
  if (!facts.site->request) return;
  const BankRequest& request = *facts.site->request;
  const SiteOrders& orders = facts.site->orders;
  const bool speaking = request.voice == Voice::speaking;
  const bool charge = speaking && request.charge_enabled;
  const bool discharge = speaking && request.discharge_enabled;
  facts.charge_current_most = charge ? request.charge_current.value.count : 0;
  facts.discharge_current_most = discharge ? request.discharge_current.value.count : 0;
  facts.soc_min = orders.soc_min.value_or(request.soc_min).count;
  facts.soc_max = orders.soc_max.value_or(request.soc_max).count;
  if (request.voice == Voice::silent) return;
  facts.charge_voltage = request.charge_voltage.value.count;
  facts.discharge_voltage = request.discharge_voltage.value.count;
}

// Without charge control: an alarm is the bank's if every pack that is heard has it.
std::uint32_t events_in_common(std::span<const PackFacts> packs) {
  std::uint32_t all = ~std::uint32_t{0};
  std::uint32_t warnings = 0;
  for (const PackFacts& pack : packs) {
    if (!pack.believed) continue;
    all &= pack.events;
    const auto alarms = pack.unit->pack.alarms;
    if (const auto set = alarms.fresh(alarms.heard(), {0})) warnings |= warning_events(*set);
  }
  return (all & kAlarmEvents) | warnings;
}

// By Disobeyed: a limit that is not obeyed.
constexpr SunspecEvent kDisobeyedEvents[kDisobeyedCount] = {
    SunspecEvent::over_charge_current_warning, SunspecEvent::over_discharge_current_warning,
    SunspecEvent::over_voltage_warning};

std::uint32_t events_of_bank(const SiteFacts& facts) {
  std::uint32_t events = 0;
  std::uint32_t configuration = 0;
  for (const PackFacts& pack : facts.packs) {
    configuration |= pack.events & bit(SunspecEvent::configuration_alarm);
    events |= pack.events & ~kAlarmEvents;  // also communication_error
  }
  if (configuration != 0) events |= bit(SunspecEvent::configuration_warning);
  if (facts.site->orders.client_lost) events |= bit(SunspecEvent::communication_error);
  if (!facts.heard) return events;
  if (facts.site->request) {
    const BankRequest& request = *facts.site->request;
    events |= alarm_events(request.alarms) | warning_events(request.warnings);
    for (std::size_t i = 0; i < kDisobeyedCount; ++i)
      if ((request.not_obeyed >> i & 1) != 0) events |= bit(kDisobeyedEvents[i]);
  } else {
    events |= events_in_common(facts.packs);
  }
  if (facts.soc && facts.soc_min.value_or(0) > 0 && *facts.soc <= *facts.soc_min)
    events |= bit(SunspecEvent::under_soc_warning);
  if (facts.soc && facts.soc_max.value_or(10'000) < 10'000 && *facts.soc >= *facts.soc_max)
    events |= bit(SunspecEvent::over_soc_warning);
  return events;
}

bool is_blocked_by(const BankLimit<Milliamps>& limit, LimitCause cause) {
  return limit.value.count == 0 && limit.reason.cause == cause;
}

SunspecCharging charging_of(const SiteFacts& facts) {
  if (!facts.heard || facts.connected.value_or(0) == 0) return SunspecCharging::off;
  const std::int64_t current = facts.current.value_or(0);
  if (current < -kNoticeable_mA) return SunspecCharging::discharging;
  if (current > kNoticeable_mA) return SunspecCharging::charging;
  if (!facts.site->request) return SunspecCharging::holding;
  const BankRequest& request = *facts.site->request;
  if (is_blocked_by(request.discharge_current, LimitCause::cell_voltage) ||
      is_blocked_by(request.discharge_current, LimitCause::charge_state))
    return SunspecCharging::empty;
  if (request.stage == ChargeStage::floating && request.full) return SunspecCharging::full;
  return SunspecCharging::holding;
}

// Every pack that is heard was told to open both of its switches.
bool all_switched_off(std::span<const PackFacts> packs) {
  return std::ranges::all_of(packs, [](const PackFacts& pack) {
    if (!pack.believed) return true;
    const P& scalars = pack.unit->pack.scalars;
    return pack.charge_closed.value_or(1) == 0 && pack.discharge_closed.value_or(1) == 0 &&
           ever(scalars.charge_switch).value_or(1) == 0 &&
           ever(scalars.discharge_switch).value_or(1) == 0;
  });
}

SunspecState state_of(const SiteFacts& facts) {
  const bool ever_heard = std::ranges::any_of(
      facts.packs, [](const PackFacts& pack) { return pack.unit->heard.has_value(); });
  if (!ever_heard) return SunspecState::initializing;
  if (!facts.heard) return SunspecState::fault;
  if (facts.site->orders.disconnect || all_switched_off(facts.packs))
    return SunspecState::disconnected;
  if (!facts.site->request) return SunspecState::connected;
  const BankRequest& request = *facts.site->request;
  const bool none = facts.charge_current_most == 0 && facts.discharge_current_most == 0;
  if (none && (facts.events & kAlarmEvents) != 0) return SunspecState::fault;
  if (none) return SunspecState::standby;
  if (is_blocked_by(request.charge_current, LimitCause::charge_state) ||
      is_blocked_by(request.discharge_current, LimitCause::charge_state))
    return SunspecState::soc_protection;
  return SunspecState::connected;
}

// Whole seconds of the clock, as far as a pack was believed: stops with the last value.
std::int64_t heartbeat_of(std::span<const PackFacts> packs, Instant now) {
  Instant until{0};
  for (const PackFacts& pack : packs) {
    if (!pack.unit->heard) continue;
    const Instant last = *pack.unit->heard + pack.unit->max_age;
    until = std::max(until, pack.believed ? now : std::min(now, last));
  }
  return until.ms / 1000;
}

}  // namespace

void Spread::add(Number value, std::size_t which) {
  if (!value) return;
  const auto number = static_cast<std::int64_t>(which);
  if (!most.value || *value > *most.value) most = {value, number};
  if (!least.value || *value < *least.value) least = {value, number};
  sum += *value;
  ++count;
}

void Spread::add(const Spread& part, std::size_t which) {
  const std::int64_t sum_before = sum;
  const std::int64_t count_before = count;
  add(part.most.value, which);
  add(part.least.value, which);
  sum = sum_before + part.sum;
  count = count_before + part.count;
}

Number Spread::mean() const {
  if (count == 0) return std::nullopt;
  const std::int64_t half = sum < 0 ? -count / 2 : count / 2;
  return (sum + half) / count;
}

std::uint32_t alarm_events(const AlarmSet& alarms) { return events_of(alarms, kAsAlarm); }
std::uint32_t warning_events(const AlarmSet& alarms) { return events_of(alarms, kAsWarning); }

void find_facts(const Site& site, std::span<const ChargePackSettings> settings, Instant now,
                SiteFacts& facts) {
  std::vector<PackFacts> packs = std::move(facts.packs);
  facts = {};
  facts.packs = std::move(packs);
  facts.packs.resize(site.packs.size());
  facts.site = &site;
  facts.hold_until = {now.ms - now.ms % 1000 + 999};  // then the heart beats
  for (std::size_t i = 0; i < site.packs.size(); ++i)
    find_pack(site.packs[i], i < settings.size() ? settings[i] : ChargePackSettings{}, now,
              facts.hold_until, facts.packs[i]);
  if (site.request) add_warnings(*site.request, facts.packs);
  find_sums(now, facts);
  find_limits(facts);
  facts.events = events_of_bank(facts);
  facts.charging = charging_of(facts);
  facts.state = state_of(facts);
  facts.heartbeat = heartbeat_of(facts.packs, now);
}

}  // namespace cw

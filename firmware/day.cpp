// SPDX-License-Identifier: Apache-2.0
#include "firmware/day.h"

#include "core/assert.h"
#include "core/presets.h"

namespace cw::firmware {
namespace {

template <class T>
void put(std::uint8_t*& at, T value) {
  for (std::size_t i = 0; i < sizeof value; ++i)
    *at++ = static_cast<std::uint8_t>(static_cast<std::uint32_t>(value) >> 8 * i);
}

template <class T>
void take(const std::uint8_t*& at, T& value) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) bits |= std::uint32_t{*at++} << 8 * i;
  value = static_cast<T>(bits);
}

// The one place that knows the order of the bytes.
template <class RecordOrConst, class Visit>
void visit_members(RecordOrConst& record, Visit visit) {
  visit(record.passed_ms);
  visit(record.happens);
  visit(record.current_mA);
  visit(record.wire_mOhm);
  visit(record.mosfet_dC);
  for (auto& temperature : record.temperature_dC) visit(temperature);
  for (auto& cell : record.cell_voltage_mV) visit(cell);
}

void tell(Pack& pack, const Record& record, Instant now) {
  PackScalars& s = pack.scalars;
  std::int32_t sum_mV = 0;
  for (std::size_t i = 0; i < kCells; ++i) {
    pack.cell_voltage[i].set({record.cell_voltage_mV[i]}, now);
    sum_mV += record.cell_voltage_mV[i];
  }
  s.cell_count.set({static_cast<std::int32_t>(kCells)}, now);
  s.voltage.set({sum_mV}, now);
  s.current.set({record.current_mA}, now);
  s.mosfet_temperature.set({record.mosfet_dC}, now);
  for (std::size_t i = 0; i < kSensors; ++i)
    pack.temperature[i].set({record.temperature_dC[i]}, now);
  pack.wire_resistance[0].set({record.wire_mOhm * 1000}, now);
  AlarmSet flags;
  if (record.happens & kShortCircuit) flags.add(Alarm::discharge_short_circuit);
  if (record.happens & kChargeShortCircuit) flags.add(Alarm::charge_short_circuit);
  if (record.happens & kInternalFault) flags.add(Alarm::internal_communication);
  pack.alarms.set(flags, now);
  judge(pack);
  derive(pack, now);
}

}  // namespace

RecordBytes encode(const Record& record) {
  RecordBytes bytes;
  std::uint8_t* at = bytes.data();
  visit_members(record, [&at](auto value) { put(at, value); });
  CW_ASSERT(at == bytes.data() + bytes.size());
  return bytes;
}

Record decode(std::span<const std::uint8_t, kRecordSize> bytes) {
  Record record;
  const std::uint8_t* at = bytes.data();
  visit_members(record, [&at](auto& value) { take(at, value); });
  return record;
}

ParameterSet day_settings() {
  ParameterSet set = preset_of(Chemistry::lfp, Generation::board_11).values;
  constexpr auto kCount = static_cast<std::int32_t>(kCells);
  bool good = set.set(Parameter::cell_count, kCount);
  good &= set.set(Parameter::capacity, Day::kCapacity.count);
  good &= set.set(Parameter::charge_overcurrent, Day::kCapacity.count / 2);
  good &= set.set(Parameter::discharge_overcurrent, Day::kCapacity.count);
  good &= set.set(Parameter::short_circuit_current, 4 * Day::kCapacity.count);
  good &= set.set(Parameter::balance_current_max, 2'000);
  good &= set.set(Parameter::pack_overvoltage,
                  kCount * set.get(Parameter::cell_overvoltage).value_or(0));
  good &= set.set(Parameter::pack_undervoltage,
                  kCount * set.get(Parameter::cell_undervoltage).value_or(0));
  good &= set.set(Parameter::wire_resistance_max, 2'000'000);
  CW_ASSERT(good);
  return set;
}

Day::Day()
    : settings_(day_settings()),
      bms_({.balance_most = {2'000},
            .heater = true,
            .sleeps = true,
            .charge = {.nominal = kCapacity, .soc = {5'500}}},
           Start::clear) {}

void Day::hear(const Record& record) {
  now_ = now_ + Millis{record.passed_ms};
  const auto happens = [&record](Happens what) { return (record.happens & what) != 0; };
  if (happens(kRestart)) bms_.restart(Start::clear);
  if (happens(kEmergency)) bms_.request_emergency(now_);
  if (happens(kEmergencyOver)) bms_.cancel_emergency();
  inputs_.charger = happens(kCharger);
  inputs_.button = happens(kButton);
  inputs_.communication = happens(kCommunication);
  inputs_.charge_switch = !happens(kChargeOff);
  inputs_.discharge_switch = !happens(kDischargeOff);
  inputs_.balance_switch = !happens(kBalanceOff);
  inputs_.heater_switch = !happens(kHeaterOff);
  if (happens(kHeard)) tell(pack_, record, now_);
}

void Day::step() {
  inputs_.measurements = measure(pack_, now_, kMaxAge);
  bms_.step(inputs_, settings_, now_);
}

}  // namespace cw::firmware

// SPDX-License-Identifier: Apache-2.0
#include "simulator/jk_can_board.h"

#include <algorithm>

namespace cw::simulator {
namespace {

using jk_can::Message;
using jk_can::Version;
using Data = std::array<std::uint8_t, 8>;

constexpr Millis kAnyAge{INT32_MAX};
constexpr std::size_t kCellsMost = 25;  // the last frame has one
constexpr std::uint32_t kGeneral = 3;   // the mildest level: all a simulated board knows
constexpr std::int32_t kJitter_ms = 1;
constexpr std::int32_t kChargeVoltage_dV = 36;  // a cell, of what it asks of a charger
constexpr std::int32_t kChargeCurrent_dA = 200;

void put(Data& data, std::size_t at, std::size_t width, std::int64_t value) {
  const std::int64_t most = (std::int64_t{1} << (8 * width)) - 1;
  const auto raw = static_cast<std::uint64_t>(std::clamp<std::int64_t>(value, 0, most));
  for (std::size_t i = 0; i < width; ++i) data[at + i] = static_cast<std::uint8_t>(raw >> (8 * i));
}

std::int64_t divided(std::int64_t value, std::int64_t scale) {
  return (value + (value < 0 ? -scale / 2 : scale / 2)) / scale;
}

/// As it was last told, whenever that was: a frozen board repeats old values.
template <class Q>
std::optional<std::int32_t> last(const Reading<Q>& reading) {
  if (const auto value = reading.fresh(reading.heard(), {0})) return value->count;
  return std::nullopt;
}

std::uint8_t raw_temperature(std::optional<std::int32_t> decicelsius) {
  if (!decicelsius) return jk_can::kNoSensor;
  return static_cast<std::uint8_t>(
      std::clamp<std::int64_t>(divided(*decicelsius, 10) + jk_can::kTemperatureOffset, 0, 254));
}

void put_slots(Message message, const PackScalars& told, Data& data) {
  for (const jk_can::Slot& slot : jk_can::kSlots) {
    if (slot.message != message) continue;
    const auto value = kFields[slot.field].fresh(told, {0}, kAnyAge).value_or(0);
    const std::int64_t raw = divided(value, slot.scale) - slot.offset;
    if (slot.width != 0)
      put(data, slot.at, slot.width, raw);
    else if (raw != 0)
      data[slot.at] = static_cast<std::uint8_t>(data[slot.at] | 1U << slot.bit);
  }
}

void put_extremes(const Pack& told, Data& data) {
  std::optional<std::size_t> highest;
  std::optional<std::size_t> lowest;
  std::int64_t sum = 0;
  std::int64_t sensors = 0;
  for (std::size_t i = 0; i < kMaxTemperatures; ++i) {
    const auto value = last(told.temperature[i]);
    if (!value) continue;
    if (!highest || *value > *last(told.temperature[*highest])) highest = i;
    if (!lowest || *value < *last(told.temperature[*lowest])) lowest = i;
    sum += *value;
    ++sensors;
  }
  if (!highest || !lowest) return;
  data[0] = raw_temperature(last(told.temperature[*highest]));
  data[1] = static_cast<std::uint8_t>(*highest);
  data[2] = raw_temperature(last(told.temperature[*lowest]));
  data[3] = static_cast<std::uint8_t>(*lowest);
  data[4] = raw_temperature(static_cast<std::int32_t>(divided(sum, sensors)));
}

/// Sensors of a board with MOSFETs: 1 and 2 in the battery, 3 at the MOSFETs, 4 and 5 not fitted.
void put_sensors(const Pack& told, bool relay_version, Data& data) {
  for (std::size_t i = 0; i < jk_can::kSensors; ++i) {
    const bool mosfet = i + 1 == jk_can::kMosfetSensor && !relay_version;
    const std::uint8_t raw =
        raw_temperature(mosfet ? last(told.scalars.mosfet_temperature) : last(told.temperature[i]));
    data[i + 1] = raw;
    if (raw != jk_can::kNoSensor) data[0] = static_cast<std::uint8_t>(data[0] | 1U << i);
  }
}

bool is_raised(const jk_can::AlarmRow& row, const AlarmSet& alarms) {
  return row.alarm ? alarms.has(*row.alarm) : (alarms.unknown >> row.unknown_bit & 1) != 0;
}

AlarmSet alarms_of(const Pack& told) {
  return told.alarms.fresh(told.alarms.heard(), {0}).value_or(AlarmSet{});
}

std::uint32_t level_word(const AlarmSet& alarms) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < jk_can::kLevels.size(); ++i)
    if (is_raised(jk_can::kLevels[i], alarms)) word |= kGeneral << (2 * i);
  return word;
}

std::uint32_t fault_word(const AlarmSet& alarms) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < jk_can::kFaults.size(); ++i)
    if (is_raised(jk_can::kFaults[i], alarms)) word |= std::uint32_t{1} << i;
  return word;
}

std::size_t cell_count(const Pack& told) {
  const auto count = static_cast<std::size_t>(last(told.scalars.cell_count).value_or(0));
  return std::min(count, kCellsMost);
}

void put_cells(std::size_t frame, const Pack& told, Data& data) {
  for (std::size_t i = 0; i < jk_can::kCellsPerFrame; ++i)
    if (const std::size_t cell = jk_can::kCellsPerFrame * frame + i; cell < cell_count(told))
      put(data, 2 * i, 2, last(told.cell_voltage[cell]).value_or(0));
}

void put_charge_request(const Pack& told, Data& data) {
  const auto big_endian = [&data](std::size_t at, std::int32_t value) {
    data[at] = static_cast<std::uint8_t>(value >> 8);
    data[at + 1] = static_cast<std::uint8_t>(value);
  };
  const bool open = last(told.scalars.charge_mosfet).value_or(0) == 0;
  big_endian(0, kChargeVoltage_dV * static_cast<std::int32_t>(cell_count(told)));
  big_endian(2, open ? 0 : kChargeCurrent_dA);
  data[4] = open ? 1 : 0;
}

}  // namespace

JkCanBoard::JkCanBoard(const JkCanBoardOptions& options, std::uint64_t seed, Instant start)
    : options_(options), random_(seed ^ 0x2F4) {
  for (std::size_t i = 0; i < jk_can::kMessageCount; ++i) {
    const auto spread = static_cast<std::uint32_t>(period(static_cast<Message>(i)).count);
    due_[i] = start + Millis{static_cast<std::int32_t>(random_.below(spread + 1))};
  }
}

// V1 sends its temperatures five times as often.
Millis JkCanBoard::period(Message message) const {
  if (message == Message::cell_temperatures && options_.version == Version::v1) return {100};
  return jk_can::row(message).period;
}

bool JkCanBoard::sends(Message message, const Pack& told) const {
  if (options_.version == Version::v1 && jk_can::row(message).since == Version::v2) return false;
  if (!jk_can::id_of(message, options_.address)) return false;
  if (message == Message::control) return false;
  if (message == Message::alarms) return level_word(alarms_of(told)) != 0;
  if (message == Message::charge_request)
    return last(told.scalars.charger_plugged).value_or(0) != 0;
  if (!jk_can::is_cells(message)) return true;
  const auto frame = static_cast<std::size_t>(message) - static_cast<std::size_t>(Message::cells);
  return jk_can::kCellsPerFrame * frame < cell_count(told);
}

CanFrame JkCanBoard::encode(Message message, const Pack& told) const {
  CanFrame frame{.id = *jk_can::id_of(message, options_.address),
                 .extended = jk_can::row(message).since == Version::v2,
                 .length = jk_can::kLength};
  const bool v1 = options_.version == Version::v1;
  PackScalars scalars = told.scalars;
  if (message == Message::battery && v1 && options_.discharge_positive)
    if (const auto current = last(scalars.current)) scalars.current.set({-*current}, {0});
  put_slots(message, scalars, frame.data);
  if (jk_can::is_cells(message))
    put_cells(static_cast<std::size_t>(message) - static_cast<std::size_t>(Message::cells), told,
              frame.data);
  switch (message) {
    case Message::battery:
      if (v1) put(frame.data, 6, 2, last(scalars.runtime).value_or(0) / 3600);
      break;
    case Message::cell_temperatures: put_extremes(told, frame.data); break;
    case Message::alarms: put(frame.data, 0, 4, level_word(alarms_of(told))); break;
    case Message::temperatures: put_sensors(told, options_.relay_version, frame.data); break;
    case Message::faults: put(frame.data, 0, 3, fault_word(alarms_of(told))); break;
    case Message::capacity:  // the counter wraps
      put(frame.data, 4, 2, (last(scalars.cycle_capacity).value_or(0) / 100) & 0xFFFF);
      break;
    case Message::information:
      put(frame.data, jk_can::kHeatingCurrentAt, 2, last(scalars.heater_current).value_or(0));
      break;
    case Message::charge_request: put_charge_request(told, frame.data); break;
    default: break;
  }
  return frame;
}

Instant JkCanBoard::next() const { return *std::min_element(due_.begin(), due_.end()); }

void JkCanBoard::broadcast(Instant now, const Pack& told, std::vector<CanFrame>& out) {
  for (std::size_t i = 0; i < jk_can::kMessageCount; ++i) {
    if (due_[i] > now) continue;
    const auto message = static_cast<Message>(i);
    const std::int32_t every = period(message).count;
    // What was due long ago, while nobody asked, is not made up for.
    const Instant from = due_[i] + Millis{every} < now ? now : due_[i];
    const auto jitter = static_cast<std::int32_t>(random_.below(2 * kJitter_ms + 1)) - kJitter_ms;
    due_[i] = from + Millis{every == 0 ? kAnyAge.count : every + jitter};
    if (sends(message, told)) out.push_back(encode(message, told));
  }
}

// Which boards of a bus an order is for, nobody knows: its identifier names none. All take it.
bool JkCanBoard::hear(const CanFrame& frame, Board& board) {
  const auto sender = jk_can::sender_of(frame.id, frame.extended);
  if (!sender || sender->message != Message::control || frame.length != jk_can::kLength)
    return false;
  const jk_can::Control control = jk_can::control_of(frame.data);
  if (control.charge) board.turn(Board::Switch::charge, *control.charge);
  if (control.discharge) board.turn(Board::Switch::discharge, *control.discharge);
  if (control.balance) board.turn(Board::Switch::balance, *control.balance);
  return true;
}

}  // namespace cw::simulator

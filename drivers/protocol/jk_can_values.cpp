// SPDX-License-Identifier: Apache-2.0
// What a frame of JK's CAN protocol says, looked at alone.
#include "drivers/protocol/jk_can.h"

namespace cw::jk_can {
namespace {

void add(const AlarmRow& row, AlarmSet& alarms) {
  if (row.alarm)
    alarms.add(*row.alarm);
  else
    alarms.unknown |= std::uint32_t{1} << row.unknown_bit;
}

std::int64_t value_of(const Slot& slot, std::span<const std::uint8_t> data) {
  if (slot.width == 0) return data[slot.at] >> slot.bit & 1;
  return (std::int64_t{number_at(data, slot.at, slot.width)} + slot.offset) * slot.scale;
}

/// Of the frame's four places, those that are not empty. Zeros behind the last cell of a pack are
/// no cells; which one is the last takes all frames to know.
void apply_cells(std::size_t frame, std::span<const std::uint8_t> data, Instant now, Pack& pack) {
  for (std::size_t i = 0; i < kCellsPerFrame; ++i) {
    const auto voltage = static_cast<std::int32_t>(number_at(data, 2 * i, 2));
    auto& reading = pack.cell_voltage[kCellsPerFrame * frame + i];
    if (voltage != 0)
      reading.set({voltage}, now);
    else
      reading.clear();
  }
}

/// FF is no sensor, whatever the mask says of it.
void apply_sensors(std::span<const std::uint8_t> data, Instant now, Pack& pack) {
  for (std::size_t i = 0; i < kSensors; ++i) {
    const std::uint8_t raw = data[i + 1];
    const bool there = (data[0] >> i & 1) != 0 && raw != kNoSensor;
    auto& reading = i + 1 == kMosfetSensor ? pack.scalars.mosfet_temperature : pack.temperature[i];
    if (there)
      reading.set(temperature_of(raw), now);
    else
      reading.clear();
  }
}

/// Its sign differs between boards, and without heating it is noise.
void apply_heating(std::span<const std::uint8_t> data, Instant now, Pack& pack) {
  const auto raw = static_cast<std::int16_t>(number_at(data, kHeatingCurrentAt, 2));
  const auto heating = pack.scalars.heater.fresh(now, row(Message::switches).silent_after);
  if (heating && heating->count != 0)
    pack.scalars.heater_current.set({raw < 0 ? -raw : raw}, now);
  else
    pack.scalars.heater_current.clear();
}

}  // namespace

std::optional<Sender> sender_of(std::uint32_t id, bool extended) {
  for (std::size_t i = 0; i < kMessageCount; ++i) {
    const auto message = static_cast<Message>(i);
    const MessageRow& known = kMessages[i];
    if ((known.since == Version::v2) != extended || id < known.id) continue;
    const std::uint32_t address = id - known.id;
    if (address <= (message == Message::control ? 0U : kHighestAddress))
      return Sender{message, static_cast<std::uint8_t>(address)};
  }
  return std::nullopt;
}

void add_levels(std::span<const std::uint8_t> data, AlarmSet& alarms) {
  for (std::size_t i = 0; i < kLevels.size(); ++i)
    if (level_of(data, i) != 0) add(kLevels[i], alarms);
}

void add_faults(std::span<const std::uint8_t> data, AlarmSet& alarms) {
  const std::uint32_t bits = number_at(data, 0, 3);
  for (std::size_t i = 0; i < kFaultBits; ++i) {
    if ((bits >> i & 1) == 0) continue;
    if (i < kFaults.size())
      add(kFaults[i], alarms);
    else
      alarms.unknown |= std::uint32_t{1} << i;
  }
}

std::uint8_t apply(Message message, std::span<const std::uint8_t> data, Instant now, Pack& pack) {
  std::uint8_t refused = 0;
  for (const Slot& slot : kSlots) {
    if (slot.message != message) continue;
    const std::int64_t value = value_of(slot, data);
    if (value <= INT32_MAX) {
      slot.store(pack.scalars, static_cast<std::int32_t>(value), now);
      continue;
    }
    slot.clear(pack.scalars);
    ++refused;
  }
  PackScalars& scalars = pack.scalars;
  if (is_cells(message))
    apply_cells(static_cast<std::size_t>(message) - static_cast<std::size_t>(Message::cells), data,
                now, pack);
  if (message == Message::temperatures) apply_sensors(data, now, pack);
  if (message == Message::information) apply_heating(data, now, pack);
  if (message == Message::capacity &&
      may_have_wrapped(number_at(data, 6, 2), number_at(data, 2, 2)))
    scalars.cycle_capacity.clear();
  if (message == Message::cell_extremes)
    scalars.cell_voltage_delta.set({static_cast<std::int32_t>(number_at(data, 0, 2)) -
                                    static_cast<std::int32_t>(number_at(data, 3, 2))},
                                   now);
  return refused;
}

void clear(Message message, Pack& pack) {
  PackScalars& scalars = pack.scalars;
  for (const Slot& slot : kSlots)
    if (slot.message == message) slot.clear(scalars);
  if (message == Message::battery) scalars.power.clear();
  if (message == Message::cell_extremes) scalars.cell_voltage_delta.clear();
  if (message == Message::information) scalars.heater_current.clear();
  if (message == Message::temperatures) scalars.mosfet_temperature.clear();
  if (message == Message::temperatures || message == Message::cell_temperatures)
    for (auto& reading : pack.temperature) reading.clear();
  if (!is_cells(message)) return;
  const auto first = kCellsPerFrame *
                     (static_cast<std::size_t>(message) - static_cast<std::size_t>(Message::cells));
  for (std::size_t i = 0; i < kCellsPerFrame; ++i) pack.cell_voltage[first + i].clear();
}

ChargeRequest charge_request_of(std::span<const std::uint8_t> data) {
  const auto big_endian = [&](std::size_t at) { return data[at] << 8 | data[at + 1]; };
  return {.voltage = {big_endian(0) * 100},
          .current = {big_endian(2) * 100},
          .on = data[4] == 0,
          .heat = data[5] != 0};
}

CanFrame encode(const Control& control) {
  CanFrame frame{.id = row(Message::control).id, .extended = true, .length = kLength};
  const std::optional<bool> switches[] = {control.charge, control.discharge, control.balance};
  for (std::size_t i = 0; i < std::size(switches); ++i) {
    if (!switches[i]) continue;
    frame.data[0] = static_cast<std::uint8_t>(frame.data[0] | 1U << i);
    frame.data[i + 1] = *switches[i] ? 1 : 0;
  }
  return frame;
}

Control control_of(std::span<const std::uint8_t> data) {
  const auto at = [&](std::size_t i) -> std::optional<bool> {
    if ((data[0] >> i & 1) == 0) return std::nullopt;
    return data[i + 1] != 0;
  };
  return {.charge = at(0), .discharge = at(1), .balance = at(2)};
}

}  // namespace cw::jk_can

// SPDX-License-Identifier: Apache-2.0
// JK's records of 300 bytes, made from a pack: what a board does. The same rows as the decoder's.
#include <algorithm>
#include <bit>

#include "drivers/protocol/jk_record.h"
#include "drivers/protocol/jk_record_tables.h"

namespace cw::jk_record {
namespace {

constexpr Millis kAnyAge{INT32_MAX};

template <class Q>
std::optional<std::int32_t> last(const Reading<Q>& reading) {
  const auto value = reading.fresh(reading.heard(), {0});
  return value ? std::optional{value->count} : std::nullopt;
}

/// The raw count of a value; of a real its bits.
std::uint32_t raw_of(const Slot& slot, std::int32_t value) {
  if (slot.form == Form::real || slot.form == Form::real_cells || slot.form == Form::real_wires)
    return std::bit_cast<std::uint32_t>(static_cast<float>(value) / static_cast<float>(slot.scale));
  return static_cast<std::uint32_t>(value / slot.scale);
}

std::uint32_t cell_mask(const Pack& told) {
  std::uint32_t mask = 0;
  for (std::size_t i = 0; i < kMaxCells; ++i)
    if (last(told.cell_voltage[i])) mask |= std::uint32_t{1} << i;
  return mask;
}

const Reading<DeciCelsius>& sensor_of(const Slot& slot, const Pack& told) {
  return slot.sensor == 0 ? told.scalars.mosfet_temperature : told.temperature[slot.sensor - 1U];
}

std::uint32_t sensor_mask(const Pack& told) {
  std::uint32_t mask = last(told.scalars.mosfet_temperature) ? 1 : 0;
  for (std::size_t i = 0; i < kMaxTemperatures; ++i)
    if (last(told.temperature[i])) mask |= std::uint32_t{2} << i;
  return mask;
}

std::int32_t number_of(const Slot& slot, const Pack& told) {
  if (slot.field != kNoField)
    return kFields[slot.field].fresh(told.scalars, {0}, kAnyAge).value_or(0);
  if (slot.parameter) return told.parameters.get(*slot.parameter).value_or(0);
  return 0;
}

std::string_view text_of(const Slot& slot, const Identity& identity) {
  switch (slot.at) {
    case tables::kModelAt: return identity.model.view();
    case tables::kHardwareVersionAt: return identity.hardware_version.view();
    case tables::kSoftwareVersionAt: return identity.software_version.view();
    case tables::kNameAt: return identity.name.view();
    case tables::kSerialAt: return identity.serial.view();
    case tables::kUserDataAt: return identity.user_data.view();
    default: return {};
  }
}

/// The number of element `i` of a row.
std::uint32_t element_of(const Slot& slot, std::size_t i, const Pack& told) {
  const auto of_cell = [&](const auto& readings) { return last(readings[i]).value_or(0); };
  switch (slot.form) {
    case Form::cells:
    case Form::real_cells: return raw_of(slot, of_cell(told.cell_voltage));
    case Form::wires:
    case Form::real_wires: return raw_of(slot, of_cell(told.wire_resistance));
    case Form::cell_mask: return cell_mask(told);
    case Form::sensor_mask: return sensor_mask(told);
    case Form::temperature:
      return static_cast<std::uint32_t>(last(sensor_of(slot, told)).value_or(kNoSensor));
    case Form::balance: {
      constexpr std::array<std::uint32_t, 3> kActions = {0, 2, 1};
      const auto action = static_cast<std::size_t>(last(told.scalars.balance_action).value_or(0));
      return action < kActions.size() ? kActions[action] : 0;
    }
    case Form::heater_current:
      return static_cast<std::uint32_t>(-last(told.scalars.heater_current).value_or(0));
    case Form::alarms: {
      const auto set = told.alarms.fresh(told.alarms.heard(), {0});
      return encode_alarms(set.value_or(AlarmSet{}));
    }
    case Form::text: {
      const std::string_view text = text_of(slot, told.identity);
      return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
    }
    case Form::number:
    case Form::told_number:
    case Form::signed_number:
    case Form::real: return raw_of(slot, number_of(slot, told));
    case Form::secret:
    case Form::unused: break;
  }
  return 0;
}

}  // namespace

std::uint32_t raw_number(Record record, const Slot& slot, std::size_t element) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < slot.width; ++i)
    value |= std::uint32_t{record[slot.at + element * slot.width + i]} << 8 * i;
  return value;
}

void put_number(std::span<std::uint8_t, kSize> record, const Slot& slot, std::uint32_t raw,
                std::size_t element) {
  for (std::size_t i = 0; i < slot.width; ++i)
    record[slot.at + element * slot.width + i] = static_cast<std::uint8_t>(raw >> 8 * i);
}

void seal(std::span<std::uint8_t, kSize> record) { record[kSumAt] = sum(record); }

void encode(std::span<std::uint8_t, kSize> record, Type type, Layout layout, std::uint8_t counter,
            const Pack& told) {
  std::fill(record.begin(), record.end(), std::uint8_t{0});
  std::copy(kStart.begin(), kStart.end(), record.begin());
  record[kTypeAt] = static_cast<std::uint8_t>(type);
  record[kCounterAt] = counter;
  for (const Slot& slot : slots(type, layout))
    for (std::size_t i = 0; i < slot.count; ++i)
      put_number(record, slot, element_of(slot, i, told), i);
  seal(record);
}

}  // namespace cw::jk_record

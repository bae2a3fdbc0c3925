// SPDX-License-Identifier: Apache-2.0
// The one encoder of frames towards inverters.
#include "bridge/inverter/can_profile.h"

#include <algorithm>

#include "core/assert.h"

namespace cw {
namespace {

std::int64_t divided(std::int64_t value, std::int64_t step, Rounding rounding) {
  const std::int64_t floor = value >= 0 ? value / step : -((-value + step - 1) / step);
  switch (rounding) {
    case Rounding::down: return floor;
    case Rounding::up: return floor * step == value ? floor : floor + 1;
    case Rounding::nearest: break;
  }
  const std::int64_t size = ((value < 0 ? -value : value) * 2 + step) / (2 * step);
  return value < 0 ? -size : size;
}

std::int64_t fitting(const CanSlot& slot, std::int64_t raw) {
  const unsigned width = slot.kind == SlotKind::bits ? slot.width : 8U * slot.width;
  if (!slot.is_signed) return std::clamp<std::int64_t>(raw, 0, (std::int64_t{1} << width) - 1);
  return std::clamp<std::int64_t>(raw, -(std::int64_t{1} << (width - 1)),
                                  (std::int64_t{1} << (width - 1)) - 1);
}

/// False: the number is not known.
bool put_number(const CanSlot& slot, const CanProfile& profile, const CanValues& values,
                bool tenth_volt, CanFrame& frame) {
  const auto value = facts(slot.number).get(values);
  if (!value && slot.unknown == kLeavesFrameOut) return false;
  const std::int32_t step = tenth_volt && slot.optional_step != 0 ? slot.optional_step : slot.step;
  const std::int64_t raw =
      fitting(slot, value ? divided(*value, step, slot.rounding) + slot.offset : slot.unknown);
  if (slot.kind == SlotKind::bits) {
    frame.data[slot.byte] = static_cast<std::uint8_t>(frame.data[slot.byte] | raw << slot.bit);
    return true;
  }
  for (unsigned i = 0; i < slot.width; ++i) {
    const unsigned shift = 8 * (profile.big_endian ? slot.width - 1U - i : i);
    frame.data[slot.byte + i] = static_cast<std::uint8_t>(raw >> shift);
  }
  return true;
}

bool put_text(const CanSlot& slot, const CanValues& values, CanFrame& frame) {
  const Text<24> whole = text_of(slot.text, values);
  if (whole.empty()) return false;
  const std::string_view rest =
      whole.view().substr(std::min<std::size_t>(slot.from, whole.view().size()));
  for (std::size_t i = 0; i < slot.width; ++i)
    frame.data[slot.byte + i] = static_cast<std::uint8_t>(i < rest.size() ? rest[i] : slot.pad);
  return true;
}

void put_alarm(const CanSlot& slot, const CanRaised& raised, CanFrame& frame) {
  std::uint8_t& byte = frame.data[slot.byte];
  const bool is = ((slot.warning ? raised.warnings : raised.alarms) & slot.alarms) != 0;
  if (slot.kind == SlotKind::alarm) {
    if (is) byte = static_cast<std::uint8_t>(byte | slot.mask);
    return;
  }
  byte = static_cast<std::uint8_t>((byte & ~(3U << slot.bit)) | (is ? 1U : 2U) << slot.bit);
}

/// False: what stands there is not known.
bool put(const CanSlot& slot, const CanProfile& profile, const CanValues& values, bool tenth_volt,
         CanFrame& frame) {
  switch (slot.kind) {
    case SlotKind::number:
    case SlotKind::bits: return put_number(slot, profile, values, tenth_volt, frame);
    case SlotKind::text: return put_text(slot, values, frame);
    case SlotKind::alarm:
    case SlotKind::pair: put_alarm(slot, values.raised, frame); return true;
    case SlotKind::flag:
      if (is_set(slot.flag, values))
        frame.data[slot.byte] = static_cast<std::uint8_t>(frame.data[slot.byte] | slot.mask);
      return true;
    case SlotKind::fixed:
      std::copy(slot.bytes.begin(), slot.bytes.end(), frame.data.begin() + slot.byte);
      return true;
  }
  return true;
}

}  // namespace

std::optional<CanFrame> encode(const CanProfile& profile, const CanFrameLayout& layout,
                               const CanValues& values, bool tenth_volt,
                               std::string_view* missing) {
  CanFrame frame{.id = layout.id, .length = 8};
  frame.data.fill(layout.fill);
  for (const CanSlot& slot : layout.slots) {
    CW_ASSERT(slot.byte < 8 && (slot.kind == SlotKind::bits || slot.byte + slot.width <= 8));
    if (put(slot, profile, values, tenth_volt, frame)) continue;
    if (missing != nullptr)
      *missing = slot.kind == SlotKind::text ? name(slot.text) : facts(slot.number).name;
    return std::nullopt;
  }
  return frame;
}

InverterOptionSet options_of(const CanProfile& profile) {
  using O = InverterOption;
  InverterOptionSet options{O::period, O::least_current, O::voltage_above_battery, O::soc_most,
                            O::soc_least};
  for (const CanFrameLayout& layout : profile.frames) {
    for (const CanSlot& slot : layout.slots) {
      if (slot.optional_step != 0) options.add(O::tenth_volt);
      if (slot.kind != SlotKind::text) continue;
      if (slot.text == CanText::manufacturer) options.add(O::manufacturer);
      if (slot.text == CanText::battery_name) options.add(O::battery_name);
    }
  }
  return options;
}

VoltageRange accepted(const CanProfile& profile, CanNumber number) {
  for (const CanRange& range : profile.accepted)
    if (range.number == number) return {{range.least}, {range.most}};
  return {};
}

const CanProfile* find_can_profile(std::string_view name) {
  const auto all = can_profiles();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const CanProfile& profile) { return profile.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The one decoder of frames towards inverters: what the other end makes of them.
#include <algorithm>

#include "bridge/inverter/can_profile.h"

namespace cw {
namespace {

std::int64_t raw_number(const CanSlot& slot, bool big_endian, const CanFrame& frame) {
  if (slot.kind == SlotKind::bits)
    return frame.data[slot.byte] >> slot.bit & ((1U << slot.width) - 1U);
  std::uint64_t raw = 0;
  for (unsigned i = 0; i < slot.width; ++i) {
    const unsigned shift = 8 * (big_endian ? slot.width - 1U - i : i);
    raw |= std::uint64_t{frame.data[slot.byte + i]} << shift;
  }
  const unsigned width = 8U * slot.width;
  if (slot.is_signed && (raw >> (width - 1) & 1) != 0)
    return static_cast<std::int64_t>(raw) - (std::int64_t{1} << width);
  return static_cast<std::int64_t>(raw);
}

// Some batteries send their limits negative: the magnitude counts.
bool is_limit(CanNumber number) {
  return number == CanNumber::charge_current || number == CanNumber::discharge_current;
}

void take_number(const CanSlot& slot, bool big_endian, bool tenth_volt, const CanFrame& frame,
                 CanHeard& heard) {
  auto& number = heard.numbers[static_cast<std::size_t>(slot.number)];
  const std::int32_t step = tenth_volt && slot.optional_step != 0 ? slot.optional_step : slot.step;
  const std::int64_t raw = raw_number(slot, big_endian, frame);
  const std::int64_t value = (raw - slot.offset) * step;
  // Many batteries leave the fine state of charge beside the coarse one at 0.
  if (number && raw == 0 && slot.number == CanNumber::soc && step == 1) return;
  // A coarser one that agrees says nothing new: 76 % beside 76.40 %.
  if (number && slot.rounding == Rounding::down && value <= *number && *number < value + step)
    return;
  number = is_limit(slot.number) && value < 0 ? -value : value;
}

void take_text(const CanSlot& slot, const CanFrame& frame, CanHeard& heard) {
  Text<24>& text = heard.texts[static_cast<std::size_t>(slot.text)];
  std::array<char, 24> whole{};
  std::copy(text.view().begin(), text.view().end(), whole.begin());
  const std::size_t end = std::size_t{slot.from} + slot.width;
  for (std::size_t i = 0; i < slot.width; ++i)
    whole[slot.from + i] = static_cast<char>(frame.data[slot.byte + i]);
  std::size_t size = std::max(end, text.view().size());
  while (size > 0 && (whole[size - 1] == '\0' || whole[size - 1] == ' ')) --size;
  (void)text.assign({whole.data(), size});
}

void take_alarm(const CanSlot& slot, const CanFrame& frame, CanHeard& heard) {
  const std::uint8_t byte = frame.data[slot.byte];
  const bool is =
      slot.kind == SlotKind::alarm ? (byte & slot.mask) != 0 : (byte >> slot.bit & 3U) == 1U;
  CanAlarmBits& raised = slot.warning ? heard.warnings : heard.alarms;
  if (is) raised |= slot.alarms;
}

// A frame says anew of what it can say at all.
void forget_alarms(const CanFrameLayout& layout, CanHeard& heard) {
  for (const CanSlot& slot : layout.slots) {
    if (slot.kind != SlotKind::alarm && slot.kind != SlotKind::pair) continue;
    (slot.warning ? heard.warnings : heard.alarms) &= ~slot.alarms;
  }
}

}  // namespace

bool decode(const CanProfile& profile, const CanFrame& frame, bool tenth_volt, CanHeard& heard) {
  if (frame.extended || frame.remote || frame.error) return false;
  const auto layout = std::find_if(profile.frames.begin(), profile.frames.end(),
                                   [&](const CanFrameLayout& one) { return one.id == frame.id; });
  if (layout == profile.frames.end()) return false;
  forget_alarms(*layout, heard);
  for (const CanSlot& slot : layout->slots) {
    const unsigned bytes = slot.kind == SlotKind::bits ? 1U : slot.width;
    if (slot.byte + bytes > frame.length) continue;
    switch (slot.kind) {
      case SlotKind::number:
      case SlotKind::bits: take_number(slot, profile.big_endian, tenth_volt, frame, heard); break;
      case SlotKind::flag:
        heard.flags[static_cast<std::size_t>(slot.flag)] = (frame.data[slot.byte] & slot.mask) != 0;
        break;
      case SlotKind::alarm:
      case SlotKind::pair: take_alarm(slot, frame, heard); break;
      case SlotKind::text: take_text(slot, frame, heard); break;
      case SlotKind::fixed: break;
    }
  }
  return true;
}

}  // namespace cw

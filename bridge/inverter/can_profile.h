// SPDX-License-Identifier: Apache-2.0
// One way to speak to inverters on CAN, as data: frames with what stands where. All protocols of
// inverter-can.md are profiles; nothing else knows a layout.
#pragma once
#include <span>

#include "bridge/inverter/can_slots.h"
#include "bridge/inverter/inverter_protocol.h"
#include "drivers/protocol/can_frame.h"

namespace cw {

struct CanFrameLayout {
  std::uint16_t id = 0;  // standard
  std::string_view title;
  std::span<const CanSlot> slots;
  std::uint8_t fill = 0;  // of every bit no slot names
};

/// Numbers outside are dropped by the inverter without a word.
struct CanRange {
  CanNumber number = CanNumber::charge_voltage;
  std::int32_t least = 0;
  std::int32_t most = 0;
};

struct CanProfile {
  std::string_view name;   // "pylontech-can"
  std::string_view title;  // for people, with the inverters it is for
  bool big_endian = false;
  std::span<const CanFrameLayout> frames;  // in the order in which they are sent
  std::string_view manufacturer = {};      // unless the port has its own
  std::uint16_t asks = 0;                  // a frame that asks for a set; 0: none
  Millis least_period{200};
  std::span<const CanRange> accepted = {};
  std::string_view dies = {};  // what the inverter sees when the gateway is gone
  std::string_view notes = {};
};

inline constexpr std::size_t kCanProfileCount = 10;
/// All of them, in the order in which they are printed.
std::span<const CanProfile> can_profiles();
/// Nothing: no such profile.
const CanProfile* find_can_profile(std::string_view name);

/// What of InverterOptions shows in these frames, or in when they are sent.
InverterOptionSet options_of(const CanProfile& profile);
/// What the inverter accepts of `number`, as far as it is known.
VoltageRange accepted(const CanProfile& profile, CanNumber number);

/// Always 8 bytes. Nothing: a value that stands in it is not known; `missing` names it.
std::optional<CanFrame> encode(const CanProfile& profile, const CanFrameLayout& layout,
                               const CanValues& values, bool tenth_volt,
                               std::string_view* missing = nullptr);

/// What the other end understands: counts in the units of can_source.h. What was not heard is
/// absent.
struct CanHeard {
  std::array<std::optional<std::int64_t>, kCanNumberCount> numbers{};
  std::array<std::optional<bool>, kCanFlagCount> flags{};
  std::array<Text<24>, kCanTextCount> texts{};
  CanAlarmBits alarms = 0;
  CanAlarmBits warnings = 0;

  std::optional<std::int64_t> of(CanNumber number) const {
    return numbers[static_cast<std::size_t>(number)];
  }
  std::optional<bool> of(CanFlag flag) const { return flags[static_cast<std::size_t>(flag)]; }
  std::string_view of(CanText text) const { return texts[static_cast<std::size_t>(text)].view(); }
};

/// Adds what `frame` says; a slot beyond its end says nothing. False: no frame of this profile.
bool decode(const CanProfile& profile, const CanFrame& frame, bool tenth_volt, CanHeard& heard);

}  // namespace cw

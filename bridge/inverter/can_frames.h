// SPDX-License-Identifier: Apache-2.0
// Frames that several protocols share (inverter-can.md, sections 3, 4 and 5).
#pragma once
#include "bridge/inverter/can_profile.h"

namespace cw::can {

using namespace std::string_view_literals;
using N = CanNumber;
using F = CanFlag;
using A = CanAlarm;
inline constexpr Rounding kDown = Rounding::down;
inline constexpr Rounding kUp = Rounding::up;

inline constexpr CanAlarmBits kHighVoltage = bits_of({A::cell_high_voltage, A::pack_high_voltage});
inline constexpr CanAlarmBits kLowVoltage = bits_of({A::cell_low_voltage, A::pack_low_voltage});
inline constexpr CanAlarmBits kHot = bits_of({A::high_temperature, A::high_temperature_charge});
inline constexpr CanAlarmBits kCold = bits_of({A::low_temperature, A::low_temperature_charge});
inline constexpr CanAlarmBits kDischarge = bits_of({A::high_current, A::short_circuit});
inline constexpr CanAlarmBits kCharge = bits_of({A::high_charge_current});
inline constexpr CanAlarmBits kSystem = bits_of({A::contactor, A::internal});

// clang-format off
inline constexpr CanSlot k351[] = {
    u16(0, N::charge_voltage, 100, kDown),
    s16(2, N::charge_current, 100, kDown),
    s16(4, N::discharge_current, 100, kDown),
    u16(6, N::discharge_voltage, 100, kUp),
};

inline constexpr CanSlot k355[] = {
    u16(0, N::soc, 100, kDown),
    or_if_unknown(u16(2, N::soh, 100, kDown), 100),
};
inline constexpr CanSlot k355Fine[] = {
    u16(0, N::soc, 100, kDown),
    or_if_unknown(u16(2, N::soh, 100, kDown), 100),
    u16(4, N::soc, 1, kDown),
};

inline constexpr CanSlot k356[] = {
    or_tenths(s16(0, N::voltage, 10)),
    s16(2, N::current, 100),
    s16(4, N::temperature, 1),
};

inline constexpr CanSlot k359[] = {
    alarm(0, 7, kDischarge), alarm(0, 4, kCold), alarm(0, 3, kHot), alarm(0, 2, kLowVoltage), alarm(0, 1, kHighVoltage),
    alarm(1, 3, kSystem), alarm(1, 0, kCharge),
    warning(2, 7, kDischarge), warning(2, 4, kCold), warning(2, 3, kHot), warning(2, 2, kLowVoltage), warning(2, 1, kHighVoltage),
    warning(3, 3, kSystem), warning(3, 0, kCharge),
    u8(4, N::packs),
    fixed(5, "PN"sv, "\"PN\""sv),
};

// Pairs that nobody uses are fine as well: 10.
inline constexpr std::uint8_t k35AFill = 0xAA;
inline constexpr CanSlot k35A[] = {
    alarm_pair(0, 0, bits_of({A::general})), alarm_pair(0, 2, kHighVoltage), alarm_pair(0, 4, kLowVoltage), alarm_pair(0, 6, bits_of({A::high_temperature})),
    alarm_pair(1, 0, bits_of({A::low_temperature})), alarm_pair(1, 2, bits_of({A::high_temperature_charge})), alarm_pair(1, 4, bits_of({A::low_temperature_charge})), alarm_pair(1, 6, bits_of({A::high_current})),
    alarm_pair(2, 0, kCharge), alarm_pair(2, 2, bits_of({A::contactor})), alarm_pair(2, 4, bits_of({A::short_circuit})), alarm_pair(2, 6, bits_of({A::internal})),
    alarm_pair(3, 0, bits_of({A::imbalance})),
    warning_pair(4, 0, bits_of({A::general})), warning_pair(4, 2, kHighVoltage), warning_pair(4, 4, kLowVoltage), warning_pair(4, 6, bits_of({A::high_temperature})),
    warning_pair(5, 0, bits_of({A::low_temperature})), warning_pair(5, 2, bits_of({A::high_temperature_charge})), warning_pair(5, 4, bits_of({A::low_temperature_charge})), warning_pair(5, 6, bits_of({A::high_current})),
    warning_pair(6, 0, kCharge), warning_pair(6, 2, bits_of({A::contactor})), warning_pair(6, 4, bits_of({A::short_circuit})), warning_pair(6, 6, bits_of({A::internal})),
    warning_pair(7, 0, bits_of({A::imbalance})),
};

inline constexpr CanSlot k35B[] = {fixed(0, "\0"sv, "events: none")};

inline constexpr CanSlot k35C[] = {
    flag(0, 0x80, F::charge_enabled),
    flag(0, 0x40, F::discharge_enabled),
    flag(0, 0x30, F::force_charge),  // both kinds: inverters look at either
    flag(0, 0x08, F::full_charge_wanted),
};

inline constexpr CanSlot k35E[] = {text(0, 8, CanText::manufacturer, ' ')};
inline constexpr CanSlot k370[] = {text(0, 8, CanText::battery_name, '\0')};
inline constexpr CanSlot k371[] = {text(0, 8, CanText::battery_name, '\0', 8)};
inline constexpr CanSlot k372[] = {
    u16(0, N::packs_online, 1), u16(2, N::packs_blocking_charge, 1),
    u16(4, N::packs_blocking_discharge, 1), u16(6, N::packs_offline, 1),
};
inline constexpr CanSlot k373[] = {
    u16(0, N::cell_min, 1), u16(2, N::cell_max, 1),
    plus(u16(4, N::temperature_min, 10), 273), plus(u16(6, N::temperature_max, 10), 273),
};
inline constexpr CanSlot k374[] = {text(0, 8, CanText::cell_min_place, '\0')};
inline constexpr CanSlot k375[] = {text(0, 8, CanText::cell_max_place, '\0')};
inline constexpr CanSlot k376[] = {text(0, 8, CanText::temperature_min_place, '\0')};
inline constexpr CanSlot k377[] = {text(0, 8, CanText::temperature_max_place, '\0')};
inline constexpr CanSlot k379[] = {u16(0, N::capacity, 1000, kDown)};

inline constexpr CanFrameLayout kLimits{0x351, "limits", k351};
inline constexpr CanFrameLayout kState{0x355, "state", k355};
inline constexpr CanFrameLayout kStateFine{0x355, "state", k355Fine};
inline constexpr CanFrameLayout kMeasured{0x356, "measured", k356};
inline constexpr CanFrameLayout kProtection{0x359, "protection and alarms", k359};
inline constexpr CanFrameLayout kAlarmPairs{0x35A, "alarms and warnings", k35A, k35AFill};
inline constexpr CanFrameLayout kEvents{0x35B, "events", k35B};
inline constexpr CanFrameLayout kRequests{0x35C, "requests", k35C};
inline constexpr CanFrameLayout kMaker{0x35E, "manufacturer", k35E};
inline constexpr CanFrameLayout kNameFirst{0x370, "name", k370};
inline constexpr CanFrameLayout kNameSecond{0x371, "name", k371};
inline constexpr CanFrameLayout kPacks{0x372, "packs", k372};
inline constexpr CanFrameLayout kExtremes{0x373, "extremes", k373};
inline constexpr CanFrameLayout kCellMin{0x374, "lowest cell", k374};
inline constexpr CanFrameLayout kCellMax{0x375, "highest cell", k375};
inline constexpr CanFrameLayout kTemperatureMin{0x376, "lowest temperature", k376};
inline constexpr CanFrameLayout kTemperatureMax{0x377, "highest temperature", k377};
inline constexpr CanFrameLayout kCapacity{0x379, "capacity", k379};
// clang-format on

}  // namespace cw::can

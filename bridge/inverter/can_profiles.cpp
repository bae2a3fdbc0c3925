// SPDX-License-Identifier: Apache-2.0
// The protocols towards inverters on CAN (inverter-can.md, sections 2 to 7). Values in the order of
// a set; what only one of them sends stands here, the rest in can_frames.h.
#include "bridge/inverter/can_frames.h"

namespace cw {
namespace {

using namespace can;

// clang-format off

// Pylontech V1.2, and with what SMA and Victron added.
constexpr CanFrameLayout kPylontech[] = {kProtection, kLimits, kState, kMeasured, kRequests, kMaker};
constexpr CanFrameLayout kPylontechPlus[] = {
    kProtection, kLimits, kStateFine, kMeasured, kRequests, kMaker, kAlarmPairs, kNameFirst, kNameSecond, kPacks,
    kExtremes, kCellMin, kCellMax, kTemperatureMin, kTemperatureMax, kCapacity};

// Victron GX. 378 (energies) is left out: nobody counts them for the whole bank.
constexpr CanSlot k35EVictron[] = {text(0, 8, CanText::manufacturer, '\0')};
constexpr CanSlot k35FVictron[] = {
    fixed(0, "\0\0"sv, "product 0"), fixed(2, "\1\0"sv, "version 1.0"),
    or_if_unknown(u16(4, N::remaining, 1000, kDown), 0), fixed(6, "\0\0"sv, "hardware 0")};
constexpr CanSlot k360[] = {flag(0, 0xFF, F::force_charge)};
constexpr CanSlot k380[] = {text(0, 8, CanText::serial, '\0')};
constexpr CanSlot k381[] = {text(0, 8, CanText::serial, '\0', 8)};
constexpr CanSlot k382[] = {fixed(0, "Battery\0"sv, "\"Battery\"")};
constexpr CanFrameLayout kVictron[] = {
    kLimits, kStateFine, kMeasured, kAlarmPairs, {0x35E, "manufacturer", k35EVictron}, {0x35F, "versions, capacity left", k35FVictron},
    {0x360, "charge request", k360}, kNameFirst, kNameSecond, kPacks, kExtremes, kCellMin, kCellMax, kTemperatureMin, kTemperatureMax,
    kCapacity, {0x380, "serial number", k380}, {0x381, "serial number", k381}, {0x382, "product", k382}};

// BYD LVS as it was recorded towards a GX: no fine state of charge, no name.
constexpr CanSlot k35FByd[] = {
    fixed(0, "\x4C\x69"sv, "product \"Li\""), fixed(2, "\1\x17"sv, "version 1.23"),
    or_if_unknown(u16(4, N::remaining, 1000, kDown), 0), fixed(6, "\0\0"sv, "hardware 0")};
constexpr CanSlot k382Byd[] = {fixed(0, "PREMIUM\0"sv, "\"PREMIUM\"")};
constexpr CanFrameLayout kByd[] = {
    kLimits, kState, kMeasured, kAlarmPairs, kEvents, {0x35E, "manufacturer", k35EVictron}, {0x35F, "versions, capacity left", k35FByd},
    {0x360, "charge request", k360}, kPacks, kExtremes, kCellMin, kCellMax, kTemperatureMin, kTemperatureMax, kCapacity,
    {0x382, "product", k382Byd}};

// SMA: what is not used within a frame is "invalid", all ones.
constexpr CanSlot k35FSma[] = {
    fixed(0, "\0\0"sv, "type 0"), fixed(2, "\1\0"sv, "version 1"), or_if_unknown(u16(4, N::capacity, 1000, kDown), 0xFFFF)};
constexpr CanFrameLayout kSma[] = {
    kLimits, {0x355, "state", k355Fine, 0xFF}, {0x356, "measured", k356, 0xFF}, kAlarmPairs, kEvents, kMaker,
    {0x35F, "type, version, capacity", k35FSma, 0xFF}};
constexpr CanRange kSmaAccepts[] = {{N::charge_voltage, 41'000, 63'000}, {N::discharge_voltage, 41'000, 48'000}};

constexpr CanSlot k35FGoodwe[] = {
    fixed(0, "\0\0"sv, "chemistry 0"), fixed(2, "\1\0"sv, "hardware 1"),
    or_if_unknown(u16(4, N::capacity, 1000, kDown), 0), fixed(6, "\1\0"sv, "software 1")};
constexpr CanFrameLayout kGoodwe[] = {
    kLimits, kStateFine, kMeasured, kAlarmPairs, kEvents, kMaker, {0x35F, "chemistry, versions, capacity", k35FGoodwe}};

// Luxpower V04.2.
constexpr CanSlot k359Luxpower[] = {
    alarm(0, 7, kDischarge), alarm(0, 4, kCold), alarm(0, 3, kHot), alarm(0, 2, kLowVoltage), alarm(0, 1, kHighVoltage),
    alarm(1, 3, kSystem), alarm(1, 0, kCharge),
    warning(2, 7, kDischarge), warning(2, 4, kCold), warning(2, 3, kHot), warning(2, 2, kLowVoltage), warning(2, 1, kHighVoltage),
    warning(3, 3, kSystem), warning(3, 0, kCharge),
    u8(4, N::packs), or_if_unknown(u16(5, N::capacity, 1000, kDown), 0)};
constexpr CanSlot k355Luxpower[] = {
    u16(0, N::soc, 100, kDown), or_if_unknown(u16(2, N::soh, 100, kDown), 100), u16(4, N::cell_max, 1), u16(6, N::cell_min, 1)};
constexpr CanSlot k356Luxpower[] = {
    or_tenths(s16(0, N::voltage, 10)), s16(2, N::current, 100), s16(4, N::temperature_max_apart, 1), s16(6, N::temperature_min, 1)};
constexpr CanSlot k35CLuxpower[] = {
    flag(0, 0x80, F::charge_enabled), flag(0, 0x40, F::discharge_enabled), flag(0, 0x30, F::force_charge),
    flag(0, 0x08, F::full_charge_wanted), or_if_unknown(u16(2, N::cycles, 1), 0)};
constexpr CanFrameLayout kLuxpower[] = {
    {0x359, "protection and alarms, capacity", k359Luxpower}, kLimits, {0x355, "state, cells", k355Luxpower},
    {0x356, "measured", k356Luxpower}, {0x35C, "requests, cycles", k35CLuxpower}, kMaker};

constexpr CanFrameLayout kSolark[] = {kProtection, kLimits, kState, kMeasured, kRequests, kMaker, kCapacity};

// "BMS Protocol CAN Hybrid V1.0".
constexpr CanSlot k359Solis[] = {
    alarm(0, 7, kDischarge), alarm(0, 4, kCold), alarm(0, 3, kHot), alarm(0, 2, kLowVoltage), alarm(0, 1, kHighVoltage),
    alarm(1, 4, bits_of({A::imbalance})), alarm(1, 3, kSystem), alarm(1, 0, kCharge),
    warning(2, 7, kDischarge), warning(2, 4, kCold), warning(2, 3, kHot), warning(2, 2, kLowVoltage), warning(2, 1, kHighVoltage),
    warning(3, 4, bits_of({A::imbalance})), warning(3, 3, kSystem), warning(3, 0, kCharge)};
constexpr CanSlot k356Solis[] = {s16(0, N::voltage, 100), s16(2, N::current, 100), s16(4, N::temperature, 1)};
constexpr CanSlot k399[] = {
    or_if_unknown(u16(0, N::energy, 100, kDown), 0),
    warning(2, 1, bits_of({A::cell_low_voltage})), warning(2, 0, bits_of({A::cell_high_voltage})),
    alarm(3, 1, bits_of({A::cell_low_voltage})), alarm(3, 0, bits_of({A::cell_high_voltage}))};
constexpr CanSlot k3DA[] = {
    u16(0, N::cell_max, 1), u16(2, N::cell_min, 1), u16(4, N::cell_max_number, 1), u16(6, N::cell_min_number, 1)};
constexpr CanSlot k3DB[] = {
    plus(u8(0, N::temperature_max, 10), 50), plus(u8(1, N::temperature_min, 10), 50),
    u8(2, N::temperature_max_number), u8(3, N::temperature_min_number)};
constexpr CanFrameLayout kSolis[] = {
    {0x359, "protection and alarms", k359Solis}, kLimits, kState, {0x356, "measured", k356Solis}, kRequests,
    {0x399, "energy when full, cell alarms", k399}, {0x3DA, "cells", k3DA}, {0x3DB, "temperatures", k3DB}};

// Growatt low-voltage V1.04: big-endian. 315 to 318 (each cell of a single pack) are optional and
// left out.
constexpr CanSlot k311[] = {
    u16(0, N::charge_voltage, 100, kDown), u16(2, N::charge_current, 100, kDown), u16(4, N::discharge_current, 100, kDown),
    flag(7, 0x40, F::charge_enabled), flag(7, 0x20, F::discharge_enabled), flag(7, 0x08, F::balanced), flag(7, 0x04, F::protected_),
    or_if_unknown(bits(7, 0, 2, N::operation), 1)};
constexpr CanSlot k312[] = {
    alarm(0, 7, bits_of({A::high_current})), alarm(0, 6, kCharge), alarm(0, 5, bits_of({A::short_circuit})),
    alarm(0, 4, bits_of({A::cell_high_voltage})), alarm(0, 3, bits_of({A::cell_low_voltage})), alarm(0, 2, bits_of({A::pack_high_voltage})), alarm(0, 1, bits_of({A::pack_low_voltage})),
    alarm(1, 7, bits_of({A::high_temperature})), alarm(1, 6, bits_of({A::high_temperature_charge})), alarm(1, 5, bits_of({A::low_temperature})),
    alarm(1, 4, bits_of({A::low_temperature_charge})), alarm(1, 3, kSystem), alarm(1, 2, bits_of({A::imbalance})),
    warning(2, 7, bits_of({A::high_current})), warning(2, 6, kCharge), warning(2, 5, bits_of({A::short_circuit})),
    warning(2, 4, bits_of({A::cell_high_voltage})), warning(2, 3, bits_of({A::cell_low_voltage})), warning(2, 2, bits_of({A::pack_high_voltage})), warning(2, 1, bits_of({A::pack_low_voltage})),
    warning(3, 7, bits_of({A::high_temperature})), warning(3, 6, bits_of({A::high_temperature_charge})), warning(3, 5, bits_of({A::low_temperature})),
    warning(3, 4, bits_of({A::low_temperature_charge})), warning(3, 3, kSystem), warning(3, 2, bits_of({A::imbalance})),
    u8(4, N::packs), u8(7, N::cells)};
constexpr CanSlot k313[] = {
    s16(0, N::voltage, 10), s16(2, N::current, 100), s16(4, N::temperature, 1),
    u8(6, N::soc, 100, kDown), or_if_unknown(u8(7, N::soh, 100, kDown), 100)};
constexpr CanSlot k314[] = {
    u16(0, N::remaining, 10, kDown), u16(2, N::capacity, 10, kDown), u16(4, N::cell_difference, 1), or_if_unknown(u16(6, N::cycles, 1), 0)};
constexpr CanSlot k319[] = {
    flag(0, 0x80, F::charge_enabled), flag(0, 0x40, F::discharge_enabled), flag(0, 0x20, F::force_charge),
    u16(1, N::cell_max, 1), u16(3, N::cell_min, 1), u8(5, N::cell_max_number), u8(6, N::cell_min_number)};
constexpr CanSlot k320[] = {
    text(0, 2, CanText::manufacturer, ' '), fixed(2, "\1\1"sv, "hardware 1, software 1"), or_if_unknown(u32(4, N::packed_time), 0)};
constexpr CanFrameLayout kGrowatt[] = {
    {0x311, "limits, status", k311}, {0x312, "protection and alarms", k312}, {0x313, "measured", k313}, {0x314, "capacity", k314},
    {0x319, "requests, cells", k319}, {0x320, "manufacturer, time", k320}};

// clang-format on

constexpr std::string_view kOwnSettings =
    "Most raise an alarm after a time nobody publishes (Deye and Sunsynk: W31, \"BMS comm fault\") "
    "and, unless told to stop then (\"BMS_Err_Stop\"), go on with the voltages set in the "
    "inverter: "
    "those must be safe by themselves.";
constexpr std::string_view kUnpublished =
    "Unpublished; the voltages set in the inverter must be safe by themselves.";
constexpr std::string_view kGxStops =
    "The battery is shown as not connected after some 10 s to minutes, depending on the version; "
    "charging and discharging stop then.";

constexpr CanProfile kProfiles[kCanProfileCount] = {
    {.name = "pylontech-can",
     .title = "Pylontech V1.2: Deye, Sunsynk, Sofar, Growatt SPF (L52), MidNite and many more",
     .frames = kPylontech,
     .manufacturer = "PYLON",
     .dies = kOwnSettings,
     .notes = "Deye takes names that begin with PYLON."},
    {.name = "pylontech-plus-can",
     .title = "Pylontech with what SMA and Victron added: Goodwe, Solis, Studer, SRNE, Schneider",
     .frames = kPylontechPlus,
     .manufacturer = "PYLON",
     .dies = kOwnSettings},
    {.name = "victron-can",
     .title = "Victron GX",
     .frames = kVictron,
     .manufacturer = "CELLWRDN",
     .dies = kGxStops,
     .notes =
         "With feed-in of DC-coupled PV a GX does not hold its chargers to the charge current: "
         "only the charge voltage protects then."},
    {.name = "byd-lvs-can",
     .title = "BYD LVS, as towards a Victron GX",
     .frames = kByd,
     .manufacturer = "BYD",
     .dies = kGxStops,
     .notes = "The sets of BYD HVS and HVM are for high voltages and not offered."},
    {.name = "sma-can",
     .title = "SMA Sunny Island; Solis \"AoBo\"",
     .frames = kSma,
     .manufacturer = "CELLWRDN",
     .accepted = kSmaAccepts,
     .dies = "After 60 s without 0x355 error F952 and standby; after 60 s without 0x351 warning "
             "W952 and its defaults: 54 V, 0 A, 0 A.",
     .notes = "Any alarm means standby until it is gone; a state of charge of 0 % means complete "
              "shutdown."},
    {.name = "goodwe-can",
     .title = "Goodwe with the layout of SMA (battery \"LX U5.4-L\"); LG, REC",
     .frames = kGoodwe,
     .manufacturer = "GOODWE",
     .dies = kUnpublished,
     .notes = "The numbers of chemistry and versions are not published; 0 and 1 are sent."},
    {.name = "luxpower-can",
     .title = "Luxpower, EG4 (\"Lithium 6\")",
     .frames = kLuxpower,
     .manufacturer = "CELLWRDN",
     .dies = kUnpublished,
     .notes = "Its demand for a rapid shutdown (0x300) is shown, and nothing else is done."},
    {.name = "solark-can",
     .title = "Sol-Ark",
     .frames = kSolark,
     .manufacturer = "PYLON",
     .dies = kOwnSettings,
     .notes = "Its paper wants voltages of 0x356 in 0.1 V, Deye, who makes it, in 0.01 V: an "
              "option of the port."},
    {.name = "solis-can",
     .title = "\"BMS Protocol CAN Hybrid V1.0\": Solis and alike",
     .frames = kSolis,
     .dies = kUnpublished,
     .notes = "Ignores the demand to charge."},
    {.name = "growatt-can",
     .title = "Growatt low-voltage V1.04: SPH, SPF",
     .big_endian = true,
     .frames = kGrowatt,
     .manufacturer = "CW",
     .asks = 0x301,
     .dies = kUnpublished,
     .notes = "Capacities end at 655.35 Ah."},
};

}  // namespace

std::span<const CanProfile> can_profiles() { return kProfiles; }

}  // namespace cw

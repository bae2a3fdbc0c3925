// SPDX-License-Identifier: Apache-2.0
// Every protocol a simulated inverter can read. To add one: its file, its maker, its row.
#include <algorithm>
#include <array>

#include "simulator/readers/readers.h"

namespace cw::simulator {
namespace {

constexpr std::uint32_t kBaud = 9'600;
constexpr std::uint8_t kSunspecUnit = 126;
constexpr std::uint8_t kVictronUnit = 225;
constexpr std::string_view kFlags = "limits (351), flags (35C)";
constexpr std::string_view kPairs = "limits (351); a limit of 0 forbids";

// clang-format off
constexpr auto kReaders = std::to_array<InverterReaderRow>({
    {"pylontech-can",      "pylontech-can",      Bus::can,    0,     0,            kFlags, make_can_reader},
    {"pylontech-plus-can", "pylontech-plus-can", Bus::can,    0,     0,            kFlags, make_can_reader},
    {"victron-can",        "victron-can",        Bus::can,    0,     0,            "limits (351), charge request (360); a limit of 0 forbids", make_can_reader},
    {"byd-lvs-can",        "byd-lvs-can",        Bus::can,    0,     0,            "limits (351), charge request (360); a limit of 0 forbids", make_can_reader},
    {"sma-can",            "sma-can",            Bus::can,    0,     0,            "limits (351) within what a Sunny Island accepts; a limit of 0 forbids", make_can_reader},
    {"goodwe-can",         "goodwe-can",         Bus::can,    0,     0,            kPairs, make_can_reader},
    {"luxpower-can",       "luxpower-can",       Bus::can,    0,     0,            kFlags, make_can_reader},
    {"solark-can",         "solark-can",         Bus::can,    0,     0,            kFlags, make_can_reader},
    {"solis-can",          "solis-can",          Bus::can,    0,     0,            kFlags, make_can_reader},
    {"growatt-can",        "growatt-can",        Bus::can,    0,     0,            "limits and status (311), charge request (319); no lowest voltage", make_can_reader},
    {"pylontech-rs485",    "pylontech-rs485",    Bus::serial, kBaud, 0,            "system command 63", make_pylontech_reader},
    {"growatt-rs485",      "growatt-rs485",      Bus::serial, kBaud, 1,            "status, charge current; the charge voltage where it is told; no limit of discharge", make_growatt_reader},
    {"byd-rs485",          "byd-rs485",          Bus::serial, kBaud, 21,           "highest and lowest voltage, powers; starts the battery and keeps its heartbeat", make_byd_reader},
    {"sunspec-rtu",        "modbus-rtu",         Bus::serial, kBaud, kSunspecUnit, "model 802, found by a walk along the chain", make_sunspec_reader},
    {"victron-rtu",        "modbus-rtu",         Bus::serial, kBaud, kVictronUnit, "registers 305 to 308, 1297 and 1298", make_victron_reader},
    {"sunspec-tcp",        "[modbus]",           Bus::serial, 0,     kSunspecUnit, "model 802, found by a walk along the chain", make_sunspec_reader},
    {"victron-tcp",        "[modbus]",           Bus::serial, 0,     kVictronUnit, "registers 305 to 308, 1297 and 1298", make_victron_reader},
});
// clang-format on

}  // namespace

std::span<const InverterReaderRow> inverter_readers() { return kReaders; }

const InverterReaderRow* find_inverter_reader(std::string_view name) {
  const auto found = std::ranges::find(kReaders, name, &InverterReaderRow::name);
  return found == kReaders.end() ? nullptr : &*found;
}

std::string inverter_reader_names() {
  std::string names;
  for (const InverterReaderRow& row : kReaders)
    names.append(names.empty() ? "" : ", ").append(row.name);
  return names;
}

}  // namespace cw::simulator

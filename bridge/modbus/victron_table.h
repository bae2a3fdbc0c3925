// SPDX-License-Identifier: Apache-2.0
// THE table of the registers a Victron GX serves for a battery (unit 225) and for the system (unit
// 100). Source: inverter-modbus.md, section 3. Positive current charges; what is not known is 0.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "bridge/modbus/modbus_registers.h"
#include "bridge/modbus/site_facts.h"
#include "core/text.h"

namespace cw::victron {

enum class Type : std::uint8_t { uint16, int16, uint32, int32, text };
constexpr std::string_view name(Type type) {
  constexpr std::string_view names[] = {"uint16", "int16", "uint32", "int32", "string"};
  return names[static_cast<std::size_t>(type)];
}

/// What one register looks at.
struct View {
  const SiteFacts& facts;
  std::string_view site;  // the gateway's name
};

using Read = Number (*)(const View&);
using ReadText = Text<16> (*)(const View&);

struct Row {
  std::uint16_t address;
  Type type;
  std::uint8_t registers;
  std::string_view scale{};  // raw = value x scale
  std::string_view title;
  Read read = nullptr;     // not given: always 0
  std::int8_t digits = 0;  // of what `read` returns that the register has no room for
  modbus::Round round = modbus::Round::nearest;
  ReadText text = nullptr;
};

// What the rows read; the units are the core's.
inline Number negative(Number value) { return value ? Number{-*value} : std::nullopt; }
template <auto Member>
Number site(const View& v) {
  return v.facts.*Member;
}
template <int Value>
Number fixed(const View&) {
  return Value;
}
/// 2 alarm.
template <SunspecEvent Alarm>
Number alarm(const View& v) {
  return (v.facts.events & bit(Alarm)) != 0 ? 2 : 0;
}
/// 1 warning, 2 alarm.
template <SunspecEvent Alarm, SunspecEvent Warning>
Number level(const View& v) {
  if ((v.facts.events & bit(Alarm)) != 0) return 2;
  return (v.facts.events & bit(Warning)) != 0 ? 1 : 0;
}
Number capacity(const View& v);
Number consumed(const View& v);  // mAh, negative
Number temperature(const View& v);
Number any_alarm(const View& v);
Number high_current(const View& v);
Number internal_failure(const View& v);
Number cable(const View& v);
Number relay(const View& v);
Number state(const View& v);
Number balancing(const View& v);
Number balancer(const View& v);
Number packs(const View& v);
Number cells(const View& v);
Number may_charge(const View& v);
Number may_discharge(const View& v);
Number offline(const View& v);
Number blocking_charge(const View& v);
Number blocking_discharge(const View& v);
Number direction(const View& v);
Text<16> lowest_cell(const View& v);  // "2-15": cell 15 of pack 2
Text<16> highest_cell(const View& v);
Text<16> coldest_sensor(const View& v);
Text<16> hottest_sensor(const View& v);

/// The only register that clients may be allowed to write, and the last one of the system. On a GX
/// it is a setting of its own (inverter-modbus.md, section 3).
inline constexpr std::uint16_t kReserve = 2901;

// clang-format off
namespace rows {
using enum Type;
using E = SunspecEvent;
using F = SiteFacts;
using V = const View&;
using modbus::Round;

inline constexpr auto kBattery = std::to_array<Row>({
  {256, int32,  2, "1",    "Power, W", &site<&F::power>, 3},
  {258, int16,  1, "1",    "Power, W", &site<&F::power>, 3},
  {259, uint16, 1, "100",  "Voltage, V", &site<&F::voltage>, 1},
  {260, uint16, 1, "100",  "Starter voltage"},
  {261, int16,  1, "10",   "Current, A", &site<&F::current>, 2},
  {262, int16,  1, "10",   "Temperature, °C", &temperature},
  {263, uint16, 1, "100",  "Mid voltage"},
  {264, uint16, 1, "100",  "Deviation of the mid voltage"},
  {265, uint16, 1, "-10",  "Consumed, Ah (negative)", [](V v) { return negative(consumed(v)); }, 2},
  {266, uint16, 1, "10",   "State of charge, %", &site<&F::soc>, 1},
  {267, uint16, 1, "1",    "Any alarm: 0 none, 2 alarm", &any_alarm},
  {268, uint16, 1, "1",    "Low voltage alarm", &alarm<E::under_voltage_alarm>},
  {269, uint16, 1, "1",    "High voltage alarm", &alarm<E::over_voltage_alarm>},
  {270, uint16, 1, "1",    "Low starter voltage alarm"},
  {271, uint16, 1, "1",    "High starter voltage alarm"},
  {272, uint16, 1, "1",    "Low state of charge alarm", &alarm<E::under_soc_alarm>},
  {273, uint16, 1, "1",    "Low temperature alarm", &alarm<E::under_temperature_alarm>},
  {274, uint16, 1, "1",    "High temperature alarm", &alarm<E::over_temperature_alarm>},
  {275, uint16, 1, "1",    "Mid voltage alarm"},
  {276, uint16, 1, "1",    "Low fused voltage alarm"},
  {277, uint16, 1, "1",    "High fused voltage alarm"},
  {278, uint16, 1, "1",    "Fuse blown alarm"},
  {279, uint16, 1, "1",    "High internal temperature alarm"},
  {280, uint16, 1, "1",    "Relays of the gateway: 0 one is open, 1 all are closed", &relay},
  {281, uint16, 1, "-10",  "Deepest discharge, Ah"},
  {282, uint16, 1, "-10",  "Last discharge, Ah"},
  {283, uint16, 1, "-10",  "Average discharge, Ah"},
  {284, uint16, 1, "1",    "Charge cycles", &site<&F::cycles>},
  {285, uint16, 1, "1",    "Full discharges"},
  {286, uint16, 1, "-10",  "Total drawn, Ah"},
  {287, uint16, 1, "100",  "Minimum voltage"},
  {288, uint16, 1, "100",  "Maximum voltage"},
  {289, uint16, 1, "0.01", "Time since last full charge, s"},
  {290, uint16, 1, "1",    "Automatic synchronisations"},
  {291, uint16, 1, "1",    "Low voltage alarms"},
  {292, uint16, 1, "1",    "High voltage alarms"},
  {293, uint16, 1, "1",    "Low starter voltage alarms"},
  {294, uint16, 1, "1",    "High starter voltage alarms"},
  {295, uint16, 1, "100",  "Minimum starter voltage"},
  {296, uint16, 1, "100",  "Maximum starter voltage"},
  {297, uint16, 1, "1",    "Low fused voltage alarms"},
  {298, uint16, 1, "1",    "High fused voltage alarms"},
  {299, uint16, 1, "100",  "Minimum fused voltage"},
  {300, uint16, 1, "100",  "Maximum fused voltage"},
  {301, uint16, 1, "10",   "Discharged energy, kWh"},
  {302, uint16, 1, "10",   "Charged energy, kWh"},
  {303, uint16, 1, "0.01", "Time to go, s"},
  {304, uint16, 1, "10",   "State of health, %", &site<&F::soh>, 1},
  {305, uint16, 1, "10",   "Charge voltage limit (CVL), V", &site<&F::charge_voltage>, 2, Round::down},
  {306, uint16, 1, "10",   "Discharge voltage limit, V", &site<&F::discharge_voltage>, 2, Round::up},
  {307, uint16, 1, "10",   "Charge current limit (CCL), A", &site<&F::charge_current_most>, 2, Round::down},
  {308, uint16, 1, "10",   "Discharge current limit (DCL), A", &site<&F::discharge_current_most>, 2, Round::down},
  {309, uint16, 1, "10",   "Installed capacity, Ah", &capacity, 2},
  {310, int32,  2, "1",    "Time of the last error"},
  {312, int32,  2, "1",    "Time of the error before"},
  {314, int32,  2, "1",    "Time of the second error before"},
  {316, int32,  2, "1",    "Time of the third error before"},
  {318, int16,  1, "10",   "Minimum cell temperature, °C", [](V v) { return v.facts.sensors.least.value; }},
  {319, int16,  1, "10",   "Maximum cell temperature, °C", [](V v) { return v.facts.sensors.most.value; }},
  {320, uint16, 1, "1",    "High charge current alarm", &alarm<E::over_charge_current_alarm>},
  {321, uint16, 1, "1",    "High discharge current alarm", &alarm<E::over_discharge_current_alarm>},
  {322, uint16, 1, "1",    "Cell imbalance alarm", &alarm<E::voltage_imbalance_warning>},
  {323, uint16, 1, "1",    "Internal failure alarm", &internal_failure},
  {324, uint16, 1, "1",    "High charge temperature alarm", &alarm<E::over_temperature_alarm>},
  {325, uint16, 1, "1",    "Low charge temperature alarm", &alarm<E::under_temperature_alarm>},
  {326, uint16, 1, "1",    "Low cell voltage: 1 nearly empty, 2 alarm", &level<E::under_voltage_alarm, E::under_voltage_warning>},
  {327, uint16, 1, "1",    "BMS cable: 1 a pack is not heard, 2 none is", &cable},
  {328, uint16, 1, "1",    "Contactor: 2 alarm", &alarm<E::contactor_error>},
  {329, uint16, 1, "1",    "High current: 1 warning, 2 alarm", &high_current},
  {330, uint32, 2, "-1",   "Consumed, Ah (negative)", [](V v) { return negative(consumed(v)); }, 3},
  {1282, uint16, 1, "1",   "State: 0 initialising, 9 running, 10 error, 14 standby", &state},
  {1283, uint16, 1, "1",   "Error code"},
  {1284, uint16, 1, "1",   "System switch", &fixed<1>},
  {1285, uint16, 1, "1",   "Balancing", &balancing},
  {1286, uint16, 1, "1",   "Batteries", &packs},
  {1287, uint16, 1, "1",   "Batteries in parallel", &packs},
  {1288, uint16, 1, "1",   "Batteries in series", &fixed<1>},
  {1289, uint16, 1, "1",   "Cells of a battery", &cells},
  {1290, uint16, 1, "100", "Minimum cell voltage, V", [](V v) { return v.facts.cells.least.value; }, 1},
  {1291, uint16, 1, "100", "Maximum cell voltage, V", [](V v) { return v.facts.cells.most.value; }, 1},
  {1292, uint16, 1, "1",   "Shutdowns due to an error"},
  {1293, uint16, 1, "1",   "Last error code"},
  {1294, uint16, 1, "1",   "Error code before"},
  {1295, uint16, 1, "1",   "Second error code before"},
  {1296, uint16, 1, "1",   "Third error code before"},
  {1297, uint16, 1, "1",   "Charging is allowed", &may_charge},
  {1298, uint16, 1, "1",   "Discharging is allowed", &may_discharge},
  {1299, uint16, 1, "1",   "External relay"},
  {1300, uint16, 1, "100", "Lowest cell voltage ever"},
  {1301, uint16, 1, "100", "Highest cell voltage ever"},
  {1302, uint16, 1, "1",   "Modules offline: packs not heard", &offline},
  {1303, uint16, 1, "1",   "Modules online: packs heard, with a switch closed", &site<&F::connected>},
  {1304, uint16, 1, "1",   "Modules blocking charge", &blocking_charge},
  {1305, uint16, 1, "1",   "Modules blocking discharge", &blocking_discharge},
  {.address = 1306, .type = text, .registers = 4, .title = "Pack and cell of the lowest voltage", .text = &lowest_cell},
  {.address = 1310, .type = text, .registers = 4, .title = "Pack and cell of the highest voltage", .text = &highest_cell},
  {.address = 1314, .type = text, .registers = 4, .title = "Pack and sensor of the lowest temperature", .text = &coldest_sensor},
  {.address = 1318, .type = text, .registers = 4, .title = "Pack and sensor of the highest temperature", .text = &hottest_sensor},
  {1322, uint16, 1, "1",   "Mode: 3 on; never to be written", &fixed<3>},
  {1323, uint16, 1, "1",   "Balancer: 0 not known, 1 balanced, 2 balancing", &balancer},
  {1324, uint16, 1, "1",   "Errors of other makes, 1"},
  {1325, uint16, 1, "1",   "Errors of other makes, 2"},
  {1326, uint16, 1, "1",   "Errors of other makes, 3"},
  {1327, uint16, 1, "1",   "Errors of other makes, 4"},
  {.address = 1328, .type = text, .registers = 8, .title = "Connection", .text = [](V) { Text<16> out; out.assign("Cellwarden"); return out; }},
  {.address = 1336, .type = text, .registers = 8, .title = "Name; never to be written", .text = [](V v) { Text<16> out; out.assign(v.site.substr(0, 16)); return out; }},
});

inline constexpr auto kSystem = std::to_array<Row>({
  {840, uint16, 1, "10",   "Battery voltage, V", &site<&F::voltage>, 2},
  {841, int16,  1, "10",   "Battery current, A", &site<&F::current>, 2},
  {842, int16,  1, "1",    "Battery power, W", &site<&F::power>, 3},
  {843, uint16, 1, "1",    "State of charge, %", &site<&F::soc>, 2},
  {844, uint16, 1, "1",    "0 idle, 1 charging, 2 discharging", &direction},
  {845, uint16, 1, "-10",  "Consumed, Ah (negative)", [](V v) { return negative(consumed(v)); }, 2},
  {846, uint16, 1, "0.01", "Time to go, s"},
  {kReserve, uint16, 1, "10", "Lowest state of charge, %; there only if `victron.2901` is writable", &site<&F::soc_min>, 1, modbus::Round::up},
});
}  // namespace rows
// clang-format on

inline constexpr std::uint8_t kBatteryUnit = 225;
inline constexpr std::uint8_t kSystemUnit = 100;
inline constexpr std::uint8_t kSystemAlias = 0;  // its true number, which some clients cannot ask

namespace proof {
consteval bool rows_are_in_order(std::span<const Row> rows) {
  for (std::size_t i = 1; i < rows.size(); ++i)
    if (rows[i].address < rows[i - 1].address + rows[i - 1].registers) return false;
  return true;
}
static_assert(rows_are_in_order(rows::kBattery));
static_assert(rows_are_in_order(rows::kSystem));
static_assert(rows::kSystem.back().address == kReserve);
}  // namespace proof

}  // namespace cw::victron

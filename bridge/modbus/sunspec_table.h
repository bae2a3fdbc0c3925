// SPDX-License-Identifier: Apache-2.0
// THE table of the SunSpec chain: every point of models 1, 802, 803, 713, 804 and 805 in the order
// of its registers, with where its value comes from. Names, types, sizes, scale factors and the
// marks for mandatory (M) and writable (W) are those of the SunSpec model definitions.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "bridge/modbus/modbus_registers.h"
#include "bridge/modbus/sunspec_values.h"

namespace cw::sunspec {

enum class Type : std::uint8_t {
  uint16,
  int16,
  uint32,
  bitfield32,
  enum16,
  sunssf,
  string,
  pad,
};

constexpr std::string_view name(Type type) {
  constexpr std::string_view names[] = {"uint16", "int16",  "uint32", "bitfield32",
                                        "enum16", "sunssf", "string", "pad"};
  return names[static_cast<std::size_t>(type)];
}

/// A limit is only ever narrowed, also where it does not fit its register.
using modbus::Round;

enum class Mark : std::uint8_t { none = 0, M = 1, W = 2, MW = 3 };

struct Point {
  std::string_view name;
  Type type = Type::uint16;
  std::uint8_t size = 1;  // registers
  Mark mark = Mark::none;
  std::string_view scale{};   // the point that holds its scale factor; empty: none
  Read read = nullptr;        // of every type but string and pad; not given: not implemented
  std::uint8_t decimals = 0;  // of what `read` returns: value = count / 10^decimals
  Round round = Round::nearest;
  ReadText text = nullptr;
  std::string_view sends{};  // for people, where the name does not say it

  constexpr bool mandatory() const { return (static_cast<unsigned>(mark) & 1) != 0; }
  constexpr bool writable() const { return (static_cast<unsigned>(mark) & 2) != 0; }
};

// clang-format off
namespace rows {
using enum Type;
using enum Mark;
using enum Round;
using V = const View&;
constexpr std::uint8_t kMilli = 3, kPercent = 2, kDegree = 1;  // decimals of the core's units

inline constexpr auto kCommon = std::to_array<Point>({
  {"ID", uint16, 1, M, "", &id},
  {"L",  uint16, 1, M, "", &length},
  {.name = "Mn",  .type = string, .size = 16, .mark = M, .text = [](V) -> std::string_view { return "Cellwarden"; }},
  {.name = "Md",  .type = string, .size = 16, .mark = M, .text = [](V) -> std::string_view { return "Battery gateway"; }},
  {.name = "Opt", .type = string, .size = 8},
  {.name = "Vr",  .type = string, .size = 8,  .text = &version, .sends = "version of the program"},
  {.name = "SN",  .type = string, .size = 16, .mark = M, .text = [](V v) { return v.chain.site; }, .sends = "name of the gateway"},
  {.name = "DA", .mark = W, .read = [](V v) -> Number { return v.chain.unit; }, .sends = "this unit; never to be written"},
  {.name = "Pad", .type = pad},
});

inline constexpr auto kBattery = std::to_array<Point>({
  {"ID", uint16, 1, M, "", &id},
  {"L",  uint16, 1, M, "", &length},
  {"AHRtg",         uint16, 1, M,    "AHRtg_SF",         &capacity, kMilli, down},
  {"WHRtg",         uint16, 1, M,    "WHRtg_SF",         &energy, kMilli, down},
  {"WChaRteMax",    uint16, 1, M,    "WChaDisChaMax_SF", &charge_power, kMilli, down},
  {"WDisChaRteMax", uint16, 1, M,    "WChaDisChaMax_SF", &discharge_power, kMilli, down},
  {"DisChaRte",     uint16, 1, none, "DisChaRte_SF"},
  {"SoCMax",        uint16, 1, none, "SoC_SF", &fixed<10'000>, kPercent},
  {"SoCMin",        uint16, 1, none, "SoC_SF", &fixed<0>, kPercent},
  {.name = "SocRsvMax", .mark = W, .scale = "SoC_SF", .read = &site<&SiteFacts::soc_max>, .decimals = kPercent, .round = down, .sends = "upper bound of the state of charge in force"},
  {.name = "SoCRsvMin", .mark = W, .scale = "SoC_SF", .read = &site<&SiteFacts::soc_min>, .decimals = kPercent, .round = up, .sends = "lower bound of the state of charge in force"},
  {"SoC",           uint16, 1, M,    "SoC_SF", &site<&SiteFacts::soc>, kPercent},
  {"DoD",           uint16, 1, none, "DoD_SF", [](V v) { return rest_of(v.facts.soc); }, kPercent},
  {"SoH",           uint16, 1, none, "SoH_SF", &site<&SiteFacts::soh>, kPercent},
  {"NCyc",          uint32, 2, none, "", &site<&SiteFacts::cycles>},
  {"ChaSt",         enum16, 1, none, "", [](V v) -> Number { return static_cast<int>(v.facts.charging); }},
  {.name = "LocRemCtl", .type = enum16, .mark = M, .read = [](V v) -> Number { return v.facts.site->orders.offered ? 0 : 1; }, .sends = "0: somebody may write; 1: nobody"},
  {.name = "Hb", .read = [](V v) -> Number { return v.facts.heartbeat % 0xFFFF; }, .sends = "counts once a second while any pack is heard"},
  {.name = "CtrlHb", .mark = W, .read = [](V v) -> Number { return v.facts.site->orders.heartbeat; }, .sends = "what was last written"},
  {.name = "AlmRst", .mark = MW, .read = &fixed<0>},
  {"Typ",           enum16, 1, M,    "", &fixed<4>},
  {"State",         enum16, 1, M,    "", [](V v) -> Number { return static_cast<int>(v.facts.state); }},
  {"StateVnd",      enum16},
  {"WarrDt",        uint32, 2},
  {"Evt1",          bitfield32, 2, M, "", [](V v) -> Number { return v.facts.events; }},
  {"Evt2",          bitfield32, 2, M, "", &fixed<0>},
  {.name = "EvtVnd1", .type = bitfield32, .size = 2, .mark = M, .read = &own_events, .sends = "bit 0 charging is forced, 1 a full charge is wanted, 2 a relay is open, 3 an inverter on CAN is not heard"},
  {"EvtVnd2",       bitfield32, 2, M, "", &fixed<0>},
  {"V",             uint16, 1, M,    "V_SF", &site<&SiteFacts::voltage>, kMilli},
  {"VMax",          uint16, 1, none, "V_SF", &site<&SiteFacts::charge_voltage>, kMilli, down},
  {"VMin",          uint16, 1, none, "V_SF", &site<&SiteFacts::discharge_voltage>, kMilli, up},
  {"CellVMax",      uint16, 1, none, "CellV_SF", [](V v) { return v.facts.cells.most.value; }, kMilli},
  {"CellVMaxStr",   uint16, 1, none, "", [](V v) { return v.facts.cells.most.which; }},
  {"CellVMaxMod",   uint16, 1, none, "", [](V v) { return one_with(v.facts.cells.most.value); }},
  {"CellVMin",      uint16, 1, none, "CellV_SF", [](V v) { return v.facts.cells.least.value; }, kMilli},
  {"CellVMinStr",   uint16, 1, none, "", [](V v) { return v.facts.cells.least.which; }},
  {"CellVMinMod",   uint16, 1, none, "", [](V v) { return one_with(v.facts.cells.least.value); }},
  {"CellVAvg",      uint16, 1, none, "CellV_SF", [](V v) { return v.facts.cells.mean(); }, kMilli},
  {"A",             int16,  1, M,    "A_SF", [](V v) { return signed_as_told(v, v.facts.current); }, kMilli},
  {"AChaMax",       uint16, 1, none, "AMax_SF", &site<&SiteFacts::charge_current_most>, kMilli, down},
  {"ADisChaMax",    uint16, 1, none, "AMax_SF", &site<&SiteFacts::discharge_current_most>, kMilli, down},
  {"W",             int16,  1, M,    "W_SF", [](V v) { return signed_as_told(v, v.facts.power); }, kMilli},
  {"ReqInvState",   enum16, 1, none, "", &fixed<0>},
  {"ReqW",          int16,  1, none, "W_SF"},
  {.name = "SetOp", .type = enum16, .mark = MW, .read = [](V v) -> Number { return v.facts.site->orders.disconnect ? 2 : 1; }},
  {.name = "SetInvState", .type = enum16, .mark = MW, .read = [](V v) -> Number { return v.facts.site->orders.inverter_state; }, .sends = "what was last written; nothing follows from it"},
  {"AHRtg_SF",         sunssf, 1, M, "", [](V v) -> Number { return v.chain.scales.capacity; }},
  {"WHRtg_SF",         sunssf, 1, M, "", [](V v) -> Number { return v.chain.scales.energy; }},
  {"WChaDisChaMax_SF", sunssf, 1, M, "", [](V v) -> Number { return v.chain.scales.rating; }},
  {"DisChaRte_SF",     sunssf},
  {"SoC_SF",           sunssf, 1, M, "", &fixed<-1>},
  {"DoD_SF",           sunssf, 1, none, "", &fixed<-1>},
  {"SoH_SF",           sunssf, 1, none, "", &fixed<-1>},
  {"V_SF",             sunssf, 1, M, "", &fixed<-2>},
  {"CellV_SF",         sunssf, 1, M, "", &fixed<-3>},
  {"A_SF",             sunssf, 1, M, "", [](V v) -> Number { return v.chain.scales.current; }},
  {"AMax_SF",          sunssf, 1, M, "", [](V v) -> Number { return v.chain.scales.current; }},
  {"W_SF",             sunssf, 1, none, "", [](V v) -> Number { return v.chain.scales.power; }},
});

inline constexpr auto kBank = std::to_array<Point>({
  {"ID", uint16, 1, M, "", &id},
  {"L",  uint16, 1, M, "", &length},
  {"NStr",         uint16, 1, M,    "", [](V v) -> Number { return v.chain.packs; }},
  {"NStrCon",      uint16, 1, M,    "", &site<&SiteFacts::connected>},
  {"ModTmpMax",    int16,  1, M,    "ModTmp_SF", [](V v) { return v.facts.sensors.most.value; }, kDegree},
  {"ModTmpMaxStr", uint16, 1, none, "", [](V v) { return v.facts.sensors.most.which; }},
  {"ModTmpMaxMod", uint16, 1, none, "", [](V v) { return one_with(v.facts.sensors.most.value); }},
  {"ModTmpMin",    int16,  1, M,    "ModTmp_SF", [](V v) { return v.facts.sensors.least.value; }, kDegree},
  {"ModTmpMinStr", uint16, 1, none, "", [](V v) { return v.facts.sensors.least.which; }},
  {"ModTmpMinMod", uint16, 1, none, "", [](V v) { return one_with(v.facts.sensors.least.value); }},
  {"ModTmpAvg",    int16,  1, none, "ModTmp_SF", [](V v) { return v.facts.sensors.mean(); }, kDegree},
  {"StrVMax",      uint16, 1, none, "V_SF", [](V v) { return v.facts.voltages.most.value; }, kMilli},
  {"StrVMaxStr",   uint16, 1, none, "", [](V v) { return v.facts.voltages.most.which; }},
  {"StrVMin",      uint16, 1, none, "V_SF", [](V v) { return v.facts.voltages.least.value; }, kMilli},
  {"StrVMinStr",   uint16, 1, none, "", [](V v) { return v.facts.voltages.least.which; }},
  {"StrVAvg",      uint16, 1, none, "V_SF", [](V v) { return v.facts.voltages.mean(); }, kMilli},
  {"StrAMax",      int16,  1, none, "A_SF", [](V v) { return signed_as_told(v, highest_current(v).value); }, kMilli},
  {"StrAMaxStr",   uint16, 1, none, "", [](V v) { return highest_current(v).which; }},
  {"StrAMin",      int16,  1, none, "A_SF", [](V v) { return signed_as_told(v, lowest_current(v).value); }, kMilli},
  {"StrAMinStr",   uint16, 1, none, "", [](V v) { return lowest_current(v).which; }},
  {"StrAAvg",      int16,  1, none, "A_SF", [](V v) { return signed_as_told(v, v.facts.currents.mean()); }, kMilli},
  {.name = "NCellBal", .read = &site<&SiteFacts::balancing>, .sends = "0, or not implemented: boards do not tell which cells"},
  {"CellV_SF",     sunssf, 1, M, "", &fixed<-3>},
  {"ModTmp_SF",    sunssf, 1, M, "", &fixed<-1>},
  {"A_SF",         sunssf, 1, M, "", [](V v) -> Number { return v.chain.scales.current; }},
  {"SoH_SF",       sunssf, 1, none, "", &fixed<-1>},
  {"SoC_SF",       sunssf, 1, M, "", &fixed<-1>},
  {"V_SF",         sunssf, 1, none, "", &fixed<-2>},
});

inline constexpr auto kBankString = std::to_array<Point>({
  {"StrNMod",         uint16, 1, M,        "", &fixed<1>},
  {"StrSt",           bitfield32, 2, M,    "", &pack_status},
  {"StrConFail",      enum16, 1, none,     "", &pack_failure},
  {"StrSoC",          uint16, 1, M,        "SoC_SF", &pack<&PackFacts::soc>, kPercent},
  {"StrSoH",          uint16, 1, none,     "SoH_SF", &pack<&PackFacts::soh>, kPercent},
  {"StrA",            int16,  1, M,        "A_SF", &pack_current, kMilli},
  {"StrCellVMax",     uint16, 1, M,        "CellV_SF", [](V v) { return v.pack().cells.most.value; }, kMilli},
  {"StrCellVMaxMod",  uint16, 1, none,     "", &fixed<1>},
  {"StrCellVMin",     uint16, 1, M,        "CellV_SF", [](V v) { return v.pack().cells.least.value; }, kMilli},
  {"StrCellVMinMod",  uint16, 1, none,     "", &fixed<1>},
  {"StrCellVAvg",     uint16, 1, M,        "CellV_SF", [](V v) { return v.pack().cells.mean(); }, kMilli},
  {"StrModTmpMax",    int16,  1, M,        "ModTmp_SF", [](V v) { return v.pack().sensors.most.value; }, kDegree},
  {"StrModTmpMaxMod", uint16, 1, none,     "", &fixed<1>},
  {"StrModTmpMin",    int16,  1, M,        "ModTmp_SF", [](V v) { return v.pack().sensors.least.value; }, kDegree},
  {"StrModTmpMinMod", uint16, 1, none,     "", &fixed<1>},
  {"StrModTmpAvg",    int16,  1, M,        "ModTmp_SF", [](V v) { return v.pack().sensors.mean(); }, kDegree},
  {.name = "StrDisRsn", .type = enum16, .read = &pack_disabled_by, .sends = "0 none, 1 fault, 3 switched off"},
  {.name = "StrConSt", .type = bitfield32, .size = 2, .read = &pack_switches, .sends = "bit 0 charge switch, 1 discharge switch closed"},
  {"StrEvt1",         bitfield32, 2, M,    "", [](V v) -> Number { return v.pack().events; }},
  {"StrEvt2",         bitfield32, 2},
  {"StrEvtVnd1",      bitfield32, 2},
  {"StrEvtVnd2",      bitfield32, 2},
  {.name = "StrSetEna", .type = enum16, .mark = W, .read = &fixed<0>, .sends = "never to be written"},
  {.name = "StrSetCon", .type = enum16, .mark = W, .read = &fixed<0>, .sends = "never to be written"},
  {"Pad1",            pad, 1, M},
  {"Pad2",            pad, 1, M},
});

inline constexpr auto kCapacity = std::to_array<Point>({
  {"ID", uint16, 1, M, "", &id},
  {"L",  uint16, 1, M, "", &length},
  {"WHRtg",   uint16, 1, none, "WH_SF",  &energy, kMilli, down},
  {"WHAvail", uint16, 1, none, "WH_SF",  &energy_left, kMilli, down},
  {"SoC",     uint16, 1, none, "Pct_SF", &site<&SiteFacts::soc>, kPercent},
  {"SoH",     uint16, 1, none, "Pct_SF", &site<&SiteFacts::soh>, kPercent},
  {.name = "Sta", .type = enum16, .read = &worst_event, .sends = "0 none, 1 any warning, 2 any alarm"},
  {"WH_SF",   sunssf, 1, none, "", [](V v) -> Number { return v.chain.scales.energy; }},
  {"Pct_SF",  sunssf, 1, none, "", &fixed<-1>},
});

inline constexpr auto kString = std::to_array<Point>({
  {"ID", uint16, 1, M, "", &id},
  {"L",  uint16, 1, M, "", &length},
  {"Idx",          uint16, 1, M,    "", &pack_number},
  {"NMod",         uint16, 1, M,    "", &fixed<1>},
  {"St",           bitfield32, 2, M, "", &pack_status},
  {"ConFail",      enum16, 1, none, "", &pack_failure},
  {"NCellBal",     uint16, 1, none, "", &pack_balancing},
  {"SoC",          uint16, 1, M,    "SoC_SF", &pack<&PackFacts::soc>, kPercent},
  {"DoD",          uint16, 1, none, "DoD_SF", [](V v) { return rest_of(v.pack().soc); }, kPercent},
  {"NCyc",         uint32, 2, none, "", &pack<&PackFacts::cycles>},
  {"SoH",          uint16, 1, none, "SoH_SF", &pack<&PackFacts::soh>, kPercent},
  {"A",            int16,  1, M,    "A_SF", &pack_current, kMilli},
  {"V",            uint16, 1, none, "V_SF", &pack<&PackFacts::voltage>, kMilli},
  {"CellVMax",     uint16, 1, M,    "CellV_SF", [](V v) { return v.pack().cells.most.value; }, kMilli},
  {"CellVMaxMod",  uint16, 1, none, "", &fixed<1>},
  {"CellVMin",     uint16, 1, M,    "CellV_SF", [](V v) { return v.pack().cells.least.value; }, kMilli},
  {"CellVMinMod",  uint16, 1, none, "", &fixed<1>},
  {"CellVAvg",     uint16, 1, M,    "CellV_SF", [](V v) { return v.pack().cells.mean(); }, kMilli},
  {"ModTmpMax",    int16,  1, M,    "ModTmp_SF", [](V v) { return v.pack().sensors.most.value; }, kDegree},
  {"ModTmpMaxMod", uint16, 1, M,    "", &fixed<1>},
  {"ModTmpMin",    int16,  1, M,    "ModTmp_SF", [](V v) { return v.pack().sensors.least.value; }, kDegree},
  {"ModTmpMinMod", uint16, 1, M,    "", &fixed<1>},
  {"ModTmpAvg",    int16,  1, M,    "ModTmp_SF", [](V v) { return v.pack().sensors.mean(); }, kDegree},
  {"Pad1",         pad, 1, M},
  {"ConSt",        bitfield32, 2, none, "", &pack_switches},
  {"Evt1",         bitfield32, 2, M, "", [](V v) -> Number { return v.pack().events; }},
  {"Evt2",         bitfield32, 2},
  {"EvtVnd1",      bitfield32, 2},
  {"EvtVnd2",      bitfield32, 2},
  {.name = "SetEna", .type = enum16, .mark = W, .read = &fixed<0>, .sends = "never to be written"},
  {.name = "SetCon", .type = enum16, .mark = W, .read = &fixed<0>, .sends = "never to be written"},
  {"SoC_SF",       sunssf, 1, M, "", &fixed<-1>},
  {"SoH_SF",       sunssf, 1, none, "", &fixed<-1>},
  {"DoD_SF",       sunssf, 1, none, "", &fixed<-1>},
  {"A_SF",         sunssf, 1, M, "", &fixed<-1>},
  {"V_SF",         sunssf, 1, none, "", &fixed<-2>},
  {"CellV_SF",     sunssf, 1, M, "", &fixed<-3>},
  {"ModTmp_SF",    sunssf, 1, M, "", &fixed<-1>},
  {"Pad2",         pad, 1, M},
  {"Pad3",         pad, 1, M},
  {"Pad4",         pad, 1, M},
});

inline constexpr auto kStringModule = std::to_array<Point>({
  {"ModNCell",          uint16, 1, M,    "", &pack_cells},
  {"ModSoC",            uint16, 1, none, "SoC_SF", &pack<&PackFacts::soc>, kPercent},
  {"ModSoH",            uint16, 1, none, "SoH_SF", &pack<&PackFacts::soh>, kPercent},
  {"ModCellVMax",       uint16, 1, M,    "CellV_SF", [](V v) { return v.pack().cells.most.value; }, kMilli},
  {"ModCellVMaxCell",   uint16, 1, none, "", [](V v) { return v.pack().cells.most.which; }},
  {"ModCellVMin",       uint16, 1, M,    "CellV_SF", [](V v) { return v.pack().cells.least.value; }, kMilli},
  {"ModCellVMinCell",   uint16, 1, none, "", [](V v) { return v.pack().cells.least.which; }},
  {"ModCellVAvg",       uint16, 1, M,    "CellV_SF", [](V v) { return v.pack().cells.mean(); }, kMilli},
  {"ModCellTmpMax",     int16,  1, M,    "ModTmp_SF", [](V v) { return v.pack().sensors.most.value; }, kDegree},
  {"ModCellTmpMaxCell", uint16},
  {"ModCellTmpMin",     int16,  1, M,    "ModTmp_SF", [](V v) { return v.pack().sensors.least.value; }, kDegree},
  {"ModCellTmpMinCell", uint16},
  {"ModCellTmpAvg",     int16,  1, M,    "ModTmp_SF", [](V v) { return v.pack().sensors.mean(); }, kDegree},
  {"Pad5",              pad, 1, M},
  {"Pad6",              pad, 1, M},
  {"Pad7",              pad, 1, M},
});

inline constexpr auto kModule = std::to_array<Point>({
  {"ID", uint16, 1, M, "", &id},
  {"L",  uint16, 1, M, "", &length},
  {"StrIdx",        uint16, 1, M,    "", &pack_number},
  {"ModIdx",        uint16, 1, M,    "", &fixed<1>},
  {"NCell",         uint16, 1, M,    "", &pack_cells},
  {"SoC",           uint16, 1, none, "SoC_SF", &pack<&PackFacts::soc>, kPercent},
  {"DoD",           uint16, 1, none, "DoD_SF", [](V v) { return rest_of(v.pack().soc); }, kPercent},
  {"SoH",           uint16, 1, none, "SoH_SF", &pack<&PackFacts::soh>, kPercent},
  {"NCyc",          uint32, 2, none, "", &pack<&PackFacts::cycles>},
  {"V",             uint16, 1, M,    "V_SF", &pack<&PackFacts::voltage>, kMilli},
  {"CellVMax",      uint16, 1, M,    "CellV_SF", [](V v) { return v.pack().cells.most.value; }, kMilli},
  {"CellVMaxCell",  uint16, 1, none, "", [](V v) { return v.pack().cells.most.which; }},
  {"CellVMin",      uint16, 1, M,    "CellV_SF", [](V v) { return v.pack().cells.least.value; }, kMilli},
  {"CellVMinCell",  uint16, 1, none, "", [](V v) { return v.pack().cells.least.which; }},
  {"CellVAvg",      uint16, 1, M,    "CellV_SF", [](V v) { return v.pack().cells.mean(); }, kMilli},
  {"CellTmpMax",    int16,  1, M,    "Tmp_SF", [](V v) { return v.pack().sensors.most.value; }, kDegree},
  {"CellTmpMaxCell", uint16},
  {"CellTmpMin",    int16,  1, M,    "Tmp_SF", [](V v) { return v.pack().sensors.least.value; }, kDegree},
  {"CellTmpMinCell", uint16},
  {"CellTmpAvg",    int16,  1, M,    "Tmp_SF", [](V v) { return v.pack().sensors.mean(); }, kDegree},
  {"NCellBal",      uint16, 1, none, "", &pack_balancing},
  {.name = "SN", .type = string, .size = 16, .text = [](V v) { return v.pack().unit->pack.identity.serial.view(); }, .sends = "serial number of the board"},
  {"SoC_SF",        sunssf, 1, none, "", &fixed<-1>},
  {"SoH_SF",        sunssf, 1, none, "", &fixed<-1>},
  {"DoD_SF",        sunssf, 1, none, "", &fixed<-1>},
  {"V_SF",          sunssf, 1, M, "", &fixed<-2>},
  {"CellV_SF",      sunssf, 1, M, "", &fixed<-3>},
  {"Tmp_SF",        sunssf, 1, M, "", &fixed<-1>},
});

inline constexpr auto kCell = std::to_array<Point>({
  {"CellV",  uint16, 1, M, "CellV_SF", &cell_voltage, kMilli},
  {.name = "CellTmp", .type = int16, .mark = M, .scale = "Tmp_SF", .read = [](V v) { return v.pack().sensors.mean(); }, .decimals = kDegree, .sends = "mean of the pack's sensors"},
  {.name = "CellSt", .type = bitfield32, .size = 2, .read = &pack_balancing, .sends = "0, or not implemented: boards do not tell which cells"},
});
}  // namespace rows
// clang-format on

/// How often the group of a model stands in it.
enum class Repeats : std::uint8_t { never, each_pack, once, each_cell };

struct Model {
  std::uint16_t id;
  std::string_view title;
  std::span<const Point> points;  // begin with ID and L
  Repeats repeats = Repeats::never;
  std::span<const Point> group{};
  bool of_pack = false;  // one for each pack
};

/// In the order of the chain; those of a pack follow each other for each pack.
inline constexpr auto kModels = std::to_array<Model>({
    {1, "Common", rows::kCommon},
    {802, "Battery", rows::kBattery},
    {803, "Lithium-ion bank", rows::kBank, Repeats::each_pack, rows::kBankString},
    {713, "Storage capacity", rows::kCapacity},
    {804, "Lithium-ion string", rows::kString, Repeats::once, rows::kStringModule, true},
    {805, "Lithium-ion module", rows::kModule, Repeats::each_cell, rows::kCell, true},
});

}  // namespace cw::sunspec

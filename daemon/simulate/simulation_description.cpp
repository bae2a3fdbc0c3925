// SPDX-License-Identifier: Apache-2.0
#include "daemon/simulate/simulation_description.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/configuration/quantity_text.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

using simulator::ProfileKind;

constexpr std::size_t kAddressMost = 247;
constexpr std::string_view kReserved[] = {"status", "state", "help"};

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(separator, from), text.size());
    parts.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return parts;
}

/// A setter for a quantity whose range fault_of() checks.
template <class Q>
std::string set_quantity(Q& target, std::string_view value) {
  std::string fault;
  if (const auto count = read_quantity(value, unit_of<Q>, fault)) target.count = *count;
  return fault;
}

template <class Q>
std::string set_list(std::vector<Q>& target, std::string_view value) {
  target.clear();
  for (const std::string_view part : split(value, '/')) {
    Q element;
    if (std::string fault = set_quantity(element, part); !fault.empty()) return fault;
    target.push_back(element);
  }
  return {};
}

template <class T>
std::string set_number(T& target, std::string_view value, std::int64_t lowest,
                       std::int64_t highest) {
  const auto number = whole_number(value);
  if (!number || *number < lowest || *number > highest)
    return fmt::format("write a whole number from {} to {}", lowest, highest);
  target = static_cast<T>(*number);
  return {};
}

std::string set_fraction(double& target, std::string_view value) {
  CentiPercent percent;
  std::string fault = set_quantity(percent, value);
  if (fault.empty()) target = percent.count / 10'000.0;
  return fault;
}

std::string set_flag(bool& target, std::string_view value) {
  if (value != "yes" && value != "no") return "write yes or no";
  target = value == "yes";
  return {};
}

std::string set_chemistry(SimulatedPack& pack, std::string_view value) {
  for (const Chemistry chemistry : {Chemistry::lfp, Chemistry::li_ion, Chemistry::lto})
    if (name(chemistry) == value || (value == "nmc" && chemistry == Chemistry::li_ion)) {
      pack.spec.chemistry = chemistry;
      return {};
    }
  return "write lfp, li-ion (or nmc) or lto";
}

std::string set_name(SimulatedPack& pack, std::string_view value) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (value.empty() || value.size() > 28 || !std::ranges::all_of(value, allowed))
    return "write up to 28 of a-z, 0-9, _ and -";
  if (std::ranges::find(kReserved, value) != std::end(kReserved))
    return "is a word of the control socket: choose another";
  pack.spec.name = value;
  return {};
}

std::string set_profile(SimulatedPack& pack, std::string_view value) {
  const auto kind = simulator::find_profile(value);
  if (!kind) {
    std::string names;
    for (const simulator::ProfileRow& row : simulator::kProfiles)
      names += fmt::format("{}{}", names.empty() ? "" : ", ", row.name);
    return fmt::format("write one of {}", names);
  }
  pack.spec.profile = *kind;
  return {};
}

// Without a unit it is a time of day in hours, with a fraction: 6.5 is half past six.
std::string set_start_hour(SimulatedPack& pack, std::string_view value) {
  std::string fault;
  const auto ms = read_quantity(fmt::format("{} s", value), Unit::millisecond, fault);
  if (!ms) return "write a number from 0 to below 24";
  pack.spec.start_hour = *ms / 1000.0;
  return {};
}

std::string set_current(SimulatedPack& pack, std::string_view value) {
  pack.spec.profile = ProfileKind::constant;
  return set_quantity(pack.spec.current, value);
}

std::string set_turnaround(SimulatedPack& pack, std::string_view value) {
  std::string fault;
  const auto count = read_quantity(value, Unit::microsecond, fault);
  if (!count) return fault;
  if (*count < 0 || *count > 1'000'000) return "write a time from 0 s to 1 s";
  pack.turnaround_us = *count;
  return {};
}

std::string set_protocol(SimulatedPack& pack, std::string_view value) {
  if (value != "jk-uart" && value != "jk-modbus" && value != "jk-can")
    return "write jk-uart, jk-modbus or jk-can";
  const bool modbus = value == "jk-modbus";
  pack.on_can = value == "jk-can";
  pack.spec.speech = modbus ? simulator::Speech::jk_modbus : simulator::Speech::jk_uart;
  pack.spec.generation = modbus ? Generation::board_15 : Generation::board_11;
  if (modbus && pack.turnaround_us == kBoardTurnaround_us)
    pack.turnaround_us = kModbusTurnaround_us;
  return {};
}

std::string set_address(SimulatedPack& pack, std::string_view value) {
  std::string fault = set_number(pack.spec.modbus.address, value, 0, kAddressMost);
  pack.can.address = pack.spec.modbus.address;
  return fault;
}

std::string set_version(SimulatedPack& pack, std::string_view value) {
  if (value != "v1" && value != "v2") return "write v1 or v2";
  pack.can.version = value == "v1" ? jk_can::Version::v1 : jk_can::Version::v2;
  return {};
}

struct GenerationRow {
  jk_record::Layout layout;
  std::string_view model;
  std::string_view software;
  bool old_radio_chip;
};
constexpr GenerationRow kGenerations[] = {
    {jk_record::Layout::jk04, "JK-B2A24S", "3.3.0", true},
    {jk_record::Layout::jk02_24s, "JK-BD6A24S10P", "8.0.6G", false},
    {jk_record::Layout::jk02_32s, "JK_B2A24S20P", "11.26", false},
};

std::string set_generation(SimulatedPack& pack, std::string_view value) {
  for (const GenerationRow& row : kGenerations) {
    if (name(row.layout) != value) continue;
    pack.radio.layout = row.layout;
    pack.radio.old_radio_chip = row.old_radio_chip;
    pack.spec.model = row.model;
    pack.spec.software = row.software;
    return {};
  }
  return "write jk04, jk02-24s or jk02-32s";
}

using S = SimulatedPack;
using V = std::string_view;

// clang-format off
constexpr auto kKeys = std::to_array<SimulationKey>({
    {"name",            "garage",  "its name, for commands",                                  set_name},
    {"protocol",        "jk-modbus", "what its board speaks: jk-uart (also without this key), jk-modbus or jk-can", set_protocol},
    {"line",            "shed",    "boards with the same word share one port, as on an RS485 line; the first of them says link, baud and turnaround", [](S& p, V v) { p.line = v; return std::string(); }},
    {"address",         "1",       "its address: jk-modbus 0 to 247 on the line, jk-can 0 to 15 on the bus",            set_address},
    {"master",          "yes",     "jk-modbus: it drives the line by itself, as a board with address 0", [](S& p, V v) { return set_flag(p.spec.master, v); }},
    {"counter",         "0",       "jk-modbus: byte 5 of its records",                        [](S& p, V v) { return set_number(p.spec.modbus.counter, v, 0, 255); }},
    {"junk",            "1",       "jk-modbus: so many zeros before and behind an acknowledgement", [](S& p, V v) { return set_number(p.spec.modbus.junk, v, 0, 4); }},
    {"unreliable_reads", "yes",    "jk-modbus: every other function 03 is lost, more than 40 words always", [](S& p, V v) { return set_flag(p.spec.modbus.unreliable_reads, v); }},
    {"version",         "v1",      "jk-can: v1 has standard frames only; v2 also without this key", set_version},
    {"discharge_positive", "yes",  "jk-can v1: current counts as its documents have it, + discharges", [](S& p, V v) { return set_flag(p.can.discharge_positive, v); }},
    {"relay_version",   "yes",     "jk-can: its third sensor is in the battery and not at MOSFETs", [](S& p, V v) { return set_flag(p.can.relay_version, v); }},
    {"chemistry",       "lfp",     "lfp, li-ion or lto",                                      set_chemistry},
    {"cells",           "16",      "cells in series, 2 to 32",                                [](S& p, V v) { return set_number(p.spec.cells, v, 2, 32); }},
    {"capacity",        "280Ah",   "nominal capacity",                                        [](S& p, V v) { return set_quantity(p.spec.capacity, v); }},
    {"soc",             "60%",     "state of charge at the start",                            [](S& p, V v) { return set_quantity(p.spec.soc, v); }},
    {"link",            "/tmp/garage", "a symbolic link to its terminal, kept as long as it runs", [](S& p, V v) { p.link = v; return std::string(); }},
    {"port",            "/dev/ttyS1", "a serial port of this machine, wired to the gateway's, instead of a new one; jk-can: the CAN interface, which several may share", [](S& p, V v) { p.port = v; return std::string(); }},
    {"adapter",         "hci1",    "it speaks Bluetooth, on this adapter of BlueZ, instead of a wire", [](S& p, V v) { p.adapter = v; return std::string(); }},
    {"generation",      "jk02-32s", "of a board on Bluetooth: jk04, jk02-24s or jk02-32s",    set_generation},
    {"chatter",         "yes",     "of a board on Bluetooth: what newer firmware says between records", [](S& p, V v) { return set_flag(p.radio.chatter, v); }},
    {"profile",         "home",    "idle, constant, household, solar or home",                set_profile},
    {"current",         "-12.5A",  "profile constant: this current, + charges",               set_current},
    {"start_hour",      "10",      "time of day at the start",                                set_start_hour},
    {"ambient",         "20C",     "temperature around it",                                   [](S& p, V v) { return set_quantity(p.spec.ambient, v); }},
    {"capacity_spread", "1%",      "how much the capacities of the cells differ (standard deviation)", [](S& p, V v) { return set_fraction(p.spec.capacity_spread, v); }},
    {"soc_spread",      "0.2%",    "how much their states of charge differ at the start",     [](S& p, V v) { return set_fraction(p.spec.soc_spread, v); }},
    {"cycles",          "42",      "full cycles before the start",                            [](S& p, V v) { return set_number(p.spec.cycles.count, v, 0, 65'535); }},
    {"current_step",    "0.2A",    "resolution of the current measurement",                   [](S& p, V v) { return set_quantity(p.spec.current_step, v); }},
    {"user_data",       "boat",    "the text a user gave the board",                          [](S& p, V v) { p.spec.user_data = v; return std::string(); }},
    {"old_firmware",    "yes",     "as before 2020: a shorter answer, the older coding of current", [](S& p, V v) { return set_flag(p.spec.old_firmware, v); }},
    {"starting_up",     "yes",     "state of charge and cycles read 0 for the first 16 s",    [](S& p, V v) { return set_flag(p.spec.starting_up, v); }},
    {"hold",            "yes",     "no physics: every value stays as given",                  [](S& p, V v) { return set_flag(p.spec.hold, v); }},
    {"cell_voltage",    "3.31V/3.32V", "held: one voltage for all cells, or one for each",    [](S& p, V v) { return set_list(p.spec.cell_voltages, v); }},
    {"temperature",     "21C/22C", "held: of both sensors, or of each",                       [](S& p, V v) { return set_list(p.spec.temperatures, v); }},
    {"mosfet_temperature", "25C",  "held: of the MOSFETs",                                    [](S& p, V v) { return set_quantity(p.spec.mosfet_temperature.emplace(), v); }},
    {"baud",            "115200",  "speed of its line",                                       [](S& p, V v) { return set_number(p.baud, v, 300, 4'000'000); }},
    {"turnaround",      "0.5ms",   "from the end of a request to the answer",                 set_turnaround},
    {"count",           "128",     "so many of them: name-1, name-2, ... with links alike and addresses in order",    [](S& p, V v) { return set_number(p.count, v, 1, 1000); }},
});
// clang-format on

const SimulationKey* find_key(std::string_view key) {
  for (const SimulationKey& row : kKeys)
    if (row.key == key) return &row;
  return nullptr;
}

/// Of a board on CAN: its address, and what must be given. Empty, or what is wrong.
std::string complete_can(SimulatedPack& pack) {
  if (pack.port.empty()) return "jk-can: add port= with the CAN interface, for example port=vcan0";
  if (!pack.line.empty()) return "line: boards on CAN share their interface: give them one port=";
  const std::size_t last = pack.can.address + pack.count - 1;
  if (last > jk_can::kHighestAddress)
    return fmt::format("address {}: a board on CAN has one from 0 to {}", last,
                       jk_can::kHighestAddress);
  pack.spec.can = pack.can;
  pack.spec.modbus.address = pack.can.address;
  return fault_of(pack.spec);
}

/// Fills `pack` from "key=value,key=value"; empty, or what is wrong.
std::string read_description(std::string_view text, SimulatedPack& pack) {
  for (const std::string_view part : split(text, ',')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos)
      return fmt::format("{}: write key=value, separated by commas", in_quotes(part));
    const std::string_view key = part.substr(0, equals);
    const std::string_view value = part.substr(equals + 1);
    const SimulationKey* row = find_key(key);
    if (row == nullptr) {
      std::vector<std::string_view> known;
      known.reserve(std::size(kKeys));
      for (const SimulationKey& each : kKeys) known.push_back(each.key);
      return fmt::format("unknown key {}{}", in_quotes(key), hint(key, known, "the keys"));
    }
    if (const std::string fault = row->set(pack, value); !fault.empty())
      return fmt::format("{} = {}: {} (for example {}={})", key, in_quotes(value), fault, key,
                         row->example);
  }
  if (pack.on_can) return complete_can(pack);
  if (!pack.line.empty() && pack.spec.speech != simulator::Speech::jk_modbus)
    return "line: its boards need addresses: add protocol=jk-modbus";
  const bool modbus = pack.spec.speech == simulator::Speech::jk_modbus;
  if (modbus && pack.spec.modbus.address + pack.count > kAddressMost + 1)
    return fmt::format("address {} with count {} goes beyond {}", pack.spec.modbus.address,
                       pack.count, kAddressMost);
  return fault_of(pack.spec);
}

std::string name_of_default(std::size_t index) { return fmt::format("pack{}", index + 1); }

void append_copies(const SimulatedPack& pack, std::vector<SimulatedPack>& packs) {
  if (pack.count == 1) return packs.push_back(pack);
  for (std::size_t i = 1; i <= pack.count; ++i) {
    SimulatedPack copy = pack;
    copy.count = 1;
    copy.spec.name = fmt::format("{}-{}", pack.spec.name, i);
    copy.spec.modbus.address = static_cast<std::uint8_t>(pack.spec.modbus.address + i - 1);
    if (copy.spec.can) copy.spec.can->address = copy.spec.modbus.address;
    if (!pack.link.empty() && pack.line.empty()) copy.link = fmt::format("{}-{}", pack.link, i);
    packs.push_back(std::move(copy));
  }
}

const std::vector<std::string>& default_descriptions() {
  static const std::vector<std::string> kDefaults = {
      "name=cabin,chemistry=lto,cells=8,capacity=40Ah,soc=55%",
      "name=garage,chemistry=lfp,cells=16,capacity=280Ah,soc=60%",
      "name=workshop,chemistry=li-ion,cells=24,capacity=100Ah,soc=70%",
  };
  return kDefaults;
}

std::string clash(const std::vector<SimulatedPack>& packs) {
  for (std::size_t i = 0; i < packs.size(); ++i)
    for (std::size_t j = i + 1; j < packs.size(); ++j) {
      if (packs[i].spec.name == packs[j].spec.name)
        return fmt::format("two packs are called {}: give each a name of its own",
                           in_quotes(packs[i].spec.name));
      if (!packs[i].adapter.empty() && packs[i].adapter == packs[j].adapter)
        return fmt::format("two packs have the adapter {}: each needs its own address",
                           in_quotes(packs[i].adapter));
      const bool one_bus = packs[i].on_can && packs[j].on_can && packs[i].port == packs[j].port;
      const bool one_line = !packs[i].line.empty() && packs[i].line == packs[j].line;
      const bool together = one_line || one_bus;
      if (together && packs[i].spec.modbus.address == packs[j].spec.modbus.address)
        return fmt::format("{} and {} have address {} on the {} {}: give each its own",
                           packs[i].spec.name, packs[j].spec.name, packs[i].spec.modbus.address,
                           one_bus ? "bus" : "line",
                           in_quotes(one_bus ? packs[i].port : packs[i].line));
      if (!together && !packs[i].port.empty() && packs[i].port == packs[j].port)
        return fmt::format("two packs have the port {}: give each its own",
                           in_quotes(packs[i].port));
      if (!together && !packs[i].link.empty() && packs[i].link == packs[j].link)
        return fmt::format("two packs have the link {}: give each its own",
                           in_quotes(packs[i].link));
    }
  return {};
}

}  // namespace

std::span<const SimulationKey> simulation_keys() { return kKeys; }

std::optional<std::int32_t> read_quantity(std::string_view text, Unit unit, std::string& fault) {
  const UnitFacts what = facts(unit);
  if (what.symbol.empty()) {
    const auto number = whole_number(text);
    if (number && *number >= INT32_MIN && *number <= INT32_MAX)
      return static_cast<std::int32_t>(*number);
    fault = "is not a whole number";
    return std::nullopt;
  }
  std::string complete(text);
  if (!text.empty() && text.back() >= '0' && text.back() <= '9')
    complete += fmt::format(" {}", what.symbol);
  const QuantityText parsed = parse_quantity(complete, unit);
  if (!parsed.count) fault = parsed.fault;
  return parsed.count;
}

DescribedPacks describe_packs(const std::vector<std::string>& texts) {
  DescribedPacks described;
  const std::vector<std::string>& all = texts.empty() ? default_descriptions() : texts;
  for (std::size_t i = 0; i < all.size(); ++i) {
    SimulatedPack pack;
    pack.spec.name = name_of_default(i);
    if (const std::string fault = read_description(all[i], pack); !fault.empty()) {
      described.fault = fmt::format("--pack {}: {}", pack.spec.name, fault);
      return described;
    }
    append_copies(pack, described.packs);
  }
  described.fault = clash(described.packs);
  return described;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Inverters: their names, what they expect, and wires that carry nothing else.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "daemon/configuration/configuration_parts.h"
#include "daemon/configuration/quantity_text.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

constexpr auto kName = option("inverter", "name");
constexpr auto kProtocol = option("inverter", "protocol");
constexpr auto kPort = option("inverter", "port");
constexpr auto kBaud = option("inverter", "baud");
constexpr auto kRs485 = option("inverter", "rs485");
constexpr auto kAddress = option("inverter", "address");
constexpr auto kAnswerAs = option("inverter", "answer_as");

const InverterProtocolSpec* check_protocol(const SectionValues& section, FaultList& faults) {
  if (!section.usable(kProtocol)) return nullptr;
  const std::string& word = section.text(kProtocol);
  const InverterProtocolSpec* spec = find_inverter_protocol(word);
  if (spec != nullptr) return spec;
  std::vector<std::string_view> names;
  for (const InverterProtocolSpec& known : inverter_protocols()) names.push_back(known.name);
  faults.add(section[kProtocol].place,
             fmt::format("unknown inverter protocol {}{}", in_quotes(word),
                         hint(word, names, "the protocols")));
  return nullptr;
}

InverterOptions read_options(const SectionValues& section, const std::string& gateway) {
  InverterOptions out;
  out.name.assign(section.text(kName));
  out.manufacturer = section.text(option("inverter", "manufacturer"));
  out.battery_name = section.given(option("inverter", "battery_name"))
                         ? section.text(option("inverter", "battery_name"))
                         : gateway.substr(0, 16);
  out.period = section.span(option("inverter", "period"));
  out.tenth_volt = section.boolean(option("inverter", "tenth_volt"));
  out.least_current = section.boolean(option("inverter", "least_current"));
  out.voltage_above_battery = section.boolean(option("inverter", "voltage_above_battery"));
  out.unconfirmed = section.boolean(option("inverter", "unconfirmed"));
  const auto charge = [&](std::size_t key) {
    return CentiPercent{static_cast<std::int32_t>(section.number(key))};
  };
  out.soc_most = charge(option("inverter", "soc_most"));
  out.soc_least = charge(option("inverter", "soc_least"));
  out.one_battery = section.text(option("inverter", "batteries")) == "one";
  out.limits_a_pack = section.text(option("inverter", "limits")) == "share";
  out.hundredth_ampere = section.boolean(option("inverter", "hundredth_ampere"));
  if (section.usable(kAddress))
    for (const std::int64_t address : section[kAddress].numbers)
      out.addresses.push_back(static_cast<std::uint8_t>(address));
  if (section.usable(kAnswerAs))
    out.answer_as = static_cast<std::uint8_t>(section.number(kAnswerAs));
  return out;
}

/// The option table's row of each, so that neither list can have one the other does not know.
constexpr auto kRowOf = []() consteval {
  std::array<std::size_t, kInverterOptionCount> rows{};
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i] = option("inverter", name(static_cast<InverterOption>(i)));
  return rows;
}
();

/// What this protocol does not understand would be ignored without a word.
void check_understood(const SectionValues& section, const InverterProtocolSpec& protocol,
                      FaultList& faults) {
  for (std::size_t i = 0; i < kRowOf.size(); ++i) {
    const auto which = static_cast<InverterOption>(i);
    if (!section.given(kRowOf[i]) || protocol.options.has(which)) continue;
    std::vector<std::string_view> others;
    for (const InverterProtocolSpec& other : inverter_protocols())
      if (other.options.has(which)) others.push_back(other.name);
    faults.add(section[kRowOf[i]].place,
               fmt::format("{} has no effect with protocol {}: leave the line out ({} know{} it)",
                           name(which), in_quotes(protocol.name), fmt::join(others, ", "),
                           others.size() == 1 ? "s" : ""));
  }
}

/// "from 41 V to 63 V", "of 160 V and more", "of 65.535 V and less".
std::string range_text(const VoltageRange& range) {
  const auto text = [](Millivolts voltage) {
    return quantity_text(voltage.count, Unit::millivolt);
  };
  if (range.most == Millivolts{}) return fmt::format("of {} and more", text(range.least));
  if (range.least == Millivolts{}) return fmt::format("of {} and less", text(range.most));
  return fmt::format("from {} to {}", text(range.least), text(range.most));
}

/// An inverter that does not take what it is told goes on with what it has.
void check_voltages(const SectionValues& section, const InverterProtocolSpec& protocol,
                    const BankConfiguration& bank, FaultList& faults) {
  if (bank.packs.empty()) return;
  const std::int32_t cells = bank.packs.front().cells;
  const struct {
    std::string_view key;
    Millivolts of_cell;
    const VoltageRange& takes;
  } rows[] = {
      {"absorption_voltage", bank.settings.absorption_voltage, protocol.charge_voltage},
      {"discharge_voltage", bank.settings.discharge_voltage, protocol.discharge_voltage},
  };
  for (const auto& row : rows) {
    const Millivolts voltage{row.of_cell.count * cells};
    if (row.takes.takes(voltage)) continue;
    faults.add(section[kProtocol].place,
               fmt::format("protocol {} is for banks with {} {}; with {} cells it is {}: choose "
                           "another protocol, or change {} of [bank]",
                           in_quotes(protocol.name), row.key, range_text(row.takes), cells,
                           quantity_text(voltage.count, Unit::millivolt), row.key));
  }
}

void check_soc(const SectionValues& section, const InverterOptions& options, FaultList& faults) {
  constexpr auto least = option("inverter", "soc_least");
  constexpr auto most = option("inverter", "soc_most");
  if (options.soc_least < options.soc_most) return;
  faults.add(section[section.given(least) ? least : most].place,
             "soc_least must be below soc_most: write \"1 %\" and \"99 %\", or leave both out");
}

void check_share(const SectionValues& section, const InverterOptions& options, FaultList& faults) {
  if (options.one_battery && options.limits_a_pack)
    faults.add(section[option("inverter", "limits")].place,
               "limits = \"share\" has no effect with batteries = \"one\", which is told all of "
               "them: leave one of the two out");
}

/// The same device under whatever name, as far as it is there now.
bool same_port(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto device = [](const std::string& name) {
    std::error_code failed;
    const auto path = std::filesystem::weakly_canonical(name, failed);
    return failed || !name.starts_with('/') ? std::string{} : path.string();
  };
  return !device(a).empty() && device(a) == device(b);
}

/// Two masters on one wire end in neither being heard.
void check_wire_is_free(const InverterPortConfiguration& mine, const SectionValues& section,
                        const Sections& sections, const Configuration& all, FaultList& faults) {
  for (std::size_t i = 0; i < all.packs.size(); ++i)
    if (same_port(all.packs[i].port.name, mine.port.name))
      return faults.add(section[kPort].place,
                        fmt::format("port {} is that of pack {} ({}): an inverter needs a wire of "
                                    "its own",
                                    in_quotes(mine.port.name), in_quotes(all.packs[i].name),
                                    line_text(sections.packs[i].own.place())));
  for (std::size_t i = 0; i < all.inverters.size(); ++i)
    if (same_port(all.inverters[i].port.name, mine.port.name))
      return faults.add(section[kPort].place,
                        fmt::format("port {} is that of inverter {} ({}): each needs a wire of "
                                    "its own",
                                    in_quotes(mine.port.name), in_quotes(all.inverters[i].name),
                                    line_text(sections.inverters[i].place())));
}

void check_name(const InverterPortConfiguration& mine, const SectionValues& section,
                const Configuration& all, FaultList& faults) {
  const auto same = [&](const InverterPortConfiguration& other) { return other.name == mine.name; };
  if (section.usable(kName) && std::ranges::any_of(all.inverters, same))
    faults.add(section[kName].place,
               fmt::format("name {} is taken by another inverter: give each a name of its own",
                           in_quotes(mine.name)));
}

InverterPortConfiguration configure_inverter(const SectionValues& section, const Configuration& all,
                                             FaultList& faults) {
  InverterPortConfiguration out;
  out.name = section.text(kName);
  out.protocol = check_protocol(section, faults);
  out.options = read_options(section, all.gateway_name);
  check_soc(section, out.options, faults);
  check_share(section, out.options, faults);
  out.port.name = section.text(kPort);
  out.port.rs485 = section.boolean(kRs485);
  if (out.protocol == nullptr) return out;
  check_wire(section, {kPort, kBaud, kRs485}, out.protocol->bus, faults);
  check_understood(section, *out.protocol, faults);
  if (all.bank.enabled) check_voltages(section, *out.protocol, all.bank, faults);
  out.port.baud =
      section.given(kBaud) ? static_cast<std::uint32_t>(section.number(kBaud)) : out.protocol->baud;
  return out;
}

}  // namespace

void configure_inverters(const Sections& sections, Configuration& out, FaultList& faults) {
  for (const SectionValues& section : sections.inverters) {
    if (!out.bank.enabled && out.inverters.empty())
      faults.add(section.place(),
                 "[[inverter]] without [bank]: it is told the limits of the bank, so add a line "
                 "[bank]");
    const InverterPortConfiguration mine = configure_inverter(section, out, faults);
    check_name(mine, section, out, faults);
    if (section.usable(kPort)) check_wire_is_free(mine, section, sections, out, faults);
    out.inverters.push_back(mine);
  }
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Inverters: their names, what they expect, and wires that carry nothing else.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "daemon/configuration/configuration_parts.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

constexpr auto kName = option("inverter", "name");
constexpr auto kProtocol = option("inverter", "protocol");
constexpr auto kPort = option("inverter", "port");
constexpr auto kBaud = option("inverter", "baud");
constexpr auto kRs485 = option("inverter", "rs485");
constexpr auto kAddress = option("inverter", "address");

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
  out.limits_a_pack = section.text(option("inverter", "limits")) == "share";
  out.hundredth_ampere = section.boolean(option("inverter", "hundredth_ampere"));
  if (section.usable(kAddress))
    out.addresses = {static_cast<std::uint8_t>(section.number(kAddress))};
  return out;
}

/// What only one kind of wire knows.
struct OfBus {
  std::size_t option;
  Bus bus;
};
constexpr OfBus kOfBus[] = {
    {option("inverter", "period"), Bus::can},
    {option("inverter", "tenth_volt"), Bus::can},
    {option("inverter", "voltage_above_battery"), Bus::can},
    {option("inverter", "address"), Bus::serial},
    {option("inverter", "limits"), Bus::serial},
    {option("inverter", "unconfirmed"), Bus::serial},
    {option("inverter", "hundredth_ampere"), Bus::serial},
};

void check_bus(const SectionValues& section, Bus bus, FaultList& faults) {
  for (const OfBus& row : kOfBus)
    if (section.given(row.option) && row.bus != bus)
      faults.add(section[row.option].place,
                 fmt::format("{} has no effect {}: leave the line out", kOptions[row.option].key,
                             bus == Bus::can ? "on CAN" : "on RS485"));
}

void check_soc(const SectionValues& section, const InverterOptions& options, FaultList& faults) {
  constexpr auto least = option("inverter", "soc_least");
  constexpr auto most = option("inverter", "soc_most");
  if (options.soc_least < options.soc_most) return;
  faults.add(section[section.given(least) ? least : most].place,
             "soc_least must be below soc_most: write \"1 %\" and \"99 %\", or leave both out");
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
  out.port.name = section.text(kPort);
  out.port.rs485 = section.boolean(kRs485);
  if (out.protocol == nullptr) return out;
  check_wire(section, {kPort, kBaud, kRs485}, out.protocol->bus, faults);
  check_bus(section, out.protocol->bus, faults);
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

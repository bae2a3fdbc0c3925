// SPDX-License-Identifier: Apache-2.0
// Outputs: MQTT with its password, Modbus-TCP, history, black box.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "bridge/modbus/modbus_writes.h"
#include "daemon/configuration/configuration_parts.h"
#include "daemon/configuration/secret.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

/// Switched by its own key; else on where the section stands in the file.
bool is_enabled(const SectionValues& section, std::size_t enabled) {
  return section.given(enabled) ? section.boolean(enabled) : section.present();
}

/// Empty, or what is wrong with a broker's address.
std::string check_broker(std::string_view broker) {
  const bool tls = broker.starts_with("mqtts://");
  if (!tls && !broker.starts_with("mqtt://"))
    return "does not begin with mqtt:// or mqtts://: write \"mqtt://HOST:1883\"";
  std::string_view rest = broker.substr(tls ? 8 : 7);
  if (rest.find('@') != std::string_view::npos)
    return "has a login in it: write username = \"...\" and password_file = \"...\" instead";
  const auto bracket = rest.starts_with('[') ? rest.find(']') : 0;
  if (bracket == std::string_view::npos) return "has [ without ]";
  const auto colon = rest.find(':', bracket);
  const std::string_view host = rest.substr(0, colon);
  if (host.empty() || host.find_first_of("/ ?#") != std::string_view::npos)
    return fmt::format("has no host name where one belongs: write \"{}HOST:PORT\"",
                       tls ? "mqtts://" : "mqtt://");
  if (colon == std::string_view::npos) return {};
  const std::string_view digits = rest.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0)
    return "has a port that is not a number from 1 to 65535";
  return {};
}

void read_password(const SectionValues& section, MqttOptions& out, FaultList& faults) {
  constexpr auto file = option("mqtt", "password_file");
  constexpr auto credential = option("mqtt", "password_credential");
  constexpr auto username = option("mqtt", "username");
  if (!section.given(file) && !section.given(credential)) return;
  const std::size_t from = section.given(file) ? file : credential;
  if (section.given(file) && section.given(credential))
    return faults.add(section[credential].place,
                      "password_credential and password_file both name the password: keep one");
  if (!section.given(username))
    faults.add(section[from].place,
               fmt::format("{} without username: add a line like username = {}", kOptions[from].key,
                           kOptions[username].example));
  if (!section.usable(from) || !out.enabled) return;
  const std::string& source = section.text(from);
  if (from == credential && source.find('/') != std::string::npos)
    return faults.add(section[from].place, fmt::format("password_credential {} is not a plain "
                                                       "name: a credential has no directory",
                                                       in_quotes(source)));
  Secret secret = from == file ? read_secret_file(source) : read_credential(source);
  if (!secret.fault.empty())
    faults.add(section[from].place,
               fmt::format("{} {} {}", kOptions[from].key, in_quotes(source), secret.fault));
  out.password = std::move(secret.value);
}

void configure_mqtt(const SectionValues& mqtt, Configuration& all, FaultList& faults) {
  constexpr auto broker = option("mqtt", "broker");
  MqttOptions& out = all.mqtt;
  out.enabled = is_enabled(mqtt, option("mqtt", "enabled"));
  out.broker = mqtt.text(broker);
  out.username = mqtt.text(option("mqtt", "username"));
  out.base_topic = mqtt.text(option("mqtt", "base_topic"));
  out.gateway_id = all.gateway_name;
  out.home_assistant = mqtt.boolean(option("mqtt", "home_assistant"));
  out.discovery_prefix = mqtt.text(option("mqtt", "discovery_prefix"));
  out.retain_state = mqtt.boolean(option("mqtt", "retain_state"));
  out.state_interval = mqtt.span(option("mqtt", "state_interval"));
  out.cells_interval = mqtt.span(option("mqtt", "cells_interval"));
  out.stats_interval = mqtt.span(option("mqtt", "stats_interval"));
  out.beat = mqtt.span(option("mqtt", "beat"));
  if (mqtt.usable(broker)) {
    const std::string fault = check_broker(out.broker);
    const bool login = out.broker.find('@') != std::string::npos;  // may hold a password: not shown
    if (!fault.empty())
      faults.add(mqtt[broker].place,
                 fmt::format("broker {}{}", login ? "" : in_quotes(out.broker) + " ", fault));
  }
  read_password(mqtt, out, faults);
}

bool is_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return ::inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

/// Its own port where one is given.
std::optional<std::uint16_t> own_port(const SectionValues& modbus, std::size_t key) {
  if (!modbus.given(key)) return std::nullopt;
  return static_cast<std::uint16_t>(modbus.number(key));
}

// Without [bank]: the layout of the chain still follows from the file, never from what boards say.
ChargePackSettings pack_of_chain(const PackConfiguration& pack) {
  ChargePackSettings out;
  const auto cells = pack.policy.get(Parameter::cell_count);
  const auto capacity = pack.policy.get(Parameter::capacity);
  if (cells) out.cells = static_cast<std::uint8_t>(*cells);
  if (capacity) out.capacity = MilliampHours{*capacity};
  return out;
}

void check_units(const SectionValues& modbus, const Configuration& all, FaultList& faults) {
  constexpr auto unit = option("modbus", "sunspec_unit");
  constexpr auto victron = option("modbus", "victron");
  constexpr std::size_t kSystemUnit = 100;
  const ModbusOptions& out = all.modbus;
  if (out.sunspec.enabled && !out.sunspec.port && modbus.usable(unit) &&
      (out.sunspec.unit <= all.packs.size() || out.sunspec.unit == out.bank_unit))
    faults.add(
        modbus[unit].place,
        fmt::format("sunspec_unit {} is the unit of {}: write another one, or give the chain "
                    "a port of its own with sunspec_port",
                    out.sunspec.unit, out.sunspec.unit == out.bank_unit ? "the bank" : "a pack"));
  const bool taken = all.packs.size() >= kSystemUnit || out.bank_unit == kSystemUnit ||
                     out.bank_unit == 225 ||
                     (out.sunspec.enabled && !out.sunspec.port &&
                      (out.sunspec.unit == kSystemUnit || out.sunspec.unit == 225));
  if (out.victron.enabled && !out.victron.port && taken)
    faults.add(modbus[victron].place,
               "victron takes units 100 and 225, and one of them is taken: give it a port of its "
               "own with victron_port");
}

/// A port is listened on once.
void check_ports(const SectionValues& modbus, const Configuration& all, FaultList& faults) {
  constexpr auto sunspec = option("modbus", "sunspec_port");
  constexpr auto victron = option("modbus", "victron_port");
  const ModbusOptions& out = all.modbus;
  const auto refuse = [&](std::size_t key, std::string_view other) {
    faults.add(modbus[key].place,
               fmt::format("{} is {}: write another, or leave the line out to serve it there",
                           kOptions[key].key, other));
  };
  if (out.sunspec.port && *out.sunspec.port == out.port) refuse(sunspec, "port as well");
  if (out.victron.port && *out.victron.port == out.port) refuse(victron, "port as well");
  if (out.sunspec.port && out.sunspec.port == out.victron.port)
    refuse(victron, "sunspec_port as well");
}

/// A point of a map that is not served is written by nobody.
void check_served(const std::vector<ListedName>& points, const ModbusOptions& modbus,
                  FaultList& faults) {
  for (const ListedName& listed : points) {
    if (listed.name.starts_with("802.") && !modbus.sunspec.enabled)
      faults.add(listed.place, fmt::format("{} is a point of SunSpec, which is not served: add "
                                           "sunspec = true",
                                           listed.name));
    if (listed.name.starts_with("victron.") && !modbus.victron.enabled)
      faults.add(listed.place, fmt::format("{} is a register of the units of a GX, which are not "
                                           "served: add victron = true",
                                           listed.name));
  }
}

void configure_writers(const SectionValues& modbus, Configuration& all, FaultList& faults) {
  constexpr auto from = option("modbus", "write_from");
  constexpr auto points = option("modbus", "writable");
  ModbusOrderOptions& out = all.modbus.orders;
  std::vector<std::string_view> known;
  for (const WritablePoint& point : writable_points()) known.push_back(point.name);
  for (const ListedName& listed : modbus[from].names) {
    out.from.push_back(listed.name);
    if (!is_address(listed.name))
      faults.add(listed.place, fmt::format("{} is not an IP address", in_quotes(listed.name)));
  }
  for (const ListedName& listed : modbus[points].names) {
    out.points.push_back(listed.name);
    if (find_writable_point(listed.name) == nullptr)
      faults.add(listed.place, fmt::format("unknown point {}{}", in_quotes(listed.name),
                                           hint(listed.name, known, "the points")));
  }
  out.lease = modbus.span(option("modbus", "lease"));
  out.client_silent_most = modbus.span(option("modbus", "client_silent_most"));
  const std::size_t given = modbus.given(from) ? from : points;
  if (modbus.given(from) != modbus.given(points))
    faults.add(modbus[given].place,
               fmt::format("{} without {}: nothing can be written; give both or neither",
                           kOptions[given].key, kOptions[given == from ? points : from].key));
  check_served(modbus[points].names, all.modbus, faults);
  if (modbus.given(from) && modbus.given(points) && !all.bank.enabled)
    faults.add(modbus[points].place,
               "writable asks something of the bank, and there is none: add a section [bank]");
}

void configure_standards(const SectionValues& modbus, Configuration& all, FaultList& faults) {
  SunspecOptions& sunspec = all.modbus.sunspec;
  sunspec.enabled = modbus.boolean(option("modbus", "sunspec"));
  sunspec.unit = static_cast<std::uint8_t>(modbus.number(option("modbus", "sunspec_unit")));
  sunspec.port = own_port(modbus, option("modbus", "sunspec_port"));
  sunspec.discharge_positive = modbus.text(option("modbus", "current_positive")) == "discharge";
  sunspec.site = all.gateway_name;
  sunspec.nominal_voltage = all.bank.settings.nominal_voltage;
  sunspec.packs = all.bank.packs;
  if (!all.bank.enabled)
    for (const PackConfiguration& pack : all.packs) sunspec.packs.push_back(pack_of_chain(pack));
  if (sunspec.enabled && sunspec_registers(sunspec) > kSunspecRegistersMost)
    faults.add(
        modbus[option("modbus", "sunspec")].place,
        fmt::format("sunspec: the chain of {} packs takes {} registers, and there are {} from "
                    "40000 on",
                    sunspec.packs.size(), sunspec_registers(sunspec), kSunspecRegistersMost));
  all.modbus.victron.enabled = modbus.boolean(option("modbus", "victron"));
  all.modbus.victron.port = own_port(modbus, option("modbus", "victron_port"));
  check_units(modbus, all, faults);
  check_ports(modbus, all, faults);
  configure_writers(modbus, all, faults);
}

void configure_modbus(const SectionValues& modbus, Configuration& all, FaultList& faults) {
  constexpr auto listen = option("modbus", "listen");
  constexpr auto bank_unit = option("modbus", "bank_unit");
  ModbusOptions& out = all.modbus;
  out.enabled = is_enabled(modbus, option("modbus", "enabled"));
  out.listen = modbus.text(listen);
  out.port = static_cast<std::uint16_t>(modbus.number(option("modbus", "port")));
  out.bank_unit = static_cast<std::uint8_t>(modbus.number(bank_unit));
  out.clients_most = static_cast<std::uint16_t>(modbus.number(option("modbus", "clients_most")));
  if (modbus.usable(listen) && !is_address(out.listen))
    faults.add(modbus[listen].place,
               fmt::format("listen {} is not an IP address: write one of this machine's, or "
                           "\"0.0.0.0\" for all",
                           in_quotes(out.listen)));
  if (out.enabled && modbus.usable(bank_unit) && out.bank_unit <= all.packs.size())
    faults.add(modbus[bank_unit].place,
               fmt::format("bank_unit {0} is the unit of pack {0}: {1} packs take units 1 to {1}; "
                           "write a larger one",
                           out.bank_unit, all.packs.size()));
  configure_standards(modbus, all, faults);
}

void configure_history(const SectionValues& history, Configuration& all) {
  HistoryOptions& out = all.history;
  out.enabled = is_enabled(history, option("history", "enabled"));
  out.path = history.text(option("history", "path"));
  out.interval = history.span(option("history", "interval"));
  out.commit_every = history.span(option("history", "commit_every"));
}

void configure_black_box(const SectionValues& box, Configuration& all) {
  BlackBoxOptions& out = all.black_box;
  out.enabled = is_enabled(box, option("black_box", "enabled"));
  out.folder = box.text(option("black_box", "folder"));
  out.memory_MB = static_cast<std::uint32_t>(box.number(option("black_box", "memory_megabytes")));
  out.keep = box.span(option("black_box", "keep"));
  out.before = box.span(option("black_box", "before"));
  out.after = box.span(option("black_box", "after"));
  out.files_most = static_cast<std::uint32_t>(box.number(option("black_box", "files_most")));
}

/// What may be written and can never be carried out.
void note_idle_points(const SectionValues& modbus, const Configuration& all, FaultList& notes) {
  const auto opens = [](const RelayConfiguration& one) {
    return one.role == RelayRole::charge || one.role == RelayRole::discharge;
  };
  if (std::ranges::any_of(all.relays, opens)) return;
  for (const ListedName& listed : modbus[option("modbus", "writable")].names)
    if (listed.name == "802.SetOp")
      notes.add(listed.place,
                "802.SetOp opens relays of role charge and discharge, and there is none: whoever "
                "writes it is answered with exception 4");
}

}  // namespace

void configure_sinks(const Sections& sections, Configuration& out, Findings& findings) {
  configure_mqtt(sections.mqtt, out, findings.faults);
  configure_modbus(sections.modbus, out, findings.faults);
  note_idle_points(sections.modbus, out, findings.notes);
  configure_history(sections.history, out);
  configure_black_box(sections.black_box, out);
}

}  // namespace cw

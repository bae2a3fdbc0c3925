// SPDX-License-Identifier: Apache-2.0
// Ports: how each kind of bus names them, and which options have no meaning there.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "daemon/configuration/configuration_parts.h"
#include "daemon/configuration/secret.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

constexpr auto kPort = option("pack", "port");
constexpr auto kBaud = option("pack", "baud");
constexpr auto kRs485 = option("pack", "rs485");
constexpr auto kAdapter = option("pack", "adapter");
constexpr auto kPinFile = option("pack", "pin_file");

/// What is wrong with a port's name, and what would be right; empty: nothing.
using CheckName = std::string (*)(const std::string& port);

/// "HOST:PORT" or "[V6]:PORT" behind the scheme.
bool is_host_and_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool bracketed = host.front() == '[' && host.back() == ']' && host.size() > 2;
  return error == std::errc{} && end == digits.data() + digits.size() && port != 0 &&
         (bracketed || host.find_first_of(":/@ ") == std::string_view::npos);
}

bool is_tcp(std::string_view port) { return port.starts_with("tcp://"); }

std::string check_serial(const std::string& port) {
  if (!is_tcp(port) && port.front() != '/')
    return fmt::format(
        "port {} is neither a device nor a serial server: write its path, like "
        "\"/dev/ttyUSB0\", or \"tcp://HOST:PORT\"",
        in_quotes(port));
  if (is_tcp(port) && !is_host_and_port(std::string_view(port).substr(6)))
    return fmt::format("port {} is not \"tcp://HOST:PORT\" with a port from 1 to 65535",
                       in_quotes(port));
  return {};
}

/// As the kernel takes names of interfaces (IFNAMSIZ less the zero behind it).
std::string check_can(const std::string& port) {
  constexpr std::size_t kLongest = 15;
  const bool fits = port.size() <= kLongest && port != "." && port != ".." &&
                    std::none_of(port.begin(), port.end(), [](unsigned char c) {
                      return c <= ' ' || c == '/' || c == ':' || c == 0x7F;
                    });
  if (fits) return {};
  return fmt::format(
      "port {} is no CAN interface: write its name, like \"can0\" (`ip link show "
      "type can` lists them)",
      in_quotes(port));
}

std::string check_ble(const std::string& port) {
  constexpr std::size_t kSize = 17;
  const auto right = [&](std::size_t i) {
    if (i % 3 == 2) return port[i] == ':';
    return std::string_view{"0123456789ABCDEFabcdef"}.find(port[i]) != std::string_view::npos;
  };
  bool fits = port.size() == kSize;
  for (std::size_t i = 0; i < kSize && fits; ++i) fits = right(i);
  if (fits) return {};
  return fmt::format("port {} is no Bluetooth address: write it like \"C8:47:8C:00:00:01\"",
                     in_quotes(port));
}

/// As BlueZ asks for it: a number of up to six digits.
std::string read_pin(const SectionValues& pack, FaultList& faults) {
  if (!pack.given(kPinFile) || !pack.usable(kPinFile)) return {};
  const std::string& file = pack.text(kPinFile);
  Secret secret = read_secret_file(file);
  const bool digits =
      secret.value.size() <= 6 && secret.value.find_first_not_of("0123456789") == std::string::npos;
  if (secret.fault.empty() && !digits)
    secret.fault = "does not begin with a PIN: a line of up to six digits";
  if (!secret.fault.empty())
    faults.add(pack[kPinFile].place, fmt::format("pin_file {} {}", in_quotes(file), secret.fault));
  return std::move(secret.value);
}

struct BusPorts {
  CheckName check;
  std::string_view settings_elsewhere;  // why neither baud nor rs485 means anything there
};

/// In the order of Bus.
constexpr BusPorts kBusPorts[] = {
    {check_serial, "with a serial server, which has settings of its own"},
    {check_can, "on CAN: the system sets the speed of the interface"},
    {check_ble, "over Bluetooth"},
};

}  // namespace

void check_wire(const SectionValues& section, const WireKeys& keys, Bus bus, FaultList& faults) {
  if (!section.usable(keys.port)) return;
  const std::string& port = section.text(keys.port);
  const BusPorts& ports = kBusPorts[static_cast<std::size_t>(bus)];
  if (const std::string fault = ports.check(port); !fault.empty())
    faults.add(section[keys.port].place, fault);
  if (bus == Bus::serial && !is_tcp(port)) return;
  for (const std::size_t key : {keys.baud, keys.rs485})
    if (section.given(key))
      faults.add(section[key].place, fmt::format("{} has no effect {}: leave the line out",
                                                 kOptions[key].key, ports.settings_elsewhere));
}

void check_port(const SectionValues& pack, Bus bus, FaultList& faults) {
  check_wire(pack, {kPort, kBaud, kRs485}, bus, faults);
  if (!pack.usable(kPort) || bus == Bus::ble) return;
  for (const std::size_t key : {kAdapter, kPinFile})
    if (pack.given(key))
      faults.add(pack[key].place, fmt::format("{} has no effect on {}: leave the line out",
                                              kOptions[key].key, in_quotes(pack.text(kPort))));
}

PortOptions read_port(const SectionValues& pack, const ProtocolSpec& protocol, FaultList& faults) {
  check_port(pack, protocol.bus, faults);
  PortOptions port;
  port.name = pack.text(kPort);
  port.baud =
      pack.given(kBaud) ? static_cast<std::uint32_t>(pack.number(kBaud)) : protocol.default_baud;
  port.rs485 = pack.boolean(kRs485);
  if (protocol.bus != Bus::ble) return port;
  for (char& c : port.name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  port.adapter = pack.text(kAdapter);
  port.pin = read_pin(pack, faults);
  return port;
}

}  // namespace cw

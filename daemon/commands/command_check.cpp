// SPDX-License-Identifier: Apache-2.0
// `cellwarden check`: every fault of a configuration, and nothing else. It opens no port and no
// line.
#include <fmt/format.h>

#include <cstdio>

#include "daemon/commands/commands.h"
#include "daemon/configuration/configuration.h"

namespace cw {
namespace {

std::string counted(std::size_t count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

std::string outputs(const Configuration& configuration) {
  std::string list;
  const auto add = [&list](bool enabled, std::string_view name) {
    if (enabled) list += fmt::format("{}{}", list.empty() ? "" : ", ", name);
  };
  add(configuration.mqtt.enabled, "mqtt");
  add(configuration.modbus.enabled, "modbus");
  add(configuration.history.enabled, "history");
  add(configuration.black_box.enabled, "black_box");
  for (const InverterPortConfiguration& inverter : configuration.inverters)
    add(true, "inverter " + inverter.name);
  return list.empty() ? "none" : list;
}

}  // namespace

int command_check(const CheckOptions& options) {
  const LoadedConfiguration loaded = load_configuration(options.config);
  for (const ConfigurationFault& fault : loaded.faults) fmt::print(stderr, "{}\n", fault.text());
  if (!loaded.faults.empty()) return 78;
  for (const ConfigurationFault& note : loaded.notes) {
    ConfigurationFault worded = note;
    worded.message = "note: " + note.message;
    fmt::print(stderr, "{}\n", worded.text());
  }
  const Configuration& configuration = loaded.configuration;
  fmt::print("{}: valid: {}, {}, mode {}, outputs: {}\n", options.config,
             counted(configuration.packs.size(), "pack"),
             counted(configuration.relays.size(), "relay"), name(configuration.mode),
             outputs(configuration));
  return 0;
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// What the configuration file says, checked and in units. Everything that can be wrong with it has
// been found before one of these exists.
#pragma once
#include <string>
#include <vector>

#include "bridge/modbus/modbus_server.h"
#include "bridge/mqtt/mqtt.h"
#include "core/picture.h"
#include "drivers/gpio/relay_line.h"
#include "drivers/protocol/registry.h"
#include "drivers/session/line.h"
#include "drivers/transport/transport.h"
#include "storage/history.h"

namespace cw {

struct PackConfiguration {
  std::string name;
  const ProtocolSpec* protocol = nullptr;
  SerialOptions serial;      // packs with the same port share a line
  std::uint8_t address = 0;  // on protocols that have one
  Millis poll{1000};
  Millis stale_after{3000};  // default: three polls
  ParameterSet policy;       // complete: preset of the chemistry, then what the file overrides
  std::string chemistry;     // "lfp", "li-ion", "lto"
};

struct RelayConfiguration {
  std::string name;
  RelayRole role = RelayRole::charge;
  std::vector<std::size_t> packs;  // whose decisions it obeys: indices; never empty
  GpioOptions gpio;                // empty chip: dry run
  bool safe_energised = false;     // the safe level; energised means the other one is dangerous
};

struct Configuration {
  std::string file;
  std::string gateway_name;
  std::string control_socket = "/run/cellwarden/control.sock";
  Mode mode = Mode::observe;
  std::vector<PackConfiguration> packs;
  std::vector<RelayConfiguration> relays;
  MqttOptions mqtt;
  ModbusOptions modbus;
  HistoryOptions history;
};

/// One fault in a file. `message` says what is wrong and what would be right.
struct ConfigurationFault {
  std::string file;
  std::uint32_t line = 0;    // from 1; 0: the file as a whole
  std::uint32_t column = 0;  // from 1
  std::string message;

  std::string text() const;  // "file:line:column: message"
};

struct LoadedConfiguration {
  Configuration configuration;             // usable only if there are no faults
  std::vector<ConfigurationFault> faults;  // all of them, in the order of the file
  std::vector<ConfigurationFault> notes;   // allowed, but worth a look; likewise
};

/// Reads `file`; one that cannot be read is a fault as well.
LoadedConfiguration load_configuration(const std::string& file);

/// `file` is only what the faults are called after. Files that `text` names (passwords) are read.
LoadedConfiguration parse_configuration(std::string_view text, const std::string& file);

/// A file that holds nothing but parameters, one a line: `cell_overvoltage = "3.65 V"` (the keys of
/// kParameters without the unit's suffix). Sets what it names and leaves the rest of `parameters`
/// as it is; orderings are not checked here, because the file may be laid over another set. Appends
/// every fault and then leaves `parameters` untouched as a whole. True if there were none.
bool parse_parameters(std::string_view text, const std::string& file, ParameterSet& parameters,
                      std::vector<ConfigurationFault>& faults);

}  // namespace cw

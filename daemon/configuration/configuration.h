// SPDX-License-Identifier: Apache-2.0
// What the configuration file says, checked and in units. Everything that can be wrong with it has
// been found before one of these exists.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "bridge/modbus/modbus_server.h"
#include "bridge/mqtt/mqtt.h"
#include "core/charge_settings.h"
#include "core/picture.h"
#include "daemon/capture/black_box_options.h"
#include "daemon/inverters/inverter_port.h"
#include "daemon/writes/write_plan.h"
#include "drivers/gpio/relay_line.h"
#include "drivers/protocol/registry.h"
#include "drivers/session/line.h"
#include "drivers/transport/transport.h"
#include "storage/history.h"

namespace cw {

struct PackConfiguration {
  std::string name;
  const ProtocolSpec* protocol = nullptr;
  PortOptions port;             // packs with the same port share a line
  ProtocolOptions device;       // what tells it from others on the line
  bool only_listen = false;     // never asks
  Millis listen_quiet{60'000};  // of another master, before it counts as gone
  Millis poll{1000};
  Millis stale_after{3000};       // default: three polls
  ParameterSet policy;            // complete: preset of the chemistry, then what the file overrides
  ParameterSet demanded;          // of that, what the file says itself
  std::string chemistry = "lfp";  // or "li-ion", "lto"
};

/// How a relay may be moved. What its role does not use has no effect.
struct RelayLimits {
  std::optional<std::size_t> precharge;  // index of the relay it closes through
  Millis precharge_time{3'000};          // of a precharge relay: on for so long before the other
  Millis close_after{3'000};             // of charge and discharge: wanted for so long first
  Millis settle{500};                    // contacts have followed the coil after this time
  Millis minimum_on{0};                  // never delays a critical opening
  Millis minimum_off{0};                 // from the start on as well
  Millis longest_on{0};                  // then it is latched off; 0: no limit
  std::uint8_t switchings_most = 20;     // on and off again, within an hour; then it is latched
  std::uint8_t retries_most = 3;         // closings after trips within an hour; likewise
  bool emergency = false;                // of the BMS: it overrides most protections here too
  Millis unload_time{10'000};            // zero limits first: it opens after this at the latest,
  Milliamps unload_current{2'000};       // or when less than this flows
  Millis cutoff_after{2'000};            // a relay opened critically must have interrupted by then
  Milliamps cutoff_current{5'000};       // more than this shows that it has not
  Millis period{500};                    // of a heartbeat: from one change to the next
  CentiPercent start_soc{2'000};         // of a generator: on at or below,
  CentiPercent stop_soc{5'000};          // off again at or above
  friend constexpr bool operator==(const RelayLimits&, const RelayLimits&) = default;
};

struct RelayConfiguration {
  std::string name;
  RelayRole role = RelayRole::charge;
  std::vector<std::size_t> packs{};  // whose decisions it obeys: indices; never empty
  GpioOptions gpio{};                // empty chip: dry run
  bool safe_energised = false;       // the safe level; energised means the other one is dangerous
  GpioOptions feedback{};            // input of its auxiliary contact; empty chip: none
  RelayLimits limits{};
  bool both_ways = false;  // of charge and discharge: it interrupts the current of either
};

/// The packs in parallel as one battery.
struct BankConfiguration {
  bool enabled = false;
  ChargeSettings settings;
  std::vector<ChargePackSettings> packs;  // in the order of the packs
};

struct Configuration {
  std::string file;
  std::string gateway_name;
  std::string control_socket = "/run/cellwarden/control.sock";
  std::string state_file = "/var/lib/cellwarden/state";
  Mode mode = Mode::observe;
  std::vector<PackConfiguration> packs;
  std::vector<RelayConfiguration> relays;
  WriteOptions writes;
  BankConfiguration bank;
  std::vector<InverterPortConfiguration> inverters;
  MqttOptions mqtt;
  ModbusOptions modbus;
  HistoryOptions history;
  BlackBoxOptions black_box;
  std::string excerpt;  // what of the text a replay needs: packs, limits, relays; no secrets
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

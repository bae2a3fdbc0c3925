// SPDX-License-Identifier: Apache-2.0
// The parts of the configuration, from read sections to checked values: what options mean together.
// Each part reports its faults and leaves the rest to the others. Included by configuration*.cpp.
#pragma once
#include <span>
#include <vector>

#include "daemon/configuration/configuration.h"
#include "daemon/configuration/option_values.h"

namespace cw {

/// Where the findings of one file go.
struct Findings {
  FaultList faults;
  FaultList notes;
};

struct PackSection {
  SectionValues own;
  SectionValues policy;
};

struct Sections {
  SectionValues gateway;
  SectionValues supervisor;
  SectionValues writes;
  SectionValues mqtt;
  SectionValues modbus;
  SectionValues history;
  SectionValues black_box;
  std::vector<PackSection> packs;
  std::vector<SectionValues> relays;
  SectionValues bank;
  std::vector<SectionValues> inverters;
};

void configure_packs(const Sections& sections, Configuration& out, Findings& findings);

/// The options of a section that say where a wire is.
struct WireKeys {
  std::size_t port;
  std::size_t baud;
  std::size_t rs485;
};

/// The name of a port as its bus has them, and what has no meaning there.
void check_wire(const SectionValues& section, const WireKeys& keys, Bus bus, FaultList& faults);

/// The name of a port as the bus of its protocol has them, and what has no meaning on that bus.
void check_port(const SectionValues& pack, Bus bus, FaultList& faults);

/// All about the port of a pack whose protocol is known, the PIN in its file included.
PortOptions read_port(const SectionValues& pack, const ProtocolSpec& protocol, FaultList& faults);

/// Of one pack: the preset of its chemistry, then [supervisor], then its own limits.
/// What of the policy the file says itself: what the operator wants the BMS to be set to as well.
ParameterSet demanded_policy(const PackSection& pack, const SectionValues& supervisor);

ParameterSet configure_policy(const PackSection& pack, const SectionValues& supervisor,
                              FaultList& faults);

/// After the packs: relays name them.
void configure_relays(const Sections& sections, Configuration& out, Findings& findings);

/// After all relays: what belongs to the role of each, how it may be moved, which one it precharges
/// through, its auxiliary contact.
void configure_sequences(const Sections& sections, Configuration& out, Findings& findings);

/// Two names of a GPIO line that mean the same one.
bool same_line(const GpioOptions& a, const GpioOptions& b);

void configure_writes(const Sections& sections, Configuration& out, FaultList& faults);

/// After the packs: charge control of all of them, and their own part of it.
void configure_bank(const Sections& sections, Configuration& out, FaultList& faults);

/// After the bank: inverters need its limits, and ports that no pack has.
void configure_inverters(const Sections& sections, Configuration& out, FaultList& faults);

/// After gateway and packs.
void configure_sinks(const Sections& sections, Configuration& out, Findings& findings);

/// "line 12", for "already used in line 12".
std::string line_text(TomlPlace place);

}  // namespace cw

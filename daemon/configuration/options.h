// SPDX-License-Identifier: Apache-2.0
// THE option table: one row an option of the configuration file. The reader, its messages, the
// sample file and the printed documents are walks over these rows; an option without a row does not
// exist. What the rows mean together is decided in configuration.cpp.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/parameters.h"
#include "daemon/configuration/options_bank.h"

namespace cw {

inline constexpr auto kSections = std::to_array<OptionSection>({
    {"gateway", false, false, "The gateway itself."},
    {"pack", true, false, "One battery pack behind one BMS. Repeat the block for every pack."},
    {"pack.policy", false, true,
     "Limits the supervisor works with for this pack. What is not set here is taken from "
     "[supervisor], and else from the preset of the pack's chemistry."},
    {"relay", true, false,
     "One relay on a GPIO line. It is driven only with mode = \"control\" in [supervisor]. Repeat "
     "the block for every relay."},
    {"writes", false, false,
     "What may be written to BMSs. Nothing, unless it is named here; and then only within the "
     "rules "
     "of the core, read back and recorded."},
    {"bank", false, false,
     "The packs in parallel as one battery: what inverters may charge and discharge it with. "
     "Without this section no limits are computed, and no inverter can be served. The defaults are "
     "those for lfp; for other chemistries every voltage and both curves over cells must be "
     "given."},
    {"inverter", true, false,
     "One inverter that is told the limits of [bank], on a wire of its own. Repeat the block for "
     "every inverter."},
    {"supervisor", false, true,
     "The second opinion beside the BMS. Limits may stand here as well, for all packs."},
    {"mqtt", false, false, "Publishes to an MQTT broker and, through it, to Home Assistant."},
    {"modbus", false, false,
     "Serves the values over Modbus-TCP: the gateway's own map, and those of standards. Nothing "
     "can be written unless it is opened here."},
    {"history", false, false, "Keeps samples and events in an SQLite file."},
    {"black_box", false, false,
     "Keeps the traffic of the last hours in memory, and on disk what was around each alarm, trip "
     "and relay operation; `cellwarden replay` plays such a file."},
});

// clang-format off
inline constexpr auto kGatewayOptions = [] {
  using enum OptionType;
  using enum Need;
  constexpr auto ms = Unit::millisecond;
  constexpr std::string_view present = "true where the section is present";
  return std::to_array<Option>({
  {.section = "gateway", .key = "name", .type = name, .highest = kNameLongest, .need = derived,
   .fallback = "the host name",
   .sentence = "Name of this gateway: a level of its MQTT topics and its identity at the broker, so no two gateways may share it.",
   .example = "\"cabin\""},
  {.section = "gateway", .key = "control_socket", .type = path, .highest = 107,
   .fallback = "/run/cellwarden/control.sock",
   .sentence = "Unix socket on which `cellwarden status` reaches the daemon.",
   .example = "\"/run/cellwarden/control.sock\""},
  {.section = "gateway", .key = "state_file", .type = path, .highest = 4'000,
   .fallback = "/var/lib/cellwarden/state",
   .sentence = "File that keeps latches, lock-outs and switchings over restarts; its directory must exist. A damaged one keeps every relay safe until it is reset; none is a first start.",
   .example = "\"/var/lib/cellwarden/state\""},

  {.section = "pack", .key = "name", .type = name, .highest = kNameLongest, .need = required,
   .sentence = "Name of the pack on every interface: MQTT topic, history, status.",
   .example = "\"garage\""},
  {.section = "pack", .key = "protocol", .type = text, .highest = 64, .need = required,
   .sentence = "What the BMS speaks; `cellwarden docs protocols` lists the names.",
   .example = "\"jk-uart\""},
  {.section = "pack", .key = "port", .type = text, .highest = 4095, .need = required,
   .sentence = "Where the BMS is: a serial device (best by its lasting name in /dev/serial/by-id) or \"tcp://HOST:PORT\" of a serial server; on CAN the interface (\"can0\"); over Bluetooth the address of the BMS. Packs with the same port share the line.",
   .example = "\"/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10K5ZQX-if00-port0\""},
  {.section = "pack", .key = "baud", .type = count, .lowest = 1'200, .highest = 4'000'000, .need = derived,
   .fallback = "the usual speed of the protocol",
   .sentence = "Speed of a serial line.",
   .example = "115200"},
  {.section = "pack", .key = "adapter", .type = text, .highest = 17, .fallback = "hci0",
   .sentence = "Bluetooth adapter to use: its name, or its own address, which stays when names change.",
   .example = "\"hci0\"", .aside = true},
  {.section = "pack", .key = "pin_file", .type = path, .highest = 4'095, .need = derived, .fallback = "none",
   .sentence = "File whose first line is the PIN of a BMS that demands pairing over Bluetooth; only its owner may read it (mode 0600). Others are never paired.",
   .example = "\"/etc/cellwarden/garage-pin\"", .aside = true},
  {.section = "pack", .key = "rs485", .type = boolean, .fallback = "false",
   .sentence = "Lets the kernel switch the direction of an RS485 transmitter (RTS); adapters that switch by themselves do not need it.",
   .example = "false"},
  {.section = "pack", .key = "listen", .type = word, .words = "auto only", .fallback = "auto",
   .sentence = "On a serial line that another master asks on: `auto` asks, and listens for as long as such a master is heard (protocols with addresses); `only` never sends a byte. Its rounds take 5 to 15 s: set stale_after to more.",
   .example = "\"only\"", .aside = true},
  {.section = "pack", .key = "listen_quiet", .type = quantity, .unit = ms, .lowest = 15'000, .highest = 3'600'000, .fallback = "1 min",
   .sentence = "With listen = \"auto\": another master that was silent for so long counts as gone, and we ask again; longer if it comes back soon.",
   .example = "\"1 min\"", .aside = true},
  {.section = "pack", .key = "address", .type = count, .lowest = 0, .highest = 255, .need = derived,
   .fallback = "0",
   .sentence = "Address of the BMS on its line, for protocols that have addresses.",
   .example = "1", .aside = true},
  {.section = "pack", .key = "discharge_positive", .type = boolean, .fallback = "false",
   .sentence = "jk-can with V1 firmware: a positive current on the wire discharges, as its documents say and no capture shows.",
   .example = "true", .aside = true},
  {.section = "pack", .key = "poll", .type = quantity, .unit = ms, .lowest = 0, .highest = 600'000,
   .fallback = "1 s",
   .sentence = "Time from one request to the next; \"0 s\" asks again as soon as the line is free.",
   .example = "\"1 s\""},
  {.section = "pack", .key = "stale_after", .type = quantity, .unit = ms, .lowest = 100, .highest = 1'800'000, .need = derived,
   .fallback = "three polls, at least 1 s",
   .sentence = "A value older than this is absent on every output, and to the supervisor a reason to open.",
   .example = "\"3 s\""},
  {.section = "pack", .key = "chemistry", .type = word, .words = "lfp li-ion lto", .need = required,
   .sentence = "Kind of cells; it selects the preset of limits the supervisor starts from.",
   .example = "\"lfp\""},
  {.section = "pack", .key = "cells", .type = count, .lowest = kParameters[0].lowest, .highest = kParameters[0].highest, .need = required,
   .sentence = "Number of cells in series.",
   .example = "16"},
  {.section = "pack", .key = "capacity", .type = quantity, .unit = Unit::milliamp_hour, .lowest = kParameters[1].lowest, .highest = kParameters[1].highest, .need = derived,
   .fallback = "not known",
   .sentence = "Nominal capacity of the pack.",
   .example = "\"280 Ah\""},

  {.section = "pack", .key = "charge_current", .type = quantity, .unit = Unit::milliamp, .lowest = 0, .highest = 2'000'000, .need = derived,
   .fallback = "nine tenths of the over-current setting of the BMS",
   .sentence = "With [bank]: most current inverters are asked to charge this pack with; never more than nine tenths of the over-current limits of the BMS and of the supervisor.",
   .example = "\"100 A\"", .aside = true},
  {.section = "pack", .key = "discharge_current", .type = quantity, .unit = Unit::milliamp, .lowest = 0, .highest = 2'000'000, .need = derived,
   .fallback = "nine tenths of the over-current setting of the BMS",
   .sentence = "With [bank]: likewise for discharging.",
   .example = "\"150 A\"", .aside = true},

  {.section = "relay", .key = "name", .type = name, .highest = kNameLongest, .need = required,
   .sentence = "Name of the relay in events and in status.",
   .example = "\"charger\""},
  {.section = "relay", .key = "role", .type = word, .words = "charge discharge alarm precharge heater generator heartbeat cutoff", .need = required,
   .sentence = "`charge` and `discharge` close while every pack they obey allows it; `alarm` acts while any pack or relay gives a reason to warn; `precharge` acts before another relay closes; `heater` acts while it is too cold to charge; `generator` acts while the charge is low; `heartbeat` changes all the time while every pack is heard and no relay is faulty, for an external watchdog relay; `cutoff` acts when a relay that had to open at once did not interrupt the current.",
   .example = "\"charge\""},
  {.section = "relay", .key = "packs", .type = names, .need = derived, .fallback = "all packs",
   .sentence = "Packs whose decisions the relay obeys.",
   .example = "[\"garage\"]"},
  {.section = "relay", .key = "chip", .type = text, .highest = 255, .need = derived,
   .fallback = "none, which needs `dry_run = true`",
   .sentence = "GPIO chip: its device or its label (`gpiodetect` lists them).",
   .example = "\"/dev/gpiochip0\""},
  {.section = "relay", .key = "line", .type = text_or_number, .lowest = 0, .highest = 1'023, .need = derived,
   .fallback = "none, which needs `dry_run = true`",
   .sentence = "Line of the chip, by number or by name.",
   .example = "17"},
  {.section = "relay", .key = "active_low", .type = boolean, .fallback = "false",
   .sentence = "The coil is on while the line is low, as on most relay boards with opto-couplers.",
   .example = "false"},
  {.section = "relay", .key = "dry_run", .type = boolean, .fallback = "false",
   .sentence = "Drives no line: operations are only logged.",
   .example = "true", .aside = true},
  {.section = "relay", .key = "safe", .type = word, .words = "open closed", .fallback = "open",
   .sentence = "Safe position of the relay: `open` is coil off, so that it is safe without power; `closed` is coil on and needs `safe_reason`.",
   .example = "\"open\""},
  {.section = "relay", .key = "safe_reason", .type = text, .highest = 200, .need = derived,
   .fallback = "none",
   .sentence = "Why this relay is safe while closed although it opens when power or this program fails.",
   .example = "\"shunt trip: the coil opens the breaker\"", .aside = true},

  {.section = "relay", .key = "precharge", .type = name, .highest = kNameLongest, .need = derived, .fallback = "none",
   .sentence = "Relay of role precharge that acts before this one closes. A relay with one stays open after a critical trip until it is reset.",
   .example = "\"resistor\"", .aside = true},
  {.section = "relay", .key = "precharge_time", .type = quantity, .unit = ms, .lowest = 100, .highest = 60'000, .fallback = "3 s",
   .sentence = "Role precharge: how long it acts before the other relay closes.",
   .example = "\"3 s\"", .aside = true},
  {.section = "relay", .key = "minimum_on", .type = quantity, .unit = ms, .lowest = 0, .highest = 86'400'000, .fallback = "0 s",
   .sentence = "Once it acts it does so for this long; a critical trip never waits for it.",
   .example = "\"0 s\""},
  {.section = "relay", .key = "minimum_off", .type = quantity, .unit = ms, .lowest = 0, .highest = 86'400'000, .fallback = "0 s",
   .sentence = "It rests for this long before it acts again, and after the start.",
   .example = "\"5 s\""},
  {.section = "relay", .key = "longest_on", .type = quantity, .unit = ms, .lowest = 0, .highest = 604'800'000, .fallback = "0 s",
   .sentence = "Roles heater and generator: after this long it is latched off until reset; \"0 s\" is no limit.",
   .example = "\"2 h\"", .aside = true},
  {.section = "relay", .key = "switchings_most", .type = count, .lowest = 1, .highest = 120, .fallback = "20",
   .sentence = "Most switchings (on and off again) within an hour; one more latches it off until reset.",
   .example = "20"},
  {.section = "relay", .key = "retries_most", .type = count, .lowest = 0, .highest = 120, .fallback = "3",
   .sentence = "Roles charge and discharge: most closings after trips within an hour; one more latches it open until reset.",
   .example = "3"},
  {.section = "relay", .key = "emergency", .type = boolean, .fallback = "false",
   .sentence = "Roles charge and discharge: while the BMS reports its emergency, no protection but a short circuit or an over-voltage keeps it open.",
   .example = "true"},
  {.section = "relay", .key = "both_ways", .type = boolean, .fallback = "false",
   .sentence = "Roles charge and discharge: it interrupts the current both ways, as the one contactor of a pack does: while it is open its pack is off the bus.",
   .example = "true"},
  {.section = "relay", .key = "close_after", .type = quantity, .unit = ms, .lowest = 0, .highest = 600'000, .fallback = "3 s",
   .sentence = "Roles charge and discharge: it closes when it was allowed to for so long without a break, after a start as well; opening never waits for this.",
   .example = "\"3 s\""},
  {.section = "relay", .key = "unload_time", .type = quantity, .unit = ms, .lowest = 0, .highest = 60'000, .fallback = "10 s",
   .sentence = "Roles charge and discharge: a trip that is not critical asks for zero current first, and opens after this time even if it flows.",
   .example = "\"10 s\""},
  {.section = "relay", .key = "unload_current", .type = quantity, .unit = Unit::milliamp, .lowest = 100, .highest = 100'000, .fallback = "2 A",
   .sentence = "Roles charge and discharge: with less current than this it opens without waiting.",
   .example = "\"2 A\""},
  {.section = "relay", .key = "feedback_line", .type = text_or_number, .lowest = 0, .highest = 1'023, .need = derived, .fallback = "none",
   .sentence = "Input line of an auxiliary contact that closes with the relay: one that does not follow is welded (the other relays of its packs open) or stuck.",
   .example = "22"},
  {.section = "relay", .key = "feedback_chip", .type = text, .highest = 255, .need = derived, .fallback = "`chip`",
   .sentence = "GPIO chip of `feedback_line`.",
   .example = "\"/dev/gpiochip0\""},
  {.section = "relay", .key = "feedback_active_low", .type = boolean, .fallback = "false",
   .sentence = "The input is low while the contact is closed, as with a contact to ground and a pull-up.",
   .example = "true"},
  {.section = "relay", .key = "settle", .type = quantity, .unit = ms, .lowest = 100, .highest = 10'000, .fallback = "500 ms",
   .sentence = "How long contacts take to follow; also how long precharge lasts beyond closing.",
   .example = "\"500 ms\""},
  {.section = "relay", .key = "cutoff_after", .type = quantity, .unit = ms, .lowest = 100, .highest = 60'000, .fallback = "2 s",
   .sentence = "Role cutoff: a relay that opened critically must have interrupted the current within this time.",
   .example = "\"2 s\"", .aside = true},
  {.section = "relay", .key = "cutoff_current", .type = quantity, .unit = Unit::milliamp, .lowest = 100, .highest = 2'000'000, .fallback = "5 A",
   .sentence = "Role cutoff: more current than this shows that it did not.",
   .example = "\"5 A\"", .aside = true},
  {.section = "relay", .key = "period", .type = quantity, .unit = ms, .lowest = 100, .highest = 10'000, .fallback = "500 ms",
   .sentence = "Role heartbeat: time from one change to the next, in steps of 100 ms.",
   .example = "\"500 ms\"", .aside = true},
  {.section = "relay", .key = "start_soc", .type = quantity, .unit = Unit::centipercent, .lowest = 0, .highest = 10'000, .fallback = "20 %",
   .sentence = "Role generator: it starts when a pack it obeys has no more charge than this,",
   .example = "\"20 %\"", .aside = true},
  {.section = "relay", .key = "stop_soc", .type = quantity, .unit = Unit::centipercent, .lowest = 0, .highest = 10'000, .fallback = "50 %",
   .sentence = "Role generator: and stops when all of them have this much.",
   .example = "\"50 %\"", .aside = true},

  {.section = "supervisor", .key = "mode", .type = word, .words = "observe control", .fallback = "observe",
   .sentence = "`observe` decides and reports but drives nothing; `control` also drives the relays.",
   .example = "\"observe\""},

  {.section = "writes", .key = "control_socket", .type = names, .need = derived, .fallback = "nothing",
   .sentence = "Settings that `cellwarden parameters` and `cellwarden switch` may write, by name; `limits` is every limit of protection and balancing, `switches` those for charging, discharging and balancing.",
   .example = "[\"switches\", \"cell_overvoltage\"]"},
  {.section = "writes", .key = "mqtt", .type = names, .need = derived, .fallback = "nothing",
   .sentence = "The same for orders over MQTT. Whoever may publish on the broker may then write them: give it users and access lists.",
   .example = "[\"switches\"]"},
  {.section = "writes", .key = "unverified", .type = boolean, .fallback = "false",
   .sentence = "Of those, also the ones that nobody has seen a board obey over its wire.",
   .example = "false"},

  {.section = "mqtt", .key = "enabled", .type = boolean, .need = derived, .fallback = present,
   .sentence = "Switches this output.",
   .example = "true"},
  {.section = "mqtt", .key = "broker", .type = text, .highest = 1'023, .fallback = "mqtt://127.0.0.1:1883",
   .sentence = "Broker: mqtt://HOST[:PORT], or mqtts:// with TLS.",
   .example = "\"mqtt://127.0.0.1:1883\""},
  {.section = "mqtt", .key = "username", .type = text, .highest = 1'023, .need = derived, .fallback = "none",
   .sentence = "Name to log in with.",
   .example = "\"cellwarden\""},
  {.section = "mqtt", .key = "password_file", .type = path, .highest = 4'095, .need = derived, .fallback = "none",
   .sentence = "File whose first line is the password; only its owner may read it (mode 0600).",
   .example = "\"/etc/cellwarden/mqtt-password\"", .aside = true},
  {.section = "mqtt", .key = "password_credential", .type = text, .highest = 255, .need = derived, .fallback = "none",
   .sentence = "Instead of a file: name of a systemd credential (LoadCredential= or SetCredentialEncrypted= of the unit).",
   .example = "\"mqtt-password\"", .aside = true},
  {.section = "mqtt", .key = "base_topic", .type = topic, .highest = 200, .fallback = "cellwarden",
   .sentence = "First level of every topic.",
   .example = "\"cellwarden\""},
  {.section = "mqtt", .key = "home_assistant", .type = boolean, .fallback = "true",
   .sentence = "Announces every value to Home Assistant (MQTT discovery).",
   .example = "true"},
  {.section = "mqtt", .key = "discovery_prefix", .type = topic, .highest = 200, .fallback = "homeassistant",
   .sentence = "Topic under which Home Assistant looks for announcements.",
   .example = "\"homeassistant\""},
  {.section = "mqtt", .key = "retain_state", .type = boolean, .fallback = "false",
   .sentence = "Asks the broker to keep the last state for later subscribers.",
   .example = "false"},
  {.section = "mqtt", .key = "state_interval", .type = quantity, .unit = ms, .lowest = 0, .highest = 3'600'000, .fallback = "0 s",
   .sentence = "Shortest time between two state messages of a pack; \"0 s\" sends every change.",
   .example = "\"0 s\""},
  {.section = "mqtt", .key = "cells_interval", .type = quantity, .unit = ms, .lowest = 0, .highest = 3'600'000, .fallback = "10 s",
   .sentence = "Shortest time between two messages with the cells of a pack.",
   .example = "\"10 s\""},
  {.section = "mqtt", .key = "stats_interval", .type = quantity, .unit = ms, .lowest = 0, .highest = 3'600'000, .fallback = "1 min",
   .sentence = "Shortest time between two messages with the slow values of a pack.",
   .example = "\"1 min\""},
  {.section = "mqtt", .key = "beat", .type = quantity, .unit = ms, .lowest = 1'000, .highest = 3'600'000, .fallback = "1 min",
   .sentence = "A message is repeated after this time even if nothing changed.",
   .example = "\"1 min\""},

  {.section = "modbus", .key = "enabled", .type = boolean, .need = derived, .fallback = present,
   .sentence = "Switches this output.",
   .example = "true"},
  {.section = "modbus", .key = "listen", .type = text, .highest = 64, .fallback = "0.0.0.0",
   .sentence = "Address of this machine to listen on; 0.0.0.0 is every one.",
   .example = "\"0.0.0.0\""},
  {.section = "modbus", .key = "port", .type = count, .lowest = 1, .highest = 65'535, .fallback = "1502",
   .sentence = "TCP port; 502, the usual one, needs a privilege (CAP_NET_BIND_SERVICE).",
   .example = "1502"},
  {.section = "modbus", .key = "bank_unit", .type = count, .lowest = 1, .highest = 247, .fallback = "200",
   .sentence = "Unit that carries the bank; packs are units 1, 2, 3 ... in the order of the file.",
   .example = "200"},
  {.section = "modbus", .key = "clients_most", .type = count, .lowest = 1, .highest = 1'024, .fallback = "64",
   .sentence = "Connections served at the same time.",
   .example = "64"},

  {.section = "modbus", .key = "sunspec", .type = boolean, .fallback = "false",
   .sentence = "Serves the SunSpec chain (models 1, 802, 803, 713, 804, 805) at 40000 as well. Its limits need [bank].",
   .example = "true"},
  {.section = "modbus", .key = "sunspec_unit", .type = count, .lowest = 1, .highest = 247, .fallback = "126",
   .sentence = "Unit of the SunSpec chain.",
   .example = "126"},
  {.section = "modbus", .key = "sunspec_port", .type = count, .lowest = 1, .highest = 65'535, .need = derived, .fallback = "the common one",
   .sentence = "TCP port of its own for the SunSpec chain, where it is unit 1 as well, for clients that can be told no unit.",
   .example = "1503"},
  {.section = "modbus", .key = "current_positive", .type = word, .words = "discharge charge", .fallback = "discharge",
   .sentence = "SunSpec: the direction whose currents and powers are positive; the standard does not say, and most readers take discharging.",
   .example = "\"discharge\""},
  {.section = "modbus", .key = "victron", .type = boolean, .fallback = "false",
   .sentence = "Serves the registers of a Victron GX as well: units 225 (battery), 100 and 0 (system). Its limits need [bank] and are 0 without.",
   .example = "true"},
  {.section = "modbus", .key = "victron_port", .type = count, .lowest = 1, .highest = 65'535, .need = derived, .fallback = "the common one",
   .sentence = "TCP port of its own for them.",
   .example = "1504"},
  {.section = "modbus", .key = "write_from", .type = names, .need = derived, .fallback = "nobody",
   .sentence = "Addresses of clients that may write what `writable` names; to all others nothing can be written.",
   .example = "[\"192.0.2.10\"]"},
  {.section = "modbus", .key = "writable", .type = names, .need = derived, .fallback = "nothing",
   .sentence = "Points they may write: of SunSpec 802.SocRsvMax, 802.SoCRsvMin, 802.CtrlHb, 802.AlmRst (always refused), 802.SetOp, 802.SetInvState; of a GX victron.2901. A write can only narrow what packs and configuration allow.",
   .example = "[\"802.SoCRsvMin\"]"},
  {.section = "modbus", .key = "lease", .type = quantity, .unit = ms, .lowest = 0, .highest = 604'800'000, .fallback = "0 s",
   .sentence = "What a client wrote ends after this time unless it is written again; \"0 s\": it stands until it is changed.",
   .example = "\"0 s\""},
  {.section = "modbus", .key = "client_silent_most", .type = quantity, .unit = ms, .lowest = 1'000, .highest = 3'600'000, .fallback = "60 s",
   .sentence = "A client that once wrote 802.CtrlHb must change it within this time, or everything written ends.",
   .example = "\"60 s\""},

  {.section = "history", .key = "enabled", .type = boolean, .need = derived, .fallback = present,
   .sentence = "Switches this output.",
   .example = "true"},
  {.section = "history", .key = "path", .type = path, .highest = 4'095, .fallback = "/var/lib/cellwarden/history.db",
   .sentence = "The SQLite file; its directory must exist.",
   .example = "\"/var/lib/cellwarden/history.db\""},
  {.section = "history", .key = "interval", .type = quantity, .unit = ms, .lowest = 100, .highest = 86'400'000, .fallback = "10 s",
   .sentence = "Time between two samples of a pack.",
   .example = "\"10 s\""},
  {.section = "history", .key = "commit_every", .type = quantity, .unit = ms, .lowest = 100, .highest = 3'600'000, .fallback = "10 s",
   .sentence = "Samples are written this often: what a power cut may cost (events are written at once).",
   .example = "\"10 s\""},

  {.section = "black_box", .key = "enabled", .type = boolean, .need = derived, .fallback = present,
   .sentence = "Switches the recording.",
   .example = "true"},
  {.section = "black_box", .key = "folder", .type = path, .highest = 4'000, .fallback = "/var/lib/cellwarden/black-box",
   .sentence = "Where the files go, one an incident; its parent must exist.",
   .example = "\"/var/lib/cellwarden/black-box\""},
  {.section = "black_box", .key = "memory_megabytes", .type = count, .lowest = 1, .highest = 1'024, .fallback = "8",
   .sentence = "Memory for all wires together; a pack that is asked every second takes about 1 MB an hour.",
   .example = "8"},
  {.section = "black_box", .key = "keep", .type = quantity, .unit = ms, .lowest = 60'000, .highest = 86'400'000, .fallback = "4 h",
   .sentence = "Older traffic is forgotten although there is memory for it.",
   .example = "\"4 h\""},
  {.section = "black_box", .key = "before", .type = quantity, .unit = ms, .lowest = 0, .highest = 14'400'000, .fallback = "10 min",
   .sentence = "A file begins so long before its incident,",
   .example = "\"10 min\""},
  {.section = "black_box", .key = "after", .type = quantity, .unit = ms, .lowest = 1'000, .highest = 3'600'000, .fallback = "5 min",
   .sentence = "and ends when nothing more has happened for so long, or six times as long after it at the latest.",
   .example = "\"5 min\""},
  {.section = "black_box", .key = "files_most", .type = count, .lowest = 1, .highest = 1'000, .fallback = "20",
   .sentence = "Files kept, the oldest go; no more than these are written within a day either.",
   .example = "20"},
  });
}();
// clang-format on

inline constexpr auto kOptions = join(kGatewayOptions, kBankOptions);

void no_such_option();  // never defined: reaching it ends constant evaluation

/// The row of "section.key"; a misspelt one does not compile.
consteval std::size_t option(std::string_view section, std::string_view key) {
  for (std::size_t i = 0; i < kOptions.size(); ++i)
    if (kOptions[i].section == section && kOptions[i].key == key) return i;
  no_such_option();
  return 0;
}

/// nullptr: no such section, or no such key in it.
const OptionSection* find_section(std::string_view name);
const Option* find_option(std::string_view section, std::string_view key);

/// As its header stands in the file: "[mqtt]", "[[pack]]".
std::string title(const OptionSection& section);

/// Keys of a section in table order, limits included where it takes them.
std::vector<std::string_view> keys_of(const OptionSection& section);

/// The alternatives of a `word`.
std::vector<std::string_view> words_of(const Option& option);

/// A parameter's key in the file: that of the table without its unit, which the value carries.
std::string_view file_key(Parameter parameter);
std::optional<Parameter> find_parameter(std::string_view file_key);

/// Limits that may be set as policy: all but the two that a pack's block has of its own.
bool is_policy(Parameter parameter);

/// "from 100 ms to 30 min", "one of lfp, li-ion, lto", ...: for people.
std::string range_text(const Option& option);

}  // namespace cw

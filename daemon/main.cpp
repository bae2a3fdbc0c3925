// SPDX-License-Identifier: Apache-2.0
// Words on the command line become the options of one command. It does nothing itself.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/commands/commands.h"
#include "daemon/configuration/suggestion.h"
#include "daemon/version.h"
#include "simulator/inverter_reader.h"

namespace cw {
namespace {

constexpr int kUsage = 64;       // sysexits.h: EX_USAGE
constexpr int kOurMistake = 70;  // EX_SOFTWARE
constexpr std::string_view kProgram = "cellwarden";

/// What a command's help says besides its options.
struct Words {
  std::string_view name;
  std::string_view does;
  std::string_view example;
  std::string_view exit_codes;
};

constexpr Words kRun{"run", "Runs the gateway: what systemd starts.",
                     "cellwarden run --config ./cellwarden.toml",
                     "0 stopped by a signal, 69 something it needs cannot be had (a port, a "
                     "socket), 78 the configuration is faulty"};
constexpr Words kCheck{"check",
                       "Checks a configuration: every fault as file:line:column and the "
                       "fix. Opens no port and drives no line.",
                       "cellwarden check --config ./cellwarden.toml", "0 valid, 78 faulty"};
constexpr Words kStatus{"status",
                        "Shows what the running gateway sees: packs, what inverters are told and "
                        "whether they are heard, relays, outputs. Limits are printed no wider "
                        "than they are.",
                        "cellwarden status --json | jq '.packs[].soc_pct'",
                        "0 shown, 69 no gateway answers on the socket, 74 the output cannot be "
                        "written"};
constexpr Words kRelay{"relay",
                       "Locks a relay out (it stays safe whatever happens), unlocks it, or resets "
                       "what latched it. For root and the gateway's own user.",
                       "sudo cellwarden relay charger reset",
                       "0 done, 1 refused, 69 no gateway answers on the socket"};
constexpr Words kBank{"bank",
                      "Orders that the bank be charged full once, as if it were due, or takes "
                      "that back. For root and the gateway's own user.",
                      "sudo cellwarden bank full-charge on",
                      "0 done, 1 refused, 69 no gateway answers on the socket"};
constexpr Words kParameters{
    "parameters",
    "Reads and writes the settings of a BMS through the running gateway:\n"
    "  get [NAME...]           as the board says them\n"
    "  set NAME VALUE ...      several at once, written in an order that is valid at every step\n"
    "  diff FILE|PRESET|PACK   what that one has otherwise\n"
    "  preset NAME             a preset, as far as the board has its settings\n"
    "  backup FILE             all of them; restore FILE puts them back\n"
    "Writes only what [writes] of the configuration allows and the rules of the core accept; reads "
    "every change back.",
    "sudo cellwarden parameters garage set cell_overvoltage \"3.6 V\"",
    "0 done and read back (diff: the same), 1 refused or not taken (diff: different), 64 usage, 66 "
    "the file cannot be read, 69 no gateway answers, 74 the output cannot be written, 75 not known "
    "whether the board took it, 78 a fault in the file"};
constexpr Words kSwitch{"switch",
                        "Turns a switch of a BMS on or off through the running gateway, where "
                        "[writes] of the configuration allows it, and reads it back.",
                        "sudo cellwarden switch garage charge off",
                        "0 done and read back, 1 refused or not taken, 69 no gateway answers, 75 "
                        "not known whether the board took it"};
constexpr Words kRelease{"release",
                         "Lets go of a BMS for some minutes, so that its phone app (or another "
                         "program) can have it, and takes it back afterwards. For root and the "
                         "gateway's own user.",
                         "sudo cellwarden release garage 15",
                         "0 done, 1 refused, 69 no gateway answers on the socket"};
constexpr Words kDecode{"decode",
                        "Turns bytes of a BMS into values: one JSON document a frame. "
                        "Frames are hex on the command line, or a line each on standard "
                        "input.",
                        "cellwarden decode jk-uart < frames.hex",
                        "0 every frame was understood, 1 one was not (its document has \"error\"), "
                        "64 no such protocol, 74 the output cannot be written"};
constexpr Words kShadow{"shadow",
                        "Runs the protection and balance core over a table of "
                        "measurements and prints every decision with its cause.",
                        "cellwarden shadow --parameters lfp --parameters mine.toml trace.csv",
                        "0 done, 1 a fault in the table, 66 a file cannot be read, 74 the output "
                        "cannot be written, 78 a fault in the parameters"};
constexpr Words kSimulate{
    "simulate",
    "Makes virtual packs that speak the real protocol on "
    "pseudo-terminals, over TCP, on serial ports, CAN interfaces and "
    "Bluetooth adapters of this machine, with faults on demand.",
    "cellwarden simulate --pack "
    "name=garage,chemistry=lfp,cells=16,capacity=280,link=/tmp/garage",
    "0 ended, 69 a terminal, a port or a socket cannot be had, 78 a fault in a pack "
    "or the script"};
constexpr Words kSimulateInverter{
    "inverter",
    "An inverter with sun and loads: reads what a gateway tells it on a real wire and drives the "
    "current of packs that `cellwarden simulate --control` has. Goes on while that or the gateway "
    "is "
    "away; a pack it does not have is an error. Prints a line a second.",
    "cellwarden simulate inverter --protocol pylontech-rs485 --port /dev/pts/7 "
    "--control /tmp/simulation --pack garage",
    "0 ended, 1 the port went away, 64 a fault in the words, 69 the port cannot be had"};
constexpr Words kCapture{"capture",
                         "Records what crosses the wires: of the running gateway, or of a port "
                         "that it does not use. A recording is text (docs/capture.md).",
                         "sudo cellwarden capture garage --seconds 60 --output garage.capture",
                         "0 recorded, 1 refused by the gateway, 64 a fault in the words, 69 no "
                         "gateway answers or the port cannot be had, 74 the output cannot be "
                         "written"};
constexpr Words kReplay{"replay",
                        "Plays a recording through the same code as the gateway, and prints "
                        "values and events. It opens no port and drives no relay.",
                        "cellwarden replay garage.capture --json",
                        "0 played, 1 it begins with the gateway's start and went another way now, "
                        "65 a fault in the recording, 66 it cannot be read, 74 the output cannot "
                        "be written"};
constexpr Words kScan{
    "scan",
    "Finds BMSs on serial ports, serial servers, CAN interfaces and Bluetooth: "
    "tries protocols, speeds and addresses, and prints how to configure what it "
    "found. It listens first, sends nothing on CAN or where somebody else speaks, "
    "connects to nothing over Bluetooth, and only ever reads. At most 30 s a "
    "port.",
    "cellwarden scan /dev/ttyUSB0 tcp://192.168.1.50:4196 can0 hci0",
    "0 found something, 1 found nothing, 69 no port can be had, 74 the output "
    "cannot be written"};
constexpr Words kDocs{"docs",
                      "Prints the tables this program really uses, as Markdown or JSON: "
                      "fields, modbus, sunspec, victron, inverters, mqtt, configuration, sample, "
                      "protections, protocols, parameters, presets, models, curves, simulation.",
                      "cellwarden docs fields",
                      "0 printed, 64 no such subject, 74 the output cannot be written, 78 the "
                      "configuration is faulty"};

CLI::App& add(CLI::App& program, const Words& words, std::function<void()> chosen) {
  CLI::App* command = program.add_subcommand(std::string(words.name), std::string(words.does));
  command->footer(
      fmt::format("Example:\n  {}\n\nExit status: {}.\n", words.example, words.exit_codes));
  command->callback(std::move(chosen));
  return *command;
}

/// Everything the command line can fill; one of the commands is run with its part.
struct Line {
  RunOptions run;
  CheckOptions check;
  StatusOptions status;
  RelayOptions relay;
  BankOptions bank;
  ReleaseOptions release;
  ParametersOptions parameters;
  SwitchOptions turn;
  DecodeOptions decode;
  ShadowOptions shadow;
  SimulateOptions simulate;
  SimulateInverterOptions simulate_inverter;
  ScanOptions scan;
  CaptureOptions capture;
  ReplayOptions replay;
  DocsOptions docs;
  std::function<int()> chosen;
};

void add_daemon_commands(CLI::App& program, Line& line) {
  CLI::App& run =
      add(program, kRun, [&line] { line.chosen = [&line] { return command_run(line.run); }; });
  run.add_option("--config", line.run.config, "The configuration")->capture_default_str();

  CLI::App& check = add(program, kCheck,
                        [&line] { line.chosen = [&line] { return command_check(line.check); }; });
  check.add_option("--config", line.check.config, "The configuration")->capture_default_str();

  CLI::App& status = add(
      program, kStatus, [&line] { line.chosen = [&line] { return command_status(line.status); }; });
  status.add_option("--socket", line.status.socket, "Control socket of the gateway")
      ->capture_default_str();
  status.add_flag("--json", line.status.json, "One JSON document instead of text");
  status.add_flag("--why", line.status.why,
                  "Behind each relay: every rule with its value, age, limit and timer");
  status.add_flag("--watch", line.status.watch, "Again and again until Ctrl-C");

  CLI::App& relay = add(program, kRelay,
                        [&line] { line.chosen = [&line] { return command_relay(line.relay); }; });
  relay.add_option("NAME", line.relay.relay, "As configured")->required();
  relay.add_option("ACTION", line.relay.action, "lock, unlock or reset")
      ->required()
      ->check(CLI::IsMember({"lock", "unlock", "reset"}));
  relay.add_option("--socket", line.relay.socket, "Control socket of the gateway")
      ->capture_default_str();
}

void add_bank(CLI::App& program, Line& line) {
  CLI::App& bank =
      add(program, kBank, [&line] { line.chosen = [&line] { return command_bank(line.bank); }; });
  bank.add_option("ORDER", line.bank.action, "full-charge")
      ->required()
      ->check(CLI::IsMember({"full-charge"}));
  bank.add_option("POSITION", line.bank.position, "on or off")
      ->required()
      ->check(CLI::IsMember({"on", "off"}));
  bank.add_option("--socket", line.bank.socket, "Control socket of the gateway")
      ->capture_default_str();
}

void add_setting_commands(CLI::App& program, Line& line) {
  ParametersOptions& options = line.parameters;
  CLI::App& parameters = add(program, kParameters, [&line] {
    line.chosen = [&line] { return command_parameters(line.parameters); };
  });
  parameters.add_option("PACK", options.pack, "As configured")->required();
  parameters.add_option("ACTION", options.action, "What to do")
      ->required()
      ->check(CLI::IsMember({"get", "set", "diff", "preset", "backup", "restore"}));
  parameters.add_option("WORDS", options.words, "Names and values, a file, a preset or a pack");
  parameters.add_flag("--dry-run", options.dry_run, "Say what would be sent, and send nothing");
  parameters.add_option("--socket", options.socket, "Control socket of the gateway")
      ->capture_default_str();

  SwitchOptions& turn = line.turn;
  CLI::App& command = add(program, kSwitch,
                          [&line] { line.chosen = [&line] { return command_switch(line.turn); }; });
  command.add_option("PACK", turn.pack, "As configured")->required();
  command.add_option("SWITCH", turn.which, "charge, discharge, balance or emergency")
      ->required()
      ->check(CLI::IsMember({"charge", "discharge", "balance", "emergency"}));
  command.add_option("POSITION", turn.position, "on or off")
      ->required()
      ->check(CLI::IsMember({"on", "off"}));
  command.add_flag("--dry-run", turn.dry_run, "Say what would be sent, and send nothing");
  command.add_option("--socket", turn.socket, "Control socket of the gateway")
      ->capture_default_str();
}

void add_release(CLI::App& program, Line& line) {
  CLI::App& release = add(program, kRelease, [&line] {
    line.chosen = [&line] { return command_release(line.release); };
  });
  release.add_option("PACK", line.release.pack, "As configured")->required();
  release.add_option("MINUTES", line.release.minutes, "For how long; 0 takes it back now")
      ->check(CLI::Range(0, 24 * 60))
      ->capture_default_str();
  release.add_option("--socket", line.release.socket, "Control socket of the gateway")
      ->capture_default_str();
}

void add_data_commands(CLI::App& program, Line& line) {
  CLI::App& decode = add(
      program, kDecode, [&line] { line.chosen = [&line] { return command_decode(line.decode); }; });
  decode.add_option("PROTOCOL", line.decode.protocol, "As `cellwarden docs protocols` lists them")
      ->required();
  decode.add_option("--request", line.decode.request,
                    "Hex of the request the answers belong to, where the protocol needs it");
  decode.add_option("--generation", line.decode.generation,
                    "Which of the protocol's generations it is, where a frame does not show it");
  decode.add_option("HEX", line.decode.frames, "Frames; none: standard input");

  CLI::App& shadow = add(
      program, kShadow, [&line] { line.chosen = [&line] { return command_shadow(line.shadow); }; });
  shadow
      .add_option("--parameters", line.shadow.parameters,
                  "Preset or TOML file; repeat it to lay one over the other")
      ->required()
      ->expected(1)
      ->take_all();
  shadow.add_option("TRACE", line.shadow.trace, "CSV file; - is standard input")->required();
  shadow.add_flag("--final,--final-state", line.shadow.final_state,
                  "Also print the end state as JSON");
  shadow.footer(fmt::format("{}\n\n{}", shadow_help(), shadow.get_footer()));

  CLI::App& docs =
      add(program, kDocs, [&line] { line.chosen = [&line] { return command_docs(line.docs); }; });
  docs.add_option("SUBJECT", line.docs.subject, "What to print")->required();
  docs.add_option("--config", line.docs.config, "For curves: draw those of this configuration");
  docs.add_flag("--json", line.docs.json, "JSON instead of Markdown");
}

void add_simulate_inverter(CLI::App& simulate, Line& line) {
  SimulateInverterOptions& options = line.simulate_inverter;
  CLI::App& inverter = add(simulate, kSimulateInverter, [&line] {
    line.chosen = [&line] { return command_simulate_inverter(line.simulate_inverter); };
  });
  inverter.add_option("--protocol", options.protocol, simulator::inverter_reader_names())
      ->required();
  inverter
      .add_option("--port", options.port,
                  "The other end of the gateway's wire; tcp://HOST:PORT of its Modbus server")
      ->required();
  inverter.add_option("--baud", options.baud, "Speed of a serial line, if not the usual one");
  inverter.add_option("--unit", options.unit, "Of Modbus, if not the usual one");
  inverter.add_option("--control", options.control, "Unix socket of the simulation")->required();
  inverter.add_option("--pack", options.packs, "A pack of it; several are in parallel")->required();
  inverter
      .add_option("--energy", options.energy_kWh, "Size of its sun and loads: of a battery, kWh")
      ->capture_default_str();
  inverter.add_option("--power", options.power_kW, "Most it takes or gives, kW")
      ->capture_default_str();
  inverter.add_option("--start-hour", options.start_hour, "Time of day at the start")
      ->capture_default_str();
  inverter.add_option("--speed", options.speed, "That of the simulation")
      ->check(CLI::Range(0.001, 1e6))
      ->capture_default_str();
  inverter.add_flag("--grid", options.grid, "It charges from the grid when the battery asks");
  inverter
      .add_option(
          "--ignore", options.ignores,
          "What it does not obey: nothing, charge_voltage, charge_current, discharge_current "
          "or flags")
      ->capture_default_str();
  inverter.add_option("--seconds", options.seconds, "End by itself after so many real seconds");
}

void add_simulate(CLI::App& program, Line& line) {
  SimulateOptions& options = line.simulate;
  CLI::App& simulate = add(program, kSimulate, [&line] {
    if (line.chosen) return;  // `inverter` behind it has spoken first
    line.chosen = [&line] { return command_simulate(line.simulate); };
  });
  simulate
      .add_option("--pack", options.packs,
                  "name=...,chemistry=lfp|li-ion|lto,cells=N,capacity=Ah,link=PATH; repeat it")
      ->expected(1)
      ->take_all();
  simulate.add_option("--script", options.script, "File of timed fault commands");
  simulate.add_option("--control", options.control, "Unix socket for fault commands");
  simulate.add_option("--tell", options.tell,
                      "Send this order to the simulation at --control, print its answer");
  simulate.add_option("--listen", options.listen, "HOST:PORT of the first pack, over TCP");
  simulate.add_option("--speed", options.speed, "Simulated seconds a second")
      ->check(CLI::Range(0.001, 1e6))
      ->capture_default_str();
  simulate.add_option("--seed", options.seed, "Of everything random")->capture_default_str();
  simulate.add_option("--seconds", options.seconds, "End by itself after so many real seconds");
  add_simulate_inverter(simulate, line);
  simulate.footer(fmt::format("{}\n{}", simulate_help(), simulate.get_footer()));
}

void add_line_commands(CLI::App& program, Line& line) {
  CaptureOptions& options = line.capture;
  CLI::App& capture = add(program, kCapture, [&line] {
    line.chosen = [&line] { return command_capture(line.capture); };
  });
  capture.add_option("PORT|PACK", options.what, "What to record; nothing: every wire");
  capture.add_option("--output", options.output, "File to write; else standard output");
  capture.add_option("--seconds", options.seconds, "End by itself after so long");
  capture.add_option("--socket", options.socket, "Control socket of the gateway")
      ->capture_default_str();
  capture.add_flag("--direct", options.direct, "Open the port although a gateway runs");
  capture.add_flag("--listen", options.listen, "Of a port: only listen, send nothing");
  capture.add_option("--protocol", options.protocol, "Of a port")->capture_default_str();
  capture.add_option("--baud", options.baud, "Of a port; else the usual one of the protocol");
  capture.add_option("--address", options.address, "Of the BMS on the port");

  CLI::App& scan =
      add(program, kScan, [&line] { line.chosen = [&line] { return command_scan(line.scan); }; });
  scan.add_option(
      "PORT", line.scan.ports,
      "Devices, tcp://HOST:PORT, CAN interfaces or Bluetooth adapters; none: all serial "
      "ports, CAN interfaces and adapters of this machine");

  CLI::App& replay = add(
      program, kReplay, [&line] { line.chosen = [&line] { return command_replay(line.replay); }; });
  replay.add_option("FILE", line.replay.file, "A recording, or a log of candump -l")->required();
  replay.add_option("--config", line.replay.config,
                    "Configuration to play it with, instead of the one it carries");
  replay.add_flag("--json", line.replay.json, "One JSON document a line");
  replay.add_option("--speed", line.replay.speed, "Recorded seconds a second; 0: no waiting")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
}

int refuse(std::string message) {
  while (!message.empty() && message.back() == '\n') message.pop_back();
  for (char& c : message)
    if (c == '\n') c = ' ';
  fmt::print(stderr, "{}: {}\n", kProgram, message);
  return kUsage;
}

std::vector<std::string_view> command_names() {
  std::vector<std::string_view> names;
  for (const Words* words :
       {&kRun, &kCheck, &kStatus, &kRelay, &kBank, &kRelease, &kParameters, &kSwitch, &kDecode,
        &kShadow, &kSimulate, &kScan, &kCapture, &kReplay, &kDocs})
    names.push_back(words->name);
  return names;
}

/// The library names a word it does not expect, but not what was meant.
bool is_unknown_command(std::string_view word) {
  if (word.starts_with('-')) return false;
  for (const std::string_view name : command_names())
    if (name == word) return false;
  return true;
}

int run_command(int count, char** words) {
  if (count < 2)
    return refuse(fmt::format("say what to do: {}; `cellwarden --help` explains them",
                              fmt::join(command_names(), ", ")));
  if (is_unknown_command(words[1]))
    return refuse(fmt::format("unknown command {}{}", in_quotes(words[1]),
                              hint(words[1], command_names(), "the commands")));
  CLI::App program("Battery-management gateway: BMS to MQTT, Modbus-TCP, history and relays.",
                   std::string(kProgram));
  program.set_version_flag("--version", fmt::format("cellwarden {}", kVersion));
  program.require_subcommand(1);
  program.footer("Each command has --help with an example.\n");
  Line line;
  add_daemon_commands(program, line);
  add_bank(program, line);
  add_setting_commands(program, line);
  add_release(program, line);
  add_data_commands(program, line);
  add_simulate(program, line);
  add_line_commands(program, line);
  try {
    program.parse(count, words);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.exit(error);  // help and version
    return refuse(fmt::format("{}; see `cellwarden{} --help`", error.what(),
                              words[1][0] == '-' ? "" : fmt::format(" {}", words[1])));
  }
  return line.chosen();
}

}  // namespace
}  // namespace cw

int main(int count, char** words) {
  try {
    return cw::run_command(count, words);
  } catch (const std::exception& error) {
    fmt::print(stderr, "cellwarden: stopped by a fault of its own: {}\n", error.what());
    return cw::kOurMistake;
  }
}

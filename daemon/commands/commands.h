// SPDX-License-Identifier: Apache-2.0
// The sub-commands. main.cpp turns words into these options; each command lives in a file of its
// own and returns the exit status of the program (sysexits.h: 64 usage, 65 and 66 input, 69
// unavailable, 78 configuration, 74 lost output; 1 for a fault of the data).
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace cw {

struct RunOptions {
  std::string config = "/etc/cellwarden/cellwarden.toml";
};
int command_run(const RunOptions& options);

struct CheckOptions {
  std::string config = "/etc/cellwarden/cellwarden.toml";
};
int command_check(const CheckOptions& options);

struct StatusOptions {
  std::string socket = "/run/cellwarden/control.sock";
  bool json = false;
  bool watch = false;
  bool why = false;  // every rule behind each relay
};
int command_status(const StatusOptions& options);

struct RelayOptions {
  std::string relay;
  std::string action;  // "lock", "unlock" or "reset"
  std::string socket = "/run/cellwarden/control.sock";
};
int command_relay(const RelayOptions& options);

struct BankOptions {
  std::string action;    // "full-charge"
  std::string position;  // "on" or "off"
  std::string socket = "/run/cellwarden/control.sock";
};
int command_bank(const BankOptions& options);

struct ParametersOptions {
  std::string pack;
  std::string action;              // "get", "set", "diff", "preset", "backup" or "restore"
  std::vector<std::string> words;  // of the action
  bool dry_run = false;            // say what would be sent, send nothing
  std::string socket = "/run/cellwarden/control.sock";
};
int command_parameters(const ParametersOptions& options);

struct SwitchOptions {
  std::string pack;
  std::string which;     // "charge", "discharge", "balance" or "emergency"
  std::string position;  // "on" or "off"
  bool dry_run = false;
  std::string socket = "/run/cellwarden/control.sock";
};
int command_switch(const SwitchOptions& options);

struct ReleaseOptions {
  std::string pack;
  int minutes = 10;  // 0: take it back now
  std::string socket = "/run/cellwarden/control.sock";
};
int command_release(const ReleaseOptions& options);

struct DecodeOptions {
  std::string protocol;
  std::string generation;           // which of the protocol's, where a frame does not show it
  std::string request;              // hex of the request the answer belongs to, where it matters
  std::vector<std::string> frames;  // hex; empty: one frame a line on standard input
};
int command_decode(const DecodeOptions& options);

struct ShadowOptions {
  std::vector<std::string> parameters;  // preset names and TOML files, later ones win
  std::string trace;                    // CSV file; "-": standard input
  bool final_state = false;             // print the end state as JSON
};
int command_shadow(const ShadowOptions& options);
/// The columns, and what the lines mean, for --help.
std::string shadow_help();

struct CaptureOptions {
  std::string what;    // a port or a pack of the running gateway; a port if none runs; empty: all
  std::string output;  // a file; empty: standard output
  std::optional<double> seconds;
  bool direct = false;  // do not ask for a running gateway
  bool listen = false;  // of a port: never send anything
  std::string protocol = "jk-uart";
  std::optional<std::uint32_t> baud;
  std::optional<std::uint32_t> address;
  std::string socket = "/run/cellwarden/control.sock";
};
int command_capture(const CaptureOptions& options);

struct ReplayOptions {
  std::string file;
  std::string config;  // instead of what the recording carries; empty: that
  bool json = false;
  double speed = 0;  // recorded seconds a second; 0: as fast as possible
};
int command_replay(const ReplayOptions& options);

struct ScanOptions {
  std::vector<std::string> ports;  // none: all serial ports, CAN interfaces, adapters
};
int command_scan(const ScanOptions& options);

struct DocsOptions {
  std::string subject;
  std::string config;  // of curves: draw those of this file; empty: the defaults
  bool json = false;
};
int command_docs(const DocsOptions& options);

struct SimulateOptions {
  std::vector<std::string> packs;  // "name=garage,chemistry=lfp,cells=16,capacity=280Ah,link=PATH"
  std::string script;              // file of timed fault commands
  std::string control;             // unix socket for fault commands; empty: none
  std::string tell;                // a command for the simulation at `control`; empty: simulate
  std::string listen;              // host:port prefix for TCP instead of pseudo-terminals
  double speed = 1;                // simulated seconds per second
  std::uint64_t seed = 1;
  std::optional<double> seconds;  // ends by itself
};
int command_simulate(const SimulateOptions& options);
/// The keys of --pack and the orders of the control socket and of scripts, for --help.
std::string simulate_help();

struct SimulateInverterOptions {
  std::string protocol;            // of simulator/inverter_reader.h
  std::string port;                // the other end of the gateway's
  std::uint32_t baud = 0;          // 0: the protocol's usual speed
  std::uint8_t unit = 0;           // Modbus; 0: the protocol's usual one
  std::string control;             // socket of the simulation that has the packs
  std::vector<std::string> packs;  // of it, in parallel
  double energy_kWh = 14;          // of the battery its sun and loads are measured for
  double power_kW = 8;             // most it takes or gives
  double start_hour = 10;          // time of day at the start
  double speed = 1;                // of the simulation
  bool grid = false;               // to charge from, when the battery asks
  std::string ignores = "nothing";
  std::optional<double> seconds;  // ends by itself
};
int command_simulate_inverter(const SimulateInverterOptions& options);

}  // namespace cw

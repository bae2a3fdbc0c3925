// SPDX-License-Identifier: Apache-2.0
// `cellwarden shadow`: the what-if tool. Reads parameters and a table of measurements, runs the
// core over it and prints what it decides. Touches no device.
#include <fmt/format.h>
#include <stdio.h>  // getline(3)

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/presets.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/shadow.h"
#include "daemon/commands/standard_output.h"
#include "daemon/configuration/configuration.h"
#include "daemon/configuration/parameter_text.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

enum Exit : int { done = 0, bad_trace = 1, usage = 64, no_input = 66, bad_parameters = 78 };

// A file read line by line, so that a trace may be larger than memory.
class Lines {
 public:
  explicit Lines(const std::string& file)
      : stream_(file == "-" ? stdin : std::fopen(file.c_str(), "re")), standard_(file == "-") {}
  ~Lines() {
    std::free(buffer_);
    if (stream_ != nullptr && !standard_) (void)std::fclose(stream_);
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  bool opened() const { return stream_ != nullptr; }
  /// Of the last next(): why there is no more to read; 0 at the end of the file.
  int failure() const { return failure_; }
  std::uint32_t number() const { return number_; }

  /// The next line without its end, or nothing at the end of the file. Valid until the next call.
  std::optional<std::string_view> next() {
    const ssize_t length = ::getline(&buffer_, &capacity_, stream_);
    if (length < 0) {
      if (std::ferror(stream_) != 0) failure_ = errno;
      return std::nullopt;
    }
    ++number_;
    std::string_view line{buffer_, static_cast<std::size_t>(length)};
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

 private:
  std::FILE* stream_;
  bool standard_;
  char* buffer_ = nullptr;
  std::size_t capacity_ = 0;
  std::uint32_t number_ = 0;
  int failure_ = 0;
};

void complain(const std::string& file, std::uint32_t line, std::uint32_t column,
              const std::string& message) {
  const ConfigurationFault worded{file == "-" ? "standard input" : file, line, column, message};
  fmt::print(stderr, "{}\n", worded.text());
}

void note(const std::string& file, const std::vector<TraceNote>& notes) {
  for (const TraceNote& note : notes)
    complain(file, note.line, note.column, "note: " + note.message);
}

int unreadable(const std::string& file, const Lines& lines) {
  fmt::print(stderr, "{} cannot be read: {}\n", file, std::strerror(lines.failure()));
  return no_input;
}

std::string preset_hint(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Preset& preset : all_presets()) names.push_back(preset.name);
  return hint(name, names, "presets");
}

int lay_file(const std::string& file, ParameterSet& parameters) {
  Lines lines{file};
  if (!lines.opened()) {
    fmt::print(stderr, "{} is no preset, and no file that can be opened: {}{}\n", in_quotes(file),
               std::strerror(errno), preset_hint(file));
    return no_input;
  }
  std::string text;
  while (const auto line = lines.next()) {
    text += *line;
    text += '\n';
  }
  if (lines.failure() != 0) return unreadable(file, lines);
  std::vector<ConfigurationFault> faults;
  if (parse_parameters(text, file, parameters, faults)) return done;
  for (const ConfigurationFault& fault : faults) fmt::print(stderr, "{}\n", fault.text());
  return bad_parameters;
}

void lay_preset(const Preset& preset, ParameterSet& parameters) {
  for (std::size_t i = 0; i < kParameterCount; ++i)
    if (const auto value = preset.values.get(static_cast<Parameter>(i)))
      parameters.set(static_cast<Parameter>(i), *value);
}

// Presets and files in their order, each over what came before. The last preset tells what the
// cells are.
int gather_parameters(const std::vector<std::string>& names, ParameterSet& parameters) {
  std::optional<Chemistry> chemistry;
  for (const std::string& name : names) {
    if (const Preset* preset = find_preset(name)) {
      lay_preset(*preset, parameters);
      chemistry = preset->chemistry;
    } else if (const int status = lay_file(name, parameters); status != done) {
      return status;
    }
  }
  const std::vector<std::string> faults = policy_faults(parameters, {chemistry});
  for (const std::string& fault : faults) fmt::print(stderr, "{}\n", fault);
  if (!faults.empty()) return bad_parameters;
  for (const std::string& rule : half_known_rules(parameters))
    fmt::print(stderr, "note: {}\n", rule);
  return done;
}

// Empty lines and lines that begin with # are for people.
std::optional<std::string_view> next_row(Lines& lines) {
  while (const auto line = lines.next())
    if (line->find_first_not_of(" \t") != std::string_view::npos && !line->starts_with('#'))
      return line;
  return std::nullopt;
}

int read_columns(const std::string& file, Lines& lines, Trace& trace) {
  const auto header = next_row(lines);
  if (lines.failure() != 0) return unreadable(file, lines);
  if (!header) {
    complain(file, lines.number(), 1, "no line with the names of the columns");
    return bad_trace;
  }
  const std::vector<TraceFault> faults = trace.read_header(*header, lines.number());
  for (const TraceFault& fault : faults)
    complain(file, lines.number(), fault.column, fault.message);
  note(file, trace.take_notes());
  return faults.empty() ? done : bad_trace;
}

int run_rows(const std::string& file, Lines& lines, Trace& trace, Shadow& shadow) {
  Pack pack;
  std::string out{Shadow::kHeader};
  while (const auto row = next_row(lines)) {
    if (const auto fault = trace.read_row(*row, lines.number(), pack)) {
      if (!write_out(out)) return kOutputLost;
      complain(file, lines.number(), fault->column, fault->message);
      return bad_trace;
    }
    note(file, trace.take_notes());
    shadow.step(pack, trace.actions(), trace.now(), out);
    if (!out.empty() && !write_out(out)) return kOutputLost;
    out.clear();
  }
  if (!write_out(out)) return kOutputLost;
  return lines.failure() == 0 ? done : unreadable(file, lines);
}

int run_trace(const ShadowOptions& options, Lines& lines, Shadow& shadow) {
  Trace trace;
  int status = read_columns(options.trace, lines, trace);
  if (status == done) status = run_rows(options.trace, lines, trace, shadow);
  note(options.trace, trace.implausible());
  if (status != done) return status;
  std::string out;
  if (options.final_state) shadow.tell_final(out);
  return write_out(out) ? done : kOutputLost;
}

}  // namespace

std::string shadow_help() {
  return
      R"(Columns: t_s (seconds, rising) and any of
  the keys of `cellwarden docs fields`: current_A, charge_switch, charger_plugged, ...
  cells, wires and sensors one by one: cell_voltage_07_V, wire_resistance_07_ohm, temperature_1_C
  alarms by name, 0 or 1, heard together: discharge_short_circuit, internal_communication, ...
  what no BMS reports: button (pressed), emergency (1: half an hour of power is requested),
  heater_switch (1: there is a heater, and it may be used)
An empty value is absent, and rules that read it go blind. Alarms and wires that were never heard
leave their rules off. A switch that is absent is on, that of the heater off. Beside cells, columns
like cell_voltage_max_V do not count. No jump is left out, as the daemon leaves out single ones.

Delays are judged at rows only, as the daemon judges them at frames and every 0.1 s: where rows are
60 s apart, a delay of 3 s is over at the next row. Charge is counted from the first row on if that
has soc_pct and a capacity; a current holds until the next row, but at most 60 s.

Output: a line for every rule, switch, emergency, power, balance and heater that changes, with the
outputs after the row; docs/shadow.md explains it.)";
}

int command_shadow(const ShadowOptions& options) {
  if (options.parameters.empty()) {
    fmt::print(stderr, "no parameters: name a preset or a TOML file{}\n", preset_hint(""));
    return usage;
  }
  ParameterSet parameters;
  if (const int status = gather_parameters(options.parameters, parameters); status != done)
    return status;
  Lines lines{options.trace};
  if (!lines.opened()) {
    fmt::print(stderr, "{} cannot be opened: {}\n", options.trace, std::strerror(errno));
    return no_input;
  }
  Shadow shadow{parameters};
  return run_trace(options, lines, shadow);
}

}  // namespace cw

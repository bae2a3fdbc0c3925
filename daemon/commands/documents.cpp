// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/documents.h"

#include <fmt/format.h>

#include "bridge/mqtt/mqtt_topics.h"
#include "core/divergence.h"
#include "core/fields.h"
#include "core/presets.h"
#include "core/protection.h"
#include "core/validation.h"
#include "daemon/configuration/options.h"
#include "daemon/configuration/quantity_text.h"
#include "daemon/simulate/simulation_description.h"
#include "drivers/protocol/registry.h"
#include "simulator/fault.h"
#include "simulator/inverter_reader.h"

namespace cw {
namespace {

std::string_view word_of(HomeAssistant::Platform platform) {
  constexpr std::string_view names[] = {"", "sensor", "binary_sensor"};
  return names[static_cast<std::size_t>(platform)];
}

std::string_view word_of(Generation generation) {
  constexpr std::string_view names[] = {"the gateway's own", "board firmware up to 10",
                                        "board firmware 11", "board firmware 15"};
  return names[static_cast<std::size_t>(generation)];
}

Cell number(std::int64_t count, Unit unit) { return {number_text(count, unit), true, false}; }

/// Columns that values and the elements of series share.
template <class Row>
std::vector<Cell> value_cells(std::string_view key, const Row& row, Unit unit) {
  return {Cell::name(key),
          Cell::words(row.title),
          Cell::words(facts(unit).symbol),
          number(row.lowest, unit),
          number(row.highest, unit),
          Cell::words(name(row.group)),
          Cell::words(word_of(row.home_assistant.platform)),
          Cell::words(row.home_assistant.device_class),
          Cell::yes_or_no(row.history == History::sampled),
          Cell::count(row.modbus)};
}

std::vector<std::string> value_columns() {
  return {"Key",   "Title",          "Unit",         "Lowest",  "Highest",
          "Group", "Home Assistant", "Device class", "History", "Register"};
}

Cell key_of(Parameter parameter) { return Cell::name(facts(parameter).key); }

std::string limit_words(const Limit& limit) {
  std::string key = fmt::format("`{}`", facts(limit.parameter).key);
  switch (limit.source) {
    case Source::parameter: return key;
    case Source::parameter_times_cells: return key + " x `cell_count`";
    case Source::parameter_or_none: return key + " (if given)";
    case Source::zero: return "";
  }
  return key;
}

std::string trips(const RuleRow& rule) {
  constexpr std::string_view words[] = {"above", "below", "at or below", "not"};
  if (rule.limit.source == Source::zero) return "set";
  return fmt::format("{} {}", words[static_cast<std::size_t>(rule.direction)],
                     limit_words(rule.limit));
}

std::string lasts(const RuleRow& rule) {
  switch (rule.wait) {
    case Wait::delay: return fmt::format("`{}`", facts(rule.delay).key);
    case Wait::in_hardware: return fmt::format("at once; off if `{}` is 0", facts(rule.delay).key);
    case Wait::at_once: return "at once";
    case Wait::samples: return fmt::format("{} samples", kSamples);
  }
  return "";
}

std::string leaves(const RuleRow& rule) {
  constexpr std::string_view words[] = {"below", "above", "above", "equal to"};
  const std::string limit = limit_words(rule.leave);
  if (rule.release == Release::by_time) return limit + " after the trip";
  if (rule.leave.source == Source::zero) return "no longer set";
  const auto inside = words[static_cast<std::size_t>(rule.direction)];
  return fmt::format("{} {}{}", inside, limit, rule.is(kWoken) ? ", or a charger or button" : "");
}

DocumentPart divergences_part() {
  DocumentPart part{
      "Divergences",
      "What a BMS reports beside what the core with its own settings makes of it. Each "
      "must last before it is told, and be gone for a while before it is taken back.",
      {{"Divergence", "Means", "Severity", "Told after, s", "Taken back after, s"}, {}}};
  for (const DivergenceRow& row : kDivergences)
    part.table.rows.push_back(
        {Cell::name(row.name), Cell::words(row.means), Cell::words(name(row.severity)),
         number(row.grace.count, Unit::millisecond), number(row.clear.count, Unit::millisecond)});
  return part;
}

}  // namespace

Document fields_document() {
  DocumentPart values{"Values", "", {value_columns(), {}}};
  for (const Field& field : kFields)
    values.table.rows.push_back(value_cells(field.facts.key, field.facts, field.unit));
  DocumentPart series{"Series",
                      "One element a cell or sensor, counted from 1. JSON has them as arrays under "
                      "the key; in Modbus they follow each other, two registers each.",
                      {value_columns(), {}}};
  for (const SeriesFacts& row : kSeries)
    series.table.rows.push_back(value_cells(row.key, row, row.unit));
  DocumentPart alarms{
      "Alarms", "Bits nobody can name become `unknown_<protocol>_bit_<n>`.", {{"Bit", "Name"}, {}}};
  for (std::size_t i = 0; i < kAlarmCount; ++i)
    alarms.table.rows.push_back(
        {Cell::count(static_cast<std::int64_t>(i)), Cell::name(kAlarmNames[i])});
  return {
      "fields",
      "Fields",
      "The same names on every interface: JSON, MQTT, CSV, SQLite. The unit is the last part of "
      "a key; positive current and power charge the battery; absent is `null`, never 0. A "
      "reading outside lowest..highest is implausible and shown as absent.",
      {values, series, alarms}};
}

Document protections_document() {
  DocumentPart part{
      "",
      "",
      {{"Rule", "Reads", "Trips when", "For", "Releases when", "Opens", "Alarm", "Code"}, {}}};
  for (const RuleRow& rule : kRules)
    part.table.rows.push_back({Cell::name(rule.name), Cell::words(name(rule.reads)),
                               Cell::words(trips(rule)), Cell::words(lasts(rule)),
                               Cell::words(leaves(rule)), Cell::words(name(rule.opens)),
                               Cell::name(name(rule.alarm)), Cell::count(rule.code)});
  return {"protections",
          "Protections",
          "One engine runs these rows, in the supervisor and as firmware of simulated boards. The "
          "limits are parameters (parameters.md); a pack's policy sets them (configuration.md).\n\n"
          "Comparisons are strict unless the table says otherwise. A violation must last for the "
          "delay without a break. A rule "
          "starts as tripped and is released by values that show the pack to be safe; a value that "
          "is not fresh trips every rule that reads it (\"no fresh value\"). Code is the error "
          "code in the board's manual.",
          {part, error_codes_part(), divergences_part()}};
}

Document parameters_document() {
  DocumentPart all{
      "", "", {{"Key", "In files", "Title", "Unit", "Lowest", "Highest", "Policy"}, {}}};
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    const ParameterFacts& row = facts(parameter);
    all.table.rows.push_back({Cell::name(row.key), Cell::name(file_key(parameter)),
                              Cell::words(row.title), Cell::words(facts(row.unit).symbol),
                              number(row.lowest, row.unit), number(row.highest, row.unit),
                              Cell::yes_or_no(is_policy(parameter))});
  }
  DocumentPart orderings{"Orderings",
                         "The first must be strictly below the second, where both are known.",
                         {{"Lower", "Upper"}, {}}};
  for (const Ordering& ordering : all_orderings())
    orderings.table.rows.push_back({key_of(ordering.lower), key_of(ordering.upper)});
  return {"parameters",
          "Parameters",
          "Settings of a BMS, and limits of the supervisor. In files the key has no unit, because "
          "the value carries it: `cell_overvoltage = \"3.65 V\"`. Policy: may be set in "
          "[pack.policy] and [supervisor].",
          {all, orderings, write_ranges_part()}};
}

Document presets_document() {
  Document document{
      "presets",
      "Presets",
      "Named sets of limits. `lfp`, `li-ion` and `lto` are what the supervisor starts "
      "from; the others are what boards carry after their one-key button. Values are "
      "in the unit of the key.",
      {}};
  DocumentPart names{"", "", {{"Preset", "Title", "Chemistry", "Of"}, {}}};
  DocumentPart values{"Values", "", {{"Key"}, {}}};
  for (const Preset& preset : all_presets()) {
    names.table.rows.push_back({Cell::name(preset.name), Cell::words(preset.title),
                                Cell::words(name(preset.chemistry)),
                                Cell::words(word_of(preset.generation))});
    values.table.columns.emplace_back(preset.name);
  }
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    std::vector<Cell> row{key_of(parameter)};
    bool any = false;
    for (const Preset& preset : all_presets()) {
      const auto value = preset.values.get(parameter);
      any |= value.has_value();
      row.push_back(value ? number(*value, facts(parameter).unit) : Cell{});
    }
    if (any) values.table.rows.push_back(row);
  }
  document.parts = {names, values};
  return document;
}

Document protocols_document() {
  DocumentPart part{
      "", "", {{"Name", "Title", "Devices", "Bus", "Baud", "Addresses", "Maturity"}, {}}};
  for (const ProtocolSpec* spec : all_protocols())
    part.table.rows.push_back({Cell::name(spec->name), Cell::words(spec->title),
                               Cell::words(spec->devices), Cell::words(name(spec->bus)),
                               spec->default_baud == 0 ? Cell{} : Cell::count(spec->default_baud),
                               Cell::yes_or_no(spec->addressed),
                               Cell::words(name(spec->maturity))});
  return {"protocols",
          "Protocols",
          "What a BMS may speak: the word for `protocol` in the configuration and for `cellwarden "
          "decode`. Maturity says what a decoder has been shown with.",
          {part}};
}

Document simulation_document() {
  DocumentPart keys{"Packs",
                    "`--pack KEY=VALUE,KEY=VALUE,...`; without one there are three packs. A board "
                    "on CAN broadcasts on an interface that is up: `ip link add vcan0 type vcan; "
                    "ip link set vcan0 up`, then `--pack protocol=jk-can,port=vcan0,address=1`.",
                    {{"Key", "Example", "Meaning"}, {}}};
  for (const SimulationKey& row : simulation_keys())
    keys.table.rows.push_back(
        {Cell::name(row.key), Cell::name(row.example), Cell::words(row.help)});
  DocumentPart faults{"Faults",
                      "On the control socket, one order a line: `status`, `state PACK`, `help`, "
                      "`PACK clear [FAULT]`, or `PACK FAULT ...`. In a script the same behind the "
                      "simulated time it happens at: `10s garage mute`. Of a board on CAN an "
                      "answer is a frame: one with a wrong checksum or lost bytes never arrives, "
                      "and `slow` and `echo` are refused.",
                      {{"Fault", "Behind it", "Meaning"}, {}}};
  for (const simulator::FaultRow& row : simulator::kFaults)
    faults.table.rows.push_back(
        {Cell::name(row.name), Cell::words(row.arguments), Cell::words(row.help)});
  DocumentPart readers{"Inverters",
                       "What `cellwarden simulate inverter --protocol` reads: limits of the bank, "
                       "by which it charges and discharges those packs. `[modbus]` is the server "
                       "of the gateway: `--port tcp://HOST:PORT`. Its readers are written from the "
                       "papers of the protocols, not from what the gateway sends.",
                       {{"Protocol", "Of the gateway", "Wire", "Baud", "Unit", "Reads"}, {}}};
  for (const simulator::InverterReaderRow& row : simulator::inverter_readers())
    readers.table.rows.push_back({Cell::name(row.name), Cell::name(row.gateway),
                                  Cell::words(row.name.ends_with("-tcp") ? "TCP" : name(row.bus)),
                                  row.baud == 0 ? Cell{} : Cell::count(row.baud),
                                  row.unit == 0 ? Cell{} : Cell::count(row.unit),
                                  Cell::words(row.reads)});
  return {"simulation",
          "Simulation",
          "Virtual packs with cell physics and the protection core as their firmware speak the "
          "real protocol: `cellwarden simulate`.",
          {keys, faults, readers}};
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// The configuration in words: docs/configuration.md and etc/cellwarden.toml, two walks over the
// option table.
#include <fmt/format.h>

#include "core/presets.h"
#include "daemon/commands/documents.h"
#include "daemon/configuration/options.h"
#include "daemon/configuration/quantity_text.h"

namespace cw {
namespace {

constexpr std::string_view kSampleHead =
    "Configuration of Cellwarden. As it stands nothing is configured: the gateway starts, and only "
    "says so. Take the # away from what you need; lines that begin with # and no space are "
    "examples, lines with a second # say what else is possible. Values with a unit are text: "
    "\"3.65 V\", \"30 s\", \"-5 °C\". After a change: `cellwarden check`, then `systemctl restart "
    "cellwarden`.";

/// Packs that share a wire: what one block an option cannot show.
constexpr std::string_view kPackExamples = R"(
# Two PB boards on one RS485 line, told apart by their addresses, and one board on CAN:
## [[pack]]
## name = "shed-1"
## protocol = "jk-modbus"
## port = "/dev/ttyUSB0"
## address = 1
## chemistry = "lfp"
## cells = 16
## [[pack]]
## name = "shed-2"
## protocol = "jk-modbus"
## port = "/dev/ttyUSB0"
## address = 2
## chemistry = "lfp"
## cells = 16
## [[pack]]
## name = "barn"
## protocol = "jk-can"
## port = "can0"
## chemistry = "lfp"
## cells = 16
)";

/// As comment lines of at most 98 columns.
void comment(std::string& out, std::string_view text) {
  constexpr std::size_t width = 96;
  while (!text.empty()) {
    std::size_t end = text.size();
    if (end > width) {
      end = text.rfind(' ', width);
      if (end == std::string_view::npos) end = std::min(text.find(' '), text.size());
    }
    out += fmt::format("# {}\n", text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// The default as it would stand in the file; of a derived one, what it is taken from.
std::string default_text(const Option& option) {
  const bool bare = option.need == Need::derived || option.type == OptionType::count ||
                    option.type == OptionType::boolean;
  return bare ? std::string(option.fallback) : fmt::format("\"{}\"", option.fallback);
}

Cell default_cell(const Option& option) {
  if (option.need == Need::required) return Cell::words("required");
  const std::string text = default_text(option);
  return option.need == Need::derived ? Cell::words(text) : Cell::name(text);
}

std::string sample_sentence(const Option& option) {
  std::string text(option.sentence);
  if (option.type == OptionType::quantity || option.type == OptionType::count) {
    text.pop_back();  // the full stop
    text += fmt::format(", {}.", range_text(option));
  }
  if (option.need == Need::required) return text + " Required.";
  return text + fmt::format(" Default: {}.", default_text(option));
}

void sample_options(std::string& out, const OptionSection& section) {
  for (const Option& row : kOptions) {
    if (row.section != section.name) continue;
    out += "\n";
    comment(out, sample_sentence(row));
    out += fmt::format("{}{} = {}\n", row.aside ? "## " : "#", row.key, row.example);
  }
}

void sample_limits(std::string& out) {
  const ParameterSet& preset = preset_of(Chemistry::lfp, Generation::gateway).values;
  out += "\n";
  comment(out, "The values are those of the preset lfp.");
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    const auto value = preset.get(parameter);
    if (!is_policy(parameter) || !value) continue;
    out += fmt::format("#{} = \"{}\"\n", file_key(parameter),
                       quantity_text(*value, facts(parameter).unit));
  }
}

DocumentPart section_part(const OptionSection& section) {
  DocumentPart part{title(section), std::string(section.sentence), {}};
  DocumentTable& table = part.table;
  table.columns = {"Key", "Value", "Default", "Meaning", "Example"};
  for (const Option& row : kOptions) {
    if (row.section != section.name) continue;
    table.rows.push_back({Cell::name(row.key), Cell::words(range_text(row)), default_cell(row),
                          Cell::words(row.sentence), Cell::name(row.example)});
  }
  return part;
}

DocumentPart limits_part() {
  DocumentPart part{
      "Limits",
      "Keys of [pack.policy] and of [supervisor]. A limit of the pack's own comes "
      "before one of [supervisor], and that before the preset of the chemistry (of which "
      "the balance trigger is 5 mV above 50 Ah, and the balance current at most a tenth of "
      "the capacity an hour). "
      "Limits that contradict each other are refused (parameters.md, Orderings).",
      {{"Key", "Lowest", "Highest", "Preset lfp", "Preset li-ion", "Preset lto"}, {}}};
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    if (!is_policy(parameter)) continue;
    const ParameterFacts& row = facts(parameter);
    std::vector<Cell> cells{Cell::name(file_key(parameter)),
                            Cell::words(quantity_text(row.lowest, row.unit)),
                            Cell::words(quantity_text(row.highest, row.unit))};
    for (const Chemistry chemistry : {Chemistry::lfp, Chemistry::li_ion, Chemistry::lto}) {
      const auto value = preset_of(chemistry, Generation::gateway).values.get(parameter);
      cells.push_back(value ? Cell::words(quantity_text(*value, row.unit)) : Cell{});
    }
    part.table.rows.push_back(std::move(cells));
  }
  return part;
}

DocumentPart units_part() {
  DocumentPart part{"Units",
                    "A quantity is text: a decimal number with a point, and a unit. It is kept "
                    "exactly; a number finer than the step is refused, never rounded.",
                    {{"Quantity", "Units", "Step"}, {}}};
  for (const Unit unit : {Unit::millivolt, Unit::milliamp, Unit::milliamp_hour, Unit::decicelsius,
                          Unit::millisecond, Unit::microsecond})
    part.table.rows.push_back({Cell::words(dimension_name(unit)), Cell::words(accepted_units(unit)),
                               Cell::words(quantity_text(1, unit))});
  return part;
}

}  // namespace

Document configuration_document() {
  Document document{
      "configuration",
      "Configuration",
      "One TOML file, `/etc/cellwarden/cellwarden.toml`. `cellwarden check` names every fault by "
      "file, line and column together with what would be right; a file with a fault is refused as "
      "a whole. Passwords never stand in it. It is read once, at the start.",
      {}};
  for (const OptionSection& section : kSections)
    if (section.name != "pack.policy") document.parts.push_back(section_part(section));
  document.parts.push_back(limits_part());
  document.parts.push_back(units_part());
  return document;
}

void print_sample_configuration(std::string& out) {
  comment(out, kSampleHead);
  for (const OptionSection& section : kSections) {
    out += "\n\n";
    comment(out, section.sentence);
    out += fmt::format("#{}\n", title(section));
    sample_options(out, section);
    if (section.name == "pack") out += kPackExamples;
    if (section.name == "pack.policy") sample_limits(out);
  }
}

}  // namespace cw

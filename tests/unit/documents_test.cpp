// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/documents.h"

#include <gtest/gtest.h>

#include <sstream>

#include "core/fields.h"
#include "core/presets.h"
#include "core/protection.h"
#include "daemon/configuration/configuration.h"
#include "daemon/configuration/options.h"
#include "drivers/protocol/registry.h"

namespace cw {
namespace {

std::string sample() {
  std::string out;
  print_sample_configuration(out);
  return out;
}

/// What a person does: takes the # away where no space follows it.
std::string uncommented(const std::string& text) {
  std::string out;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    const bool example = line.size() > 1 && line[0] == '#' && line[1] != ' ' && line[1] != '#';
    out += (example ? line.substr(1) : line) + "\n";
  }
  return out;
}

TEST(SampleConfiguration, IsValidAndConfiguresNothing) {
  const LoadedConfiguration loaded = parse_configuration(sample(), "sample.toml");
  EXPECT_TRUE(loaded.faults.empty());
  EXPECT_TRUE(loaded.configuration.packs.empty());
  EXPECT_TRUE(loaded.configuration.relays.empty());
  EXPECT_FALSE(loaded.configuration.mqtt.enabled);
  std::istringstream stream(sample());
  for (std::string line; std::getline(stream, line);)
    EXPECT_TRUE(line.empty() || line[0] == '#') << line;
}

TEST(SampleConfiguration, IsValidWithEveryExampleTakenIn) {
  const LoadedConfiguration loaded = parse_configuration(uncommented(sample()), "sample.toml");
  for (const ConfigurationFault& fault : loaded.faults) ADD_FAILURE() << fault.text();
  ASSERT_EQ(loaded.configuration.packs.size(), 1u);
  EXPECT_EQ(loaded.configuration.relays.size(), 1u);
  EXPECT_TRUE(loaded.configuration.mqtt.enabled);
  EXPECT_TRUE(loaded.configuration.modbus.enabled);
  EXPECT_TRUE(loaded.configuration.history.enabled);
}

TEST(SampleConfiguration, ShowsThePresetItNames) {
  const auto plain = parse_configuration(uncommented(sample()), "sample.toml");
  const ParameterSet& policy = plain.configuration.packs.at(0).policy;
  const ParameterSet& preset = preset_of(Chemistry::lfp, Generation::gateway).values;
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    if (!is_policy(parameter)) continue;
    EXPECT_EQ(policy.get(parameter), preset.get(parameter)) << file_key(parameter);
  }
}

TEST(SampleConfiguration, HasEveryOptionAndFitsATerminal) {
  const std::string text = sample();
  for (const Option& row : kOptions) {
    const std::string line = std::string(row.key) + " = " + std::string(row.example) + "\n";
    EXPECT_NE(text.find(row.aside ? "## " + line : "\n#" + line), std::string::npos) << row.key;
  }
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) EXPECT_LE(line.size(), 100u) << line;
}

std::string markdown(const Document& document) {
  std::string out;
  write_markdown(out, document);
  return out;
}

// Half of the limit in the middle, flat outside; worked out by hand: the span is 100 mV and a tenth
// on both sides, so 61 columns are 2 mV each from 3390 mV on.
TEST(Documents, DrawACurveAsItIs) {
  ChargeSettings settings;
  settings.charge_by_cell = Curve{{3'400, 1000}, {3'450, 500}, {3'500, 0}};
  const std::string text = markdown(curves_of(settings, "of a test"));
  EXPECT_NE(text.find("100 % |######\n"), std::string::npos) << "up to 3400 mV";
  EXPECT_NE(text.find(" 50 % |###############################\n"), std::string::npos) << "3450 mV";
  EXPECT_NE(text.find(" 10 % |###################################################....\n"),
            std::string::npos)
      << "3490 mV, then less than a tenth";
  EXPECT_NE(text.find("            ^                        ^                        ^\n"),
            std::string::npos);
  EXPECT_NE(text.find("| `charge_by_cell` | 3.45 V | 50 % |"), std::string::npos);
  EXPECT_NE(text.find("`charge_by_soc`: no limit."), std::string::npos);
}

TEST(Documents, HaveARowForEveryRowOfTheirTable) {
  const std::string fields = markdown(fields_document());
  for (const Field& field : kFields)
    EXPECT_NE(fields.find("| `" + std::string(field.facts.key) + "` |"), std::string::npos);
  for (const SeriesFacts& series : kSeries)
    EXPECT_NE(fields.find("| `" + std::string(series.key) + "` |"), std::string::npos);
  for (const std::string_view alarm : kAlarmNames)
    EXPECT_NE(fields.find("| `" + std::string(alarm) + "` |"), std::string::npos);
  const std::string rules = markdown(protections_document());
  for (const RuleRow& rule : kRules)
    EXPECT_NE(rules.find("| `" + std::string(rule.name) + "` |"), std::string::npos);
  const std::string protocols = markdown(protocols_document());
  for (const ProtocolSpec* spec : all_protocols())
    EXPECT_NE(protocols.find("| `" + std::string(spec->name) + "` |"), std::string::npos);
  const std::string configuration = markdown(configuration_document());
  for (const Option& row : kOptions)
    EXPECT_NE(configuration.find(row.sentence), std::string::npos) << row.key;
}

TEST(Documents, EveryRowHasACellForEveryColumn) {
  for (const Document& document :
       {fields_document(), protections_document(), parameters_document(), presets_document(),
        models_document(), protocols_document(), configuration_document(), mqtt_document(),
        simulation_document()})
    for (const DocumentPart& part : document.parts)
      for (const auto& row : part.table.rows)
        EXPECT_EQ(row.size(), part.table.columns.size()) << document.subject << " " << part.title;
}

TEST(Documents, MarkdownKeepsABarInsideItsCell) {
  Document document{"subject", "Title", "", {}};
  document.parts.push_back({"", "", {{"A", "B c"}, {{Cell::name("x|y"), Cell{}}}}});
  EXPECT_EQ(markdown(document),
            "# Title\n\n<!-- Printed by `cellwarden docs subject`. Change the table it is printed "
            "from, then run scripts/print-docs. -->\n\n| A | B c |\n|---|---|\n| `x\\|y` | - |\n");
}

TEST(Documents, JsonHasNumbersNullsAndKeysWithoutSpaces) {
  Document document{"subject", "Title", "text", {}};
  document.parts.push_back({"Part", "", {{"A", "B c"}, {{Cell::count(-3), Cell{}}}}});
  document.parts.push_back({"Only text", "text", {}});
  std::string out;
  write_json(out, document);
  EXPECT_EQ(out,
            "{\"subject\":\"subject\",\"tables\":[{\"title\":\"Part\","
            "\"rows\":[{\"a\":-3,\"b_c\":null}]}]}\n");
}

}  // namespace
}  // namespace cw

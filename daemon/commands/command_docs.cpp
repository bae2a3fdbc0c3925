// SPDX-License-Identifier: Apache-2.0
// `cellwarden docs`: prints a subject. The committed documents are this command's output.
#include <fmt/format.h>

#include <vector>

#include "bridge/inverter/inverter_document.h"
#include "bridge/modbus/modbus_map.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/documents.h"
#include "daemon/commands/standard_output.h"
#include "daemon/configuration/configuration.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

template <Document (*Make)()>
void print(std::string& out, bool json) {
  if (json)
    write_json(out, Make());
  else
    write_markdown(out, Make());
}

// The file itself is the document: it has no other form.
void print_sample(std::string& out, bool) { print_sample_configuration(out); }

constexpr Subject kSubjects[] = {
    {"fields", "every value, on every interface", &print<fields_document>},
    {"modbus", "the registers of the Modbus-TCP server", &print_modbus_map},
    {"sunspec", "the SunSpec chain of the Modbus-TCP server", &print<sunspec_document>},
    {"victron", "the registers of a Victron GX it can show", &print<victron_document>},
    {"inverters", "what inverters are told, in each protocol", &print_inverter_protocols},
    {"mqtt", "topics and messages", &print<mqtt_document>},
    {"configuration", "every option of the configuration file", &print<configuration_document>},
    {"sample", "the configuration file as installed (TOML)", &print_sample},
    {"protections", "the rules of the protection core", &print<protections_document>},
    {"protocols", "what a BMS may speak", &print<protocols_document>},
    {"parameters", "settings and limits, and the orderings between them",
     &print<parameters_document>},
    {"presets", "named sets of limits", &print<presets_document>},
    {"models", "the boards, and what each carries", &print<models_document>},
    {"curves", "the curves of [bank], drawn: the defaults, or those of --config",
     &print<curves_document>},
    {"simulation", "keys and faults of `cellwarden simulate`", &print<simulation_document>},
};

}  // namespace

std::span<const Subject> all_subjects() { return kSubjects; }

namespace {

// The one subject that a configuration changes.
int draw_configured(const DocsOptions& options) {
  if (options.subject != "curves") {
    fmt::print(stderr, "cellwarden docs: --config is for curves alone\n");
    return 64;
  }
  const LoadedConfiguration loaded = load_configuration(options.config);
  for (const ConfigurationFault& fault : loaded.faults) fmt::print(stderr, "{}\n", fault.text());
  if (!loaded.faults.empty()) return 78;
  std::string out;
  const Document document =
      curves_of(loaded.configuration.bank.settings, fmt::format("of {}", options.config));
  options.json ? write_json(out, document) : write_markdown(out, document);
  return write_out(out) ? 0 : kOutputLost;
}

}  // namespace

int command_docs(const DocsOptions& options) {
  if (!options.config.empty()) return draw_configured(options);
  std::vector<std::string_view> names;
  for (const Subject& subject : kSubjects) {
    names.push_back(subject.name);
    if (subject.name != options.subject) continue;
    std::string out;
    subject.print(out, options.json);
    return write_out(out) ? 0 : kOutputLost;
  }
  fmt::print(stderr, "cellwarden docs: unknown subject {}{}\n", in_quotes(options.subject),
             hint(options.subject, names, "the subjects"));
  return 64;
}

}  // namespace cw

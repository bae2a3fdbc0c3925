// SPDX-License-Identifier: Apache-2.0
#include "daemon/configuration/configuration.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "core/assert.h"
#include "daemon/configuration/configuration_excerpt.h"
#include "daemon/configuration/configuration_parts.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

constexpr TomlPlace kWholeFile{0, 0};

/// The top level of a file: its sections, whether they are single or repeated.
class TopLevel {
 public:
  TopLevel(const TomlNode& root, FaultList& faults) : root_(root), faults_(faults) {
    for (const TomlEntry& entry : root.entries) check(entry);
  }

  SectionValues single(std::string_view name) const {
    const OptionSection& section = section_of(name);
    const TomlEntry* entry = root_.find(name);
    if (entry == nullptr || entry->value.kind != TomlNode::Kind::table)
      return {section, nullptr, kWholeFile, faults_};
    return {section, &entry->value, entry->place, faults_};
  }

  std::vector<const TomlNode*> repeated(std::string_view name) const {
    std::vector<const TomlNode*> tables;
    const TomlEntry* entry = root_.find(name);
    if (entry == nullptr) return tables;
    if (entry->value.kind == TomlNode::Kind::table) tables.push_back(&entry->value);
    for (const TomlNode& element : entry->value.elements)
      if (element.kind == TomlNode::Kind::table) tables.push_back(&element);
    return tables;
  }

  static const OptionSection& section_of(std::string_view name) {
    const OptionSection* section = find_section(name);
    CW_ASSERT(section != nullptr);
    return *section;
  }

 private:
  void check(const TomlEntry& entry) {
    const OptionSection* section = find_section(entry.key);
    if (section == nullptr) return unknown(entry);
    const bool table = entry.value.kind == TomlNode::Kind::table;
    const bool list = entry.value.kind == TomlNode::Kind::array;
    if (!table && !list) {
      faults_.add(entry.place, fmt::format("{} is a section: write {} on a line of its own",
                                           entry.key, title(*section)));
    } else if (section->repeated && table) {
      faults_.add(entry.place,
                  fmt::format("write [[{}]], with two brackets: there may be several", entry.key));
    } else if (!section->repeated && list) {
      faults_.add(entry.place,
                  fmt::format("write [{}], with one bracket: there is only one", entry.key));
    } else if (list) {
      for (const TomlNode& element : entry.value.elements)
        if (element.kind != TomlNode::Kind::table)
          faults_.add(element.place, fmt::format("{} is a section: write {} on a line of its own",
                                                 entry.key, title(*section)));
    }
  }

  void unknown(const TomlEntry& entry) {
    std::vector<std::string_view> names;
    for (const OptionSection& section : kSections)
      if (section.name != "pack.policy") names.push_back(section.name);
    const bool table =
        entry.value.kind == TomlNode::Kind::table || entry.value.kind == TomlNode::Kind::array;
    const std::string what =
        fmt::format("unknown {} {}", table ? "section" : "key", in_quotes(entry.key));
    if (entry.key == "policy")
      return faults_.add(entry.place, what + "; write [pack.policy] below the [[pack]] it is for");
    for (const Option& row : kOptions)
      if (!table && row.key == entry.key)
        return faults_.add(entry.place, fmt::format("{}; it belongs in {}", what,
                                                    title(TopLevel::section_of(row.section))));
    faults_.add(entry.place, what + hint(entry.key, names, "the sections"));
  }

  const TomlNode& root_;
  FaultList& faults_;
};

PackSection pack_section(const TomlNode& table, FaultList& faults) {
  const OptionSection& policy = TopLevel::section_of("pack.policy");
  const TomlEntry* entry = table.find("policy");
  const bool good = entry != nullptr && entry->value.kind == TomlNode::Kind::table;
  if (entry != nullptr && !good)
    faults.add(entry->place, "policy is a section: write [pack.policy] on a line of its own");
  return {{TopLevel::section_of("pack"), &table, table.place, faults},
          {policy, good ? &entry->value : nullptr, good ? entry->place : table.place, faults}};
}

Sections read_sections(const TomlNode& root, FaultList& faults) {
  const TopLevel top(root, faults);
  Sections sections{top.single("gateway"),
                    top.single("supervisor"),
                    top.single("writes"),
                    top.single("mqtt"),
                    top.single("modbus"),
                    top.single("history"),
                    top.single("black_box"),
                    {},
                    {},
                    top.single("bank"),
                    {}};
  for (const TomlNode* table : top.repeated("pack"))
    sections.packs.push_back(pack_section(*table, faults));
  for (const TomlNode* table : top.repeated("relay"))
    sections.relays.emplace_back(TopLevel::section_of("relay"), table, table->place, faults);
  for (const TomlNode* table : top.repeated("inverter"))
    sections.inverters.emplace_back(TopLevel::section_of("inverter"), table, table->place, faults);
  return sections;
}

/// The host's name with the characters a name may have; "cellwarden" if the host has none.
std::string name_of_host() {
  std::array<char, 256> buffer{};
  if (::gethostname(buffer.data(), buffer.size() - 1) != 0) return "cellwarden";
  std::string name(buffer.data());
  name.resize(std::min(name.find('.'), std::min(name.size(), kNameLongest)));
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) c = '-';
  }
  return name.empty() ? "cellwarden" : name;
}

void configure_gateway(const Sections& sections, Configuration& out) {
  constexpr auto name = option("gateway", "name");
  out.gateway_name = sections.gateway.given(name) ? sections.gateway.text(name) : name_of_host();
  out.control_socket = sections.gateway.text(option("gateway", "control_socket"));
  out.state_file = sections.gateway.text(option("gateway", "state_file"));
  if (sections.supervisor.text(option("supervisor", "mode")) == cw::name(Mode::control))
    out.mode = Mode::control;
}

/// Empty, and the content in `text`; else why it cannot be read.
std::string read_text_file(const std::string& file, std::string& text) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "rbe"),
                                                               &std::fclose);
  if (!stream) return fmt::format("cannot be opened: {}", std::strerror(errno));
  std::array<char, 65'536> buffer{};
  while (text.size() <= kLargestToml) {
    const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), stream.get());
    text.append(buffer.data(), got);
    if (std::ferror(stream.get()) != 0)
      return fmt::format("cannot be read: {}", std::strerror(errno));
    if (got == 0) break;
  }
  return {};
}

std::string read_parameter_entry(const TomlEntry& entry, ParameterSet& set) {
  const auto parameter = find_parameter(entry.key);
  if (!parameter) {
    std::vector<std::string_view> keys;
    for (std::size_t i = 0; i < kParameterCount; ++i)
      keys.push_back(file_key(static_cast<Parameter>(i)));
    const std::string_view near = nearest(entry.key, keys);
    return fmt::format("unknown parameter {}; {}", in_quotes(entry.key),
                       near.empty() ? "`cellwarden docs parameters` lists them"
                                    : fmt::format("did you mean \"{}\"?", near));
  }
  std::int32_t count = 0;
  const std::string fault = read_parameter(*parameter, entry.value, count);
  if (!fault.empty()) return fmt::format("{}{} {}", entry.key, as_written(entry.value), fault);
  CW_ASSERT(set.set(*parameter, count));
  return {};
}

}  // namespace

std::string ConfigurationFault::text() const {
  if (line == 0) return fmt::format("{}: {}", file, message);
  return fmt::format("{}:{}:{}: {}", file, line, column, message);
}

std::string line_text(TomlPlace place) { return fmt::format("line {}", place.line); }

LoadedConfiguration parse_configuration(std::string_view text, const std::string& file) {
  LoadedConfiguration loaded;
  loaded.configuration.file = file;
  loaded.configuration.excerpt = configuration_excerpt(text);
  Findings findings{FaultList(file), FaultList(file)};
  const TomlDocument document = read_toml(text);
  if (!document.ok) {
    findings.faults.add(document.place, document.fault);
  } else {
    const Sections sections = read_sections(document.root, findings.faults);
    configure_gateway(sections, loaded.configuration);
    configure_packs(sections, loaded.configuration, findings);
    configure_relays(sections, loaded.configuration, findings);
    configure_writes(sections, loaded.configuration, findings.faults);
    configure_bank(sections, loaded.configuration, findings.faults);
    configure_inverters(sections, loaded.configuration, findings.faults);
    configure_sinks(sections, loaded.configuration, findings);
    for (InverterPortConfiguration& inverter : loaded.configuration.inverters)
      inverter.options.modbus = loaded.configuration.modbus;
  }
  loaded.faults = findings.faults.take();
  loaded.notes = findings.notes.take();
  return loaded;
}

LoadedConfiguration load_configuration(const std::string& file) {
  std::string text;
  const std::string fault = read_text_file(file, text);
  if (fault.empty()) return parse_configuration(text, file);
  LoadedConfiguration loaded;
  loaded.configuration.file = file;
  loaded.faults.push_back({file, 0, 0, fault});
  return loaded;
}

bool parse_parameters(std::string_view text, const std::string& file, ParameterSet& parameters,
                      std::vector<ConfigurationFault>& faults) {
  FaultList found(file);
  ParameterSet set = parameters;
  const TomlDocument document = read_toml(text);
  if (!document.ok) found.add(document.place, document.fault);
  for (const TomlEntry& entry : document.root.entries) {
    const std::string fault = read_parameter_entry(entry, set);
    if (!fault.empty()) found.add(entry.value.place, fault);
  }
  const std::vector<ConfigurationFault> all = found.take();
  faults.insert(faults.end(), all.begin(), all.end());
  if (all.empty()) parameters = set;
  return all.empty();
}

}  // namespace cw

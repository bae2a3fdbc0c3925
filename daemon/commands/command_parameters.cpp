// SPDX-License-Identifier: Apache-2.0
// `cellwarden parameters`: settings of a BMS, through the running gateway, which alone decides
// whether they are written. A file of parameters is a backup, and what two packs are compared by.
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "core/presets.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/settings_client.h"
#include "daemon/commands/standard_output.h"
#include "daemon/configuration/configuration.h"
#include "daemon/writes/setting_text.h"

namespace cw {
namespace {

/// A set of parameters from somewhere, or the exit status after that was complained about.
struct Loaded {
  ParameterSet set;
  int status = 0;
};

std::string text_of(Parameter parameter, std::optional<std::int32_t> value) {
  return value ? value_text(setting_of(parameter), *value) : "not known";
}

Loaded parse(std::string_view text, const std::string& name) {
  Loaded loaded;
  std::vector<ConfigurationFault> faults;
  if (parse_parameters(text, name, loaded.set, faults)) return loaded;
  for (const ConfigurationFault& fault : faults) fmt::print(stderr, "{}\n", fault.text());
  loaded.status = kFaultyFile;
  return loaded;
}

Loaded load_file(const std::string& file) {
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in) return parse(text, file);
  fmt::print(stderr, "cellwarden parameters: {} cannot be read: {}\n", file, std::strerror(errno));
  return {{}, kNoInput};
}

Loaded load_pack(const ParametersOptions& options, const std::string& pack) {
  std::string text;
  const int status = get_settings(options.socket, pack, "", text);
  if (status != 0) return {{}, status};
  return parse(text, pack);
}

/// A preset, else a file that is there, else a pack of the gateway.
Loaded load(const ParametersOptions& options, const std::string& name) {
  if (const Preset* preset = find_preset(name)) return {preset->values, 0};
  if (std::ifstream(name)) return load_file(name);
  return load_pack(options, name);
}

int get(const ParametersOptions& options) {
  std::string keys;
  for (const std::string& word : options.words) keys += (keys.empty() ? "" : " ") + word;
  std::string text;
  if (const int status = get_settings(options.socket, options.pack, keys, text); status != 0)
    return status;
  return write_out(text) ? 0 : kOutputLost;
}

int set(const ParametersOptions& options) {
  std::vector<NamedValue> values;
  for (std::size_t i = 0; i + 1 < options.words.size(); i += 2)
    values.push_back({options.words[i], options.words[i + 1]});
  if (values.size() * 2 == options.words.size() && !values.empty())
    return change_settings(options.socket, options.pack, values, options.dry_run);
  fmt::print(stderr,
             "cellwarden parameters: set takes names and values in turn, like "
             "cell_overvoltage \"3.65 V\"\n");
  return kUsage;
}

/// What the pack tells of itself and the wanted set has otherwise. The rest is left alone.
int write_set(const ParametersOptions& options, const ParameterSet& wanted) {
  const Loaded present = load_pack(options, options.pack);
  if (present.status != 0) return present.status;
  std::vector<NamedValue> values;
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    const auto value = wanted.get(parameter);
    const std::string key{setting_file_key(setting_of(parameter))};
    if (!value || value == present.set.get(parameter)) continue;
    if (!present.set.get(parameter))
      fmt::print(stderr, "{}: left out, this board does not say what it is set to\n", key);
    else
      values.push_back({key, text_of(parameter, value)});
  }
  if (!values.empty())
    return change_settings(options.socket, options.pack, values, options.dry_run);
  fmt::print("{} is set so already\n", options.pack);
  return 0;
}

int diff(const ParametersOptions& options, const std::string& other) {
  const Loaded here = load_pack(options, options.pack);
  if (here.status != 0) return here.status;
  const Loaded there = load(options, other);
  if (there.status != 0) return there.status;
  std::string text;
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    const auto mine = here.set.get(parameter);
    const auto its = there.set.get(parameter);
    if (mine == its || !its) continue;
    text += fmt::format("{}: {} {}, {} {}\n", setting_file_key(setting_of(parameter)), options.pack,
                        text_of(parameter, mine), other, text_of(parameter, its));
  }
  if (!write_out(text)) return kOutputLost;
  return text.empty() ? 0 : kDifferent;
}

// Whole, or not at all: what was there before is not lost to a full disk.
int backup(const ParametersOptions& options, const std::string& file) {
  std::string text;
  if (const int status = get_settings(options.socket, options.pack, "", text); status != 0)
    return status;
  const std::string unfinished = file + ".unfinished";
  std::ofstream out(unfinished, std::ios::trunc);
  out << text;
  out.close();
  if (out && std::rename(unfinished.c_str(), file.c_str()) == 0) return 0;
  fmt::print(stderr, "cellwarden parameters: {} cannot be written: {}\n", file,
             std::strerror(errno));
  return kOutputLost;
}

int restore(const ParametersOptions& options, const std::string& file) {
  const Loaded wanted = load_file(file);
  return wanted.status != 0 ? wanted.status : write_set(options, wanted.set);
}

int preset(const ParametersOptions& options, const std::string& name) {
  if (const Preset* found = find_preset(name)) return write_set(options, found->values);
  fmt::print(stderr, "cellwarden parameters: no preset {}; `cellwarden docs presets` lists them\n",
             name);
  return kUsage;
}

}  // namespace

int command_parameters(const ParametersOptions& options) {
  if (options.action == "get") return get(options);
  if (options.action == "set") return set(options);
  if (options.words.size() != 1) {
    fmt::print(stderr,
               "cellwarden parameters: {} takes one word: see `cellwarden parameters "
               "--help`\n",
               options.action);
    return kUsage;
  }
  const std::string& word = options.words.front();
  if (options.action == "diff") return diff(options, word);
  if (options.action == "backup") return backup(options, word);
  if (options.action == "restore") return restore(options, word);
  return preset(options, word);
}

}  // namespace cw

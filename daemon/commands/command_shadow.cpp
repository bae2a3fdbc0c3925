// SPDX-License-Identifier: Apache-2.0
// `cellwarden shadow`: the gateway's own protection engine over a table of measurements, a step a
// row. Prints a line for every rule that changes; the what-if tool. Touches no device.
#include <fmt/format.h>
#include <stdio.h>  // getline(3)

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "bridge/json.h"
#include "bridge/pack_json.h"
#include "core/presets.h"
#include "core/protection.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/trace.h"
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
  bool failed() const { return std::ferror(stream_) != 0; }
  std::uint32_t number() const { return number_; }

  /// The next line without its end, or nothing at the end of the file. Valid until the next call.
  std::optional<std::string_view> next() {
    const ssize_t length = ::getline(&buffer_, &capacity_, stream_);
    if (length < 0) return std::nullopt;
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
};

void complain(const std::string& file, std::uint32_t line, const TraceFault& fault) {
  const ConfigurationFault worded{file == "-" ? "standard input" : file, line, fault.column,
                                  fault.message};
  fmt::print(stderr, "{}\n", worded.text());
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
  if (lines.failed()) {
    fmt::print(stderr, "{} cannot be read: {}\n", file, std::strerror(errno));
    return no_input;
  }
  std::vector<ConfigurationFault> faults;
  if (parse_parameters(text, file, parameters, faults)) return done;
  for (const ConfigurationFault& fault : faults) fmt::print(stderr, "{}\n", fault.text());
  return bad_parameters;
}

// Presets and files in their order, each over what came before.
int gather_parameters(const std::vector<std::string>& names, ParameterSet& parameters) {
  for (const std::string& name : names) {
    if (const Preset* preset = find_preset(name)) {
      for (std::size_t i = 0; i < kParameterCount; ++i)
        if (const auto value = preset->values.get(static_cast<Parameter>(i)))
          parameters.set(static_cast<Parameter>(i), *value);
    } else if (const int status = lay_file(name, parameters); status != done) {
      return status;
    }
  }
  const Violations violations = validate(parameters);
  for (std::size_t i = 0; i < violations.count; ++i)
    fmt::print(stderr, "{}\n", violation_text(violations.rules[i], parameters));
  return violations.count == 0 ? done : bad_parameters;
}

void append_cell(std::string& out, std::optional<std::int32_t> count, Unit unit) {
  if (count) append_decimal(out, *count, facts(unit).decimals);
  out += ',';
}

// The engine and what was already said about it.
class Shadow {
 public:
  explicit Shadow(const ParameterSet& parameters) : parameters_(parameters) {}

  static constexpr std::string_view kHeader =
      "t_s,rule,transition,value,limit,unit,index,charge,discharge\n";

  // One row of the trace: what the daemon does with a frame, then a step.
  void step(Pack& pack, Instant now, std::string& out) {
    judge(pack);
    derive(pack, now);
    judge(pack);
    const Protection before = engine_;
    const Measurements seen = measure(pack, now, {0});
    engine_.step(seen, parameters_, now);
    for (std::size_t i = 0; i < kRuleCount; ++i) {
      const auto rule = static_cast<Rule>(i);
      const auto what = transition(before.state(rule), engine_.state(rule));
      if (!what.empty()) tell(rule, what, seen[kRules[i].reads], now, out);
    }
    first_ = false;
  }

  void tell_final(std::string& out, std::optional<Instant> now) const;

 private:
  static bool holds(const RuleState& state) {
    return state.phase == Phase::tripped || state.phase == Phase::releasing;
  }

  std::string_view transition(const RuleState& before, const RuleState& after) const {
    if (after.trips != before.trips) return "tripped";
    if (after.phase == Phase::off) return before.phase == Phase::off ? "" : "off";
    if (holds(before) && !holds(after)) return "released";
    if (first_ && after.cause == Cause::start) return "start";
    if (after.cause == Cause::blind && before.cause != Cause::blind) return "blind";
    return "";
  }

  // What a line names as the limit: the one that was crossed, or the one that must be, to release.
  std::optional<std::int32_t> limit_for(const RuleRow& row, std::string_view what) const {
    const auto limits = limits_of(row, parameters_);
    if (what == "off" || !limits) return std::nullopt;
    const bool by_recovery = row.release == Release::by_recovery;
    return shown(what != "tripped" && by_recovery ? limits->leave : limits->limit, row.unit);
  }

  void tell(Rule rule, std::string_view what, const std::optional<Measurement>& seen, Instant now,
            std::string& out) const {
    const RuleRow& row = kRules[static_cast<std::size_t>(rule)];
    append_decimal(out, now.ms, 3);
    out += fmt::format(",{},{},", row.name, what);
    append_cell(out, seen ? std::optional{seen->value} : std::nullopt, row.unit);
    append_cell(out, limit_for(row, what), row.unit);
    out += fmt::format("{},", facts(row.unit).suffix);
    if (seen && seen->where != 0) out += std::to_string(seen->where);
    const Decision& decision = engine_.decision();
    out += fmt::format(",{:d},{:d}\n", decision.allows(Switches::charge),
                       decision.allows(Switches::discharge));
  }

  ParameterSet parameters_;
  Protection engine_;
  bool first_ = true;
};

void write_rule(JsonWriter& json, const RuleRow& row, const RuleState& state) {
  const bool by_limit = state.cause == Cause::limit;
  const auto known = [by_limit](std::int32_t value) {
    return by_limit ? std::optional{value} : std::nullopt;
  };
  json.key(row.name);
  json.begin_object();
  json.key("phase");
  json.text(name(state.phase));
  json.key("cause");
  json.text(name(state.cause));
  json.key("since_t_s");
  json.decimal(state.since.ms, 3);
  json.key("value");
  json.quantity(known(state.evidence.value), row.unit);
  json.key("limit");
  json.quantity(known(state.limit), row.unit);
  json.key("worst");
  json.quantity(known(state.worst), row.unit);
  json.key("unit");
  json.text(facts(row.unit).suffix);
  json.key("index");
  if (by_limit && state.evidence.where != 0)
    json.integer(state.evidence.where);
  else
    json.null();
  json.key("trips");
  json.integer(state.trips);
  json.end_object();
}

void Shadow::tell_final(std::string& out, std::optional<Instant> now) const {
  JsonWriter json{out};
  json.begin_object();
  json.key("t_s");
  if (now)
    json.decimal(now->ms, 3);
  else
    json.null();
  json.key("charge");
  json.boolean(engine_.decision().allows(Switches::charge));
  json.key("discharge");
  json.boolean(engine_.decision().allows(Switches::discharge));
  json.key("rules");
  json.begin_object();
  for (std::size_t i = 0; i < kRuleCount; ++i)
    write_rule(json, kRules[i], engine_.state(static_cast<Rule>(i)));
  json.end_object();
  write_parameters(json, "parameters", parameters_);
  json.end_object();
  out += '\n';
}

// Empty lines and lines that begin with # are for people.
std::optional<std::string_view> next_row(Lines& lines) {
  while (const auto line = lines.next())
    if (line->find_first_not_of(" \t") != std::string_view::npos && !line->starts_with('#'))
      return line;
  return std::nullopt;
}

int run_trace(const ShadowOptions& options, Lines& lines, Shadow& shadow) {
  Trace trace;
  Pack pack;
  const auto header = next_row(lines);
  if (!header) {
    complain(options.trace, lines.number(), {1, "no line with the names of the columns"});
    return bad_trace;
  }
  const std::vector<TraceFault> faults = trace.read_header(*header);
  for (const TraceFault& fault : faults) complain(options.trace, lines.number(), fault);
  if (!faults.empty()) return bad_trace;

  fmt::print("{}", Shadow::kHeader);
  std::string out;
  std::optional<Instant> last;
  while (const auto row = next_row(lines)) {
    if (const auto fault = trace.read_row(*row, pack)) {
      complain(options.trace, lines.number(), *fault);
      return bad_trace;
    }
    last = trace.now();
    shadow.step(pack, trace.now(), out);
    fmt::print("{}", out);
    out.clear();
  }
  if (lines.failed()) {
    fmt::print(stderr, "{} cannot be read: {}\n", options.trace, std::strerror(errno));
    return no_input;
  }
  if (options.final_state) {
    shadow.tell_final(out, last);
    fmt::print("{}", out);
  }
  return done;
}

}  // namespace

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

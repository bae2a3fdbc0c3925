// SPDX-License-Identifier: Apache-2.0
// `cellwarden status`: what the running daemon sees, for a person or a script.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "core/limits_table.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/standard_output.h"
#include "daemon/commands/unix_client.h"

namespace cw {
namespace {

using Json = nlohmann::json;

std::string number(const Json& value, int decimals, std::string_view unit) {
  if (!value.is_number()) return "-";
  return fmt::format("{:.{}f} {}", value.get<double>(), decimals, unit);
}

std::string words(const Json& array) {
  if (!array.is_array()) return "unknown";
  std::string text;
  for (const Json& word : array) text += (text.empty() ? "" : ", ") + word.get<std::string>();
  return text.empty() ? "none" : text;
}

std::string on_off(const Json& value) {
  if (!value.is_boolean()) return "unknown";
  return value.get<bool>() ? "on" : "off";
}

template <class... Arguments>
void print(std::string& out, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Arguments>(arguments)...);
}

void print_rules(std::string& out, const Json& supervisor) {
  std::size_t blind = 0;
  for (const Json& rule : supervisor["rules"]) blind += rule["cause"] == "no fresh value" ? 1 : 0;
  if (blind > 0)
    print(out, "    {} of {} rules have no fresh value, and hold their switches open\n", blind,
          supervisor["rules"].size());
  for (const Json& rule : supervisor["rules"]) {
    if (rule["cause"] == "no fresh value") continue;
    const auto explanation = rule["explanation"].get<std::string>();
    if (!explanation.empty())
      print(out, "    opens {}: {} (since {})\n", rule["opens"].get<std::string>(), explanation,
            number(rule["since_s"], 0, "s"));
    else if (rule["phase"] == "pending")
      print(out, "    will open {}: {} beyond its limit for {}\n", rule["opens"].get<std::string>(),
            rule["rule"].get<std::string>(), number(rule["since_s"], 1, "s"));
  }
}

void print_divergences(std::string& out, const Json& pack) {
  for (const Json& divergence : pack["divergences"])
    print(out, "  BMS diverges ({}): {} for {}: {}\n", divergence["severity"].get<std::string>(),
          divergence["divergence"].get<std::string>(), number(divergence["since_s"], 0, "s"),
          divergence["explanation"].get<std::string>());
}

// A value of a rule as it is in the document; what is not known is "-".
std::string plain(const Json& value) { return value.is_null() ? "-" : value.dump(); }

std::string plain_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : "-";
}

// Everything behind one rule: value, age, limit, how long it must last, how it is left, and when
// time alone moves it.
void print_why_rule(std::string& out, const Json& rule) {
  const bool timed = rule.contains("release_s");
  print(out, "      {} {}: value {} ({} old), limit {}, must last {}, {} {}",
        rule["rule"].get<std::string>(), rule["phase"].get<std::string>(), plain(rule["value"]),
        number(rule["age_s"], 1, "s"), plain(rule["limit"]), number(rule["delay_s"], 1, "s"),
        timed ? "left after" : "left at",
        timed ? number(rule["release_s"], 0, "s") : plain(rule["recovery"]));
  if (rule["due_s"].is_number())
    print(out, ", {} in {}", rule["phase"] == "releasing" ? "released" : "trips",
          number(rule["due_s"], 1, "s"));
  const auto explanation = rule["explanation"].get<std::string>();
  print(out, "{}{}\n", explanation.empty() ? "" : "; ", explanation);
}

bool opens(const Json& rule, std::string_view current) {
  const auto opened = rule["opens"].get<std::string>();
  return opened == "all" || opened == "both" || opened.starts_with(current);
}

bool opens_charge(const Json& rule) { return opens(rule, "charge"); }
bool opens_discharge(const Json& rule) { return opens(rule, "discharge"); }
// It heats what is too cold to charge, from the pack where that may be discharged.
bool concerns_heaters(const Json& rule) {
  return rule["rule"] == "charge_undertemperature" || opens_discharge(rule);
}
bool is_not_clear(const Json& rule) { return rule["phase"] != "clear" && rule["phase"] != "off"; }

/// The rules that each role looks at. Roles that are not here follow other relays, not rules.
struct RoleRules {
  std::string_view role;
  bool (*concerns)(const Json& rule);
};
constexpr RoleRules kRoleRules[] = {{"charge", &opens_charge},
                                    {"discharge", &opens_discharge},
                                    {"alarm", &is_not_clear},
                                    {"heater", &concerns_heaters},
                                    {"generator", &opens_charge}};

void print_why(std::string& out, const Json& status, const Json& relay) {
  const auto role = relay["role"].get<std::string>();
  const auto rules = std::find_if(std::begin(kRoleRules), std::end(kRoleRules),
                                  [&role](const RoleRules& known) { return known.role == role; });
  if (rules == std::end(kRoleRules))
    return print(out, "    why: stage {}; it follows no rule\n", plain_text(relay["stage"]));
  for (const Json& name : relay["packs"]) {
    for (const Json& pack : status["packs"]) {
      if (pack["pack"] != name) continue;
      print(out, "    why, by pack {} (mirror settings {}):\n", name.get<std::string>(),
            pack["mirror_settings"].get<std::string>());
      for (const Json& rule : pack["supervisor"]["rules"])
        if (rules->concerns(rule)) print_why_rule(out, rule);
    }
  }
}

void print_pack(std::string& out, const Json& pack) {
  print(out, "{}  {}  link {}, heard {} ago\n", pack["pack"].get<std::string>(),
        pack["model"].is_string() ? pack["model"].get<std::string>()
                                  : pack["protocol"].get<std::string>(),
        pack["link"].get<std::string>(), number(pack["age_s"], 1, "s"));
  print(out, "  {}  {}  {}  SoC {}\n", number(pack["voltage_V"], 2, "V"),
        number(pack["current_A"], 2, "A"), number(pack["power_W"], 0, "W"),
        number(pack["soc_pct"], 0, "%"));
  print(out, "  cells {} .. {}  difference {}\n", number(pack["cell_voltage_min_V"], 3, "V"),
        number(pack["cell_voltage_max_V"], 3, "V"), number(pack["cell_voltage_delta_V"], 3, "V"));
  std::string temperatures;
  for (const Json& value : pack["temperature_C"]) temperatures += number(value, 1, "°C") + "  ";
  print(out, "  temperatures {} MOSFET {}\n", temperatures,
        number(pack["mosfet_temperature_C"], 1, "°C"));
  print(out, "  BMS: charge {}, discharge {}, balancing {}; alarms: {}\n",
        on_off(pack["charge_mosfet"]), on_off(pack["discharge_mosfet"]), on_off(pack["balancing"]),
        words(pack["alarms"]));
  const Json& supervisor = pack["supervisor"];
  print(out, "  supervisor: charge {}, discharge {}\n",
        supervisor["charge_allowed"].get<bool>() ? "allowed" : "forbidden",
        supervisor["discharge_allowed"].get<bool>() ? "allowed" : "forbidden");
  print_rules(out, supervisor);
  print_divergences(out, pack);
}

// No limit is printed wider than it is: the lower bound of the voltage up, the others down.
std::string limit_text(const Json& value, const LimitRow& row) {
  if (!value.is_number()) return "-";
  const bool voltage = row.unit == Unit::millivolt;
  const std::int64_t step = voltage ? 10 : 100;
  const bool lower_bound = row.key == kRequestLimits[1].key;
  const std::int64_t count = std::llround(value.get<double>() * 1'000);
  const std::int64_t printed = (count + (lower_bound ? step - 1 : 0)) / step * step;
  return fmt::format("{:.{}f} {}", static_cast<double>(printed) / 1'000, voltage ? 2 : 1,
                     facts(row.unit).symbol);
}

// Each limit with what binds it, and with `why` what would be next.
void print_limit(std::string& out, const Json& limits, const LimitRow& row, bool why) {
  const Json& told = limits["why"][std::string(row.name)];
  print(out, "  {:<24} {:>9}  {}\n", row.title, limit_text(limits[std::string(row.key)], row),
        told["reason"].get<std::string>());
  if (why && !told["next_limit"].is_null())
    print(out, "  {:<24} {:>9}  {}\n", "  then", limit_text(told["next_limit"], row),
          told["next_reason"].get<std::string>());
}

// A jump of the measured one is passed on to inverters within a minute, and 100 % only when full.
void print_soc_told(std::string& out, const Json& told, const Json& measured) {
  if (!told.is_number() || !measured.is_number()) return;
  const auto told_text = number(told, 0, "%");
  if (told_text == number(measured, 0, "%")) return;
  print(out, "  {:<24} {:>9}  measured: {}\n", "State of charge", told_text,
        number(measured, 0, "%"));
}

// Between which states of charge the bank may be used, and who says so.
void print_soc_window(std::string& out, const Json& window) {
  if (!window.is_object()) return;
  for (const auto& [key, title] :
       {std::pair{"least", "Not discharged at"}, {"most", "Not charged at"}}) {
    const Json& bound = window[key];
    print(out, "  {:<24} {:>9}  {}\n", title, number(bound["soc_pct"], 1, "%"),
          bound["by"].is_string() ? fmt::format("written by {} {} ago", plain_text(bound["by"]),
                                                number(bound["since_s"], 0, "s"))
                                  : "configured");
  }
}

void print_limits(std::string& out, const Json& status, bool why) {
  const Json& limits = status["limits"];
  if (limits.is_null()) return;
  const auto voice = limits["voice"].get<std::string>();
  if (voice == name(Voice::silent)) return print(out, "limits: none are told\n");
  const auto heard = std::ranges::count_if(
      status["packs"], [](const Json& pack) { return pack["fresh"].get<bool>(); });
  print(out, "limits for inverters ({}, {} of {} packs heard{}):\n",
        limits["charge_stage"].get<std::string>(), heard, status["packs"].size(),
        voice == name(Voice::blind) ? ", BLIND" : "");
  for (const LimitRow& row : kRequestLimits) print_limit(out, limits, row, why);
  print_soc_told(out, limits["soc_told_pct"], status["bank"]["soc_pct"]);
  if (why) print_soc_window(out, status["soc_window"]);
  if (!limits["not_obeyed"].empty()) print(out, "  NOT OBEYED: {}\n", words(limits["not_obeyed"]));
}

void print_outputs(std::string& out, const Json& status, bool why) {
  for (const Json& relay : status["relays"]) {
    print(out, "relay {} ({}{}): {}, wanted {}{}{}: {}\n", relay["relay"].get<std::string>(),
          relay["role"].get<std::string>(), relay["dry_run"].get<bool>() ? ", dry run" : "",
          relay["energised"].get<bool>() ? "energised" : "released",
          relay["wanted"].get<bool>() ? "on" : "off",
          relay["fault"].get<bool>() ? ", CANNOT BE DRIVEN" : "",
          relay["latch"].is_null() ? "" : ", LATCHED", relay["reason"].get<std::string>());
    if (why) print_why(out, status, relay);
  }
  for (const auto& [name, sink] : status["sinks"].items())
    print(out, "{}: {}{}\n", name,
          sink["ok"].get<bool>() ? "" : "TROUBLE: ", sink["detail"].get<std::string>());
  for (const Json& wire : status["wires"])
    if (!wire["trouble"].get<std::string>().empty())
      print(out, "wire {}: {}\n", wire["wire"].get<std::string>(),
            wire["trouble"].get<std::string>());
}

void print_inverters(std::string& out, const Json& status) {
  for (const Json& inverter : status["inverters"]) {
    const auto trouble = inverter["trouble"].get<std::string>();
    print(out, "inverter {} ({} on {}): {}, {} sent, {}{}\n",
          inverter["inverter"].get<std::string>(), inverter["protocol"].get<std::string>(),
          inverter["port"].get<std::string>(), inverter["open"].get<bool>() ? "open" : "CLOSED",
          inverter["sent"].get<std::int64_t>(),
          inverter["heard_s"].is_null()
              ? "never heard"
              : fmt::format("heard {} ago", number(inverter["heard_s"], 1, "s")),
          trouble.empty() ? "" : "; " + trouble);
  }
}

void print_for_people(std::string& out, const Json& status, bool why) {
  print(out, "cellwarden {}, up {}, mode {}\n", status["version"].get<std::string>(),
        number(status["uptime_s"], 0, "s"), status["mode"].get<std::string>());
  if (status["packs"].empty()) print(out, "no packs configured\n");
  for (const Json& pack : status["packs"]) print_pack(out, pack);
  if (status.contains("limits")) print_limits(out, status, why);
  if (status.contains("inverters")) print_inverters(out, status);
  print_outputs(out, status, why);
}

int show_once(const StatusOptions& options, bool clear) {
  std::string document;
  std::string error;
  if (!ask_unix_socket(options.socket, "", document, error)) {
    fmt::print(stderr,
               "cellwarden status: no running cellwarden answers at {} ({}); is the service "
               "started?\n",
               options.socket, error);
    return 69;
  }
  const Json status = Json::parse(document, nullptr, false);
  if (status.is_discarded() || !status.contains("packs")) {
    fmt::print(stderr, "cellwarden status: {}: cut answer; is it another version?\n",
               options.socket);
    return 1;
  }
  if (options.json) return write_out(document) ? 0 : kOutputLost;
  std::string out{clear ? "\x1b[H\x1b[2J" : ""};
  print_for_people(out, status, options.why);
  return write_out(out) ? 0 : kOutputLost;
}

}  // namespace

int command_status(const StatusOptions& options) {
  if (!options.watch) return show_once(options, false);
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  for (;;) {
    if (const int status = show_once(options, terminal); status != 0) return status;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace cw

// SPDX-License-Identifier: Apache-2.0
// Packs: their names, protocols and ports, and which of them may share a line.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/configuration/configuration_parts.h"
#include "daemon/configuration/quantity_text.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

constexpr auto kName = option("pack", "name");
constexpr auto kProtocol = option("pack", "protocol");
constexpr auto kPort = option("pack", "port");
constexpr auto kListen = option("pack", "listen");
constexpr auto kListenQuiet = option("pack", "listen_quiet");
constexpr auto kBaud = option("pack", "baud");
constexpr auto kRs485 = option("pack", "rs485");
constexpr auto kAddress = option("pack", "address");
constexpr auto kDischargePositive = option("pack", "discharge_positive");
constexpr auto kPoll = option("pack", "poll");
constexpr auto kStaleAfter = option("pack", "stale_after");

constexpr Millis kStaleAfterLeast{1000};  // of the default

void check_protocol(const SectionValues& pack, PackConfiguration& out, FaultList& faults) {
  if (!pack.usable(kProtocol)) return;
  const std::string& word = pack.text(kProtocol);
  const ProtocolSpec* spec = find_protocol(word);
  if (spec == nullptr) {
    std::vector<std::string_view> names;
    for (const ProtocolSpec* known : all_protocols()) names.push_back(known->name);
    return faults.add(pack[kProtocol].place, fmt::format("unknown protocol {}{}", in_quotes(word),
                                                         hint(word, names, "the protocols")));
  }
  out.protocol = spec;
  if (pack.given(kDischargePositive) && word != "jk-can")
    faults.add(pack[kDischargePositive].place,
               fmt::format("discharge_positive has no effect with protocol {}: leave the line out",
                           in_quotes(word)));
  if (pack.given(kAddress) && !spec->addressed)
    faults.add(pack[kAddress].place,
               fmt::format("protocol {} has no addresses: leave the line out", in_quotes(word)));
  else if (pack.usable(kAddress) && pack.number(kAddress) > spec->highest_address)
    faults.add(pack[kAddress].place,
               fmt::format("address {} is too high: protocol {} has addresses from 0 to {}",
                           pack.number(kAddress), in_quotes(word), spec->highest_address));
}

void check_times(const SectionValues& pack, PackConfiguration& out, FaultList& faults) {
  out.poll = pack.span(kPoll);
  out.stale_after = std::max(Millis{3 * out.poll.count}, kStaleAfterLeast);
  if (!pack.given(kStaleAfter) || !pack.usable(kStaleAfter) || !pack.usable(kPoll)) return;
  out.stale_after = pack.span(kStaleAfter);
  if (out.stale_after < out.poll)
    faults.add(pack[kStaleAfter].place,
               fmt::format("stale_after {} is shorter than poll {}: values would be stale before "
                           "the next answer; write three polls, {}",
                           quantity_text(out.stale_after.count, Unit::millisecond),
                           quantity_text(out.poll.count, Unit::millisecond),
                           quantity_text(3ll * out.poll.count, Unit::millisecond)));
}

/// Whoever has a wire to himself, or asks nothing anyway, has nobody to listen to.
void check_listening(const SectionValues& pack, PackConfiguration& out, FaultList& faults) {
  out.only_listen = pack.text(kListen) == "only";
  out.listen_quiet = pack.span(kListenQuiet);
  if (out.protocol == nullptr) return;
  if (pack.given(kListen) && out.protocol->bus != Bus::serial)
    faults.add(pack[kListen].place, "listen has no effect but on serial lines: leave the line out");
  if (!pack.given(kListenQuiet)) return;
  if (!out.protocol->addressed || out.protocol->bus != Bus::serial)
    faults.add(pack[kListenQuiet].place,
               fmt::format("listen_quiet has no effect with protocol {}, which has a wire to "
                           "itself: leave the line out",
                           in_quotes(out.protocol->name)));
  else if (out.only_listen)
    faults.add(pack[kListenQuiet].place,
               "listen_quiet has no effect with listen = \"only\", which never asks: leave the "
               "line out");
}

/// Words that stand where a pack's name stands in topics: a pack must not be called so.
constexpr std::string_view kTaken[] = {"bank",       "info", "status", "state", "event",
                                       "supervisor", "set",  "ack",    "limits"};

void check_name(const SectionValues& pack, FaultList& faults) {
  if (!pack.usable(kName)) return;
  const std::string& name = pack.text(kName);
  if (std::find(std::begin(kTaken), std::end(kTaken), name) == std::end(kTaken)) return;
  faults.add(pack[kName].place,
             fmt::format("name {} is a topic of the gateway itself: choose another, for example "
                         "{}",
                         in_quotes(name), in_quotes("pack-" + name)));
}

/// The heater (core/heating.h) is no rule, but it reads these two.
bool some_rule_reads(Parameter parameter) {
  if (parameter == Parameter::heater_time_max || parameter == Parameter::heater_discharge_soc_min)
    return true;
  return std::any_of(kRules.begin(), kRules.end(),
                     [parameter](const RuleRow& rule) { return reads(rule, parameter); });
}

/// A limit that is kept but guards nothing must not look as if it did.
void note_idle_limits(const SectionValues& section, FaultList& notes) {
  for (const LimitValue& limit : section.limits())
    if (!some_rule_reads(limit.parameter))
      notes.add(limit.place, fmt::format("{}: no protection reads it yet, so it guards nothing; "
                                         "cellwarden docs protections lists what does",
                                         facts(limit.parameter).key));
}

PackConfiguration configure_pack(const PackSection& section, const SectionValues& supervisor,
                                 FaultList& faults) {
  const SectionValues& pack = section.own;
  PackConfiguration out;
  out.name = pack.text(kName);
  check_name(pack, faults);
  out.chemistry = pack.text(option("pack", "chemistry"));
  check_protocol(pack, out, faults);
  if (out.protocol != nullptr) out.port = read_port(pack, *out.protocol, faults);
  check_times(pack, out, faults);
  check_listening(pack, out, faults);
  out.device.discharge_positive = pack.boolean(kDischargePositive);
  out.device.address = static_cast<std::uint8_t>(pack.number(kAddress));
  out.policy = configure_policy(section, supervisor, faults);
  out.demanded = demanded_policy(section, supervisor);
  return out;
}

/// A pack with what became of it.
struct Configured {
  const SectionValues& section;
  const PackConfiguration& pack;
};

std::string on_same_port(const Configured& other) {
  return fmt::format("pack {} on the same port ({})", in_quotes(other.pack.name),
                     line_text(other.section.place()));
}

/// One line has one speed, and BMSs on it need a protocol that can tell them apart. True: theirs
/// can.
bool check_line(const Configured& mine, const Configured& theirs, FaultList& faults) {
  const SectionValues& section = mine.section;
  if (mine.pack.protocol == nullptr || theirs.pack.protocol == nullptr) return false;
  const PortOptions& line = theirs.pack.port;
  if (mine.pack.port.baud != line.baud)
    faults.add(section[kBaud].place,
               fmt::format("baud {} differs from {} of {}: one line has one speed",
                           mine.pack.port.baud, line.baud, on_same_port(theirs)));
  if (mine.pack.port.rs485 != line.rs485)
    faults.add(section[kRs485].place,
               fmt::format("rs485 {} differs from {}: write the same for both",
                           mine.pack.port.rs485, on_same_port(theirs)));
  if (mine.pack.only_listen != theirs.pack.only_listen)
    faults.add(section[kListen].place,
               fmt::format("listen differs from {}: on one line everybody listens or nobody",
                           on_same_port(theirs)));
  if (mine.pack.listen_quiet != theirs.pack.listen_quiet)
    faults.add(
        section[kListenQuiet].place,
        fmt::format("listen_quiet differs from {}: write the same for both", on_same_port(theirs)));
  for (const ProtocolSpec* protocol : {theirs.pack.protocol, mine.pack.protocol}) {
    if (protocol->addressed) continue;
    faults.add(section[kPort].place,
               fmt::format("port {} is taken by pack {} ({}), and protocol {} has no addresses to "
                           "tell two BMSs apart: give each a port of its own",
                           in_quotes(mine.pack.port.name), in_quotes(theirs.pack.name),
                           line_text(theirs.section.place()), in_quotes(protocol->name)));
    return false;
  }
  return true;
}

/// Against every pack before it: a name of its own, and on a shared port an address of its own.
void check_against_earlier(const Configured& mine, const std::vector<Configured>& earlier,
                           FaultList& faults) {
  const auto same_name = std::find_if(earlier.begin(), earlier.end(), [&](const Configured& other) {
    return mine.section.usable(kName) && other.pack.name == mine.pack.name;
  });
  if (same_name != earlier.end())
    faults.add(mine.section[kName].place,
               fmt::format("name {} is taken by the pack in {}: give each a name of its own",
                           in_quotes(mine.pack.name), line_text(same_name->section.place())));
  if (!mine.section.usable(kPort)) return;
  const auto shares = [&](const Configured& other) {
    return other.pack.port.name == mine.pack.port.name;
  };
  const auto line = std::find_if(earlier.begin(), earlier.end(), shares);
  if (line == earlier.end() || !check_line(mine, *line, faults)) return;
  const auto same = std::find_if(line, earlier.end(), [&](const Configured& other) {
    return shares(other) && other.pack.device.address == mine.pack.device.address;
  });
  if (same != earlier.end())
    faults.add(mine.section[kAddress].place,
               fmt::format("address {} is that of {}: give each BMS an address of its own",
                           mine.pack.device.address, on_same_port(*same)));
}

}  // namespace

void configure_packs(const Sections& sections, Configuration& out, Findings& findings) {
  constexpr std::size_t kPacksMost = 247;    // as many as Modbus has units
  out.packs.reserve(sections.packs.size());  // `earlier` refers into it
  note_idle_limits(sections.supervisor, findings.notes);
  std::vector<Configured> earlier;
  for (const PackSection& section : sections.packs) {
    out.packs.push_back(configure_pack(section, sections.supervisor, findings.faults));
    const Configured mine{section.own, out.packs.back()};
    check_against_earlier(mine, earlier, findings.faults);
    note_idle_limits(section.policy, findings.notes);
    if (out.packs.size() == kPacksMost + 1)
      findings.faults.add(
          section.own.place(),
          fmt::format("a gateway has at most {} packs: run another for the rest", kPacksMost));
    earlier.push_back(mine);
  }
}

}  // namespace cw
